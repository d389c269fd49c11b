/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of evidence about where new things stand: what is no holder, what nothing leads to, and which path is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_scene.h"

#define FILE_OF(scene, path) { "__file__", fake_str((scene).fake, path) }
#define FIRST_GAP 30 /* new items: three seconds, then five */
#define SECOND_GAP 50
#define BLOCK_LENGTH 64 /* of a deque's */

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(*tables))

static unsigned gap(unsigned turn)
{
	return turn ? SECOND_GAP : FIRST_GAP;
}

/* The standard library is where os.py lies. */
static void import_os(struct scene *scene)
{
	fake_import(&scene->modules, "os", GLOBALS(FILE_OF(*scene, "/usr/lib/python3/os.py")));
}

/* Rule 5: what is new are references that keep nothing alive. */
static void grow_by_references(struct scene *scene, const char *type_name, bool are_weak)
{
	struct fake_heap *fake = scene->fake;
	hs_addr type = fake_static_type(fake, type_name, HS_SIZEOF(fake->layout, PyWeakReference), 0, HS_TPFLAGS_HAVE_GC, fake->types.object);
	hs_addr object = scene_new_item(scene), listeners = scene_full_list(scene, 0);

	fake_import(&scene->modules, "app", GLOBALS({ "LISTENERS", listeners }, { "OBJECT", object }, FILE_OF(*scene, "/srv/app.py")));
	for (unsigned turn = 0; turn < 2; turn++) {
		scene_look(scene);
		for (unsigned i = 0; i < gap(turn); i++) {
			hs_addr reference = fake_object(fake, type, HS_SIZEOF(fake->layout, PyWeakReference));
			if (are_weak)
				FAKE_PUT(fake, reference, PyWeakReference, wr_object, object);
			else
				fake_put(fake, reference + HS_SIZEOF(fake->layout, PyWeakReference) - 8, scene->n_made++);
			scene_append(scene, listeners, reference);
		}
	}
	scene_judge(scene);
}

static void weak_references_hold_nothing(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene;
		scene_begin(&scene, tables[t]);
		grow_by_references(&scene, "weakref", true);
		assert_int_equal(scene.found.list.n, 0);
		scene_end(&scene);
		/* the same list, and objects of the same size that are not weak */
		scene_begin(&scene, tables[t]);
		grow_by_references(&scene, "listener", false);
		assert_int_equal(scene.found.list.n, 1);
		assert_string_equal(scene_first(&scene)->path.expression, "app.LISTENERS");
		scene_end(&scene);
	}
}

static hs_addr full_deque(struct scene *scene, size_t n, uint64_t most)
{
	hs_addr items[SCENE_MOST];

	for (size_t i = 0; i < n; i++)
		items[i] = scene_new_item(scene);
	hs_addr deque = fake_deque(scene->fake, items, n, 0);
	FAKE_PUT(scene->fake, deque, dequeobject, maxlen, most);
	return deque;
}

static void append_right(struct scene *scene, hs_addr deque, hs_addr item)
{
	struct fake_heap *fake = scene->fake;
	uint64_t at = FAKE_GET(fake, deque, dequeobject, rightindex) + 1, n = FAKE_GET(fake, deque, PyVarObject, ob_size);
	hs_addr block = FAKE_GET(fake, deque, dequeobject, rightblock);

	if (at == BLOCK_LENGTH) {
		hs_addr next = fake_malloc(fake, HS_SIZEOF(fake->layout, dequeblock));
		FAKE_PUT(fake, block, dequeblock, rightlink, next);
		fake_put(fake, next, block);
		FAKE_PUT(fake, deque, dequeobject, rightblock, next);
		block = next;
		at = 0;
	}
	fake_put(fake, block + 8 + at * 8, item);
	FAKE_PUT(fake, deque, dequeobject, rightindex, at);
	FAKE_PUT(fake, deque, PyVarObject, ob_size, n + 1);
}

/* A deque of app's, with or without a maxlen, grows; how it is suspected. */
static void judge_deque(struct scene *scene, const char *table, uint64_t most)
{
	scene_begin(scene, table);
	hs_addr recent = full_deque(scene, 100, most);
	fake_import(&scene->modules, "app", GLOBALS({ "RECENT", recent }, FILE_OF(*scene, "/srv/app.py")));
	for (unsigned turn = 0; turn < 2; turn++) {
		scene_look(scene);
		for (unsigned i = 0; i < gap(turn); i++)
			append_right(scene, recent, scene_new_item(scene));
	}
	scene_judge(scene);
	assert_int_equal(scene->found.list.n, 1);
	assert_int_equal(scene_first(scene)->address, recent);
	assert_int_equal(scene_first(scene)->kind, HS_SUSPECT_DEQUE);
}

