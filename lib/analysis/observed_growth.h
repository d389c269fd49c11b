/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the samples of a series tell about the objects of the last one: which of them are new, how each container fared, and where growth
 * gathers. Rules 1 and 2 of the evidence; says nothing of paths.
 */
#ifndef HS_OBSERVED_GROWTH_H
#define HS_OBSERVED_GROWTH_H

#include "accumulation.h"
#include "object_graph.h"
#include "reach.h"
#include "sample.h"

struct hs_observed_input {
	const struct hs_sample *const *samples; /* ascending times; two at least */
	size_t n_samples;                       /* the last one is of `heap` */
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;
	const struct hs_object_graph *holders;
	const struct hs_reach *reach;           /* whose roots count as holders */
	const uint8_t *lived;                   /* as hs_sample_mark_lived() tells of the first sample with identities; NULL: is found out */
};

/* One that is longer than it was, or whose items changed. */
struct hs_container_history {
	hs_node node;
	hs_addr address;
	size_t first;         /* the first sample that lists it: before, it was shorter than the sample's least, or not there */
	uint64_t length_then, length;
	uint64_t n_fresh;     /* references to new objects */
	double kept;          /* the least share of an earlier sample's items that it still has; < 0: nothing tells */
	int64_t own_growth;   /* bytes of its own block and storage */
	bool is_grower;       /* it became longer, and kept what it had */
	bool is_turnover;     /* it did not keep what it had */
	size_t begin;         /* of a long series: the first sample that is known to list this container, and no other at its address; else as `first` */
	bool is_slow;         /* a grower, though not since the base: since `begin`; then length_then is as of now */
	uint64_t slow_items;  /* that it grew by since then */
	bool lets_go;         /* what it takes, it lets go again: new items of it do not count */
};

HS_ARRAY_TYPE(hs_container_histories, struct hs_container_history);

struct hs_observed_growth {
	struct hs_observed_input input;
	struct hs_fingerprints fingerprints; /* of input.heap */
	size_t base;               /* the sample that the last one is compared with: the first that kept identities, else the first */
	double seconds;            /* since then */
	bool is_long;              /* there are samples before: they tell of lengths and counts, and of no object */
	double whole_seconds;      /* since the first sample */
	uint64_t *times_ns;        /* of all samples */
	struct hs_container_histories containers; /* by node */
	uint64_t *fresh;           /* sets of nodes */
	uint64_t *vouched, *passing;
	uint64_t *changed_dicts;   /* of instances that look new where there are no more than before: taken for old ones, unless vouched for */
	uint32_t *groups;          /* by hs_type.index: types of one name together */
	const char **names;        /* by group; borrowed from the types */
	int64_t *count_growth;     /* by group: instances */
	int64_t *byte_growth;      /* by group: bytes, without the storage of old containers */
	bool *has_more;            /* by group */
	uint64_t *fresh_counts;    /* by group: new instances, those that only changed included */
	double *passing_counts;    /* by sample, then group: instances that were only turned over then, as far as lengths tell */
	uint32_t n_types, n_groups;
	HS_ARRAY(struct hs_container_change) changes;
	struct hs_accumulation_input accumulating;
	struct hs_accumulation accumulation;
};

/* What `input` points to is borrowed. Free it with hs_observed_deinit, whatever this returned; its place must not move. Errors: NO_MEMORY. */
struct hs_error *hs_observed_init(struct hs_observed_growth *observed, const struct hs_observed_input *input) HS_MUST_CHECK;
void hs_observed_deinit(struct hs_observed_growth *observed);

static inline bool hs_is_fresh(const struct hs_observed_growth *observed, hs_node node)
{
	return hs_bit(observed->fresh, node);
}

/* NULL: it is none, or nothing happened to it. */
const struct hs_container_history *hs_observed_history(const struct hs_observed_growth *observed, hs_node node);
/*
 * The length of a container in sample `i`; 0: it was not there. Where the sample does not list it, as it was too short, it
 * is no less than what could have been, `later` being its length in the sample after; *ret_is_known is cleared unless that is little.
 */
uint64_t hs_observed_length_then(const struct hs_observed_growth *observed, const struct hs_container_history *history, size_t i, uint64_t later,
				 bool *ret_is_known);
/* By how much figures of all samples rose, as hs_rise() tells. */
int64_t hs_observed_rise(const struct hs_observed_growth *observed, const uint64_t *figures);
/* The length of the container at `address` in sample `i`; 0: it is not listed there. */
uint64_t hs_observed_length(const struct hs_observed_growth *observed, hs_addr address, size_t i);
/* The group of a node's type; n_groups - 1: unknown. */
uint32_t hs_observed_group(const struct hs_observed_growth *observed, hs_node node);
/* Instances of a group in sample `i`, without those that were only turned over. */
uint64_t hs_observed_count(const struct hs_observed_growth *observed, uint32_t group, size_t i);

#endif
