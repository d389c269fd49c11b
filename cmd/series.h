/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several samples of one process, one after the other, at gaps that are never equal: what comes and goes with a period near the gap would
 * look like growth. In between, the lengths of the most promising containers are read without a stop. Only the last sample has a graph;
 * the image of each earlier one is gone when its sample is kept.
 *
 *     0 ──── 0.75 S ──────── 2 S ── (1 ± 0.3) S ── …
 */
#ifndef HS_SERIES_H
#define HS_SERIES_H

#include "array.h"
#include "command.h"
#include "sample.h"
#include "watch.h"

enum hs_series_end {
	HS_SERIES_WHOLE,
	HS_SERIES_INTERRUPTED, /* by the user */
	HS_SERIES_GONE,        /* the process has ended, or is another program */
	HS_SERIES_FAILED,      /* a sample could not be taken */
};

HS_ARRAY_TYPE(hs_sample_list, struct hs_sample *);

struct hs_series {
	struct hs_sample_list samples; /* by time; owned */
	struct hs_watched_list watched; /* what was seen of containers between the samples */
	enum hs_series_end end;
	struct hs_error *error; /* why it ended before its time; owned; NULL when the user ended it */
	bool has_graph;         /* of the last sample: the invocation is at the stage asked for */
	bool is_long;
};

struct hs_series_options {
	double interval_s;
	unsigned n_samples;        /* 2 and more */
	enum hs_stage last_needs;  /* how far the last sample goes */
	/*
	 * A series of hours: fingerprints are kept of the latest sample alone, until the last one is held against it; of those between the first
	 * and the last two, the longest containers; when there are many, of two neighbours the one with less in it. A signal brings the last sample forward, instead of doing without.
	 */
	bool is_long;
	void (*kept)(void *context, const struct hs_series *series); /* called after each sample; NULL: not */
	void *context;
};

/*
 * Takes the series; its first sample is the heap that the invocation is at. A process that goes away, a signal, a stop that would take too
 * long end it early, with what there is by then. The caller releases *ret, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_series_take(struct hs_invocation *invocation, const struct hs_series_options *options, struct hs_series *ret) HS_MUST_CHECK;
void hs_series_release(struct hs_series *series);

/* The sample that the last one is held against: the first that has fingerprints. NULL: none has. */
const struct hs_sample *hs_series_base(const struct hs_series *series);
/* Between the first and the last sample. */
double hs_series_seconds(const struct hs_series *series);

/* When sample `i` is due, in seconds from the first one; `jitter`: any 64 bits, the same for all samples of a series. Ascending in i. */
double hs_series_due(double interval_s, unsigned n_samples, unsigned i, uint64_t jitter);

#endif
