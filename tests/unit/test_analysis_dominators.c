/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dominators and what is retained, against the definition: a dominates b if b cannot be reached without a. The reference
 * removes each node in turn and looks what is still reached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plain_graph.h"
#include "retained.h"

#define MAX_NODES 64

/* Marks what the roots reach without `removed`. */
static void reach(const struct hs_csr *graph, const uint32_t *roots, size_t n_roots, uint32_t removed, bool *marks)
{
	uint32_t stack[MAX_NODES * MAX_NODES];
	size_t n = 0;

	for (size_t i = 0; i < n_roots; i++)
		if (roots[i] != removed && !marks[roots[i]]) {
			marks[roots[i]] = true;
			stack[n++] = roots[i];
		}
	while (n) {
		uint32_t node = stack[--n];
		for (uint64_t edge = hs_csr_begin(graph, node); edge < hs_csr_end(graph, node); edge++) {
			uint32_t target = graph->targets[edge];
			if (target == removed || marks[target])
				continue;
			marks[target] = true;
			stack[n++] = target;
		}
	}
}

/* dominates[a][b]: every path from the roots to b goes through a. */
static void find_dominators(const struct hs_csr *graph, const uint32_t *roots, size_t n_roots, bool dominates[MAX_NODES][MAX_NODES])
{
	bool all[MAX_NODES] = { 0 };

	reach(graph, roots, n_roots, HS_CSR_NONE, all);
	for (uint32_t a = 0; a < graph->n; a++) {
		bool without[MAX_NODES] = { 0 };
		reach(graph, roots, n_roots, a, without);
		for (uint32_t b = 0; b < graph->n; b++)
			dominates[a][b] = all[a] && all[b] && !without[b];
	}
}

/* The dominator that all other dominators of the node dominate; n: the virtual root. */
static uint32_t immediate(bool dominates[MAX_NODES][MAX_NODES], uint32_t n, uint32_t node)
{
	uint32_t best = n;

	for (uint32_t a = 0; a < n; a++)
		if (a != node && dominates[a][node] && (best == n || dominates[best][a]))
			best = a;
	return best;
}

static struct hs_dominators solve(const struct plain_graph *graph, const uint32_t *roots, size_t n_roots, unsigned n_workers)
{
	struct hs_dominators tree;
	const struct hs_dominator_input input = {
		.graph = &graph->csr, .reverse = &graph->reverse, .roots = roots, .n_roots = n_roots, .n_workers = n_workers,
	};

	assert_null(hs_dominators_init(&tree, &input));
	return tree;
}

/*
 * What no root reaches holds what it refers to all the same: the nodes that the tree hangs right under the unreachable are
 * roots to the reference. One or more of them reach whatever the roots do not.
 */
static size_t add_unreached(const struct hs_csr *graph, uint32_t *roots, size_t n_roots, const struct hs_dominators *tree)
{
	bool marks[MAX_NODES] = { 0 };

	reach(graph, roots, n_roots, HS_CSR_NONE, marks);
	for (uint32_t node = 0; node < graph->n; node++)
		if (hs_dominator(tree, node) == graph->n + 1) {
			assert_false(marks[node]);
			roots[n_roots++] = node;
		}
	memset(marks, 0, sizeof(marks));
	reach(graph, roots, n_roots, HS_CSR_NONE, marks);
	for (uint32_t node = 0; node < graph->n; node++)
		assert_true(marks[node]);
	return n_roots;
}

