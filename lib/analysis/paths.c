/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for cheapest paths: Dijkstra's, with a bucket for each cost up to the highest of one step (Dial, 1969). A node
 * stands in a bucket once for each time that its cost fell; only the last counts.
 */
#include "paths.h"

#include <string.h>

#include "array.h"
#include "pages.h"

#define N_BUCKETS 256
#define PREFETCH_AHEAD 8
#define NODES_PER_PAGE (4096 / sizeof(struct hs_path_node))

HS_ARRAY_TYPE(bucket, uint32_t);

struct search {
	struct hs_paths *paths;
	struct bucket buckets[N_BUCKETS]; /* by cost modulo their number */
	size_t n_waiting;                 /* in all buckets */
	HS_ARRAY(uint8_t) asked;
	bool out_of_memory;
	uint32_t n_steps;
	bool is_cancelled;
};

static bool is_excluded(const struct hs_path_input *input, uint32_t node)
{
	return input->excluded && hs_bit(input->excluded, node);
}

/* A path of this cost, as a node keeps it, leads to the node by this parent. */
static inline void reach(struct search *search, uint32_t node, uint32_t parent, uint32_t cost)
{
	struct hs_path_node *reached = &search->paths->nodes[node];

	if ((reached->cost && reached->cost <= cost) || is_excluded(&search->paths->input, node))
		return;
	*reached = (struct hs_path_node){ cost, parent };
	if (hs_csr_is_leaf(search->paths->input.graph, node))
		return;
	struct bucket *bucket = &search->buckets[cost % N_BUCKETS];
	if (!hs_array_reserve(bucket, bucket->n + 1)) {
		search->out_of_memory = true;
		return;
	}
	bucket->items[bucket->n++] = node;
	search->paths->highest = cost > search->paths->highest ? cost : search->paths->highest;
	search->n_waiting++;
}

/* The costs of the node's row, or NULL when they follow from classes. */
static const uint8_t *ask(struct search *search, uint32_t node, size_t n)
{
	const struct hs_path_input *input = &search->paths->input;

	if (!hs_array_reserve(&search->asked, n)) {
		search->out_of_memory = true;
		return NULL;
	}
	input->ask(input->context, node, n, search->asked.items);
	return search->asked.items;
}

static void go_on_from(struct search *search, uint32_t node, uint32_t cost)
{
	const struct hs_path_input *input = &search->paths->input;
	const struct hs_csr *graph = input->graph;
	const uint8_t *by_class = input->costs[input->classes ? input->classes[node] : 0], *asked = NULL;
	uint64_t begin = hs_csr_begin(graph, node), end = hs_csr_end(graph, node);

	if (by_class[0] == HS_PATH_ASK) {
		asked = ask(search, node, end - begin);
		if (!asked)
			return;
	}
	for (uint64_t edge = begin; edge < end; edge++) {
		uint32_t target = graph->targets[edge];
		if (edge + PREFETCH_AHEAD < end)
			__builtin_prefetch(&graph->rows.offsets[graph->targets[edge + PREFETCH_AHEAD]]);
		if (hs_csr_is_leaf(graph, target))
			continue;
		uint32_t step = asked ? asked[edge - begin] : by_class[input->classes ? input->classes[target] : 0];
		reach(search, target, node, cost + step);
	}
}

#define STRETCH ((uint32_t)1 << 16) /* nodes that are gone on from without asking whether to go on */

static bool must_end(struct search *search)
{
	if (search->n_steps++ % STRETCH == 0)
		search->is_cancelled = hs_is_cancelled(search->paths->input.cancel);
	return search->out_of_memory || search->is_cancelled;
}

/* Goes on from all that waits, by ascending costs from `first` on. */
static void drain(struct search *search, uint32_t first)
{
	/* no path that an address space can hold costs more than this leaves room for */
	for (uint32_t cost = first; search->n_waiting && cost < UINT32_MAX - N_BUCKETS && !must_end(search); cost++) {
		struct bucket *bucket = &search->buckets[cost % N_BUCKETS];
		/* steps that cost nothing make it grow */
		for (size_t i = 0; i < bucket->n && !must_end(search); i++)
			if (search->paths->nodes[bucket->items[i]].cost == cost)
				go_on_from(search, bucket->items[i], cost);
		search->n_waiting -= bucket->n;
		if (bucket->n)
			hs_array_free(bucket);
	}
}

static bool has_cost(const void *nodes, uint32_t node)
{
	return ((const struct hs_path_node *)nodes)[node].cost != 0;
}

