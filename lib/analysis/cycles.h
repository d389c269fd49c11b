/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles among nodes: the components of a set in which nodes reach each other, largest first, and what hangs on them. */
#ifndef HS_CYCLES_H
#define HS_CYCLES_H

#include "csr.h"
#include "sizes.h"

struct hs_cycle {
	size_t first;        /* its nodes: [first, first + n_nodes) of hs_cycle_list.nodes */
	uint32_t n_members;  /* the first of them reach each other … */
	uint32_t n_set;      /* … so many are of the set; ascending in each part */
	uint32_t n_nodes;    /* the rest goes with them */
	uint64_t bytes;      /* of all */
};

struct hs_cycle_list {
	struct hs_cycle *items; /* by descending bytes, then by ascending first nodes */
	size_t n;
	uint32_t *nodes;
	size_t n_nodes;
};

struct hs_cycle_input {
	const struct hs_csr *told;  /* in which cycles are looked for */
	const uint64_t *set;        /* of whose nodes they consist */
	/*
	 * NULL: only cycles are listed. Else all nodes of `dead` are, of which `set` is a part, each with a cycle that leads to it by
	 * `owned`; a node of the set to which nothing leads stands for a cycle.
	 */
	const uint64_t *dead;
	const struct hs_csr *owned;
	const struct hs_sizes *sizes;
};

/* Free it with hs_cycles_deinit, whatever it returned. Errors: NO_MEMORY. */
struct hs_error *hs_cycles_find(const struct hs_cycle_input *input, struct hs_cycle_list *ret) HS_MUST_CHECK;
void hs_cycles_deinit(struct hs_cycle_list *list);

/* Shortest ways around; for any number of cycles of one list. */
struct hs_cycle_finder;
struct hs_error *hs_cycle_finder_create(const struct hs_csr *told, const struct hs_cycle_list *list, struct hs_cycle_finder **ret) HS_MUST_CHECK;
void hs_cycle_finder_destroy(struct hs_cycle_finder *finder);

/*
 * The shortest way from member `start` of a cycle back to it: *ret_n nodes, the first is `start`, the last refers to it. At most `n_max`
 * of them are written to `ret`; 0: there is no way.
 */
size_t hs_cycle_way(struct hs_cycle_finder *finder, const struct hs_cycle *cycle, uint32_t start, uint32_t *ret, size_t n_max);

#endif
