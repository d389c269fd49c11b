/* SPDX-License-Identifier: Apache-2.0 */
/* Which new objects count as growth (rule 2), and where they pile up (rule 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "accumulation.h"
#include "csr.h"
#include "plain_graph.h"

#define UNIT 16
#define N_TYPES 3
#define MAX_NODES 512

/* Node 0 is the only root. Nodes are of type 0 unless the test says otherwise, and of UNIT bytes. */
struct scene {
	struct plain_graph graph;
	struct hs_dominators tree;
	struct hs_sizes sizes;
	uint64_t fresh[MAX_NODES / 64 + 1], vouched[MAX_NODES / 64 + 1], passing[MAX_NODES / 64 + 1];
	uint8_t types[MAX_NODES];
	int64_t type_growth[N_TYPES];
	bool has_more[N_TYPES];
	struct hs_container_change changes[4];
	size_t n_changes;
	struct plain_edge edges[MAX_NODES];
	size_t n_edges;
	struct hs_accumulation_input input;
	struct hs_accumulation found;
};

static uint32_t type_of(const void *context, uint32_t node)
{
	return ((const struct scene *)context)->types[node];
}

static void edge(struct scene *scene, uint32_t from, uint32_t to)
{
	scene->edges[scene->n_edges++] = (struct plain_edge){ from, to };
}

static void mark_fresh(struct scene *scene, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		hs_set_bit(scene->fresh, first + i);
}

static void run(struct scene *scene, uint32_t n)
{
	static const uint32_t root = 0;

	plain_graph_init(&scene->graph, n, scene->edges, scene->n_edges);
	const struct hs_dominator_input input = { .graph = &scene->graph.csr, .reverse = &scene->graph.reverse, .roots = &root, .n_roots = 1 };
	assert_null(hs_dominators_init(&scene->tree, &input));
	uint16_t *units = malloc(n * sizeof(*units));
	assert_non_null(units);
	for (uint32_t i = 0; i < n; i++)
		units[i] = 1;
	scene->sizes = (struct hs_sizes){ .units = units, .unit_bytes = UNIT };
	scene->input = (struct hs_accumulation_input){
		.tree = &scene->tree, .sizes = &scene->sizes, .fresh = scene->fresh, .vouched = scene->vouched, .passing = scene->passing, .type_of = type_of, .context = scene, .n_types = N_TYPES,
		.type_growth = scene->type_growth, .has_more = scene->has_more, .changes = scene->changes, .n_changes = scene->n_changes,
	};
	assert_null(hs_accumulation_init(&scene->found, &scene->input));
}

static void end(struct scene *scene)
{
	hs_accumulation_deinit(&scene->found);
	hs_dominators_deinit(&scene->tree);
	plain_graph_deinit(&scene->graph);
	free(scene->sizes.units);
}

static void assert_at(const struct scene *scene, uint32_t node, double bytes)
{
	double is = hs_accumulation_at(&scene->found, node);

	if (is < bytes - 0.5 || is > bytes + 0.5)
		fail_msg("at node %u: %f, not %f", node, is, bytes);
}

/* 0 → 1 (old) → { 2 … 11 } new, each with a leaf 12 … 21 that is new. */
static void ten_records(struct scene *scene)
{
	edge(scene, 0, 1);
	for (uint32_t i = 0; i < 10; i++) {
		edge(scene, 1, 2 + i);
		edge(scene, 2 + i, 12 + i);
	}
	mark_fresh(scene, 2, 20);
}

/* Nothing is known of the container: by type, which grew by half of what is new. */
static void credit_ends_at_the_growth_of_the_type(void **state)
{
	struct scene scene = { .type_growth = { 10 * UNIT }, .has_more = { true } };

	(void)state;
	ten_records(&scene);
	run(&scene, 22);
	assert_at(&scene, 1, 10 * UNIT);
	assert_at(&scene, 0, 0);
	assert_at(&scene, 2, 1 * UNIT);
	end(&scene);
}

/* The container grew by as many items as are new: all below them counts, though the type on the whole became fewer. */
static void a_container_that_grew_vouches_for_its_new_items(void **state)
{
	struct scene scene = { .type_growth = { -500 }, .changes = { { 1, 1, 100 } }, .n_changes = 1 };

	(void)state;
	ten_records(&scene);
	run(&scene, 22);
	assert_at(&scene, 1, 20 * UNIT + 100);
	end(&scene);
}

