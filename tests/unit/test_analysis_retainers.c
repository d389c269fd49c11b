/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are worth naming as holders: where what is held spreads out, and where a chain begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plain_graph.h"
#include "retainers.h"

#define UNIT 16

/* A dominator tree, which for a tree is the tree itself, with node 0 as the only root; nodes of UNIT bytes. */
struct opened {
	struct plain_graph graph;
	struct hs_dominators tree;
	struct hs_sizes sizes;
	struct hs_retained retained;
};

static void open_tree(struct opened *opened, uint32_t n, const struct plain_edge *edges, size_t n_edges)
{
	static const uint32_t root = 0;

	plain_graph_init(&opened->graph, n, edges, n_edges);
	const struct hs_dominator_input input = { .graph = &opened->graph.csr, .reverse = &opened->graph.reverse, .roots = &root, .n_roots = 1 };
	uint16_t *units = malloc(n * sizeof(*units));
	assert_non_null(units);
	for (uint32_t i = 0; i < n; i++)
		units[i] = 1;
	opened->sizes = (struct hs_sizes){ .units = units, .unit_bytes = UNIT };
	assert_null(hs_dominators_init(&opened->tree, &input));
	assert_null(hs_retained_init(&opened->retained, &opened->tree, &opened->sizes));
}

static void close_tree(struct opened *opened)
{
	hs_retained_deinit(&opened->retained);
	hs_dominators_deinit(&opened->tree);
	plain_graph_deinit(&opened->graph);
	free((void *)opened->sizes.units);
}

/* A kind is one of the letters of the context, by node; '.' is none. */
static const void *by_letter(const void *context, uint32_t node)
{
	static const char letters[128];
	char letter = ((const char *)context)[node];

	return letter == '.' ? NULL : letters + letter;
}

static const void *all_alike(const void *context, uint32_t node)
{
	(void)node;
	return context;
}

/* The first of the list is `node`, and it retains `n` nodes. */
static void assert_first(const struct opened *opened, const void *(*kind_of)(const void *, uint32_t), const void *context, uint32_t node, uint64_t n)
{
	struct hs_retainer *list;
	size_t n_list;

	assert_null(hs_retainers_find(&opened->retained, kind_of, context, 3, &list, &n_list));
	assert_true(n_list > 0 && n_list <= 3);
	assert_int_equal(list[0].node, node);
	assert_int_equal(list[0].bytes, n * UNIT);
	for (size_t i = 1; i < n_list; i++)
		assert_true(list[i].bytes <= list[i - 1].bytes);
	free(list);
}

/* 0 → 1 → 2 → { 3 … 102 }: the one where it spreads out. */
static void who_spreads_out_is_named(void **state)
{
	struct plain_edge edges[102] = { { 0, 1 }, { 1, 2 } };
	struct opened opened;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		edges[2 + i] = (struct plain_edge){ 2, 3 + i };
	open_tree(&opened, 103, edges, 102);
	assert_first(&opened, all_alike, "", 2, 101);
	close_tree(&opened);
}

#define LINKS 60

/* A line of nodes: 0 → 1 → … */
static void open_line(struct opened *opened, uint32_t n)
{
	struct plain_edge *edges = malloc(n * sizeof(*edges));

	assert_non_null(edges);
	for (uint32_t i = 0; i + 1 < n; i++)
		edges[i] = (struct plain_edge){ i, i + 1 };
	open_tree(opened, n, edges, n - 1);
	free(edges);
}

static void the_head_of_a_chain_is_named(void **state)
{
	/* a module, its dict, a list, then the chain: of one kind, of instances and their dicts, and where a third kind interrupts it */
	static const char *const kinds[] = {
		"mdlaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "mdlidididididididididididididididididididididididididididididi",
		"mdlaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaxbbbbbbbbb",
	};
	struct opened opened;

	(void)state;
	open_line(&opened, LINKS);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		assert_first(&opened, by_letter, kinds[i], 3, LINKS - 3);
	close_tree(&opened);
}

/* Without kinds there are no chains: the first that has a tenth of what it retains for itself. */
static void a_line_of_strangers_is_no_chain(void **state)
{
	char kinds[LINKS];
	struct opened opened;

	(void)state;
	open_line(&opened, LINKS);
	for (unsigned i = 0; i < LINKS; i++)
		kinds[i] = (char)('A' + i % 3);
	assert_first(&opened, by_letter, kinds, LINKS - 10, 10);
	for (unsigned i = 0; i < LINKS; i++)
		kinds[i] = '.';
	assert_first(&opened, by_letter, kinds, LINKS - 10, 10);
	close_tree(&opened);
}

/* 0 → 1 → 2 → 3, where 3 spreads out: dicts in dicts are no chain that is worth a line of its own. */
static void a_chain_that_ends_in_what_spreads_out_is_not_named(void **state)
{
	struct plain_edge edges[1003] = { { 0, 1 }, { 1, 2 }, { 2, 3 } };
	struct opened opened;
	struct hs_retainer *list;
	size_t n;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		edges[3 + i] = (struct plain_edge){ 3, 4 + i };
	open_tree(&opened, 1004, edges, 1003);
	assert_null(hs_retainers_find(&opened.retained, all_alike, "", 10, &list, &n));
	assert_int_equal(n, 1);
	assert_int_equal(list[0].node, 3);
	free(list);
	assert_null(hs_retainers_find(&opened.retained, all_alike, "", 0, &list, &n));
	assert_int_equal(n, 0);
	free(list);
	close_tree(&opened);
}

static void a_chain_of_millions(void **state)
{
	struct opened opened;

	(void)state;
	open_line(&opened, 3000000);
	assert_first(&opened, all_alike, "", 0, 3000000);
	close_tree(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_spreads_out_is_named),
		cmocka_unit_test(the_head_of_a_chain_is_named),
		cmocka_unit_test(a_line_of_strangers_is_no_chain),
		cmocka_unit_test(a_chain_that_ends_in_what_spreads_out_is_not_named),
		cmocka_unit_test(a_chain_of_millions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
