/* SPDX-License-Identifier: Apache-2.0 */
/* Weak references and caches of a process made by hand, such as lie included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_modules.h"
#include "lru_cache.h"
#include "path_groups.h"
#include "weak_references.h"

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

static hs_addr weak_type(struct fake_heap *fake, const char *name)
{
	return fake_static_type(fake, name, HS_SIZEOF(fake->layout, PyWeakReference), 0, HS_TPFLAGS_HAVE_GC, fake->types.object);
}

static hs_addr reference_to(struct fake_heap *fake, hs_addr type, hs_addr object, hs_addr callback)
{
	hs_addr reference = fake_object(fake, type, HS_SIZEOF(fake->layout, PyWeakReference));

	FAKE_PUT(fake, reference, PyWeakReference, wr_object, object);
	FAKE_PUT(fake, reference, PyWeakReference, wr_callback, callback);
	return reference;
}

static bool is_any(const void *context, hs_node node, const struct hs_weak_reference *reference)
{
	(void)context;
	(void)node;
	(void)reference;
	return true;
}

static bool is_about(const void *context, hs_node node, const struct hs_weak_reference *reference)
{
	(void)node;
	return reference->object == *(const hs_addr *)context;
}

static const struct hs_weak_entry *entry_of(const struct hs_weak_entries *entries, hs_node node)
{
	for (size_t i = 0; i < entries->n; i++)
		if (entries->items[i].node == node)
			return &entries->items[i];
	return NULL;
}

static void references_are_found_by_what_they_refer_to(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_modules modules;
		fake_modules_init(&modules, tables[t]);
		struct fake_heap *fake = modules.fake;
		hs_addr ref = weak_type(fake, "weakref"), proxy = weak_type(fake, "weakref.ProxyType"), callable = weak_type(fake, "weakcallableproxy");
		hs_addr object = fake_set(fake, NULL, 0, 8), callback = fake_list(fake, NULL, 0, 0), none = HS_ADDRESS_OF(fake->layout, _Py_NoneStruct);
		hs_addr references[] = { reference_to(fake, ref, object, callback), reference_to(fake, proxy, object, 0), reference_to(fake, callable, object, 0),
					 reference_to(fake, ref, none, 0), reference_to(fake, ref, 0xdead8, 0x10) };
		fake_import(&modules, "app", (const struct fake_global[]){ { "REFS", fake_list(fake, references, 5, 5) }, { "IT", object }, { 0 } });
		fake_modules_open(&modules, NULL);
		struct hs_weak_entries all = { 0 }, some = { 0 };
		assert_null(hs_weak_references_find(&modules.heap, modules.graph, is_any, NULL, &all));
		assert_int_equal(all.n, 5);
		static const enum hs_weak_role roles[] = { HS_WEAK_ROLE_REF, HS_WEAK_ROLE_PROXY, HS_WEAK_ROLE_CALLABLE_PROXY, HS_WEAK_ROLE_REF, HS_WEAK_ROLE_REF };
		for (size_t i = 0; i < 5; i++) {
			const struct hs_weak_entry *entry = entry_of(&all, fake_node(&modules, references[i]));
			assert_non_null(entry);
			assert_int_equal(entry->role, roles[i]);
			assert_int_equal(entry->object, i < 3 ? object : i == 3 ? 0 : 0xdead8);
			assert_int_equal(entry->callback, i == 0 ? callback : i == 4 ? 0x10 : 0);
		}
		hs_addr partners[5];
		assert_null(hs_weak_partners_find(&modules.heap, modules.graph, &all, partners));
		for (size_t i = 0; i < 5; i++)
			assert_int_equal(partners[i], 0);
		assert_null(hs_weak_references_find(&modules.heap, modules.graph, is_about, &object, &some));
		assert_int_equal(some.n, 3);
		hs_array_free(&all);
		hs_array_free(&some);
		fake_modules_close(&modules);
	}
}

/* An entry that says it is one, in a table that is none, or does not have it. */
static void partners_of_entries_that_lie(void **state)
{
	struct fake_modules modules;
	hs_addr partners[3];

	(void)state;
	fake_modules_init(&modules, "3.11.7-upstream");
	struct fake_heap *fake = modules.fake;
	hs_addr reference = reference_to(fake, weak_type(fake, "weakref"), 0x1000, 0), key = fake_str(fake, "key");
	hs_addr with = fake_dict(fake, 3, &key, &reference, 1), without = fake_dict(fake, 3, &key, &key, 1);
	fake_import(&modules, "app", (const struct fake_global[]){ { "A", with }, { "B", without }, { 0 } });
	fake_modules_open(&modules, NULL);
	struct hs_weak_entry items[3] = {
		{ .node = fake_node(&modules, reference), .role = HS_WEAK_ROLE_VALUE, .table = fake_node(&modules, with) },
		{ .node = fake_node(&modules, reference), .role = HS_WEAK_ROLE_VALUE, .table = fake_node(&modules, without) },
		{ .node = fake_node(&modules, reference), .role = HS_WEAK_ROLE_KEY, .table = fake_node(&modules, key) },
	};
	const struct hs_weak_entries entries = { .items = items, .n = 3 };
	assert_null(hs_weak_partners_find(&modules.heap, modules.graph, &entries, partners));
	assert_int_equal(partners[0], key);
	assert_int_equal(partners[1], 0);
	assert_int_equal(partners[2], 0);
	fake_modules_close(&modules);
}

