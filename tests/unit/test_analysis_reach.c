/* SPDX-License-Identifier: Apache-2.0 */
/* Paths through a process made by hand: which way is taken, how it is written, how the paths of many objects become one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_modules.h"
#include "holders.h"
#include "path_groups.h"

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))
#define V311 "3.11.7-upstream"

#define GLOBALS(...) ((const struct fake_global[]){ __VA_ARGS__, { 0 } })

static hs_addr list_of(struct fake_heap *fake, hs_addr item)
{
	return fake_list(fake, &item, 1, 1);
}

static hs_addr dict_of(struct fake_heap *fake, const char *key, hs_addr value)
{
	hs_addr name = fake_str(fake, key);

	return fake_dict(fake, 3, &name, &value, 1);
}

static void a_path_begins_at_a_module(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_modules modules;
		fake_modules_init(&modules, tables[t]);
		struct fake_heap *fake = modules.fake;
		hs_addr wanted = fake_float(fake, 1.5), inner = dict_of(fake, "request", wanted);
		hs_addr events = fake_list(fake, (hs_addr[]){ fake_float(fake, 2.5), inner }, 2, 4);
		fake_import(&modules, "app", GLOBALS({ "EVENTS", events }));
		fake_modules_open(&modules, NULL);
		assert_string_equal(fake_path(&modules, wanted), "app.EVENTS[1]['request']");
		assert_string_equal(fake_path(&modules, events), "app.EVENTS");
		assert_string_equal(fake_path(&modules, modules.modules[0]), "app");
		fake_modules_close(&modules);
	}
}

/* A global is cheaper than the same object deep inside of another; a module of the user's than one of the library's. */
static void the_way_that_people_would_name(void **state)
{
	struct fake_modules modules;

	(void)state;
	fake_modules_init(&modules, V311);
	struct fake_heap *fake = modules.fake;
	hs_addr shared = list_of(fake, fake_float(fake, 1)), deep = list_of(fake, list_of(fake, list_of(fake, shared)));
	fake_import(&modules, "zlib", GLOBALS({ "first", shared }));
	fake_import(&modules, "os", GLOBALS({ "__file__", fake_str(fake, "/usr/lib/python3/os.py") }));
	fake_import(&modules, "app", GLOBALS({ "deep", deep }, { "__file__", fake_str(fake, "/srv/app.py") }, { "OWN", shared }));
	fake_modules_open(&modules, NULL);
	assert_string_equal(fake_path(&modules, shared), "app.OWN");
	struct hs_path *paths;
	size_t n, n_roots;
	assert_null(hs_reach_find(modules.reach, fake_node(&modules, shared), 5, &paths, &n));
	assert_true(n >= 3);
	for (size_t i = 1; i < n; i++)
		assert_true(paths[i].cost >= paths[i - 1].cost);
	const struct hs_reach_root *roots = hs_reach_roots(modules.reach, &n_roots);
	assert_string_equal(roots[paths[0].root].name, "app");
	hs_path_list_free(paths, n);
	fake_modules_close(&modules);
}

