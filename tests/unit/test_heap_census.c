/* SPDX-License-Identifier: Apache-2.0 */
/* The census over a process made by hand: its totals are what was built, whoever counts; what is broken is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "census.h"
#include "fake_heap.h"

#define V311 "3.11.7-upstream"

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", V311, "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

static struct hs_census *take(struct fake_heap *fake, unsigned n_workers)
{
	const struct hs_census_options options = { .n_workers = n_workers };
	struct hs_census *census = NULL;

	assert_null(hs_census_take(fake->image, fake->layout, &options, &census));
	return census;
}

static const struct hs_census_type *type_named(const struct hs_census *census, const char *name)
{
	static const struct hs_census_type none;

	for (size_t i = 0; i < census->types.n; i++)
		if (strcmp(census->types.items[i].name, name) == 0)
			return &census->types.items[i];
	return &none;
}

static void assert_totals(const struct hs_census *census, const char *name, uint64_t count, uint64_t tracked, uint64_t bytes,
			  uint64_t getsizeof_bytes)
{
	const struct hs_census_type *type = type_named(census, name);

	assert_int_equal(type->count, count);
	assert_int_equal(type->gc_tracked, tracked);
	assert_int_equal(type->bytes, bytes);
	assert_int_equal(type->getsizeof_bytes, getsizeof_bytes);
}

/* Every figure by hand: pymalloc rounds up to 16 bytes; a GC head takes 16 more; malloc's chunks have 8 bytes of their own. */
static void totals_are_what_was_built(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr keys[2] = { fake_str(fake, "key"), fake_str(fake, "other") }, values[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		values[i] = fake_float(fake, i);
	fake_dict(fake, 3, keys, values, 2);
	fake_list(fake, values, 5, 8);
	fake_list(fake, values, 100, 100); /* 800 bytes of items: a chunk of 816 */
	fake_hold(fake, fake_bytes(fake, 1000)); /* 1033 bytes: a chunk of 1056 */
	fake_tuple(fake, values, 3);
	struct hs_census *census = take(fake, 1);
	assert_true(census->is_complete);
	assert_int_equal(census->warnings.n, 0);
	assert_int_equal(census->n_interpreters, 1);
	assert_totals(census, "builtins.str", 2, 0, 64 + 64, 52 + 54);
	assert_totals(census, "builtins.float", 100, 0, 3200, 2400);
	assert_totals(census, "builtins.dict", 1, 1, 64 + 128, 16 + 48 + 120);
	assert_totals(census, "builtins.list", 2, 2, 64 + 64 + 64 + 816, 56 + 64 + 56 + 800);
	assert_totals(census, "builtins.bytes", 1, 0, 1056, 1033);
	assert_totals(census, "builtins.tuple", 1, 1, 64, 40 + 24);
	assert_int_equal(census->bytes, 128 + 3200 + 192 + 1008 + 1056 + 64);
	assert_int_equal(census->in_use_bytes, census->bytes);
	assert_int_equal(census->explained_bytes, census->bytes);
	hs_census_destroy(census);
	fake_heap_destroy(fake);
}

/* Static objects are counted, and occupy no block of any allocator. */
static void static_objects_cost_nothing(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);

	(void)state;
	fake_list(fake, &fake->types.none, 0, 0);
	hs_addr none = HS_ADDRESS_OF(fake->layout, _Py_NoneStruct);
	fake_list(fake, &none, 1, 1);
	struct hs_census *census = take(fake, 1);
	assert_totals(census, "builtins.NoneType", 1, 0, 0, 16);
	assert_true(type_named(census, "builtins.type")->count >= 3); /* type, object, list, NoneType … */
	assert_int_equal(type_named(census, "builtins.type")->bytes, 0);
	hs_census_destroy(census);
	fake_heap_destroy(fake);
}

static void classes_of_one_name_are_one_line(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr first = fake_class(fake, "Point", 16, 0, fake->types.object, 0), second = fake_class(fake, "Point", 32, 0, fake->types.object, 0);

	(void)state;
	fake_object(fake, first, 16);
	fake_object(fake, first, 16);
	fake_object(fake, second, 32);
	struct hs_census *census = take(fake, 1);
	assert_int_equal(type_named(census, "app.Point")->n_types, 2);
	assert_totals(census, "app.Point", 3, 3, 32 + 32 + 48, 32 + 32 + 48);
	hs_census_destroy(census);
	fake_heap_destroy(fake);
}

static void assert_same(const struct hs_census *left, const struct hs_census *right)
{
	assert_int_equal(left->n_objects, right->n_objects);
	assert_int_equal(left->bytes, right->bytes);
	assert_int_equal(left->in_use_bytes, right->in_use_bytes);
	assert_int_equal(left->explained_bytes, right->explained_bytes);
	assert_int_equal(left->types.n, right->types.n);
	for (size_t i = 0; i < left->types.n; i++) {
		assert_string_equal(left->types.items[i].name, right->types.items[i].name);
		assert_int_equal(left->types.items[i].count, right->types.items[i].count);
		assert_int_equal(left->types.items[i].gc_tracked, right->types.items[i].gc_tracked);
		assert_int_equal(left->types.items[i].bytes, right->types.items[i].bytes);
		assert_int_equal(left->types.items[i].getsizeof_bytes, right->types.items[i].getsizeof_bytes);
	}
}

