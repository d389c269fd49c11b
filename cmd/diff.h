/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two or three moments, taken at any time, held against each other: a growth like that of a series, and what is particular to
 * moments that nobody watched. One heap is in memory at a time; the last one stays, with its graph.
 */
#ifndef HS_DIFF_H
#define HS_DIFF_H

#include "array.h"
#include "command.h"
#include "growth_run.h"
#include "places.h"
#include "survivors.h"

#define HS_DIFF_MAX_MOMENTS 3

/* How objects of one moment are found again in another. */
enum hs_join {
	HS_JOIN_BY_ADDRESS, /* they are of one process */
	HS_JOIN_BY_PATH,    /* they are not, or nobody can tell */
};

struct hs_diff_moment {
	struct hs_invocation invocation; /* the heap is there of the last moment alone */
	struct hs_process *process; /* who it is, known before its memory is read; owned */
	bool is_redacted;           /* known likewise */
	struct hs_path_places places; /* joined by path: where its objects are */
};

HS_ARRAY_TYPE(hs_growth_facts, struct hs_growth_fact);

/* Zero it to begin. Its place must not move. */
struct hs_diff {
	struct hs_diff_moment moments[HS_DIFF_MAX_MOMENTS];
	size_t n;
	enum hs_join join;
	const char *join_reason; /* in words; static */
	bool is_backwards;       /* of one process, and a later moment was given before an earlier one */
	struct hs_growth_facts facts;
	uint8_t *old_places;     /* joined by path: which objects of the last moment pass for those of the first */
	struct hs_growth_run run;
	bool has_survivors;      /* of three moments of one process, in order */
	struct hs_survivors survivors;
};

/*
 * Looks at the sources, in the order given: OLD first. `invocation` has the options that all are read with. Release *ret with hs_diff_deinit,
 * whatever this returned. Errors: those of the stages, with the source's name; what the user must know of is in `facts`.
 */
struct hs_error *hs_diff_make(struct hs_invocation *invocation, const struct hs_source_options *sources, size_t n,
			      struct hs_diff *ret) HS_MUST_CHECK;
void hs_diff_deinit(struct hs_diff *diff);

/* As the user calls it. */
static inline const char *hs_diff_name(const struct hs_diff *diff, size_t i)
{
	return diff->moments[i].invocation.source.name;
}

/* The moment that the others are held against. */
static inline struct hs_invocation *hs_diff_last(struct hs_diff *diff)
{
	return &diff->moments[diff->n - 1].invocation;
}

/* "address", "path". */
const char *hs_join_name(enum hs_join join);

/* Errors: NO_MEMORY. */
struct hs_error *hs_diff_json(FILE *out, const struct hs_diff *diff) HS_MUST_CHECK;

#endif
