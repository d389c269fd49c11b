/* SPDX-License-Identifier: Apache-2.0 */
/* Cheapest paths against Bellman and Ford's algorithm; further paths against every path there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paths.h"
#include "plain_graph.h"

#define MAX_NODES 48
#define NONE UINT32_MAX

/* A cost that depends on both nodes, for those whose class says "ask"; class 1 asks. */
static uint32_t asked_cost(uint32_t source, uint32_t target)
{
	return (source * 7 + target * 13) % 23;
}

static void ask(const void *context, uint32_t source, size_t n, uint8_t *ret_costs)
{
	const struct plain_graph *graph = context;

	assert_int_equal(n, hs_csr_end(&graph->csr, source) - hs_csr_begin(&graph->csr, source));
	for (size_t i = 0; i < n; i++)
		ret_costs[i] = (uint8_t)asked_cost(source, graph->csr.targets[hs_csr_begin(&graph->csr, source) + i]);
}

static uint32_t edge_cost(const struct hs_path_input *input, uint32_t source, uint32_t target)
{
	uint8_t cost = input->costs[input->classes[source]][input->classes[target]];

	return cost == HS_PATH_ASK ? asked_cost(source, target) : cost;
}

static struct hs_path_input input_of(const struct plain_graph *graph, const uint8_t *classes, const struct hs_path_root *roots, size_t n_roots)
{
	struct hs_path_input input = {
		.graph = &graph->csr, .sources = plain_graph_sources, .has_source = plain_graph_has_source, .context = graph, .roots = roots, .n_roots = n_roots, .classes = classes,
		.ask = ask,
	};

	for (unsigned i = 0; i < HS_PATH_CLASSES; i++)
		for (unsigned j = 0; j < HS_PATH_CLASSES; j++)
			input.costs[i][j] = i == 1 ? HS_PATH_ASK : (uint8_t)(i == 2 ? 0 : 1 + j);
	return input;
}

static bool is_allowed(const struct hs_path_input *input, uint32_t node)
{
	return !input->excluded || !hs_bit(input->excluded, node);
}

static void relax_until_done(const struct hs_path_input *input, uint32_t *costs)
{
	const struct hs_csr *graph = input->graph;
	bool changes = true;

	memset(costs, 0xff, graph->n * sizeof(*costs));
	for (size_t i = 0; i < input->n_roots; i++)
		if (input->roots[i].cost < costs[input->roots[i].node] && is_allowed(input, input->roots[i].node))
			costs[input->roots[i].node] = input->roots[i].cost;
	while (changes) {
		changes = false;
		for (uint32_t node = 0; node < graph->n; node++)
			for (uint64_t edge = hs_csr_begin(graph, node); costs[node] != NONE && edge < hs_csr_end(graph, node); edge++) {
				uint32_t target = graph->targets[edge], cost = costs[node] + edge_cost(input, node, target);
				if (cost < costs[target] && is_allowed(input, target)) {
					costs[target] = cost;
					changes = true;
				}
			}
	}
}

/* The path is one: from its root, along edges, never twice at a node, at the cost that it says. */
static void assert_is_path(const struct hs_path_input *input, const struct hs_path *path, uint32_t target)
{
	uint64_t cost = input->roots[path->root].cost;

	assert_true(path->n > 0);
	assert_int_equal(path->nodes[0], input->roots[path->root].node);
	assert_int_equal(path->nodes[path->n - 1], target);
	for (uint32_t i = 0; i < path->n; i++) {
		bool is_edge = i + 1 == path->n;
		assert_true(is_allowed(input, path->nodes[i]));
		for (uint32_t j = i + 1; j < path->n; j++)
			assert_int_not_equal(path->nodes[i], path->nodes[j]);
		for (uint64_t edge = hs_csr_begin(input->graph, path->nodes[i]); !is_edge && edge < hs_csr_end(input->graph, path->nodes[i]); edge++)
			is_edge = input->graph->targets[edge] == path->nodes[i + 1];
		assert_true(is_edge);
		if (i + 1 < path->n)
			cost += edge_cost(input, path->nodes[i], path->nodes[i + 1]);
	}
	assert_int_equal(cost, path->cost);
}

static void assert_differ(const struct hs_path *a, const struct hs_path *b)
{
	assert_false(a->n == b->n && a->root == b->root && memcmp(a->nodes, b->nodes, a->n * sizeof(*a->nodes)) == 0);
}

static void assert_paths(const struct hs_paths *paths, const uint32_t *costs)
{
	for (uint32_t node = 0; node < paths->input.graph->n; node++) {
		struct hs_path_step step;
		struct hs_path *list;
		size_t n;
		bool is_reached = hs_paths_step(paths, node, &step);
		assert_int_equal(is_reached, costs[node] != NONE);
		assert_null(hs_paths_find(paths, node, 5, &list, &n));
		assert_true(is_reached == (n > 0) && n <= 5);
		for (size_t i = 0; i < n; i++) {
			assert_is_path(&paths->input, &list[i], node);
			assert_true(i == 0 || list[i].cost >= list[i - 1].cost);
			for (size_t j = 0; j < i; j++)
				assert_differ(&list[i], &list[j]);
		}
		if (is_reached) {
			assert_int_equal(step.cost, costs[node]);
			assert_int_equal(list[0].cost, costs[node]);
		}
		hs_path_list_free(list, n);
	}
}

