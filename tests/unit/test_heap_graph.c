/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of a process made by hand: nodes and addresses, references in both directions, what stands at an address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_heap.h"
#include "graph.h"

#define V311 "3.11.7-upstream"

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", V311, "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

struct opened {
	struct fake_heap *fake;
	struct hs_heap *heap;
	struct hs_graph *graph;
};

static struct opened build(struct fake_heap *fake, unsigned n_workers)
{
	const struct hs_heap_options options = { .n_workers = n_workers };
	struct opened opened = { .fake = fake };

	fake_open(fake);
	assert_null(hs_heap_open(fake->py, fake->types_seen, &options, &opened.heap));
	assert_null(hs_graph_build(opened.heap, n_workers, &opened.graph));
	return opened;
}

static void close_graph(struct opened *opened)
{
	hs_graph_destroy(opened->graph);
	hs_heap_close(opened->heap);
}

static hs_node node_of(const struct opened *opened, hs_addr address)
{
	hs_node node = hs_graph_node_at(opened->graph, address);

	assert_int_not_equal(node, HS_NO_NODE);
	assert_true(hs_graph_is_object(opened->graph, node));
	assert_int_equal(hs_graph_address(opened->graph, node), address);
	return node;
}

/* The row is these objects, in this order. */
static void assert_targets(const struct opened *opened, hs_addr source, const hs_addr *expected, size_t n_expected)
{
	size_t n;
	const hs_node *targets = hs_graph_targets(opened->graph, node_of(opened, source), &n);

	assert_int_equal(n, n_expected);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(hs_graph_address(opened->graph, targets[i]), expected[i]);
}

static size_t count_in(const hs_node *nodes, size_t n, hs_node node)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += nodes[i] == node;
	return count;
}

/* Rows and reverse rows say the same; sources ascend. */
static void assert_sound(const struct hs_graph *graph)
{
	uint64_t n_edges = 0, n_sources = 0;

	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		size_t n, n_back;
		const hs_node *targets = hs_graph_targets(graph, node, &n), *sources = hs_graph_sources(graph, node, &n_back);
		n_edges += n;
		n_sources += n_back;
		for (size_t i = 0; i < n; i++) {
			size_t n_of_target;
			const hs_node *back = hs_graph_sources(graph, targets[i], &n_of_target);
			assert_true(hs_graph_is_object(graph, targets[i]));
			assert_int_equal(count_in(back, n_of_target, node), count_in(targets, n, targets[i]));
		}
		for (size_t i = 1; i < n_back; i++)
			assert_true(sources[i - 1] <= sources[i]);
		if (n)
			assert_true(hs_graph_is_object(graph, node));
	}
	assert_int_equal(n_edges, hs_graph_figures(graph).n_edges);
	assert_int_equal(n_sources, n_edges);
}

