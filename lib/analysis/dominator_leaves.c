/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dominators of nodes without references, once the tree of the others is known: the common dominator of all that refer to
 * them. Those of hubs are met by going through all edges, for all hubs at once.
 */
#include <stdlib.h>
#include <string.h>

#include "dominator_solver.h"
#include "workers.h"

#define NODES_PER_CHUNK ((size_t)1 << 16)

struct leaves {
	struct hs_dominators *tree;
	const struct hs_dominator_input *input;
	const struct climber *climber;
	uint32_t *of_hubs; /* n_hubs for each worker: their common dominator so far; HS_CSR_NONE: not met yet */
};

static uint32_t place_leaf(const struct leaves *leaves, uint32_t node)
{
	const struct hs_csr *reverse = leaves->input->reverse;
	const uint32_t *place = leaves->tree->place;
	uint32_t above = HS_CSR_NONE;

	for (uint64_t source = hs_csr_begin(reverse, node); source < hs_csr_end(reverse, node) && above; source++) {
		uint32_t from = place[reverse->targets[source]];
		if (!(from & HS_PLACE_LEAF))
			above = above == HS_CSR_NONE ? from : hs_common_dominator(leaves->climber, above, from);
	}
	return above == HS_CSR_NONE ? PLACE_SHARED : HS_PLACE_LEAF | above;
}

static void place_shared(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct leaves *leaves = context;
	uint32_t *place = leaves->tree->place;

	(void)worker;
	if (hs_is_cancelled(leaves->input->cancel))
		return;
	for (size_t node = begin; node < end; node++)
		if (place[node] == PLACE_SHARED)
			place[node] = place_leaf(leaves, (uint32_t)node);
}

/* Brings the hub's dominator so far up to one that also dominates `number`. */
static void meet_hub(const struct leaves *leaves, uint32_t *above, uint32_t number)
{
	if (*above == HS_CSR_NONE)
		*above = number;
	else if (*above)
		*above = hs_common_dominator(leaves->climber, *above, number);
}

static void meet_hubs(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct leaves *leaves = context;
	const struct hs_dominators *tree = leaves->tree;
	const struct hs_csr *graph = leaves->input->graph;
	uint32_t n_hubs = (uint32_t)leaves->input->n_hubs;
	uint32_t *of_hubs = leaves->of_hubs + (size_t)worker * n_hubs;

	for (uint32_t number = (uint32_t)begin; number < end; number++) {
		if (tree->order[number] >= tree->n)
			continue;
		uint64_t edge = hs_csr_begin(graph, tree->order[number]), row_end = hs_csr_end(graph, tree->order[number]);
		for (; edge < row_end; edge++) {
			uint32_t hub = PLACE_OF_HUB(0) - tree->place[graph->targets[edge]];
			if (hub < n_hubs)
				meet_hub(leaves, &of_hubs[hub], number);
		}
	}
}

static struct hs_error *place_hubs(struct leaves *leaves)
{
	const struct hs_dominator_input *input = leaves->input;
	unsigned n_workers = input->n_workers ? input->n_workers : 1;
	uint32_t *place = leaves->tree->place;
	size_t n_shared = 0;

	leaves->of_hubs = malloc((n_workers * input->n_hubs + 1) * sizeof(*leaves->of_hubs));
	if (!leaves->of_hubs)
		return hs_error_no_memory();
	memset(leaves->of_hubs, 0xff, n_workers * input->n_hubs * sizeof(*leaves->of_hubs));
	for (size_t i = 0; i < input->n_hubs; i++)
		if (place[input->hubs[i]] == PLACE_SHARED) {
			place[input->hubs[i]] = PLACE_OF_HUB(i);
			n_shared++;
		}
	if (n_shared)
		hs_workers_run(meet_hubs, leaves, leaves->tree->n_order, NODES_PER_CHUNK, n_workers);
	for (size_t i = 0; i < input->n_hubs; i++) {
		uint32_t above = HS_CSR_NONE;
		if (place[input->hubs[i]] != PLACE_OF_HUB(i))
			continue;
		for (unsigned worker = 0; worker < n_workers; worker++)
			if (leaves->of_hubs[worker * input->n_hubs + i] != HS_CSR_NONE)
				meet_hub(leaves, &above, leaves->of_hubs[worker * input->n_hubs + i]);
		place[input->hubs[i]] = above == HS_CSR_NONE ? HS_CSR_NONE : HS_PLACE_LEAF | above;
	}
	free(leaves->of_hubs);
	return NULL;
}

struct hs_error *hs_place_leaves(struct hs_dominators *tree, const struct hs_dominator_input *input, const struct climber *climber)
{
	struct leaves leaves = { .tree = tree, .input = input, .climber = climber };

	hs_workers_run(place_shared, &leaves, tree->n, NODES_PER_CHUNK, input->n_workers ? input->n_workers : 1);
	HS_TRY(hs_check_cancelled(input->cancel));
	return place_hubs(&leaves);
}
