/* SPDX-License-Identifier: Apache-2.0 */
/* What a collector would look at in a process made by hand, what it is told, and what simulating it finds there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collectable.h"
#include "fake_heap.h"
#include "garbage.h"
#include "unexplained.h"

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))
#define FIRST_WITH_IMMORTALS 3 /* 3.12 */

struct opened {
	struct hs_heap *heap;
	struct hs_graph *graph;
};

static struct opened build(struct fake_heap *fake)
{
	const struct hs_heap_options options = { .n_workers = 2 };
	struct opened opened = { 0 };

	fake_open(fake);
	assert_null(hs_heap_open(fake->py, fake->types_seen, &options, &opened.heap));
	assert_null(hs_graph_build(opened.heap, 2, &opened.graph));
	return opened;
}

static void close_graph(struct opened *opened)
{
	hs_graph_destroy(opened->graph);
	hs_heap_close(opened->heap);
}

static hs_addr list_of(struct fake_heap *fake, size_t n)
{
	hs_addr items[8] = { 0 };

	return fake_list(fake, items, n, n);
}

static void set_item(struct fake_heap *fake, hs_addr list, size_t i, hs_addr item)
{
	fake_put(fake, FAKE_GET(fake, list, PyListObject, ob_item) + 8 * i, item);
}

static void set_refcount(struct fake_heap *fake, hs_addr object, uint64_t n)
{
	fake_put(fake, object, n);
}

/* Takes an object off the young list, into the permanent generation or nowhere. */
static void move(struct fake_heap *fake, hs_addr object, bool is_frozen)
{
	hs_addr head = object - HS_GC_HEAD_BYTES, next = fake_get(fake, head), previous = fake_get(fake, head + 8);
	hs_addr list = fake_gc_head(fake, HS_N_GC_HEADS - 1);

	fake_put(fake, previous, next);
	fake_put(fake, next + 8, previous);
	fake_put(fake, head, is_frozen ? list : 0);
	fake_put(fake, head + 8, is_frozen ? list : 0);
	if (is_frozen) {
		fake_put(fake, list, head);
		fake_put(fake, list + 8, head);
	}
}

/* left ↔ right, left twice to an outsider; the outsider to itself once, with one reference more than that. */
struct sample {
	hs_addr left, right, outsider;
};

static struct sample make(struct fake_heap *fake)
{
	struct sample sample = { list_of(fake, 3), list_of(fake, 1), list_of(fake, 1) };

	set_item(fake, sample.left, 0, sample.right);
	set_item(fake, sample.left, 1, sample.outsider);
	set_item(fake, sample.left, 2, sample.outsider);
	set_item(fake, sample.right, 0, sample.left);
	set_item(fake, sample.outsider, 0, sample.outsider);
	set_refcount(fake, sample.outsider, 4);
	return sample;
}

static void references_told_are_taken_off(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		const struct sample sample = make(fake);
		struct hs_collectable collectable;
		struct opened opened = build(fake);
		hs_node left = hs_graph_node_at(opened.graph, sample.left), outsider = hs_graph_node_at(opened.graph, sample.outsider);
		assert_null(hs_collectable_init(&collectable, opened.graph));
		assert_int_equal(collectable.domains[left], 1);
		assert_int_equal(collectable.held[left], 0);
		assert_int_equal(collectable.held[hs_graph_node_at(opened.graph, sample.right)], 0);
		assert_int_equal(collectable.held[outsider], 1);
		/* neighbours that are equal are one entry */
		assert_int_equal(hs_row_end(&collectable.rows, left) - hs_row_begin(&collectable.rows, left), 2);
		assert_int_equal(collectable.targets[hs_row_begin(&collectable.rows, outsider)], outsider);
		hs_collectable_deinit(&collectable);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

static void untracked_and_frozen_objects_are_outside(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++)
		for (unsigned is_frozen = 0; is_frozen < 2; is_frozen++) {
			struct fake_heap *fake = fake_heap_create(tables[t]);
			const struct sample sample = make(fake);
			struct hs_collectable collectable;
			move(fake, sample.right, is_frozen);
			/* what is not tracked is found all the same */
			struct opened opened = build(fake);
			assert_null(hs_collectable_init(&collectable, opened.graph));
			assert_int_equal(collectable.domains[hs_graph_node_at(opened.graph, sample.right)], 0);
			assert_int_equal(collectable.held[hs_graph_node_at(opened.graph, sample.left)], 1);
			hs_collectable_deinit(&collectable);
			close_graph(&opened);
			fake_heap_destroy(fake);
		}
}