/* Passes over pools are split by 64, candidates outside them by 256: enough of both for four threads, where pools are small. */
static void add_many(struct fake_heap *fake)
{
	hs_addr statics[700];

	for (unsigned i = 0; i < 700; i++) {
		statics[i] = fake_static(fake, 32);
		fake_put(fake, statics[i], 1);
		fake_put(fake, statics[i] + 8, fake->types.float_);
	}
	fake_list(fake, statics, 700, 700);
	while ((fake->n_pools + 6) * fake->layout->features.pool_bytes < fake->regions[FAKE_ARENA].bytes) {
		hs_addr items[8];
		for (unsigned i = 0; i < 8; i++)
			items[i] = i % 2 ? fake_str(fake, "text") : fake_tuple(fake, statics, 20);
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
		struct hs_census *alone = take(fake, 1), *together = take(fake, 4), *again = take(fake, 4);
		assert_true(type_named(alone, "builtins.float")->count >= 700);
		assert_same(alone, together);
		assert_same(together, again);
		hs_census_destroy(alone);
		hs_census_destroy(together);
		hs_census_destroy(again);
		fake_heap_destroy(fake);
	}
}

/* One object and more of every kind in every version: all found, all but what is freed. */
static void every_kind_is_counted(void **state)
{
	static const char *const names[] = { "builtins.int", "builtins.float", "builtins.str", "builtins.bytes", "builtins.list", "builtins.tuple",
					     "builtins.dict", "builtins.set", "collections.deque", "collections.OrderedDict", "builtins.bytearray",
					     "array.array", "builtins.code", "_io.BytesIO", "_io.BufferedReader", "_pickle.Pickler",
					     "xml.etree.ElementTree.Element", "itertools.product", "extension.Thing", "app.Text", "app.Counts" };

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		fake_populate(fake);
		struct hs_census *census = take(fake, 2);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			assert_true(type_named(census, names[i])->count >= 1);
		assert_int_equal(type_named(census, "app.Plain")->count, 4);
		assert_int_equal(type_named(census, "builtins.list")->count, 3);
		assert_int_equal(type_named(census, "builtins.tuple")->count, 2);
		assert_int_equal(type_named(census, "collections.deque")->count, 1);
		/* 77 numbers, one freed, one kept for reuse */
		assert_int_equal(type_named(census, "builtins.int")->count + type_named(census, "builtins.float")->count, 80 - 2);
		hs_census_destroy(census);
		fake_heap_destroy(fake);
	}
}

static void a_broken_pool_makes_the_census_incomplete(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr block = fake_float(fake, 1);

	(void)state;
	fake_list(fake, NULL, 0, 0);
	FAKE_PUT(fake, fake_pool_of(fake, block), pool_header, szidx, 77);
	struct hs_census *census = take(fake, 1);
	assert_false(census->is_complete);
	assert_int_equal(census->warnings.n, 1);
	assert_string_equal(census->warnings.items[0], "1 pymalloc pools could not be read: their objects are not counted");
	assert_int_equal(census->n_inconsistent, 1);
	assert_int_equal(type_named(census, "builtins.float")->count, 0);
	assert_int_equal(type_named(census, "builtins.list")->count, 1);
	hs_census_destroy(census);
	fake_heap_destroy(fake);
}

static void a_broken_free_chain_makes_the_census_incomplete(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr first = fake_float(fake, 1), second = fake_float(fake, 2);

	(void)state;
	fake_free_block(fake, first);
	fake_put(fake, first, first);
	struct hs_census *census = take(fake, 1);
	assert_false(census->is_complete);
	assert_int_equal(census->warnings.n, 1);
	/* what is off the chain is counted all the same */
	assert_int_equal(type_named(census, "builtins.float")->count, 1);
	(void)second;
	hs_census_destroy(census);
	fake_heap_destroy(fake);
}

static void an_object_that_contradicts_itself_is_said(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr list = fake_list(fake, NULL, 0, 4);

	(void)state;
	FAKE_PUT(fake, list, PyListObject, allocated, UINT64_MAX);
	struct hs_census *census = take(fake, 1);
	assert_false(census->is_complete);
	assert_string_equal(census->warnings.items[0], "1 objects contradict themselves: their size is counted as 0");
	assert_totals(census, "builtins.list", 1, 1, 64, 0);
	hs_census_destroy(census);
	fake_heap_destroy(fake);
}

static void assert_refused(struct fake_heap *fake, enum hs_error_code code)
{
	struct hs_census *census = NULL;
	struct hs_error *error = hs_census_take(fake->image, fake->layout, NULL, &census);

	assert_non_null(error);
	assert_int_equal(error->code, code);
	assert_null(census);
	hs_error_destroy(error);
}

