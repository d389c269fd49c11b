/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traced blocks added up by where they were allocated, as tracemalloc's Snapshot.statistics() does (Lib/tracemalloc.py): by line, by
 * file or by whole traceback, filtered, cumulative. The result owns all it says: it outlives the image.
 */
#ifndef HS_TRACE_GROUPS_H
#define HS_TRACE_GROUPS_H

#include "tracemalloc.h"

enum hs_trace_grouping {
	HS_TRACE_BY_LINE,
	HS_TRACE_BY_FILE,
	HS_TRACE_BY_TRACEBACK,
};

struct hs_trace_filter {
	const char *glob; /* of file names: *, ?, [seq], [!seq]; '*' crosses '/' */
	uint32_t line;    /* 0: any */
	bool is_exclusive;
};

struct hs_trace_options {
	enum hs_trace_grouping grouping;
	bool is_cumulative; /* a block counts for each frame of its traceback, as often as it is there; not by traceback */
	/*
	 * A block counts if its innermost frame (`matches_all_frames`: any frame) fits one of the inclusive filters, if there is one, and
	 * none of the exclusive ones.
	 */
	const struct hs_trace_filter *filters;
	size_t n_filters;
	bool matches_all_frames;
	bool has_domain;    /* only blocks of `domain` */
	uint32_t domain;
	/* Only blocks of the domain 0 that begin at one of these, ascending; NULL: all. */
	const hs_addr *blocks;
	size_t n_blocks;
};

struct hs_trace_place {
	uint32_t file; /* index in `files` */
	uint32_t line; /* 0: of a group by file, or unknown */
};

struct hs_trace_group {
	uint32_t first, n; /* places of the group: one, or those of a traceback from the innermost outwards */
	uint64_t bytes, count;
};

struct hs_trace_groups {
	HS_ARRAY(char *) files;                /* the target's bytes, UTF-8: escape before printing */
	HS_ARRAY(struct hs_trace_place) places;
	HS_ARRAY(struct hs_trace_group) groups; /* by descending bytes, then count, then place */
	uint64_t bytes, count;                 /* of the blocks that counted, each once */
	struct hs_traces_walked walked;        /* of all tables; is_whole covers the tracebacks too */
};

/* Fills *ret, which is zeroed before. The caller releases it. Errors: NO_MEMORY. */
struct hs_error *hs_trace_groups_of(const struct hs_cpython *py, const struct hs_tracemalloc *tracemalloc, const struct hs_trace_options *options,
				    struct hs_trace_groups *ret) HS_MUST_CHECK;
void hs_trace_groups_release(struct hs_trace_groups *groups);

static inline const struct hs_trace_place *hs_trace_place(const struct hs_trace_groups *groups, const struct hs_trace_group *group, uint32_t i)
{
	return &groups->places.items[group->first + i];
}

static inline const char *hs_trace_file(const struct hs_trace_groups *groups, const struct hs_trace_place *place)
{
	return groups->files.items[place->file];
}

/* How two groups, of one result or of two, are ordered by place: by file, then line, frame by frame. */
int hs_trace_group_compare_places(const struct hs_trace_groups *a_groups, const struct hs_trace_group *a, const struct hs_trace_groups *b_groups,
				  const struct hs_trace_group *b);

/*
 * The traced block of the domain 0 that holds `address`; false when there is none. *ret_groups is then its traceback, as the only group.
 * Errors: NO_MEMORY.
 */
struct hs_error *hs_trace_find(const struct hs_cpython *py, const struct hs_tracemalloc *tracemalloc, hs_addr address, struct hs_trace *ret,
			       struct hs_trace_groups *ret_groups, bool *ret_found) HS_MUST_CHECK;

/* A place in two samples. */
struct hs_trace_change {
	const struct hs_trace_group *before, *after; /* NULL: not there; at least one is */
	int64_t bytes, count; /* after less before */
};

HS_ARRAY_TYPE(hs_trace_changes, struct hs_trace_change);

/*
 * Every place of either sample, the largest change of bytes first, as Snapshot.compare_to() gives them. The changes point into the
 * samples. Errors: NO_MEMORY.
 */
struct hs_error *hs_trace_changes_of(const struct hs_trace_groups *before, const struct hs_trace_groups *after,
				     struct hs_trace_changes *ret) HS_MUST_CHECK;

#endif
