/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a full collection would find, on plain arrays: the algorithm of Modules/gcmodule.c (Python/gc.c from 3.13 on), which takes the
 * references among a collector's objects off their reference counts. What has some left is held from outside, and holds what it
 * refers to; the rest only holds itself.
 */
#ifndef HS_COLLECTION_H
#define HS_COLLECTION_H

#include "csr.h"

struct hs_collection_input {
	const struct hs_csr *told;  /* the references that the collector is told, within domains */
	const uint16_t *domains;    /* by node: 0: of no collector */
	uint32_t *held;             /* by node of a domain: references that it is not told; 0: none */
};

/* The set of all nodes of a domain that nothing outside it holds. The caller frees *ret. Errors: NO_MEMORY. */
struct hs_error *hs_collection_unreachable(const struct hs_collection_input *input, uint64_t **ret) HS_MUST_CHECK;

/* Two nodes: the first may tell the collector of the second. */
struct hs_collection_pair {
	uint32_t source, target;
};

/*
 * The same for the nodes of `candidates`, to which no node outside refers by a reference of either kind: what is unreachable if the
 * references of `pairs` (ascending) are told, too, which are taken off `held`. The caller frees *ret. Errors: NO_MEMORY.
 */
struct hs_error *hs_collection_perhaps(const struct hs_collection_input *input, const struct hs_collection_pair *pairs, size_t n_pairs,
				       const uint64_t *candidates, uint64_t **ret) HS_MUST_CHECK;

/* Adds to `set` all that its nodes tell of, within `within`, those of `pairs` included. Errors: NO_MEMORY. */
struct hs_error *hs_collection_follow(const struct hs_csr *told, const struct hs_collection_pair *pairs, size_t n_pairs,
				      const uint64_t *within, uint64_t *set) HS_MUST_CHECK;

/* What goes when a set of nodes goes: reference counts say when the last reference to a node is gone. */
struct hs_death_input {
	const struct hs_csr *owned;
	/* How many references entry `entry` of the rows, the i-th of the row of `node`, stands for. */
	uint64_t (*references)(const void *context, uint32_t node, size_t i);
	/* False: it never goes. */
	bool (*refcount)(const void *context, uint32_t node, uint64_t *ret);
	const void *context;
};

/* Adds to `set` every node that loses its last reference when those of `set` go. Errors: NO_MEMORY. */
struct hs_error *hs_collection_deaths(const struct hs_death_input *input, uint64_t *set) HS_MUST_CHECK;

#endif