static void a_runtime_that_lies_is_refused(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr runtime = HS_ADDRESS_OF(fake->layout, _PyRuntime);

	(void)state;
	/* interpreters in a circle, without threads whose own limit would end it; then threads */
	FAKE_PUT(fake, fake->interpreter, PyInterpreterState, next, fake->interpreter);
	FAKE_PUT(fake, fake->interpreter, PyInterpreterState, threads_head, 0);
	assert_refused(fake, HS_ERROR_LIMIT);
	FAKE_PUT(fake, fake->interpreter, PyInterpreterState, next, 0);
	FAKE_PUT(fake, fake->interpreter, PyInterpreterState, threads_head, fake->thread);
	FAKE_PUT(fake, fake->thread, PyThreadState, next, fake->thread);
	assert_refused(fake, HS_ERROR_LIMIT);
	FAKE_PUT(fake, fake->thread, PyThreadState, next, 0);
	FAKE_PUT(fake, runtime, PyRuntimeState, interpreters_head, 0);
	assert_refused(fake, HS_ERROR_BAD_DATA);
	fake_heap_destroy(fake);
}

/* Pointers of the runtime that lead nowhere, or to the very end of all addresses: the census ends, soon. */
static void wild_pointers_of_the_runtime_do_no_harm(void **state)
{
	static const hs_addr wild[] = { 8, 0x7fffffffffff, 0x800000000000, 0xfffffffffffff000, 0xfffffffffffffe00, UINT64_MAX - 7, UINT64_MAX };
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr runtime = HS_ADDRESS_OF(fake->layout, _PyRuntime);

	(void)state;
	fake_populate(fake);
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		FAKE_PUT(fake, fake->interpreter, PyInterpreterState, threads_head, wild[i]);
		hs_census_destroy(take(fake, 1));
		FAKE_PUT(fake, fake->interpreter, PyInterpreterState, threads_head, fake->thread);
		FAKE_PUT(fake, fake->thread, PyThreadState, datastack_chunk, wild[i]);
		hs_census_destroy(take(fake, 1));
		FAKE_PUT(fake, fake->thread, PyThreadState, datastack_chunk, 0);
		FAKE_PUT(fake, runtime, PyRuntimeState, interpreters_head, wild[i]);
		hs_census_destroy(take(fake, 1));
		FAKE_PUT(fake, runtime, PyRuntimeState, interpreters_head, fake->interpreter);
	}
	fake_heap_destroy(fake);
}

/* Chunks of a data stack in a circle, each as long as its mapping: 4096 times 256 KiB for each of many threads. */
static void a_cyclic_data_stack_ends(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	const struct fake_region *arena = &fake->regions[FAKE_ARENA];
	hs_addr chunk = arena->start + arena->bytes / 2, thread = fake->thread;

	(void)state;
	fake_put(fake, chunk, chunk);
	fake_put(fake, chunk + 8, arena->bytes / 2);
	for (unsigned i = 0; i < 150; i++) {
		FAKE_PUT(fake, thread, PyThreadState, datastack_chunk, chunk);
		hs_addr next = fake_static(fake, HS_SIZEOF(fake->layout, PyThreadState));
		FAKE_PUT(fake, thread, PyThreadState, next, next);
		thread = next;
	}
	hs_census_destroy(take(fake, 1));
	fake_heap_destroy(fake);
}

/* Lists by the thousand that all name one table of thousands: in full that would be ten million items, or any number. */
static void lists_that_share_one_table_end(void **state)
{
	enum { N_LISTS = 2000, N_ITEMS = 5000 };
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr table = fake_chunk(fake, N_ITEMS * 8), item = fake_float(fake, 1);

	(void)state;
	for (unsigned i = 0; i < N_ITEMS; i++)
		fake_put(fake, table + i * 8, item);
	for (unsigned i = 0; i < N_LISTS; i++) {
		hs_addr list = fake_list(fake, &item, 1, 1);
		FAKE_PUT(fake, list, PyListObject, ob_item, table);
		FAKE_PUT(fake, list, PyListObject, allocated, N_ITEMS);
		FAKE_PUT(fake, list, PyVarObject, ob_size, N_ITEMS);
	}
	struct hs_census *census = take(fake, 1);
	assert_false(census->is_complete);
	assert_non_null(strstr(census->warnings.items[0], "share them"));
	assert_int_equal(type_named(census, "builtins.list")->count, N_LISTS);
	hs_census_destroy(census);
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_share_one_table_end),
		cmocka_unit_test(totals_are_what_was_built),
		cmocka_unit_test(static_objects_cost_nothing),
		cmocka_unit_test(classes_of_one_name_are_one_line),
		cmocka_unit_test(the_number_of_threads_changes_nothing),
		cmocka_unit_test(every_kind_is_counted),
		cmocka_unit_test(a_broken_pool_makes_the_census_incomplete),
		cmocka_unit_test(a_broken_free_chain_makes_the_census_incomplete),
		cmocka_unit_test(an_object_that_contradicts_itself_is_said),
		cmocka_unit_test(a_runtime_that_lies_is_refused),
		cmocka_unit_test(wild_pointers_of_the_runtime_do_no_harm),
		cmocka_unit_test(a_cyclic_data_stack_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
