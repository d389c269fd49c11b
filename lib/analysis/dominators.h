/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dominator tree: whose removal would free what. A node's dominator is the last one before it that every path from the
 * roots goes through.
 *
 * Nodes with references of their own are numbered in the order of a depth-first search from one virtual root, which has
 * number 0; a dominator's number is less than that of what it dominates. Nodes without references (leaves: most of a heap)
 * have no number, only the number of their dominator. What no root reaches hangs under a virtual node of its own, one child
 * for each component that nothing outside it refers to.
 */
#ifndef HS_DOMINATORS_H
#define HS_DOMINATORS_H

#include "cancel.h"
#include "csr.h"

struct hs_dominator_input {
	const struct hs_csr *graph;
	const struct hs_csr *reverse;
	/* Leaves whose rows in `reverse` were left out, ascending. */
	const uint32_t *hubs;
	size_t n_hubs;
	const uint32_t *roots;
	size_t n_roots;
	/* Roots only as far as none of `roots` reaches them. */
	const uint32_t *late_roots;
	size_t n_late_roots;
	/* Which unreached nodes are something: others stay out of the tree. NULL: all. */
	bool (*is_something)(const void *context, uint32_t node);
	const void *context;
	unsigned n_workers; /* the result does not depend on it */
	const struct hs_cancel *cancel; /* NULL: none */
};

struct hs_dominators {
	uint32_t n;         /* nodes of the graph. The virtual root has the node number n, what holds the unreached n + 1 */
	uint32_t *place;    /* by node: its number; or HS_PLACE_LEAF | number of its dominator; or HS_CSR_NONE: not in the tree */
	uint32_t *order;    /* by number: the node */
	uint32_t *idom;     /* by number: the number of its dominator; that of 0 is 0 */
	uint32_t n_order;
	uint32_t first_late;        /* numbers from here on are reached from late roots only … */
	uint32_t unreachable;       /* … and from here on from no root: the number of their virtual node; n_order: there are none */
	size_t bytes;               /* of each of the arrays */
	uint32_t *spare[2];         /* two more, which the solver had and others may take (then NULL): n_order entries of anything */
};

#define HS_PLACE_LEAF 0x80000000u

/* Errors: LIMIT when more than 2^31 nodes have references, NO_MEMORY, CANCELLED. Free it with hs_dominators_deinit, whatever it returned. */
struct hs_error *hs_dominators_init(struct hs_dominators *tree, const struct hs_dominator_input *input) HS_MUST_CHECK;
void hs_dominators_deinit(struct hs_dominators *tree);

/* The number of the node's dominator; HS_CSR_NONE: not in the tree. The node may be a virtual one. */
uint32_t hs_dominator_number(const struct hs_dominators *tree, uint32_t node);
/* The node's dominator itself: a node, or n, or n + 1. */
uint32_t hs_dominator(const struct hs_dominators *tree, uint32_t node);

static inline bool hs_is_reached(const struct hs_dominators *tree, uint32_t node)
{
	return tree->place[node] != HS_CSR_NONE;
}

static inline bool hs_is_numbered(const struct hs_dominators *tree, uint32_t node)
{
	return !(tree->place[node] & HS_PLACE_LEAF);
}

#endif