static void containers_refer_to_what_is_in_them(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr keys[2] = { fake_str(fake, "key"), fake_str(fake, "other") }, values[100];
		for (unsigned i = 0; i < 100; i++)
			values[i] = fake_float(fake, i);
		hs_addr tuple = fake_tuple(fake, values, 3), list = fake_list(fake, values, 100, 100), dict = fake_dict(fake, 3, keys, values, 2);
		hs_addr large = fake_tuple(fake, values, 90), outer = fake_list(fake, (hs_addr[]){ tuple, list, dict, large }, 4, 4);
		struct opened opened = build(fake, 2);
		assert_targets(&opened, tuple, values, 3);
		assert_targets(&opened, list, values, 100);
		assert_targets(&opened, large, values, 90);
		assert_targets(&opened, dict, (hs_addr[]){ keys[0], keys[1], values[0], values[1] }, 4);
		assert_targets(&opened, outer, (hs_addr[]){ tuple, list, dict, large }, 4);
		assert_true(hs_graph_bytes(opened.graph, node_of(&opened, list)) > 800);
		assert_int_equal(hs_graph_type(opened.graph, node_of(&opened, large))->address, fake->types.tuple);
		assert_sound(opened.graph);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

static void equal_neighbours_are_one_entry(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr a = fake_float(fake, 1), b = fake_float(fake, 2), none = HS_ADDRESS_OF(fake->layout, _Py_NoneStruct), items[1000];

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		items[i] = i < 500 ? none : i == 700 ? 0 : a;
	hs_addr list = fake_list(fake, (hs_addr[]){ a, a, b, a, a, a }, 6, 8), many = fake_list(fake, items, 1000, 1000);
	struct opened opened = build(fake, 1);
	assert_targets(&opened, list, (hs_addr[]){ a, b, a }, 3);
	assert_targets(&opened, many, (hs_addr[]){ none, a }, 2);
	assert_int_equal(hs_graph_target_count(opened.graph, node_of(&opened, list), 0), 2);
	assert_int_equal(hs_graph_target_count(opened.graph, node_of(&opened, list), 1), 1);
	assert_int_equal(hs_graph_target_count(opened.graph, node_of(&opened, list), 2), 3);
	assert_int_equal(hs_graph_target_count(opened.graph, node_of(&opened, many), 0), 500);
	assert_int_equal(hs_graph_target_count(opened.graph, node_of(&opened, many), 1), 499);
	assert_sound(opened.graph);
	close_graph(&opened);
	fake_heap_destroy(fake);
}

/* Where half of all references lead, the referrers are searched for. */
static void hubs_are_searched_for(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr none = HS_ADDRESS_OF(fake->layout, _Py_NoneStruct), items[3000], x = fake_float(fake, 1), y = fake_float(fake, 2);
	size_t n;

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		items[i] = i % 2 ? none : i % 4 ? x : y;
	hs_addr list = fake_list(fake, items, 3000, 3000), other = fake_list(fake, &none, 1, 1);
	struct opened opened = build(fake, 2);
	hs_node node = node_of(&opened, none);
	assert_true(hs_graph_is_hub(opened.graph, node));
	assert_false(hs_graph_is_hub(opened.graph, node_of(&opened, x)));
	const hs_node *sources = hs_graph_sources(opened.graph, node, &n);
	assert_true(n >= 1501);
	assert_int_equal(count_in(sources, n, node_of(&opened, list)), 1500);
	assert_int_equal(count_in(sources, n, node_of(&opened, other)), 1);
	assert_true(hs_graph_figures(opened.graph).n_reverse_edges + n <= hs_graph_figures(opened.graph).n_edges);
	close_graph(&opened);
	fake_heap_destroy(fake);
}

static bool count_relations(void *context, const struct hs_graph_edge *edge)
{
	unsigned *counts = context;

	for (unsigned bit = 0; bit < 4; bit++)
		counts[bit] += edge->relation >> bit & 1;
	return true;
}

/* A split dict's keys are its class's: in the row are its values alone. */
static void only_owned_references_are_in_rows(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.10.13-upstream");
	hs_addr keys[2] = { fake_str(fake, "a"), fake_str(fake, "b") }, values[2] = { fake_float(fake, 1), fake_float(fake, 2) };
	hs_addr dict = fake_dict(fake, 3, keys, values, 2), shared = fake_keys(fake, 3, keys, NULL, 2, true), array = fake_malloc(fake, 5 * 8);
	unsigned counts[4] = { 0 };

	(void)state;
	fake_put(fake, array, values[0]);
	fake_put(fake, array + 8, values[1]);
	FAKE_PUT(fake, dict, PyDictObject, ma_keys, shared);
	FAKE_PUT(fake, dict, PyDictObject, ma_values, array);
	struct opened opened = build(fake, 1);
	assert_targets(&opened, dict, values, 2);
	hs_graph_each_edge(opened.graph, node_of(&opened, dict), count_relations, counts);
	assert_int_equal(counts[0], 2); /* owned */
	assert_int_equal(counts[1], 2); /* visited */
	close_graph(&opened);
	fake_heap_destroy(fake);
}

/* A C type that nothing describes: its words count, but not the list of weak references to it, and no word inside an object. */
static void scanned_words_are_exact_addresses(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr a = fake_float(fake, 1), b = fake_float(fake, 2), c = fake_list(fake, NULL, 0, 0);
	hs_addr type = fake_static_type(fake, "extension.Thing", 64, 0, HS_TPFLAGS_HAVE_GC, fake->types.object), thing;

	(void)state;
	FAKE_PUT(fake, type, PyTypeObject, tp_weaklistoffset, 24);
	thing = fake_object(fake, type, 64);
	fake_put(fake, thing + 16, a);
	fake_put(fake, thing + 24, b);      /* weak */
	fake_put(fake, thing + 32, c + 8);  /* inside */
	fake_put(fake, thing + 40, c - 16); /* its GC head */
	fake_put(fake, thing + 48, c);
	struct opened opened = build(fake, 1);
	assert_targets(&opened, thing, (hs_addr[]){ a, c }, 2);
	close_graph(&opened);
	fake_heap_destroy(fake);
}

static void assert_place(const struct opened *opened, hs_addr address, enum hs_place place, hs_addr of, int64_t offset)
{
	struct hs_location location;

	hs_graph_locate(opened->graph, address, &location);
	assert_int_equal(location.place, place);
	assert_int_equal(location.node, of ? node_of(opened, of) : HS_NO_NODE);
	assert_int_equal(location.offset, offset);
	assert_int_equal(location.start + (uint64_t)location.offset, address);
}

static void an_address_is_told_what_stands_there(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr values[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		values[i] = fake_float(fake, i);
	hs_addr small = fake_list(fake, values, 5, 8), list = fake_list(fake, values, 100, 100), large = fake_bytes(fake, 1000);
	hs_addr block = fake_malloc(fake, 480);
	fake_hold(fake, large);
	fake_free_block(fake, values[99]);
	fake_put(fake, FAKE_GET(fake, list, PyListObject, ob_item) + 99 * 8, values[0]);
	struct opened opened = build(fake, 1);
	assert_place(&opened, small, HS_PLACE_OBJECT, small, 0);
	assert_place(&opened, small + 24, HS_PLACE_INSIDE, small, 24);
	assert_place(&opened, small - 16, HS_PLACE_INSIDE, small, -16);
	assert_place(&opened, large, HS_PLACE_OBJECT, large, 0);
	assert_place(&opened, large + 500, HS_PLACE_INSIDE, large, 500);
	assert_place(&opened, FAKE_GET(fake, small, PyListObject, ob_item) + 8, HS_PLACE_STORAGE, small, 8);
	assert_place(&opened, FAKE_GET(fake, list, PyListObject, ob_item) + 80, HS_PLACE_STORAGE, list, 80);
	assert_place(&opened, values[99] + 8, HS_PLACE_FREE_BLOCK, 0, 8);
	assert_place(&opened, block + 3, HS_PLACE_BLOCK, 0, 3);
	assert_place(&opened, fake_pool_of(fake, small) + 8, HS_PLACE_POOL, 0, 8);
	assert_place(&opened, fake->types.list, HS_PLACE_OBJECT, fake->types.list, 0);
	assert_place(&opened, fake->interpreter + 8, HS_PLACE_STATIC, 0, 0);
	assert_place(&opened, 8, HS_PLACE_UNMAPPED, 0, 0);
	assert_place(&opened, UINT64_MAX, HS_PLACE_UNMAPPED, 0, 0);
	for (hs_addr off = 1; off < 64; off++)
		assert_int_equal(hs_graph_node_at(opened.graph, small + off) == HS_NO_NODE, hs_graph_node_at(opened.graph, small + off) != small);
	close_graph(&opened);
	fake_heap_destroy(fake);
}

static void assert_same(const struct hs_graph *left, const struct hs_graph *right)
{
	assert_int_equal(hs_graph_node_count(left), hs_graph_node_count(right));
	assert_int_equal(hs_graph_figures(left).n_references, hs_graph_figures(right).n_references);
	for (hs_node node = 0; node < hs_graph_node_count(left); node++) {
		size_t n, n_right;
		const hs_node *targets = hs_graph_targets(left, node, &n), *targets_right = hs_graph_targets(right, node, &n_right);
		assert_int_equal(n, n_right);
		assert_int_equal(hs_graph_bytes(left, node), hs_graph_bytes(right, node));
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(targets[i], targets_right[i]);
			assert_int_equal(hs_graph_target_count(left, node, i), hs_graph_target_count(right, node, i));
		}
		const hs_node *sources = hs_graph_sources(left, node, &n), *sources_right = hs_graph_sources(right, node, &n_right);
		assert_int_equal(n, n_right);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(sources[i], sources_right[i]);
	}
}

/* Enough pools that several threads share them, in versions whose pools are small. */
static void add_many(struct fake_heap *fake)
{
	hs_addr text = fake_str(fake, "shared");

	while ((fake->n_pools + 6) * fake->layout->features.pool_bytes < fake->regions[FAKE_ARENA].bytes) {
		hs_addr items[8] = { text, text };
		for (unsigned i = 2; i < 8; i++)
			items[i] = i % 2 ? fake_str(fake, "text") : fake_tuple(fake, items, 2);
		fake_list(fake, items, 8, 60);
	}
}

static void the_number_of_threads_changes_nothing(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		fake_populate(fake);
		add_many(fake);
		struct opened alone = build(fake, 1);
		struct hs_graph *together;
		assert_sound(alone.graph);
		struct hs_heap *heap;
		const struct hs_heap_options options = { .n_workers = 4 };
		assert_null(hs_heap_open(fake->py, fake->types_seen, &options, &heap));
		assert_null(hs_graph_build(heap, 4, &together));
		assert_same(alone.graph, together);
		hs_graph_destroy(together);
		hs_heap_close(heap);
		close_graph(&alone);
		fake_heap_destroy(fake);
	}
}