/* By a global's name, a module's, a type's; what is no glob excludes nothing. */
static void what_is_excluded_is_on_no_path(void **state)
{
	static const struct {
		const char *glob, *path;
	} cases[] = {
		{ NULL, "app.CACHE['a']" }, { "app.CACHE", "lib.kept[0][0]" }, { "app.*", "lib.kept[0][0]" }, { "app", "lib.kept[0][0]" },
		{ "list", "app.CACHE['a']" }, { "dict", "" }, { "builtins.dict", "" }, { "[", "app.CACHE['a']" }, { "", "app.CACHE['a']" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_modules modules;
		fake_modules_init(&modules, V311);
		struct fake_heap *fake = modules.fake;
		hs_addr number = fake_float(fake, 1);
		fake_import(&modules, "app", GLOBALS({ "CACHE", dict_of(fake, "a", number) }));
		fake_import(&modules, "lib", GLOBALS({ "kept", list_of(fake, list_of(fake, number)) }));
		fake_modules_open(&modules, &(struct hs_reach_options){ .exclude = cases[i].glob });
		assert_string_equal(fake_path(&modules, number), cases[i].path);
		fake_modules_close(&modules);
	}
}

/* A word in a binary's data counts where no module leads, and nothing else does. */
static void the_last_resort(void **state)
{
	struct fake_modules modules;

	(void)state;
	fake_modules_init(&modules, tables[0]); /* in later versions the runtime's struct is larger than all that is static here */
	struct fake_heap *fake = modules.fake;
	hs_addr inner = fake_float(fake, 1), held = list_of(fake, inner), named = list_of(fake, fake_float(fake, 2)), lost = list_of(fake, fake_float(fake, 3));
	fake_put(fake, FAKE_GET(fake, lost, PyListObject, ob_item), lost); /* a circle */
	fake_import(&modules, "app", GLOBALS({ "NAMED", named }));
	fake_hold(fake, held);
	fake_hold(fake, named);
	fake_modules_open(&modules, NULL);
	assert_string_equal(fake_path(&modules, named), "app.NAMED");
	assert_string_equal(fake_path(&modules, inner), "<static>[0]");
	assert_string_equal(fake_path(&modules, lost), "");
	struct hs_path_step step;
	bool is_reached;
	assert_null(hs_reach_last_step(modules.reach, fake_node(&modules, lost), &step, &is_reached));
	assert_false(is_reached);
	fake_modules_close(&modules);
}

/* Values hidden: only keys that are names are shown. */
static void keys_are_values(void **state)
{
	struct fake_modules modules;
	char text[HS_EXPRESSION_BYTES];

	(void)state;
	fake_modules_init(&modules, V311);
	struct fake_heap *fake = modules.fake;
	hs_addr secret = fake_float(fake, 1), plain = fake_float(fake, 2);
	fake_import(&modules, "app", GLOBALS({ "BY_NAME", dict_of(fake, "password of bob", secret) }, { "CONFIG", dict_of(fake, "user", plain) }));
	fake_modules_open(&modules, NULL);
	assert_string_equal(fake_path(&modules, secret), "app.BY_NAME['password of bob']");
	assert_null(hs_reach_expression(modules.reach, fake_node(&modules, secret), true, text, sizeof(text)));
	assert_string_equal(text, "app.BY_NAME['\xe2\x80\xa6']");
	assert_null(hs_reach_expression(modules.reach, fake_node(&modules, plain), true, text, sizeof(text)));
	assert_string_equal(text, "app.CONFIG['user']");
	fake_modules_close(&modules);
}

#define DEPTH 400

/* A long path is cut in the middle; the room for the text is never left. */
static void a_deep_path_is_cut(void **state)
{
	struct fake_modules modules;
	char small[40];

	(void)state;
	fake_modules_init(&modules, V311);
	struct fake_heap *fake = modules.fake;
	hs_addr innermost = fake_float(fake, 1), at = innermost;
	for (unsigned i = 0; i < DEPTH; i++)
		at = fake_tuple(fake, &at, 1);
	fake_import(&modules, "app", GLOBALS({ "DEEP", at }));
	fake_modules_open(&modules, NULL);
	const char *text = fake_path(&modules, innermost);
	assert_memory_equal(text, "app.DEEP[0][0]", 14);
	assert_non_null(strstr(text, "more steps"));
	assert_true(strlen(text) < 300);
	memset(small, '#', sizeof(small));
	assert_null(hs_reach_expression(modules.reach, fake_node(&modules, innermost), false, small, 20));
	assert_true(strlen(small) < 20);
	assert_int_equal(small[20], '#');
	fake_modules_close(&modules);
}

/* sys.modules with entries that are no modules, names that are no str or no names, a dict in itself. */
static void odd_modules(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_modules modules;
		fake_modules_init(&modules, tables[t]);
		struct fake_heap *fake = modules.fake;
		hs_addr number = fake_float(fake, 1), inner = list_of(fake, number);
		hs_addr dict = fake_import(&modules, "app", GLOBALS({ "SELF", inner }, { "x y", inner }));
		fake_import(&modules, "\x1b[31m", GLOBALS({ "RED", list_of(fake, fake_float(fake, 2)) }));
		fake_import_object(&modules, fake_str(fake, "none"), HS_ADDRESS_OF(fake->layout, _Py_NoneStruct));
		fake_import_object(&modules, fake_float(fake, 3), fake_float(fake, 4));
		fake_import_object(&modules, fake_str(fake, "wild"), 0x10);
		fake_import_object(&modules, 0xdeadbeef, modules.modules[0]);
		fake_put(fake, FAKE_GET(fake, inner, PyListObject, ob_item), dict);
		fake_modules_open(&modules, NULL);
		assert_string_equal(fake_path(&modules, inner), "app.SELF");
		for (hs_node node = 0; node < hs_graph_node_count(modules.graph); node++) {
			char text[HS_EXPRESSION_BYTES];
			if (!hs_graph_is_object(modules.graph, node))
				continue;
			assert_null(hs_reach_expression(modules.reach, node, false, text, sizeof(text)));
			assert_null(strchr(text, '\x1b'));
		}
		fake_modules_close(&modules);
	}
}

static bool is_float(const void *context, const struct hs_type *type)
{
	return type->address == ((const struct fake_heap *)context)->types.float_;
}

static uint64_t count_of(const struct hs_path_groups *groups, const char *expression)
{
	for (size_t i = 0; i < groups->list.n; i++)
		if (!strcmp(groups->list.items[i].expression, expression))
			return groups->list.items[i].count;
	return 0;
}

