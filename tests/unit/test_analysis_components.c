/* SPDX-License-Identifier: Apache-2.0 */
/* Strongly connected components against the definition: a reaches b, and b reaches a. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "components.h"
#include "plain_graph.h"

#define MAX_NODES 48

static bool is_in(const uint64_t *subset, uint32_t node)
{
	return !subset || hs_bit(subset, node);
}

/* Warshall's algorithm. */
static void close_over(const struct hs_csr *graph, const uint64_t *subset, bool reaches[MAX_NODES][MAX_NODES])
{
	memset(reaches, 0, sizeof(bool[MAX_NODES][MAX_NODES]));
	for (uint32_t node = 0; node < graph->n; node++) {
		reaches[node][node] = true;
		for (uint64_t edge = hs_csr_begin(graph, node); edge < hs_csr_end(graph, node); edge++)
			reaches[node][graph->targets[edge]] |= is_in(subset, node) && is_in(subset, graph->targets[edge]);
	}
	for (uint32_t via = 0; via < graph->n; via++)
		for (uint32_t a = 0; a < graph->n; a++)
			for (uint32_t b = 0; b < graph->n; b++)
				reaches[a][b] |= reaches[a][via] && reaches[via][b];
}

static void random_graphs_obey_the_definition(void **state)
{
	static bool reaches[MAX_NODES][MAX_NODES];

	(void)state;
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		uint64_t random = seed, words[2] = { 0 }, *subset = seed % 2 ? words : NULL;
		uint32_t n = 1 + plain_random(&random) % (MAX_NODES - 1), component[MAX_NODES], n_components, highest = 0;
		struct plain_graph graph;
		plain_graph_random(&graph, n, n + plain_random(&random) % (2 * n), seed);
		for (uint32_t node = 0; node < n; node++)
			if (plain_random(&random) % 4)
				hs_set_bit(words, node);
		assert_null(hs_components(&graph.csr, subset, component, &n_components));
		close_over(&graph.csr, subset, reaches);
		for (uint32_t a = 0; a < n; a++) {
			assert_int_equal(component[a] == HS_CSR_NONE, !is_in(subset, a));
			for (uint32_t b = 0; b < n && is_in(subset, a); b++) {
				if (!is_in(subset, b))
					continue;
				assert_int_equal(component[a] == component[b], reaches[a][b] && reaches[b][a]);
				assert_true(!reaches[a][b] || component[a] >= component[b]);
			}
			if (is_in(subset, a) && component[a] + 1 > highest)
				highest = component[a] + 1;
		}
		assert_int_equal(n_components, highest);
		plain_graph_deinit(&graph);
	}
}

#define LONG 3000000u

static void long_cycles_are_one_component(void **state)
{
	struct plain_edge *edges = calloc(LONG, sizeof(*edges));
	uint32_t *component = calloc(LONG, sizeof(*component)), n_components;

	(void)state;
	assert_non_null(edges);
	assert_non_null(component);
	for (unsigned is_cycle = 0; is_cycle < 2; is_cycle++) {
		struct plain_graph graph;
		for (uint32_t node = 0; node < LONG; node++)
			edges[node] = (struct plain_edge){ node, (node + 1) % LONG };
		plain_graph_init(&graph, LONG, edges, LONG - 1 + is_cycle);
		assert_null(hs_components(&graph.csr, NULL, component, &n_components));
		assert_int_equal(n_components, is_cycle ? 1 : LONG);
		assert_int_equal(component[0], n_components - 1);
		plain_graph_deinit(&graph);
	}
	free(edges);
	free(component);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs_obey_the_definition),
		cmocka_unit_test(long_cycles_are_one_component),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
