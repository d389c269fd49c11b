/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles in synthetic graphs: which there are, what hangs on them, which way around is shortest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "components.h"
#include "cycles.h"
#include "plain_graph.h"

#define MAX_NODES 64

/* Node i has i + 1 units of 16 bytes. */
static struct hs_sizes sizes_by_number(void)
{
	static uint16_t units[MAX_NODES];

	for (unsigned i = 0; i < MAX_NODES; i++)
		units[i] = (uint16_t)(i + 1);
	return (struct hs_sizes){ .units = units, .unit_bytes = 16 };
}

/* 0 ↔ 1 → 2 → 3 ↔ 4 → 5; 6 → 6; 7 is no cycle. */
static const struct plain_edge sample[] = { { 0, 1 }, { 1, 0 }, { 1, 2 }, { 2, 3 }, { 3, 4 }, { 4, 3 }, { 4, 5 }, { 6, 6 }, { 7, 0 } };

static void cycles_are_components(void **state)
{
	const struct hs_sizes sizes = sizes_by_number();
	const uint64_t set = 0xff;
	struct hs_cycle_list list = { 0 };
	struct plain_graph graph;

	(void)state;
	plain_graph_init(&graph, 8, sample, 9);
	const struct hs_cycle_input input = { .told = &graph.csr, .set = &set, .sizes = &sizes };
	assert_null(hs_cycles_find(&input, &list));
	assert_int_equal(list.n, 3);
	assert_int_equal(list.items[0].bytes, 9 * 16);
	assert_int_equal(list.nodes[list.items[0].first], 3);
	assert_int_equal(list.items[1].bytes, 7 * 16);
	assert_int_equal(list.items[1].n_members, 1);
	assert_int_equal(list.items[2].n_members, 2);
	assert_int_equal(list.n_nodes, 5);
	hs_cycles_deinit(&list);
	plain_graph_deinit(&graph);
}

static void what_hangs_on_a_cycle_is_counted_once(void **state)
{
	const struct hs_sizes sizes = sizes_by_number();
	/* 5 is no container; 7 leads to a cycle and is none */
	const uint64_t set = 0xdf, dead = 0xff;
	struct hs_cycle_list list = { 0 };
	struct plain_graph graph;

	(void)state;
	plain_graph_init(&graph, 8, sample, 9);
	const struct hs_cycle_input input = { .told = &graph.csr, .set = &set, .dead = &dead, .owned = &graph.csr, .sizes = &sizes };
	assert_null(hs_cycles_find(&input, &list));
	assert_int_equal(list.n, 4);
	assert_int_equal(list.n_nodes, 8);
	const struct hs_cycle *last = &list.items[0]; /* 3 ↔ 4 with 5 */
	assert_int_equal(last->n_members, 2);
	assert_int_equal(last->n_set, 2);
	assert_int_equal(last->n_nodes, 3);
	assert_int_equal(list.nodes[last->first + 2], 5);
	assert_int_equal(last->bytes, (4 + 5 + 6) * 16);
	const struct hs_cycle *alone = &list.items[1]; /* 7 */
	assert_int_equal(list.nodes[alone->first], 7);
	assert_int_equal(alone->n_nodes, 1);
	const struct hs_cycle *first = &list.items[3]; /* 0 ↔ 1 with 2 */
	assert_int_equal(first->n_set, 3);
	assert_int_equal(first->bytes, 6 * 16);
	hs_cycles_deinit(&list);
	plain_graph_deinit(&graph);
}