/* 20 in lists of a list, 5 under arbitrary keys, 30 in a chain, one alone, one that nothing reaches. */
static void paths_of_many_objects_are_merged(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_modules modules;
		struct hs_path_groups groups = { 0 };
		fake_modules_init(&modules, tables[t]);
		struct fake_heap *fake = modules.fake;
		hs_addr rows[20], keys[5], values[5], chain = dict_of(fake, "item", fake_float(fake, 0)), names[2] = { fake_str(fake, "next"), fake_str(fake, "item") };
		for (unsigned i = 0; i < 20; i++)
			rows[i] = dict_of(fake, "price", fake_float(fake, i));
		for (unsigned i = 0; i < 5; i++) {
			char key[16];
			snprintf(key, sizeof(key), "user-%u", i);
			keys[i] = fake_str(fake, key);
			values[i] = fake_float(fake, i);
		}
		for (unsigned i = 1; i < 30; i++)
			chain = fake_dict(fake, 3, names, (hs_addr[]){ chain, fake_float(fake, i) }, 2);
		list_of(fake, fake_float(fake, 99));
		fake_import(&modules, "app", GLOBALS({ "ROWS", fake_list(fake, rows, 20, 20) }, { "USERS", fake_dict(fake, 4, keys, values, 5) }, { "CHAIN", chain },
						     { "PI", fake_float(fake, 3.25) }));
		fake_modules_open(&modules, NULL);
		assert_null(hs_path_groups_find(modules.reach, modules.graph, is_float, fake, &groups));
		assert_int_equal(groups.n_objects, 57);
		assert_int_equal(groups.n_unreached, 1);
		assert_int_equal(count_of(&groups, "app.ROWS[*]['price']"), 20);
		assert_int_equal(count_of(&groups, "app.USERS[*]"), 5);
		assert_int_equal(count_of(&groups, "app.PI"), 1);
		uint64_t sum = 0, in_chain = 0;
		for (size_t i = 0; i < groups.list.n; i++) {
			sum += groups.list.items[i].count;
			assert_true(i == 0 || groups.list.items[i].count <= groups.list.items[i - 1].count);
			if (!strncmp(groups.list.items[i].expression, "app.CHAIN", 9))
				in_chain += groups.list.items[i].count;
		}
		assert_int_equal(in_chain, 30);
		assert_int_equal(sum, 56);
		/* the chain is one or two shapes, not thirty */
		assert_true(groups.list.n <= 6);
		hs_path_groups_deinit(&groups);
		fake_modules_close(&modules);
	}
}

static const struct hs_census_type *row_of(const struct hs_holder_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

/* Containers by where they hang, the rest by type; every object and every byte once. */
static void holders_add_up(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_modules modules;
		struct hs_holder_list list = { 0 };
		fake_modules_init(&modules, tables[t]);
		struct fake_heap *fake = modules.fake;
		hs_addr rows[20];
		for (unsigned i = 0; i < 20; i++)
			rows[i] = dict_of(fake, "price", fake_float(fake, i));
		list_of(fake, 0);
		fake_import(&modules, "app", GLOBALS({ "ROWS", fake_list(fake, rows, 20, 20) }, { "PAIR", fake_tuple(fake, rows, 2) }));
		fake_modules_open(&modules, NULL);
		assert_null(hs_holders_find(&modules.heap, modules.graph, modules.reach, &list));
		assert_non_null(row_of(&list, "dict at app.ROWS[*]"));
		const struct hs_census_type *dicts = row_of(&list, "dict at app.ROWS[*]"), *pair = row_of(&list, "dict at app.PAIR[*]");
		assert_int_equal(dicts->count + (pair ? pair->count : 0), 20);
		assert_int_equal(row_of(&list, "list at app.ROWS")->count, 1);
		assert_int_equal(row_of(&list, "list that nothing reaches")->count, 1);
		assert_int_equal(row_of(&list, "float")->count, 20);
		uint64_t count = 0, bytes = 0, all_bytes = 0, n_objects = 0;
		for (size_t i = 0; i < list.n; i++) {
			count += list.items[i].count;
			bytes += list.items[i].bytes;
			assert_true(i == 0 || list.items[i].bytes <= list.items[i - 1].bytes);
		}
		for (hs_node node = 0; node < hs_graph_node_count(modules.graph); node++) {
			all_bytes += hs_graph_bytes(modules.graph, node);
			n_objects += hs_graph_is_object(modules.graph, node);
		}
		assert_int_equal(bytes, all_bytes);
		assert_int_equal(count, n_objects);
		hs_holders_free(&list);
		fake_modules_close(&modules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_begins_at_a_module),
		cmocka_unit_test(the_way_that_people_would_name),
		cmocka_unit_test(what_is_excluded_is_on_no_path),
		cmocka_unit_test(the_last_resort),
		cmocka_unit_test(keys_are_values),
		cmocka_unit_test(a_deep_path_is_cut),
		cmocka_unit_test(odd_modules),
		cmocka_unit_test(paths_of_many_objects_are_merged),
		cmocka_unit_test(holders_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