static void assert_definition(const struct plain_graph *graph, const uint32_t *real_roots, size_t n_roots, struct hs_dominators *tree)
{
	static bool dominates[MAX_NODES][MAX_NODES];
	uint32_t n = graph->csr.n, roots[2 * MAX_NODES];
	uint16_t units[MAX_NODES];
	/* node 1 is large; node 2 so large that the sums are wide */
	struct hs_large_size large[] = { { 1, 70000 }, { 2, (uint64_t)5 << 32 } };
	const struct hs_sizes sizes = { units, large, 2, 16 };
	bool marks[MAX_NODES] = { 0 };
	struct hs_retained retained;

	memcpy(roots, real_roots, n_roots * sizeof(*roots));
	reach(&graph->csr, roots, n_roots, HS_CSR_NONE, marks);
	n_roots = add_unreached(&graph->csr, roots, n_roots, tree);
	for (uint32_t node = 0; node < n; node++)
		units[node] = node == 1 || (node == 2 && n % 2) ? HS_SIZE_IS_LARGE : (uint16_t)(node + 1);
	find_dominators(&graph->csr, roots, n_roots, dominates);
	assert_null(hs_retained_init(&retained, tree, &sizes));
	for (uint32_t node = 0; node < n; node++) {
		uint32_t expected = immediate(dominates, n, node);
		uint64_t bytes = 0, count = 0;
		assert_int_equal(hs_dominator(tree, node), expected == n && !marks[node] ? n + 1 : expected);
		for (uint32_t b = 0; b < n; b++) {
			bytes += dominates[node][b] ? hs_size_units(&sizes, b) * 16 : 0;
			count += dominates[node][b];
		}
		assert_int_equal(hs_retained_bytes(&retained, node), bytes);
		assert_int_equal(hs_retained_count(&retained, node), count);
	}
	assert_int_equal(hs_retained_count(&retained, n), n);
	hs_retained_deinit(&retained);
}

static void random_graphs_obey_the_definition(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		uint64_t random = seed;
		uint32_t n = 2 + plain_random(&random) % (MAX_NODES - 2), roots[3];
		size_t n_roots = 1 + plain_random(&random) % 3;
		struct plain_graph graph;
		plain_graph_random(&graph, n, n + plain_random(&random) % (2 * n), seed);
		for (size_t i = 0; i < n_roots; i++)
			roots[i] = plain_random(&random) % n;
		struct hs_dominators tree = solve(&graph, roots, n_roots, 1 + seed % 3);
		assert_definition(&graph, roots, n_roots, &tree);
		hs_dominators_deinit(&tree);
		plain_graph_deinit(&graph);
	}
}

/* Leaves whose rows the reverse does not have come out the same. */
static void hubs_are_met_in_the_edges(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		struct plain_graph graph;
		uint32_t hubs[MAX_NODES], roots[2] = { 0, 5 };
		struct hs_dominators tree;
		size_t n_hubs = 0;
		plain_graph_random(&graph, 40, 100, seed);
		struct hs_dominators right = solve(&graph, roots, 2, 1);
		struct hs_dominator_input input = { .graph = &graph.csr, .reverse = &graph.reverse, .roots = roots, .n_roots = 2, .hubs = hubs,
						    .n_workers = 2 };
		for (uint32_t node = 0; node < 40; node++)
			if (hs_csr_is_leaf(&graph.csr, node))
				hubs[n_hubs++] = node;
		/* empty the rows of all leaves */
		uint32_t *sources = (uint32_t *)graph.reverse.targets;
		uint64_t n = 0;
		for (uint32_t node = 0; node < 40; node++) {
			uint64_t begin = hs_csr_begin(&graph.reverse, node), end = hs_csr_end(&graph.reverse, node);
			graph.reverse.rows.offsets[node] = (uint32_t)n;
			if (hs_csr_is_leaf(&graph.csr, node))
				continue;
			memmove(sources + n, sources + begin, (end - begin) * sizeof(*sources));
			n += end - begin;
		}
		graph.reverse.rows.offsets[40] = (uint32_t)n;
		input.n_hubs = n_hubs;
		assert_null(hs_dominators_init(&tree, &input));
		for (uint32_t node = 0; node < 40; node++)
			assert_int_equal(hs_dominator(&tree, node), hs_dominator(&right, node));
		hs_dominators_deinit(&tree);
		hs_dominators_deinit(&right);
		plain_graph_deinit(&graph);
	}
}

static bool is_even(const void *context, uint32_t node)
{
	(void)context;
	return node % 2 == 0;
}