/* Rule 5: the length that a deque keeps to. */
static void the_maxlen_of_a_deque_is_a_bound(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene;
		judge_deque(&scene, tables[t], 500);
		assert_true(scene_first(&scene)->has_bound);
		assert_int_equal(scene_first(&scene)->bound.limit, 500);
		assert_int_equal(scene_first(&scene)->bound.filled, 180);
		assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
		assert_int_equal(scene.found.ruled_out.n_bounded, 1);
		scene_end(&scene);
		judge_deque(&scene, tables[t], UINT64_MAX);
		assert_false(scene_first(&scene)->has_bound);
		assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_HIGH);
		scene_end(&scene);
	}
}

/* A deque with a bound, and a list of which `n_both` of each five new items are in the deque, too. */
static void judge_twins(struct scene *scene, unsigned n_both)
{
	scene_begin(scene, V311);
	hs_addr recent = full_deque(scene, 100, 500), index = scene_full_list(scene, 100);
	fake_import(&scene->modules, "app", GLOBALS({ "RECENT", recent }, { "INDEX", index }, FILE_OF(*scene, "/srv/app.py")));
	for (unsigned turn = 0; turn < 2; turn++) {
		scene_look(scene);
		for (unsigned i = 0; i < gap(turn); i++) {
			hs_addr item = scene_new_item(scene);
			append_right(scene, recent, item);
			scene_append(scene, index, i % 5 < n_both ? item : scene_new_item(scene));
		}
	}
	scene_judge(scene);
}

/* Rule 5: it holds what the other holds, and can let go of it when that one does. */
static void a_twin_inherits_the_bound(void **state)
{
	struct scene scene;

	(void)state;
	judge_twins(&scene, 5);
	assert_int_equal(scene.found.list.n, 1);
	assert_string_equal(scene_first(&scene)->path.expression, "app.RECENT");
	assert_true(scene_first(&scene)->has_bound);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
	assert_string_equal(scene_first(&scene)->also.items[0], "app.INDEX");
	scene_end(&scene);
	/* four fifths are not enough: the rest is its own */
	judge_twins(&scene, 4);
	assert_int_equal(scene.found.list.n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct hs_suspect *suspect = &scene.found.list.items[i];
		assert_int_equal(suspect->has_bound, !strcmp(suspect->path.expression, "app.RECENT"));
	}
	scene_end(&scene);
}

/* Rule 6: counted by somebody, and held by nobody that is known: a C extension's. No collection would take them. */
static void what_nobody_is_known_to_hold_is_unexplained(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene;
		scene_begin(&scene, tables[t]);
		scene.wants_unexplained = true;
		fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", scene_full_list(&scene, 100) }));
		for (unsigned turn = 0; turn < 2; turn++) {
			scene_look(&scene);
			for (unsigned i = 0; i < gap(turn); i++)
				fake_list(scene.fake, (hs_addr[]){ scene_new_item(&scene), scene_new_item(&scene) }, 2, 2);
		}
		scene_judge(&scene);
		assert_int_equal(scene.found.list.n, 1);
		assert_int_equal(scene_first(&scene)->kind, HS_SUSPECT_UNEXPLAINED);
		assert_int_equal(scene_first(&scene)->root, HS_SUSPECT_OF_NOTHING);
		assert_null(scene_first(&scene)->path.expression);
		assert_int_equal(scene_first(&scene)->members, FIRST_GAP + SECOND_GAP);
		assert_string_equal(scene_first(&scene)->grows_by[0].name, "builtins.list");
		assert_true(scene.found.garbage_bytes < 1024);
		scene_end(&scene);
	}
}

/* In one gap alone: it may have been on its way from one holder to another when the process was stopped. */
static void what_nobody_held_for_a_moment_is_doubted(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	scene.wants_unexplained = true;
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", scene_full_list(&scene, 100) }));
	scene_look(&scene);
	scene_look(&scene);
	for (unsigned i = 0; i < SECOND_GAP; i++)
		fake_list(scene.fake, (hs_addr[]){ scene_new_item(&scene), scene_new_item(&scene) }, 2, 2);
	scene_judge(&scene);
	assert_int_equal(scene_first(&scene)->kind, HS_SUSPECT_UNEXPLAINED);
	assert_true(scene_first(&scene)->doubts & HS_DOUBT_BY_TYPE && scene_first(&scene)->doubts & HS_DOUBT_UNSTEADY);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_LOW);
	scene_end(&scene);
}