static void garbage_is_found_and_what_is_held_is_not(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		const struct sample sample = make(fake);
		hs_addr text = fake_str(fake, "goes with it");
		set_item(fake, sample.right, 0, sample.left);
		hs_addr third = list_of(fake, 1);
		set_item(fake, sample.left, 2, third);
		set_item(fake, third, 0, text);
		struct hs_garbage garbage;
		struct opened opened = build(fake);
		assert_null(hs_garbage_find(&garbage, opened.graph, NULL));
		assert_int_equal(garbage.found.list.n, 1);
		const struct hs_cycle *cycle = &garbage.found.list.items[0];
		assert_int_equal(cycle->n_members, 2);
		assert_int_equal(cycle->n_set, 3);
		assert_int_equal(cycle->n_nodes, 4);
		assert_int_equal(garbage.found.list.nodes[cycle->first + 2], hs_graph_node_at(opened.graph, third));
		assert_int_equal(garbage.found.list.nodes[cycle->first + 3], hs_graph_node_at(opened.graph, text));
		assert_false(hs_bit(garbage.unreachable, hs_graph_node_at(opened.graph, sample.outsider)));
		hs_garbage_deinit(&garbage);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

/* More told than counted: a broken count is no proof that nothing holds the object. */
static void a_count_too_low_frees_nothing(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.11.7-upstream");
	const struct sample sample = make(fake);
	struct hs_garbage garbage;

	(void)state;
	set_item(fake, sample.right, 0, sample.left);
	set_item(fake, sample.left, 2, sample.left);
	struct opened opened = build(fake);
	assert_null(hs_garbage_find(&garbage, opened.graph, NULL));
	assert_int_equal(garbage.found.list.n, 0);
	hs_garbage_deinit(&garbage);
	close_graph(&opened);
	fake_heap_destroy(fake);
}

static const struct hs_unexplained *unexplained_at(const struct hs_unexplained_list *list, const struct hs_graph *graph, hs_addr address)
{
	for (size_t i = 0; i < list->n; i++)
		if (hs_graph_address(graph, list->items[i].node) == address)
			return &list->items[i];
	return NULL;
}

/* An interpreter without objects, that comes first. Its lists: of itself. */
static hs_addr add_interpreter(struct fake_heap *fake, bool is_collecting)
{
	const struct hs_layout *layout = fake->layout;
	hs_addr interpreter = fake_static(fake, HS_SIZEOF(layout, PyInterpreterState)), first = fake->interpreter;
	hs_addr head = HS_ADDRESS_OF(layout, _PyRuntime) + (uint32_t)HS_OFFSET(layout, PyRuntimeState, interpreters_head);

	fake->interpreter = interpreter;
	for (unsigned i = 0; i < HS_N_GC_HEADS; i++) {
		fake_put(fake, fake_gc_head(fake, i), fake_gc_head(fake, i));
		fake_put(fake, fake_gc_head(fake, i) + 8, fake_gc_head(fake, i));
	}
	FAKE_PUT(fake, interpreter + (uint32_t)HS_OFFSET(layout, PyInterpreterState, gc), gc_runtime_state, collecting, is_collecting);
	fake->interpreter = first;
	FAKE_PUT(fake, interpreter, PyInterpreterState, next, first);
	fake_put(fake, head, interpreter);
	return interpreter;
}

/* Moves an object to a list of its own, as a collection has them on the C stack. */
static void move_to_the_stack(struct fake_heap *fake, hs_addr object)
{
	hs_addr list = fake_static(fake, 16), head = object - HS_GC_HEAD_BYTES;

	move(fake, object, false);
	fake_put(fake, head, list);
	fake_put(fake, head + 8, list);
	fake_put(fake, list, head);
	fake_put(fake, list + 8, head);
}

static void what_is_on_no_list_is_of_the_collection_that_runs(void **state)
{
	(void)state;
	for (unsigned is_collecting = 0; is_collecting < 2; is_collecting++) {
		struct fake_heap *fake = fake_heap_create("3.9.18-upstream");
		const struct sample sample = make(fake);
		struct hs_collectable collectable;
		add_interpreter(fake, is_collecting);
		move_to_the_stack(fake, sample.right);
		struct opened opened = build(fake);
		assert_int_equal(fake->py->interpreters.n, 2);
		assert_null(hs_collectable_init(&collectable, opened.graph));
		/* the main interpreter is the second */
		assert_int_equal(collectable.domains[hs_graph_node_at(opened.graph, sample.right)], is_collecting ? 1 : 2);
		assert_int_equal(collectable.domains[hs_graph_node_at(opened.graph, sample.left)], 2);
		assert_int_equal(collectable.domains[hs_graph_node_at(opened.graph, sample.outsider)], 2);
		hs_collectable_deinit(&collectable);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

static void references_that_nobody_has_are_told_apart(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr lost = fake_float(fake, 1), balanced = fake_float(fake, 2), in_variable = fake_float(fake, 3), in_block = fake_float(fake, 4);
		hs_addr immortal = fake_float(fake, 5);
		hs_addr items[] = { lost, lost, balanced, in_variable, in_block, immortal };
		struct hs_unexplained_list list = { 0 };
		fake_hold(fake, fake_list(fake, items, 6, 6));
		if (t >= FIRST_WITH_IMMORTALS)
			set_refcount(fake, immortal, UINT32_MAX);
		set_refcount(fake, lost, 3);
		set_refcount(fake, in_variable, 2);
		fake_hold(fake, in_variable);
		set_refcount(fake, in_block, 2);
		fake_put(fake, fake_chunk(fake, 64) + 16, in_block);
		struct opened opened = build(fake);
		assert_null(hs_unexplained_find(opened.graph, NULL, &list));
		const struct hs_unexplained *found = unexplained_at(&list, opened.graph, lost);
		assert_non_null(found);
		assert_int_equal(found->refcount, 3);
		assert_int_equal(found->n_found, 2);
		assert_int_equal(found->place, HS_UNEXPLAINED_NOTHING);
		assert_null(unexplained_at(&list, opened.graph, balanced));
		assert_null(unexplained_at(&list, opened.graph, in_variable));
		assert_null(unexplained_at(&list, opened.graph, immortal));
		found = unexplained_at(&list, opened.graph, in_block);
		assert_non_null(found);
		assert_int_equal(found->place, HS_UNEXPLAINED_NATIVE);
		assert_int_equal(fake_get(fake, found->where), in_block);
		hs_array_free(&list);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_told_are_taken_off),
		cmocka_unit_test(untracked_and_frozen_objects_are_outside),
		cmocka_unit_test(garbage_is_found_and_what_is_held_is_not),
		cmocka_unit_test(a_count_too_low_frees_nothing),
		cmocka_unit_test(what_is_on_no_list_is_of_the_collection_that_runs),
		cmocka_unit_test(references_that_nobody_has_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