static void caches_tell_their_figures(void **state)
{
	static const int64_t sizes[] = { -1, 0, 128, INT64_MIN, INT64_MAX };

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr type = fake_static_type(fake, "functools._lru_cache_wrapper", HS_SIZEOF(fake->layout, lru_cache_object), 0, HS_TPFLAGS_HAVE_GC,
						fake->types.object);
		fake_open(fake);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			hs_addr cache = fake_object(fake, type, HS_SIZEOF(fake->layout, lru_cache_object)), list = fake_list(fake, NULL, 0, 0);
			struct hs_object object;
			struct hs_lru_cache told;
			FAKE_PUT(fake, cache, lru_cache_object, hits, 12);
			FAKE_PUT(fake, cache, lru_cache_object, misses, UINT64_MAX);
			FAKE_PUT(fake, cache, lru_cache_object, maxsize, (uint64_t)sizes[i]);
			FAKE_PUT(fake, cache, lru_cache_object, typed, i % 2);
			assert_true(hs_object_at(fake->py, fake->types_seen, cache, &object));
			assert_true(hs_lru_cache_read(fake->py, &object, &told));
			assert_int_equal(told.hits, 12);
			assert_int_equal(told.misses, UINT64_MAX);
			assert_int_equal(told.max_size, sizes[i]);
			assert_int_equal(told.is_typed, i % 2);
			/* no function, no table: they are not followed */
			assert_int_equal(told.function, 0);
			assert_int_equal(told.size, 0);
			assert_true(hs_object_at(fake->py, fake->types_seen, list, &object));
			assert_false(hs_lru_cache_read(fake->py, &object, &told));
		}
		fake_heap_destroy(fake);
	}
}

/* One label for what differs in an index only, in the order asked for; none for what nothing reaches. */
static void labels_are_merged(void **state)
{
	struct fake_modules modules;
	struct hs_path_labels labels;
	hs_addr numbers[5];
	hs_node nodes[5];

	(void)state;
	fake_modules_init(&modules, "3.13.0-upstream");
	struct fake_heap *fake = modules.fake;
	for (unsigned i = 0; i < 5; i++)
		numbers[i] = fake_float(fake, i);
	fake_import(&modules, "app", (const struct fake_global[]){ { "PI", numbers[0] }, { "ROW", fake_list(fake, numbers + 1, 3, 3) }, { 0 } });
	fake_modules_open(&modules, NULL);
	for (unsigned i = 0; i < 5; i++)
		nodes[i] = fake_node(&modules, numbers[i]);
	assert_null(hs_path_labels_find(modules.reach, modules.graph, nodes, 5, &labels));
	assert_string_equal(labels.of[0], "app.PI");
	for (unsigned i = 1; i < 4; i++)
		assert_string_equal(labels.of[i], "app.ROW[*]");
	assert_ptr_equal(labels.of[1], labels.of[2]);
	assert_null(labels.of[4]);
	hs_path_labels_deinit(&labels);
	assert_null(hs_path_labels_find(modules.reach, modules.graph, nodes, 0, &labels));
	hs_path_labels_deinit(&labels);
	fake_modules_close(&modules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_found_by_what_they_refer_to),
		cmocka_unit_test(partners_of_entries_that_lie),
		cmocka_unit_test(caches_tell_their_figures),
		cmocka_unit_test(labels_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