/* What is turned over counts nothing, and leaves the growth of its type to the others. */
static void turnover_takes_no_credit(void **state)
{
	struct scene scene = { .type_growth = { 5 * UNIT }, .has_more = { true }, .changes = { { 1, 0, 0 } }, .n_changes = 1 };

	(void)state;
	ten_records(&scene);
	edge(&scene, 0, 22);
	for (uint32_t i = 0; i < 5; i++)
		edge(&scene, 22, 23 + i);
	mark_fresh(&scene, 23, 5);
	run(&scene, 28);
	assert_at(&scene, 1, 0);
	assert_at(&scene, 22, 5 * UNIT);
	end(&scene);
}

/* What containers vouch for is taken off the growth of the type first. */
static void the_rest_gets_what_is_left_of_the_type(void **state)
{
	struct scene scene = { .type_growth = { 22 * UNIT }, .has_more = { true }, .changes = { { 1, 1, 0 } }, .n_changes = 1 };

	(void)state;
	ten_records(&scene);
	edge(&scene, 0, 22);
	for (uint32_t i = 0; i < 5; i++)
		edge(&scene, 22, 23 + i);
	mark_fresh(&scene, 23, 5);
	run(&scene, 28);
	assert_at(&scene, 1, 20 * UNIT);
	assert_at(&scene, 22, 2 * UNIT);
	end(&scene);
}

/* Several leaks at once: growth does not hide behind a larger one. 0 → 1 → { 3 … }, 0 → 2 → { … }. */
static void every_place_has_its_own_growth(void **state)
{
	struct scene scene = { .type_growth = { 110 * UNIT }, .has_more = { true } };

	(void)state;
	edge(&scene, 0, 1);
	edge(&scene, 0, 2);
	for (uint32_t i = 0; i < 100; i++)
		edge(&scene, 1, 3 + i);
	for (uint32_t i = 0; i < 10; i++)
		edge(&scene, 2, 103 + i);
	mark_fresh(&scene, 3, 110);
	run(&scene, 113);
	assert_at(&scene, 1, 100 * UNIT);
	assert_at(&scene, 2, 10 * UNIT);
	assert_at(&scene, 0, 0);
	assert_true(scene.found.total > 109 * UNIT && scene.found.total < 111 * UNIT);
	end(&scene);
}

/* 0 → 1, 0 → 2, and both → { 3 … 12 }: the items hang on the owner of both. */
static void two_lists_of_one_owner(struct scene *scene)
{
	edge(scene, 0, 1);
	edge(scene, 0, 2);
	for (uint32_t i = 0; i < 10; i++) {
		edge(scene, 1, 3 + i);
		edge(scene, 2, 3 + i);
	}
	mark_fresh(scene, 3, 10);
}

static void shared_items_are_vouched_for(void **state)
{
	struct scene scene = { .type_growth = { -100 } };

	(void)state;
	two_lists_of_one_owner(&scene);
	for (uint32_t i = 3; i < 13; i++)
		hs_set_bit(scene.vouched, i);
	run(&scene, 13);
	assert_at(&scene, 0, 10 * UNIT);
	end(&scene);
}

/* Rule 1: new items of what is turned over, though a dict beside it has them, too. */
static void shared_items_of_a_turnover_do_not_count(void **state)
{
	struct scene scene = { .type_growth = { 10 * UNIT }, .has_more = { true } };

	(void)state;
	two_lists_of_one_owner(&scene);
	for (uint32_t i = 3; i < 13; i++)
		hs_set_bit(scene.passing, i);
	run(&scene, 13);
	assert_at(&scene, 0, 0);
	end(&scene);
}

/* An old one below a new one keeps what gathers at it: 0 → 1 new → 2 old → 3 new. */
static void old_nodes_below_new_ones_hold_their_own(void **state)
{
	struct scene scene = { .type_growth = { 2 * UNIT }, .has_more = { true } };

	(void)state;
	edge(&scene, 0, 1);
	edge(&scene, 1, 2);
	edge(&scene, 2, 3);
	edge(&scene, 3, 4);
	mark_fresh(&scene, 1, 1);
	mark_fresh(&scene, 3, 1);
	run(&scene, 5);
	assert_at(&scene, 0, UNIT);
	assert_at(&scene, 2, UNIT);
	end(&scene);
}