/*
 *     0 → 2    root          4 → 6 → 4 → 8    a cycle nobody refers to, with a tail
 *     10 → 12  late root     14 → 12, 16 → 14  from nowhere, to what the late root reaches
 */
static void what_no_root_reaches_hangs_by_component(void **state)
{
	static const struct plain_edge edges[] = { { 0, 2 }, { 4, 6 }, { 6, 4 }, { 4, 8 }, { 10, 12 }, { 14, 12 }, { 16, 14 } };
	static const uint32_t roots[] = { 0 }, late[] = { 2, 10 };
	struct plain_graph graph;
	struct hs_dominators tree;

	(void)state;
	plain_graph_init(&graph, 20, edges, 7);
	const struct hs_dominator_input input = {
		.graph = &graph.csr, .reverse = &graph.reverse, .roots = roots, .n_roots = 1, .late_roots = late, .n_late_roots = 2,
		.is_something = is_even, .n_workers = 1,
	};
	assert_null(hs_dominators_init(&tree, &input));
	assert_int_equal(hs_dominator(&tree, 0), 20);
	assert_int_equal(hs_dominator(&tree, 2), 0); /* no late root: an exact one reaches it */
	assert_int_equal(hs_dominator(&tree, 10), 20);
	assert_int_equal(hs_dominator(&tree, 12), 20); /* held from two sides */
	assert_int_equal(hs_dominator(&tree, 4), 21);
	assert_int_equal(hs_dominator(&tree, 6), 4);
	assert_int_equal(hs_dominator(&tree, 8), 4);
	assert_int_equal(hs_dominator(&tree, 16), 21);
	assert_int_equal(hs_dominator(&tree, 14), 16);
	assert_int_equal(hs_dominator(&tree, 18), 21);
	assert_int_equal(hs_dominator(&tree, 19), HS_CSR_NONE);
	assert_int_equal(hs_dominator(&tree, 21), 20);
	assert_true(tree.place[10] >= tree.first_late && tree.place[10] < tree.unreachable);
	assert_true(tree.place[16] > tree.unreachable);
	hs_dominators_deinit(&tree);
	plain_graph_deinit(&graph);
}

#define LONG 3000000u

static struct plain_edge *edges_for(size_t n)
{
	struct plain_edge *edges = calloc(n, sizeof(*edges));

	assert_non_null(edges);
	return edges;
}

/* A list of 3 M nodes: nothing recurses, and each node is held by the one before it. */
static void long_lists_are_chains(void **state)
{
	for (unsigned is_double = 0; is_double < 2; is_double++) {
		struct plain_edge *edges = edges_for(2 * LONG);
		static const uint32_t root = 0;
		struct plain_graph graph;
		size_t n = 0;
		for (uint32_t node = 0; node + 1 < LONG; node++) {
			edges[n++] = (struct plain_edge){ node, node + 1 };
			if (is_double)
				edges[n++] = (struct plain_edge){ node + 1, node };
		}
		plain_graph_init(&graph, LONG, edges, n);
		struct hs_dominators tree = solve(&graph, &root, 1, 2);
		for (uint32_t node = 1; node < LONG; node += 1001)
			assert_int_equal(hs_dominator(&tree, node), node - 1);
		hs_dominators_deinit(&tree);
		plain_graph_deinit(&graph);
		free(edges);
	}
	(void)state;
}