static void random_graphs_have_cheapest_paths(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 1500; seed++) {
		uint64_t random = seed, excluded[2] = { 0 };
		uint32_t n = 2 + plain_random(&random) % (MAX_NODES - 2), costs[MAX_NODES];
		struct hs_path_root roots[4];
		uint8_t classes[MAX_NODES];
		struct plain_graph graph;
		struct hs_paths paths;
		plain_graph_random(&graph, n, n + plain_random(&random) % (3 * n), seed);
		for (size_t i = 0; i < 4; i++)
			roots[i] = (struct hs_path_root){ plain_random(&random) % n, plain_random(&random) % 30 };
		for (uint32_t node = 0; node < n; node++)
			classes[node] = plain_random(&random) % 4;
		struct hs_path_input input = input_of(&graph, classes, roots, 4);
		if (seed % 3 == 0) {
			hs_set_bit(excluded, plain_random(&random) % n);
			hs_set_bit(excluded, plain_random(&random) % n);
			input.excluded = excluded;
		}
		relax_until_done(&input, costs);
		assert_null(hs_paths_init(&paths, &input));
		assert_paths(&paths, costs);
		hs_paths_deinit(&paths);
		plain_graph_deinit(&graph);
	}
}

/* Two ways to 3, and two roots that hold 0: all three further paths, none of which is a circle. */
static void further_paths_turn_off_the_cheapest(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 0, 2 }, { 1, 3 }, { 2, 3 }, { 3, 0 }, { 3, 1 }, { 3, 4 } };
	static const struct hs_path_root roots[] = { { 0, 0 }, { 0, 3 } };
	static const uint8_t classes[5];
	struct plain_graph graph;
	struct hs_paths paths;
	struct hs_path *list;
	size_t n;

	(void)state;
	plain_graph_init(&graph, 5, edges, 7);
	struct hs_path_input input = input_of(&graph, classes, roots, 2);
	assert_null(hs_paths_init(&paths, &input));
	assert_null(hs_paths_find(&paths, 4, 10, &list, &n));
	assert_int_equal(n, 3);
	assert_int_equal(list[0].cost, 3);
	assert_int_equal(list[0].nodes[1], 1);
	assert_int_equal(list[1].cost, 3);
	assert_int_equal(list[1].nodes[1], 2);
	assert_int_equal(list[2].cost, 6);
	assert_int_equal(list[2].root, 1);
	hs_path_list_free(list, n);
	hs_paths_deinit(&paths);
	plain_graph_deinit(&graph);
}

/* 0 → 1 → 2; 3 → 1; 3 → 4; 5 alone: late roots count at 3 and at 5, not at 1 and 2, which an exact root reaches. */
static void late_roots_count_where_no_other_reaches(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 1, 2 }, { 3, 1 }, { 3, 4 } };
	static const struct hs_path_root roots[] = { { 0, 50 } }, late[] = { { 1, 0 }, { 2, 0 }, { 3, 20 }, { 5, 20 } };
	static const uint32_t costs[] = { 50, 51, 52, 20, 21, 20 }, of_roots[] = { 0, HS_CSR_NONE, HS_CSR_NONE, 3, HS_CSR_NONE, 4 };
	static const uint8_t classes[6];
	struct plain_graph graph;
	struct hs_paths paths;

	(void)state;
	plain_graph_init(&graph, 6, edges, 4);
	const struct hs_path_input input = input_of(&graph, classes, roots, 1);
	assert_null(hs_paths_init(&paths, &input));
	assert_null(hs_paths_add_late(&paths, roots, late, 4));
	for (uint32_t node = 0; node < 6; node++) {
		struct hs_path_step step;
		assert_true(hs_paths_step(&paths, node, &step));
		assert_int_equal(step.cost, costs[node]);
		assert_int_equal(step.root, of_roots[node]);
	}
	hs_paths_deinit(&paths);
	plain_graph_deinit(&graph);
}

#define LONG 3000000u

static void a_path_of_millions_of_steps_is_found(void **state)
{
	struct plain_edge *edges = calloc(2 * LONG, sizeof(*edges));
	uint8_t *classes = calloc(LONG, 1);
	static const struct hs_path_root root = { 0, 1 };
	struct plain_graph graph;
	struct hs_paths paths;
	struct hs_path *list;
	size_t n = 0;

	(void)state;
	assert_non_null(edges);
	assert_non_null(classes);
	for (uint32_t node = 0; node + 1 < LONG; node++) {
		edges[n++] = (struct plain_edge){ node, node + 1 };
		edges[n++] = (struct plain_edge){ node + 1, node };
	}
	plain_graph_init(&graph, LONG, edges, n);
	const struct hs_path_input input = input_of(&graph, classes, &root, 1);
	assert_null(hs_paths_init(&paths, &input));
	assert_null(hs_paths_find(&paths, LONG - 1, 4, &list, &n));
	assert_int_equal(n, 1);
	assert_int_equal(list[0].n, LONG);
	assert_int_equal(list[0].cost, LONG);
	hs_path_list_free(list, n);
	hs_paths_deinit(&paths);
	plain_graph_deinit(&graph);
	free(edges);
	free(classes);
}

static void the_search_is_given_up(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 1, 2 } };
	static const struct hs_path_root root = { 0, 1 };
	static const uint8_t classes[3];
	struct hs_cancel cancel = { .is_wanted = true };
	struct plain_graph graph;
	struct hs_paths paths;

	(void)state;
	plain_graph_init(&graph, 3, edges, 2);
	struct hs_path_input input = input_of(&graph, classes, &root, 1);
	input.cancel = &cancel;
	struct hs_error *error = hs_paths_init(&paths, &input);
	assert_true(error && error->code == HS_ERROR_CANCELLED);
	hs_error_destroy(error);
	hs_paths_deinit(&paths);
	plain_graph_deinit(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs_have_cheapest_paths),
		cmocka_unit_test(further_paths_turn_off_the_cheapest),
		cmocka_unit_test(late_roots_count_where_no_other_reaches),
		cmocka_unit_test(a_path_of_millions_of_steps_is_found),
		cmocka_unit_test(the_search_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