/* What is to be called at exit stands in an array of the interpreter's, and from 3.14 on in a list. */
static void add_exit_callback(struct scene *scene, hs_addr callbacks, unsigned number, hs_addr function)
{
	struct fake_heap *fake = scene->fake;

	if (!HS_HAS(fake->layout, PyInterpreterState, atexit_ncallbacks)) {
		scene_append(scene, callbacks, function);
		return;
	}
	hs_addr callback = fake_malloc(fake, HS_SIZEOF(fake->layout, atexit_py_callback));
	FAKE_PUT(fake, callback, atexit_py_callback, func, function);
	fake_put(fake, callbacks + number * 8, callback);
	FAKE_PUT(fake, fake->interpreter, PyInterpreterState, atexit_ncallbacks, number + 1);
}

/* Rule 6: held by atexit, which is then the owner. */
static void what_atexit_holds_is_named_so(void **state)
{
	static const char *const some[] = { "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream", "3.13.0-upstream", "3.14.10-debian" };

	(void)state;
	for (size_t t = 0; t < sizeof(some) / sizeof(*some); t++) {
		struct scene scene;
		scene_begin(&scene, some[t]);
		bool is_array = HS_HAS(scene.fake->layout, PyInterpreterState, atexit_ncallbacks);
		hs_addr callbacks = is_array ? fake_malloc(scene.fake, (FIRST_GAP + SECOND_GAP) * 8) : scene_full_list(&scene, 0);
		FAKE_PUT(scene.fake, scene.fake->interpreter, PyInterpreterState, atexit_callbacks, callbacks);
		fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", scene_full_list(&scene, 100) }));
		for (unsigned turn = 0, number = 0; turn < 2; turn++) {
			scene_look(&scene);
			for (unsigned i = 0; i < gap(turn); i++)
				add_exit_callback(&scene, callbacks, number++, scene_new_item(&scene));
		}
		scene_judge(&scene);
		assert_int_equal(scene.found.list.n, 1);
		assert_string_equal(scene_first(&scene)->owner, "atexit");
		assert_int_equal(scene_first(&scene)->root, HS_SUSPECT_OF_INTERPRETER);
		assert_int_equal(scene_first(&scene)->kind, HS_SUSPECT_REGISTRY);
		assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_HIGH);
		scene_end(&scene);
	}
}

/* Rule 6: C code that runs has it on its stack, or did: that is said, and doubted. */
static void what_a_c_stack_holds_is_doubted(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene;
		scene_begin(&scene, tables[t]);
		hs_addr events = scene_full_list(&scene, 100);
		struct hs_stopped_thread thread = { .tid = 17, .has_registers = true, .registers = { .rbx = events } };
		scene.threads = (struct hs_thread_list){ .items = &thread, .n = 1 };
		fake_import(&scene.modules, "app", GLOBALS({ "OTHER", scene_full_list(&scene, 100) }));
		scene_look(&scene);
		scene_grow(&scene, events, FIRST_GAP);
		scene_look(&scene);
		scene_grow(&scene, events, SECOND_GAP);
		scene_judge(&scene);
		assert_int_equal(scene.found.list.n, 1);
		assert_int_equal(scene_first(&scene)->address, events);
		assert_int_equal(scene_first(&scene)->root, HS_SUSPECT_OF_C_STACK);
		assert_true(scene_first(&scene)->doubts & HS_DOUBT_INDIRECT);
		assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
		scene_end(&scene);
	}
}

static hs_addr dict_of(struct scene *scene, const char *name, hs_addr value)
{
	hs_addr key = fake_str(scene->fake, name);

	return fake_dict(scene->fake, 3, &key, &value, 1);
}

/* Rule 7: a module of the standard library has it one step away; the user's own name for it is what is told, the other beside it. */
static void the_cheapest_path_is_told_not_the_shortest(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene;
		scene_begin(&scene, tables[t]);
		hs_addr events = scene_full_list(&scene, 100);
		import_os(&scene);
		fake_import(&scene.modules, "app", GLOBALS({ "POOLS", dict_of(&scene, "queue", events) }, FILE_OF(scene, "/srv/app.py")));
		fake_import(&scene.modules, "signal", GLOBALS({ "HANDLERS", events }, FILE_OF(scene, "/usr/lib/python3/signal.py")));
		scene_look(&scene);
		scene_grow(&scene, events, FIRST_GAP);
		scene_look(&scene);
		scene_grow(&scene, events, SECOND_GAP);
		scene_judge(&scene);
		assert_int_equal(scene.found.list.n, 1);
		assert_string_equal(scene_first(&scene)->path.expression, "app.POOLS['queue']");
		assert_int_equal(scene_first(&scene)->also.n, 1);
		assert_string_equal(scene_first(&scene)->also.items[0], "signal.HANDLERS");
		assert_string_equal(scene_first(&scene)->owner, "app.POOLS");
		scene_end(&scene);
	}
}