/* What is searched for on demand is what rows say, each source once; the nodes tell the same of themselves. */
static void nodes_alone_tell_the_same(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		struct hs_graph *index;
		fake_populate(fake);
		struct opened opened = build(fake, 2);
		assert_null(hs_graph_index(opened.heap, 2, &index));
		assert_int_equal(hs_graph_node_count(index), hs_graph_node_count(opened.graph));
		assert_int_equal(hs_graph_figures(index).n_objects, hs_graph_figures(opened.graph).n_objects);
		for (hs_node node = 0; node < hs_graph_node_count(index); node++) {
			size_t n, n_found, i_found = 0;
			const hs_node *sources = hs_graph_sources(opened.graph, node, &n);
			assert_int_equal(hs_graph_address(index, node), hs_graph_address(opened.graph, node));
			assert_int_equal(hs_graph_bytes(index, node), hs_graph_bytes(opened.graph, node));
			assert_ptr_equal(hs_graph_type(index, node), hs_graph_type(opened.graph, node));
			if (!hs_graph_is_object(index, node))
				continue;
			const hs_node *found = hs_graph_sources(index, node, &n_found);
			assert_ptr_equal(hs_graph_sources(index, node, &n_found), found);
			for (size_t i = 0; i < n; i++) {
				if (i && sources[i] == sources[i - 1])
					continue;
				assert_true(i_found < n_found);
				assert_int_equal(found[i_found++], sources[i]);
			}
			assert_int_equal(i_found, n_found);
		}
		hs_graph_destroy(index);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

/* Nor does it change anything that a heap was told whom it will be asked for. */
static void who_mentions_an_object_is_noted(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		struct hs_graph *index;
		fake_populate(fake);
		struct opened opened = build(fake, 2);
		assert_null(hs_graph_index(opened.heap, 2, &index));
		for (hs_node node = 0; node < hs_graph_node_count(index); node++) {
			const struct hs_heap_options options = { .n_workers = 2, .wanted = hs_graph_address(index, node) };
			struct hs_heap *heap;
			struct hs_graph *told;
			size_t n, n_told;
			if (!hs_graph_is_object(index, node))
				continue;
			assert_null(hs_heap_open(fake->py, fake->types_seen, &options, &heap));
			assert_null(hs_graph_index(heap, 2, &told));
			const hs_node *sources = hs_graph_sources(index, node, &n), *noted = hs_graph_sources(told, node, &n_told);
			assert_int_equal(n_told, n);
			assert_true(!n || !memcmp(noted, sources, n * sizeof(*sources)));
			hs_graph_destroy(told);
			hs_heap_close(heap);
		}
		hs_graph_destroy(index);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

/* Bytes of nodes add up to what the census says, whoever owns what. */
static void bytes_add_up_to_the_census(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr values[100];
		for (unsigned i = 0; i < 100; i++)
			values[i] = fake_float(fake, i);
		fake_list(fake, values, 100, 100);
		fake_hold(fake, fake_bytes(fake, 5000));
		fake_set(fake, values, 20, 32);
		fake_deque(fake, values, 100, 30);
		fake_odict(fake, values, values, 5);
		struct opened opened = build(fake, 2);
		size_t n;
		const struct hs_type_totals *totals = hs_heap_totals(opened.heap, &n);
		uint64_t by_types = 0, by_nodes = 0;
		for (size_t i = 0; i < n; i++)
			by_types += totals[i].bytes;
		for (hs_node node = 0; node < hs_graph_node_count(opened.graph); node++)
			by_nodes += hs_graph_bytes(opened.graph, node);
		assert_int_equal(by_nodes, by_types);
		close_graph(&opened);
		fake_heap_destroy(fake);
	}
}

/* Given up while the heap is opened, and while a graph is made of it; what was there before is as it was. */
static void work_is_given_up(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.11.7-upstream");
	struct hs_cancel cancel = { 0 };
	const struct hs_heap_options options = { .n_workers = 2, .cancel = &cancel };
	struct hs_graph *graph = NULL;
	struct hs_heap *heap = NULL;

	(void)state;
	add_many(fake);
	fake_open(fake);
	atomic_store(&cancel.is_wanted, true);
	struct hs_error *error = hs_heap_open(fake->py, fake->types_seen, &options, &heap);
	assert_true(error && error->code == HS_ERROR_CANCELLED && !heap);
	hs_error_destroy(error);
	atomic_store(&cancel.is_wanted, false);
	assert_null(hs_heap_open(fake->py, fake->types_seen, &options, &heap));
	atomic_store(&cancel.is_wanted, true);
	error = hs_graph_build(heap, 2, &graph);
	assert_true(error && error->code == HS_ERROR_CANCELLED && !graph);
	hs_error_destroy(error);
	atomic_store(&cancel.is_wanted, false);
	assert_null(hs_graph_build(heap, 2, &graph));
	hs_graph_destroy(graph);
	hs_heap_close(heap);
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_refer_to_what_is_in_them),
		cmocka_unit_test(equal_neighbours_are_one_entry),
		cmocka_unit_test(hubs_are_searched_for),
		cmocka_unit_test(only_owned_references_are_in_rows),
		cmocka_unit_test(scanned_words_are_exact_addresses),
		cmocka_unit_test(an_address_is_told_what_stands_there),
		cmocka_unit_test(the_number_of_threads_changes_nothing),
		cmocka_unit_test(nodes_alone_tell_the_same),
		cmocka_unit_test(who_mentions_an_object_is_noted),
		cmocka_unit_test(bytes_add_up_to_the_census),
		cmocka_unit_test(work_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