/* Two long chains whose i-th nodes share something: going up step by step would take the square of their length. */
static void parallel_chains_are_not_quadratic(void **state)
{
	enum { LENGTH = 500000 };
	struct plain_edge *edges = edges_for(8 * LENGTH);
	static const uint32_t roots[] = { 0, LENGTH };
	struct plain_graph graph;
	size_t n = 0;

	(void)state;
	/* chains at 0 and LENGTH; leaves at 2 LENGTH; nodes with a reference of their own at 3 LENGTH */
	for (uint32_t i = 0; i < LENGTH; i++) {
		for (uint32_t chain = 0; chain < 2 * LENGTH; chain += LENGTH) {
			if (i + 1 < LENGTH)
				edges[n++] = (struct plain_edge){ chain + i, chain + i + 1 };
			edges[n++] = (struct plain_edge){ chain + i, 2 * LENGTH + i };
			edges[n++] = (struct plain_edge){ chain + i, 3 * LENGTH + i };
		}
		edges[n++] = (struct plain_edge){ 3 * LENGTH + i, 2 * LENGTH };
	}
	plain_graph_init(&graph, 4 * LENGTH, edges, n);
	struct hs_dominators tree = solve(&graph, roots, 2, 2);
	for (uint32_t i = 1; i < LENGTH; i += 997) {
		assert_int_equal(hs_dominator(&tree, i), i - 1);
		assert_int_equal(hs_dominator(&tree, 2 * LENGTH + i), 4 * LENGTH);
		assert_int_equal(hs_dominator(&tree, 3 * LENGTH + i), 4 * LENGTH);
	}
	hs_dominators_deinit(&tree);
	plain_graph_deinit(&graph);
	free(edges);
}

static void wrong_graphs_are_refused(void **state)
{
	static const struct plain_edge edges[] = { { 0, 0 }, { 0, 1 }, { 1, 1 } };
	struct plain_graph graph;

	(void)state;
	plain_graph_init(&graph, 2, edges, 3);
	assert_null(hs_csr_check(&graph.csr, graph.n_edges));
	static const uint32_t root = 0;
	struct hs_dominators tree = solve(&graph, &root, 1, 1);
	assert_int_equal(hs_dominator(&tree, 1), 0);
	hs_dominators_deinit(&tree);
	((uint32_t *)graph.csr.targets)[1] = 2;
	struct hs_error *error = hs_csr_check(&graph.csr, graph.n_edges);
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	hs_error_destroy(error);
	((uint32_t *)graph.csr.targets)[1] = 1;
	graph.csr.rows.offsets[1] = 4;
	error = hs_csr_check(&graph.csr, graph.n_edges);
	assert_non_null(error);
	hs_error_destroy(error);
	graph.csr.rows.offsets[1] = 2;
	error = hs_csr_check(&graph.csr, graph.n_edges + 1);
	assert_non_null(error);
	hs_error_destroy(error);
	plain_graph_deinit(&graph);
}

/* No nodes, no roots. */
static void empty_graphs_are_legal(void **state)
{
	struct plain_graph graph;

	(void)state;
	plain_graph_init(&graph, 0, NULL, 0);
	struct hs_dominators tree = solve(&graph, NULL, 0, 1);
	assert_int_equal(tree.n_order, 1);
	hs_dominators_deinit(&tree);
	plain_graph_deinit(&graph);
	plain_graph_init(&graph, 3, NULL, 0);
	tree = solve(&graph, NULL, 0, 1);
	assert_int_equal(hs_dominator(&tree, 2), 4);
	hs_dominators_deinit(&tree);
	plain_graph_deinit(&graph);
}

static void the_search_is_given_up(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 1, 2 } };
	static const uint32_t roots[] = { 0 };
	struct hs_cancel cancel = { .is_wanted = true };
	struct plain_graph graph;
	struct hs_dominators tree;

	(void)state;
	plain_graph_init(&graph, 3, edges, 2);
	const struct hs_dominator_input input = { .graph = &graph.csr, .reverse = &graph.reverse, .roots = roots, .n_roots = 1, .n_workers = 1, .cancel = &cancel };
	struct hs_error *error = hs_dominators_init(&tree, &input);
	assert_true(error && error->code == HS_ERROR_CANCELLED);
	hs_error_destroy(error);
	hs_dominators_deinit(&tree);
	plain_graph_deinit(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs_obey_the_definition),
		cmocka_unit_test(hubs_are_met_in_the_edges),
		cmocka_unit_test(what_no_root_reaches_hangs_by_component),
		cmocka_unit_test(long_lists_are_chains),
		cmocka_unit_test(parallel_chains_are_not_quadratic),
		cmocka_unit_test(wrong_graphs_are_refused),
		cmocka_unit_test(empty_graphs_are_legal),
		cmocka_unit_test(the_search_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