/* Rule 7: a module from site-packages costs less than one of Python's own, and more than the user's. */
static void installed_packages_lie_between(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 100), nested = dict_of(&scene, "queue", events);
	import_os(&scene);
	fake_import(&scene.modules, "signal", GLOBALS({ "HANDLERS", events }, FILE_OF(scene, "/usr/lib/python3/signal.py")));
	fake_import(&scene.modules, "flask", GLOBALS({ "HOOKS", events }, FILE_OF(scene, "/usr/lib/python3/dist-packages/flask.py")));
	fake_import(&scene.modules, "app", GLOBALS({ "POOLS", nested }, FILE_OF(scene, "/srv/app.py")));
	scene_look(&scene);
	scene_grow(&scene, events, FIRST_GAP);
	scene_look(&scene);
	scene_grow(&scene, events, SECOND_GAP);
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_string_equal(scene_first(&scene)->path.expression, "app.POOLS['queue']");
	assert_int_equal(scene_first(&scene)->also.n, 2);
	assert_string_equal(scene_first(&scene)->also.items[0], "flask.HOOKS");
	assert_string_equal(scene_first(&scene)->also.items[1], "signal.HANDLERS");
	scene_end(&scene);
}

/* Rule 3: a chain is what grows link by link. One list behind the same step again and again is a list, and the holders above it are not told. */
static void a_list_deep_in_tuples_is_no_chain(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene;
		scene_begin(&scene, tables[t]);
		hs_addr events = scene_full_list(&scene, 100), holder = events;
		for (unsigned i = 0; i < 5; i++)
			holder = fake_tuple(scene.fake, (hs_addr[]){ scene_new_item(&scene), holder }, 2);
		fake_import(&scene.modules, "app", GLOBALS({ "CURRENT", dict_of(&scene, "tenant", holder) }, FILE_OF(scene, "/srv/app.py")));
		scene_look(&scene);
		scene_grow(&scene, events, FIRST_GAP);
		scene_look(&scene);
		scene_grow(&scene, events, SECOND_GAP);
		scene_judge(&scene);
		assert_int_equal(scene.found.list.n, 1);
		assert_int_equal(scene_first(&scene)->kind, HS_SUSPECT_LIST);
		assert_int_equal(scene_first(&scene)->address, events);
		assert_string_equal(scene_first(&scene)->path.expression, "app.CURRENT['tenant'][1][1][1][1][1]");
		assert_string_equal(scene_first(&scene)->owner, "app.CURRENT");
		scene_end(&scene);
	}
}

/* Three lists hold parts of what a deque with a maxlen holds, each a half of the one before: all go with the deque, in no circle. */
static void twins_of_twins_go_in_no_circle(void **state)
{
	struct scene scene;
	hs_addr lists[3], items[200];

	(void)state;
	scene_begin(&scene, V311);
	for (unsigned i = 0; i < 3; i++)
		lists[i] = scene_full_list(&scene, 100);
	hs_addr recent = full_deque(&scene, 100, 1000);
	fake_import(&scene.modules, "app", GLOBALS({ "A", lists[0] }, { "B", lists[1] }, { "C", lists[2] }, { "RECENT", recent },
						   FILE_OF(scene, "/srv/app.py")));
	scene_look(&scene);
	for (unsigned i = 0; i < 200; i++) {
		items[i] = scene_new_item(&scene);
		append_right(&scene, recent, items[i]);
	}
	for (unsigned i = 0; i < 300; i++)
		scene_append(&scene, lists[i / 100], items[i / 100 * 50 + i % 100]);
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_int_equal(scene_first(&scene)->address, recent);
	assert_true(scene_first(&scene)->has_bound);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weak_references_hold_nothing),
		cmocka_unit_test(the_maxlen_of_a_deque_is_a_bound),
		cmocka_unit_test(a_twin_inherits_the_bound),
		cmocka_unit_test(twins_of_twins_go_in_no_circle),
		cmocka_unit_test(what_nobody_is_known_to_hold_is_unexplained),
		cmocka_unit_test(what_nobody_held_for_a_moment_is_doubted),
		cmocka_unit_test(what_atexit_holds_is_named_so),
		cmocka_unit_test(what_a_c_stack_holds_is_doubted),
		cmocka_unit_test(the_cheapest_path_is_told_not_the_shortest),
		cmocka_unit_test(installed_packages_lie_between),
		cmocka_unit_test(a_list_deep_in_tuples_is_no_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