static void every_node_is_in_one_list(void **state)
{
	const struct hs_sizes sizes = sizes_by_number();

	(void)state;
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		uint64_t random = seed, dead = UINT64_MAX, set = seed % 3 ? UINT64_MAX : seed * 0x9e3779b97f4a7c15, seen = 0;
		uint32_t n = 1 + plain_random(&random) % (MAX_NODES - 1), component[MAX_NODES], n_components;
		struct hs_cycle_list list = { 0 };
		struct plain_graph graph;
		plain_graph_random(&graph, n, plain_random(&random) % (2 * n), seed);
		dead = n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
		set &= dead;
		uint64_t sets[2] = { set, 0 }, deads[2] = { dead, 0 };
		const struct hs_cycle_input input = { .told = &graph.csr, .set = sets, .dead = deads, .owned = &graph.csr, .sizes = &sizes };
		assert_null(hs_cycles_find(&input, &list));
		assert_null(hs_components(&graph.csr, sets, component, &n_components));
		assert_int_equal(list.n_nodes, n);
		for (size_t i = 0; i < list.n; i++) {
			const struct hs_cycle *cycle = &list.items[i];
			uint64_t units = 0;
			for (uint32_t k = 0; k < cycle->n_nodes; k++) {
				uint32_t node = list.nodes[cycle->first + k];
				assert_false(seen >> node & 1);
				seen |= (uint64_t)1 << node;
				units += node + 1;
				assert_true(k >= cycle->n_members || component[node] == component[list.nodes[cycle->first]]);
				/* the first part is of the set, the rest is not; but what nothing leads to stands for itself */
				assert_true(k == 0 || (k < cycle->n_set) == (set >> node & 1));
			}
			assert_int_equal(cycle->bytes, units * 16);
			assert_true(!i || list.items[i - 1].bytes >= cycle->bytes);
		}
		assert_int_equal(seen, dead);
		hs_cycles_deinit(&list);
		plain_graph_deinit(&graph);
	}
}

/* A ring of eight with a short cut from 2 to 0. */
static void the_shortest_way_comes_back(void **state)
{
	static const struct plain_edge edges[] = {
		{ 0, 1 }, { 1, 2 }, { 2, 3 }, { 2, 0 }, { 3, 4 }, { 4, 5 }, { 5, 6 }, { 6, 7 }, { 7, 0 },
	};
	const struct hs_sizes sizes = sizes_by_number();
	const uint64_t set = 0xff;
	struct hs_cycle_list list = { 0 };
	struct hs_cycle_finder *finder;
	struct plain_graph graph;
	uint32_t way[8];

	(void)state;
	plain_graph_init(&graph, 8, edges, 9);
	const struct hs_cycle_input input = { .told = &graph.csr, .set = &set, .sizes = &sizes };
	assert_null(hs_cycles_find(&input, &list));
	assert_int_equal(list.n, 1);
	assert_null(hs_cycle_finder_create(&graph.csr, &list, &finder));
	assert_int_equal(hs_cycle_way(finder, &list.items[0], 0, way, 8), 3);
	assert_true(way[0] == 0 && way[1] == 1 && way[2] == 2);
	/* the finder forgets what it met */
	assert_int_equal(hs_cycle_way(finder, &list.items[0], 4, way, 2), 8);
	assert_true(way[0] == 4 && way[1] == 5);
	hs_cycle_finder_destroy(finder);
	hs_cycles_deinit(&list);
	plain_graph_deinit(&graph);
}

static void a_node_that_leads_to_itself_has_a_way_of_one(void **state)
{
	static const struct plain_edge edges[] = { { 0, 0 }, { 0, 1 } };
	const struct hs_sizes sizes = sizes_by_number();
	const uint64_t set = 0x3, dead = 0x3;
	struct hs_cycle_list list = { 0 };
	struct hs_cycle_finder *finder;
	struct plain_graph graph;
	uint32_t way[2];

	(void)state;
	plain_graph_init(&graph, 2, edges, 2);
	const struct hs_cycle_input input = { .told = &graph.csr, .set = &set, .dead = &dead, .owned = &graph.csr, .sizes = &sizes };
	assert_null(hs_cycles_find(&input, &list));
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].n_members, 1);
	assert_int_equal(list.items[0].n_set, 2);
	assert_null(hs_cycle_finder_create(&graph.csr, &list, &finder));
	assert_int_equal(hs_cycle_way(finder, &list.items[0], 0, way, 2), 1);
	assert_int_equal(way[0], 0);
	assert_int_equal(hs_cycle_way(finder, &list.items[0], 1, way, 2), 0);
	hs_cycle_finder_destroy(finder);
	hs_cycles_deinit(&list);
	plain_graph_deinit(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cycles_are_components),
		cmocka_unit_test(what_hangs_on_a_cycle_is_counted_once),
		cmocka_unit_test(every_node_is_in_one_list),
		cmocka_unit_test(the_shortest_way_comes_back),
		cmocka_unit_test(a_node_that_leads_to_itself_has_a_way_of_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
