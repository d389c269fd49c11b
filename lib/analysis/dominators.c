/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dominators by semi-NCA (Georgiadis, "Linear-time algorithms for dominators and related problems", 2005), without recursion:
 * semidominators in the reverse order of numbers, by path compression; then each node's dominator is the nearest ancestor of
 * its parent that is not below its semidominator. Going up is logarithmic, where the plain algorithm's is linear.
 */
#include "dominators.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dominator_solver.h"
#include "pages.h"

/* By number. */
struct solver {
	const struct hs_dominators *tree;
	const struct hs_csr *reverse;
	uint32_t *semi;     /* what is known of the semidominator: at most the parent */
	uint32_t *ancestor; /* some ancestor in the search's tree … */
	uint32_t *best;     /* … and the least semidominator from the node up to that one, itself left out */
	size_t bytes;
};

/*
 * The least semidominator from `number` up to the last ancestor above `limit`. Everything on the way gets the ancestor behind
 * that one for its own, so that the next question takes one step. The way back needs no stack: going up turns the links round.
 */
static inline uint32_t evaluate(const struct solver *solver, uint32_t number, uint32_t limit)
{
	uint32_t *ancestor = solver->ancestor, *best = solver->best;
	uint32_t below = 0, up;

	while ((up = ancestor[number]) > limit) {
		ancestor[number] = below;
		below = number;
		number = up;
	}
	uint32_t least = best[number];
	while (below) {
		uint32_t next = ancestor[below];
		ancestor[below] = up;
		if (best[below] > least)
			best[below] = least;
		else
			least = best[below];
		below = next;
	}
	return least;
}

static uint32_t semidominator(const struct solver *solver, uint32_t number)
{
	const struct hs_csr *reverse = solver->reverse;
	const uint32_t *place = solver->tree->place;
	uint32_t node = solver->tree->order[number], semi = solver->semi[number];

	/* a virtual node has one parent; what a root refers to can do no better; one referrer is the parent */
	if (node >= solver->tree->n || semi == 0)
		return semi;
	uint64_t source = hs_csr_begin(reverse, node), end = hs_csr_end(reverse, node);
	if (end - source == 1)
		return semi;
	for (; source < end; source++) {
		uint32_t from = place[reverse->targets[source]];
		if (from & HS_PLACE_LEAF) /* not in the tree */
			continue;
		uint32_t candidate = from <= number ? from : evaluate(solver, from, number);
		if (candidate < semi)
			semi = candidate;
	}
	return semi;
}

#define STRETCH ((uint32_t)1 << 18) /* nodes that are worked on without asking whether to go on */

static struct hs_error *find_semidominators(const struct solver *solver, const struct hs_cancel *cancel)
{
	uint32_t n = solver->tree->n_order;

	memcpy(solver->ancestor, solver->tree->idom, n * sizeof(*solver->ancestor));
	for (uint32_t number = n; number-- > 1;) {
		if (number % STRETCH == 0)
			HS_TRY(hs_check_cancelled(cancel));
		/* what is not linked yet is not above the limit; from now on this one is */
		solver->semi[number] = semidominator(solver, number);
		solver->best[number] = solver->semi[number];
	}
	return hs_check_cancelled(cancel);
}

uint32_t hs_common_dominator(const struct climber *climber, uint32_t a, uint32_t b)
{
	const uint32_t *depth = climber->depth, *jump = climber->jump, *idom = climber->idom;

	if (a == b)
		return a;
	while (depth[a] > depth[b])
		a = depth[jump[a]] >= depth[b] ? jump[a] : idom[a];
	while (depth[b] > depth[a])
		b = depth[jump[b]] >= depth[a] ? jump[b] : idom[b];
	while (a != b) {
		bool can_jump = jump[a] != jump[b];
		a = can_jump ? jump[a] : idom[a];
		b = can_jump ? jump[b] : idom[b];
	}
	return a;
}

static struct hs_error *solve(struct solver *solver, struct hs_dominators *tree, const struct hs_dominator_input *input)
{
	HS_TRY(hs_number_nodes(tree, input, solver->semi));
	solver->ancestor = hs_pages_alloc(solver->bytes);
	solver->best = hs_pages_alloc(solver->bytes);
	if (!solver->ancestor || !solver->best)
		return hs_error_no_memory();
	hs_pages_populate(solver->ancestor, tree->n_order * sizeof(*solver->ancestor));
	hs_pages_populate(solver->best, tree->n_order * sizeof(*solver->best));
	HS_TRY(find_semidominators(solver, input->cancel));
	/* what the search needed is not needed any more, and the memory is there */
	struct climber climber = { .idom = tree->idom, .depth = solver->ancestor, .jump = solver->best };
	climber.depth[0] = climber.jump[0] = 0;
	for (uint32_t number = 1; number < tree->n_order; number++) {
		tree->idom[number] = climb(&climber, tree->idom[number], solver->semi[number]);
		climber_add(&climber, number);
	}
	hs_pages_free(hs_take(solver->semi), solver->bytes);
	HS_TRY(hs_check_cancelled(input->cancel));
	HS_TRY(hs_place_leaves(tree, input, &climber));
	/* memory that is touched already costs half of what fresh memory does */
	tree->spare[0] = hs_take(solver->ancestor);
	tree->spare[1] = hs_take(solver->best);
	return NULL;
}

struct hs_error *hs_dominators_init(struct hs_dominators *tree, const struct hs_dominator_input *input)
{
	uint32_t n = input->graph->n;
	/* one for each node and the two virtual ones: memory is touched only as far as there are numbers */
	size_t bytes = ((size_t)n + 2) * sizeof(uint32_t);
	struct solver solver = { .tree = tree, .reverse = input->reverse, .bytes = bytes };

	*tree = (struct hs_dominators){ .n = n, .bytes = bytes };
	if (input->n_hubs > MAX_HUBS || n > UINT32_MAX - HS_CSR_SPARE)
		return hs_error_new(HS_ERROR_LIMIT, "more nodes than dominators can be found of");
	tree->place = hs_pages_alloc(bytes);
	tree->order = hs_pages_alloc(bytes);
	tree->idom = hs_pages_alloc(bytes);
	solver.semi = hs_pages_alloc(bytes);
	struct hs_error *error = hs_error_no_memory();
	if (tree->place && tree->order && tree->idom && solver.semi)
		error = solve(&solver, tree, input);
	hs_pages_free(solver.semi, bytes);
	hs_pages_free(solver.ancestor, bytes);
	hs_pages_free(solver.best, bytes);
	return error;
}

void hs_dominators_deinit(struct hs_dominators *tree)
{
	hs_pages_free(tree->place, tree->bytes);
	hs_pages_free(tree->order, tree->bytes);
	hs_pages_free(tree->idom, tree->bytes);
	hs_pages_free(tree->spare[0], tree->bytes);
	hs_pages_free(tree->spare[1], tree->bytes);
	*tree = (struct hs_dominators){ 0 };
}

uint32_t hs_dominator_number(const struct hs_dominators *tree, uint32_t node)
{
	if (node >= tree->n)
		return node == tree->n + 1 && tree->unreachable == tree->n_order ? HS_CSR_NONE : 0;
	if (tree->place[node] == HS_CSR_NONE)
		return HS_CSR_NONE;
	return hs_is_numbered(tree, node) ? tree->idom[tree->place[node]] : tree->place[node] & ~HS_PLACE_LEAF;
}

uint32_t hs_dominator(const struct hs_dominators *tree, uint32_t node)
{
	uint32_t number = hs_dominator_number(tree, node);

	return number == HS_CSR_NONE ? HS_CSR_NONE : tree->order[number];
}
