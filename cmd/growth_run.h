/* SPDX-License-Identifier: Apache-2.0 */
/* From a series to what is told of it: for each command that shows growth. */
#ifndef HS_GROWTH_RUN_H
#define HS_GROWTH_RUN_H

#include "growth.h"
#include "series.h"
#include "suspects.h"
#include "turnover.h"

/* What a growth borrows from, and it. */
struct hs_growth_run {
	struct hs_series series;
	struct hs_turnover_list turnover;
	struct hs_suspects suspects;
	struct hs_growth growth;
	struct hs_growth_seen *seen; /* set before it is taken, if other processes are told of as well; borrowed. Else NULL */
	const uint8_t *old_places;   /* the same, of samples that were joined by path (place_join.h): which objects were there; borrowed. Else NULL */
};

/*
 * Takes the series that `options` ask for and compares its samples. What is shown, and of whom (its document), is the caller's to fill in.
 * The suspects borrow from the invocation's heap. *run is zero but for `seen`; the caller releases it, whatever this returned. Errors:
 * NO_MEMORY, LIMIT.
 */
struct hs_error *hs_growth_run_take(struct hs_invocation *invocation, const struct hs_series_options *options,
				    struct hs_growth_run *run) HS_MUST_CHECK;
/* The same for samples that are there already, in run->series; where that has a graph, the invocation has it. */
struct hs_error *hs_growth_run_compare(struct hs_invocation *invocation, struct hs_growth_run *run) HS_MUST_CHECK;
void hs_growth_run_release(struct hs_growth_run *run);

/* The exit status that the end of a series asks for; of one that ended well, whether its suspects grew by `fail_bytes` (0: nobody asks). */
int hs_growth_run_status(const struct hs_growth_run *run, uint64_t fail_bytes);

/* How much is shown: `n_types` rows of the table (0: not asked for), all as JSON. */
void hs_growth_show(struct hs_growth *growth, enum hs_format format, size_t n_types);

/* What hs_growth_render() renders, and as what the user asked for it. */
struct hs_growth_shown {
	const struct hs_growth *growth;
	const struct hs_invocation *invocation;
	bool is_md; /* in place of text */
};
/* For hs_output_render(), with a struct hs_growth_shown. */
struct hs_error *hs_growth_render(FILE *out, const struct hs_output_options *output, const void *shown) HS_MUST_CHECK;

#endif
