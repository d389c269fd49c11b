/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of finding dominators share. Private to dominators.c and what it is split into. */
#ifndef HS_DOMINATOR_SOLVER_H
#define HS_DOMINATOR_SOLVER_H

#include "dominators.h"

/* Places of leaves while the search runs: more than one node refers to it; nobody does; the i-th hub. */
#define PLACE_UNSEEN HS_CSR_NONE
#define PLACE_SHARED (HS_CSR_NONE - 1)
#define PLACE_OF_HUB(i) (PLACE_SHARED - 1 - (uint32_t)(i))
#define MAX_HUBS ((size_t)1 << 20)
#define MAX_NUMBERS (HS_PLACE_LEAF - 2 - (uint32_t)MAX_HUBS)

/* The search: numbers nodes into tree->place and tree->order, parents into tree->idom. */
struct hs_error *hs_number_nodes(struct hs_dominators *tree, const struct hs_dominator_input *input, uint32_t *semi) HS_MUST_CHECK;

/*
 * The tree as it grows, for going up in it in logarithmic time: each node has its depth, and a jump to some ancestor that
 * depends on its depth only (Myers, "An applicative random-access stack").
 */
struct climber {
	const uint32_t *idom;
	uint32_t *depth;
	uint32_t *jump;
};

/* Adds a node whose dominator is known and was added before. */
static inline void climber_add(struct climber *climber, uint32_t number)
{
	uint32_t up = climber->idom[number], jump = climber->jump[up];
	const uint32_t *depth = climber->depth;

	climber->depth[number] = depth[up] + 1;
	climber->jump[number] = depth[up] - depth[jump] == depth[jump] - depth[climber->jump[jump]] ? climber->jump[jump] : up;
}

/* The nearest ancestor of `number`, itself included, that is not above `limit`. */
static inline uint32_t climb(const struct climber *climber, uint32_t number, uint32_t limit)
{
	while (number > limit)
		number = climber->jump[number] > limit ? climber->jump[number] : climber->idom[number];
	return number;
}

uint32_t hs_common_dominator(const struct climber *climber, uint32_t a, uint32_t b);

/* Settles the places of shared leaves and hubs, when the tree of numbered nodes is done. */
struct hs_error *hs_place_leaves(struct hs_dominators *tree, const struct hs_dominator_input *input, const struct climber *climber) HS_MUST_CHECK;

#endif