/* A chain that grows at its head: 0 → 1 new → 2 new → 3 old → … gathers at the owner. */
static void a_chain_gathers_at_its_owner(void **state)
{
	struct scene scene = { .type_growth = { 2 * UNIT }, .has_more = { true } };

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		edge(&scene, i, i + 1);
	mark_fresh(&scene, 1, 2);
	run(&scene, 51);
	assert_at(&scene, 0, 2 * UNIT);
	assert_at(&scene, 3, 0);
	end(&scene);
}

/* The only instance of a type has changed: it is the same one, and holds what gathers below it. */
static void what_only_changed_is_old(void **state)
{
	struct scene scene = { .type_growth = { 3 * UNIT }, .has_more = { true, false } };

	(void)state;
	edge(&scene, 0, 1);
	scene.types[1] = 1;
	for (uint32_t i = 0; i < 3; i++)
		edge(&scene, 1, 2 + i);
	mark_fresh(&scene, 1, 4);
	run(&scene, 5);
	assert_at(&scene, 0, 0);
	assert_at(&scene, 1, 3 * UNIT);
	end(&scene);
}

/* 0 → 1, and 5 → 6 that no root reaches. */
static void garbage_is_told_apart(void **state)
{
	struct scene scene = { .type_growth = { 3 * UNIT }, .has_more = { true } };

	(void)state;
	edge(&scene, 0, 1);
	edge(&scene, 2, 3);
	edge(&scene, 3, 2);
	mark_fresh(&scene, 1, 3);
	run(&scene, 4);
	assert_at(&scene, 0, UNIT);
	assert_true(scene.found.unreachable > 2 * UNIT - 1 && scene.found.unreachable < 2 * UNIT + 1);
	end(&scene);
}

static void the_heaviest_new_node_is_found(void **state)
{
	struct scene scene = { .type_growth = { 12 * UNIT }, .has_more = { true } };
	struct hs_heaviest heaviest;

	(void)state;
	edge(&scene, 0, 1);
	edge(&scene, 0, 2);
	for (uint32_t i = 0; i < 10; i++)
		edge(&scene, 2, 3 + i);
	edge(&scene, 1, 13);
	mark_fresh(&scene, 1, 13);
	run(&scene, 14);
	assert_null(hs_heaviest_init(&heaviest, &scene.found));
	assert_int_equal(scene.tree.order[heaviest.of[scene.tree.place[0]]], 2);
	hs_heaviest_deinit(&heaviest);
	end(&scene);
}

/* From any node on, whatever lies at the ends of words; beyond the end there is none. */
static void the_next_of_a_set_is_found(void **state)
{
	static const uint32_t nodes[] = { 0, 1, 63, 64, 127, 192, 255, 256 };
	uint64_t set[5] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		hs_set_bit(set, nodes[i]);
	hs_clear_bit(set, 127);
	for (uint32_t n = 0; n <= 300; n++)
		for (uint32_t from = 0; from <= n; from++) {
			uint32_t wanted = from;
			while (wanted < n && !hs_bit(set, wanted))
				wanted++;
			assert_int_equal(hs_next_bit(set, from, n), wanted);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_of_a_set_is_found),
		cmocka_unit_test(credit_ends_at_the_growth_of_the_type),
		cmocka_unit_test(a_container_that_grew_vouches_for_its_new_items),
		cmocka_unit_test(turnover_takes_no_credit),
		cmocka_unit_test(the_rest_gets_what_is_left_of_the_type),
		cmocka_unit_test(every_place_has_its_own_growth),
		cmocka_unit_test(shared_items_are_vouched_for),
		cmocka_unit_test(shared_items_of_a_turnover_do_not_count),
		cmocka_unit_test(old_nodes_below_new_ones_hold_their_own),
		cmocka_unit_test(a_chain_gathers_at_its_owner),
		cmocka_unit_test(what_only_changed_is_old),
		cmocka_unit_test(garbage_is_told_apart),
		cmocka_unit_test(the_heaviest_new_node_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