/* True if the search has reached the node, or, of a leaf, one that refers to it. */
static bool is_reached(const struct search *search, uint32_t node)
{
	const struct hs_path_input *input = &search->paths->input;
	const struct hs_path_node *nodes = search->paths->nodes;

	return has_cost(nodes, node) || (hs_csr_is_leaf(input->graph, node) && input->has_source(input->context, node, has_cost, nodes));
}

/* The late roots that count: chosen before any of them is gone on from, so that their order changes nothing. */
static void add_late_roots(struct search *search, const struct hs_path_root *late_roots, size_t n_late_roots)
{
	const struct hs_path_input *input = &search->paths->input;
	HS_ARRAY(size_t) chosen = { 0 };

	for (size_t i = 0; i < n_late_roots && !search->out_of_memory; i++) {
		if (is_reached(search, late_roots[i].node))
			continue;
		size_t *slot = hs_array_append(&chosen);
		search->out_of_memory |= !slot;
		if (slot)
			*slot = i;
	}
	/* beyond all that the others reach, a last step to a leaf included */
	search->paths->late_cost = search->paths->highest + HS_PATH_MAX_COST + 1;
	for (size_t i = 0; i < chosen.n && search->paths->highest < UINT32_MAX / 2; i++) {
		const struct hs_path_root *root = &late_roots[chosen.items[i]];
		reach(search, root->node, input->graph->n + (uint32_t)(input->n_roots + chosen.items[i]),
		      search->paths->late_cost + root->cost + 1);
	}
	hs_array_free(&chosen);
}

static struct hs_error *end(struct search *search)
{
	for (unsigned i = 0; i < N_BUCKETS; i++)
		hs_array_free(&search->buckets[i]);
	hs_array_free(&search->asked);
	if (search->is_cancelled)
		return hs_error_new(HS_ERROR_CANCELLED, "given up");
	return search->out_of_memory ? hs_error_no_memory() : NULL;
}

static struct hs_error *check_limit(const struct hs_path_input *input, size_t n_late_roots)
{
	if (input->n_roots + n_late_roots > UINT32_MAX - HS_CSR_SPARE - input->graph->n)
		return hs_error_new(HS_ERROR_LIMIT, "more than 2^32 objects and roots");
	return NULL;
}

/* Backs the nodes with memory at once, but for pages of which no node refers to anything: such are not searched from. */
static void populate(struct hs_path_node *nodes, const struct hs_csr *graph)
{
	uint32_t begin = 0;

	for (uint32_t end = 0; end < graph->n;) {
		uint32_t page = end;
		end = graph->n - page < NODES_PER_PAGE ? graph->n : page + NODES_PER_PAGE;
		bool has_rows = hs_csr_begin(graph, page) != hs_csr_end(graph, end - 1);
		if (!has_rows || end == graph->n)
			hs_pages_populate(&nodes[begin], ((has_rows ? end : page) - begin) * sizeof(*nodes));
		if (!has_rows)
			begin = end;
	}
}

struct hs_error *hs_paths_init(struct hs_paths *paths, const struct hs_path_input *input)
{
	struct search search = { .paths = paths };

	*paths = (struct hs_paths){ .input = *input, .late_cost = UINT32_MAX - 1 };
	HS_TRY(check_limit(input, 0));
	paths->nodes = hs_pages_alloc_array((size_t)input->graph->n + 1, sizeof(*paths->nodes));
	if (!paths->nodes)
		return hs_error_no_memory();
	if (input->reaches_most)
		populate(paths->nodes, input->graph);
	for (size_t i = 0; i < input->n_roots; i++)
		reach(&search, input->roots[i].node, input->graph->n + (uint32_t)i, input->roots[i].cost + 1);
	drain(&search, 1);
	return end(&search);
}

struct hs_error *hs_paths_add_late(struct hs_paths *paths, const struct hs_path_root *roots, const struct hs_path_root *late_roots,
				   size_t n_late_roots)
{
	struct search search = { .paths = paths };

	paths->input.roots = roots;
	HS_TRY(check_limit(&paths->input, n_late_roots));
	if (n_late_roots) {
		add_late_roots(&search, late_roots, n_late_roots);
		drain(&search, paths->late_cost + 1);
	}
	return end(&search);
}

void hs_paths_deinit(struct hs_paths *paths)
{
	if (paths->nodes)
		hs_pages_free(paths->nodes, ((size_t)paths->input.graph->n + 1) * sizeof(*paths->nodes));
	*paths = (struct hs_paths){ 0 };
}
