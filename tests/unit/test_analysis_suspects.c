/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of evidence, one by one, on a process made by hand whose bytes change between three samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_scene.h"

#define N_PLACES 80

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };

/* 30 items in three seconds, 50 in five: as even as can be. */
static void a_list_that_grows_is_found(void **state)
{
	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
		struct scene scene;
		scene_begin(&scene, tables[t]);
		hs_addr events = scene_full_list(&scene, 100);
		fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "__file__", fake_str(scene.fake, "/srv/app.py") }));
		scene_look(&scene);
		scene_grow(&scene, events, 30);
		scene_look(&scene);
		scene_grow(&scene, events, 50);
		scene_judge(&scene);
		const struct hs_suspect *suspect = scene_first(&scene);
		assert_int_equal(scene.found.list.n, 1);
		assert_int_equal(suspect->address, events);
		assert_string_equal(suspect->path.expression, "app.EVENTS");
		assert_string_equal(suspect->owner, "app.EVENTS");
		assert_string_equal(suspect->tail, "");
		assert_int_equal(suspect->kind, HS_SUSPECT_LIST);
		assert_int_equal(suspect->root, HS_SUSPECT_OF_MODULE);
		assert_int_equal(suspect->confidence, HS_CONFIDENCE_HIGH);
		assert_int_equal(suspect->lengths[0], 100);
		assert_int_equal(suspect->lengths[2], 180);
		assert_true(suspect->figures.kept == 1 && suspect->figures.steadiness > 0.99 && suspect->figures.share > 0.99);
		assert_string_equal(suspect->grows_by[0].name, "builtins.str");
		assert_int_equal(suspect->grows_by[0].count, 80);
		scene_end(&scene);
	}
}

/* Nobody can tell which of them are the new ones, but how many they are. */
static void new_ones_that_look_like_old_ones_are_counted_once(void **state)
{
	struct scene scene;
	hs_addr items[100];

	(void)state;
	scene_begin(&scene, V311);
	for (size_t i = 0; i < 100; i++)
		items[i] = fake_str(scene.fake, "one like another");
	hs_addr events = fake_list(scene.fake, items, 100, 100 + SCENE_ROOM);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }));
	scene_look(&scene);
	for (size_t i = 0; i < 40; i++)
		scene_append(&scene, events, fake_str(scene.fake, "one like another"));
	scene_judge(&scene);
	assert_int_equal(scene_first(&scene)->address, events);
	assert_int_equal(scene_first(&scene)->figures.items, 40);
	assert_int_equal(scene_first(&scene)->grows_by[0].count, 40);
	scene_end(&scene);
}

/* Of two samples there is one gap. */
static void one_gap_is_not_called_uneven(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }));
	scene_look(&scene);
	scene_grow(&scene, events, 40);
	scene_judge(&scene);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_true(suspect->doubts & HS_DOUBT_UNSTEADY);
	for (size_t i = 0; i < suspect->evidence.n; i++)
		assert_null(strstr(suspect->evidence.items[i], "not grow evenly"));
	assert_non_null(strstr(suspect->evidence.items[0], "two samples"));
	scene_end(&scene);
}

/* Rule 1: longer than before, but of what it had nothing is left. */
static void a_list_that_was_emptied_is_none(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr batch = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "BATCH", batch }));
	scene_look(&scene);
	scene_grow(&scene, batch, 30);
	scene_look(&scene);
	scene_turn_over(&scene, batch);
	scene_grow(&scene, batch, 50);
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 0);
	assert_int_equal(scene.found.ruled_out.n_turnover, 1);
	assert_string_equal(scene.found.ruled_out.largest_turnover, "app.BATCH");
	scene_end(&scene);
}

/* Rule 2: what is turned over takes nothing of the growth away, and what shrinks beside it hides nothing. */
static void turnover_beside_a_leak_changes_nothing(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 100), batch = scene_full_list(&scene, 300);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "BATCH", batch }));
	scene_look(&scene);
	scene_grow(&scene, events, 30);
	scene_turn_over(&scene, batch);
	scene_look(&scene);
	scene_grow(&scene, events, 50);
	FAKE_PUT(scene.fake, batch, PyVarObject, ob_size, 60);
	scene_turn_over(&scene, batch);
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_string_equal(scene_first(&scene)->path.expression, "app.EVENTS");
	assert_true(scene_first(&scene)->figures.bytes > 80 * 40);
	scene_end(&scene);
}

/* An instance whose attributes are in a dict of its own. */
static hs_addr new_order(struct scene *scene, hs_addr class)
{
	hs_addr key = fake_str(scene->fake, "path"), path = scene_new_item(scene), order = fake_object(scene->fake, class, 24);

	fake_put(scene->fake, order + 16, fake_dict(scene->fake, 3, &key, &path, 1));
	return order;
}

/* Rule 2: of a class of which there are no more than before, one that a queue took is new all the same, with its dict and what is in it. */
static void a_container_vouches_for_the_dicts_of_its_items(void **state)
{
	struct scene scene;
	hs_addr passing[90];

	(void)state;
	scene_begin(&scene, "3.10.13-upstream");
	hs_addr class = fake_class(scene.fake, "Order", 24, 0, scene.fake->types.object, 0);
	FAKE_PUT(scene.fake, class, PyTypeObject, tp_dictoffset, 16);
	for (size_t i = 0; i < 90; i++)
		passing[i] = new_order(&scene, class);
	hs_addr queue = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "QUEUE", queue }));
	fake_hold(scene.fake, class);
	for (unsigned turn = 0, n_gone = 0; turn < 2; turn++) {
		scene_look(&scene);
		/* what went is no instance any more */
		for (unsigned i = 0; i < (turn ? 50 : 30); i++) {
			scene_append(&scene, queue, new_order(&scene, class));
			FAKE_PUT(scene.fake, passing[n_gone++], PyObject, ob_type, scene.fake->types.object);
		}
	}
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_int_equal(scene_first(&scene)->address, queue);
	/* an order has 24 bytes, its dict and the table of that some 200, its path some 80 */
	assert_true(scene_first(&scene)->figures.bytes > 80 * 250);
	scene_end(&scene);
}

/* Rule 4: each grew by little; all of them together are one suspect. */
static void many_small_ones_are_one(void **state)
{
	struct scene scene;
	hs_addr rooms[50];

	(void)state;
	scene_begin(&scene, V311);
	for (size_t i = 0; i < 50; i++)
		rooms[i] = scene_full_list(&scene, 10);
	fake_import(&scene.modules, "app", GLOBALS({ "ROOMS", fake_list(scene.fake, rooms, 50, 50) }));
	scene_look(&scene);
	for (size_t i = 0; i < 50; i++)
		scene_grow(&scene, rooms[i], 3);
	scene_look(&scene);
	for (size_t i = 0; i < 50; i++)
		scene_grow(&scene, rooms[i], 5);
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_int_equal(scene_first(&scene)->members, 50);
	assert_string_equal(scene_first(&scene)->shape, "app.ROOMS[*]");
	assert_int_equal(scene_first(&scene)->figures.items, 400);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* Rule 3: several leaks at once, the larger first; two lists over the same objects are one of them. */
static void twins_are_one_suspect_beside_others(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 100), log = scene_full_list(&scene, 100), index = fake_list(scene.fake, &log, 0, SCENE_ROOM);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "LOG", log }, { "INDEX", index }));
	for (unsigned turn = 0; turn < 2; turn++) {
		scene_look(&scene);
		for (unsigned i = 0; i < (turn ? 75 : 45); i++) {
			hs_addr item = scene_new_item(&scene);
			scene_append(&scene, log, item);
			scene_append(&scene, index, item);
		}
		scene_grow(&scene, events, turn ? 25 : 15);
	}
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 2);
	const struct hs_suspect *twins = scene_first(&scene);
	assert_true(!strcmp(twins->path.expression, "app.LOG") || !strcmp(twins->path.expression, "app.INDEX"));
	assert_true(twins->also.n > 0 && strstr(twins->also.items[0], twins->address == log ? "app.INDEX" : "app.LOG"));
	assert_true(twins->figures.share > 0.99);
	assert_int_equal(twins->confidence, HS_CONFIDENCE_HIGH);
	assert_string_equal(scene.found.list.items[1].path.expression, "app.EVENTS");
	scene_end(&scene);
}

/* Who else holds the same and does not grow: emptying the suspect would free nothing. */
static void what_others_hold_is_no_share(void **state)
{
	struct scene scene;
	hs_addr places[N_PLACES];

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 100);
	hs_addr same[12];
	for (size_t i = 0; i < 12; i++)
		same[i] = scene_new_item(&scene);
	for (size_t i = 0; i < N_PLACES; i++)
		places[i] = fake_list(scene.fake, same, 12, 12);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "PLACES", fake_list(scene.fake, places, N_PLACES, N_PLACES) }));
	for (unsigned turn = 0, next = 0; turn < 2; turn++) {
		scene_look(&scene);
		for (unsigned i = 0; i < (turn ? 50 : 30); i++, next++) {
			hs_addr item = scene_new_item(&scene);
			scene_append(&scene, events, item);
			fake_put(scene.fake, FAKE_GET(scene.fake, places[next], PyListObject, ob_item), item);
		}
	}
	scene_judge(&scene);
	assert_string_equal(scene_first(&scene)->path.expression, "app.EVENTS");
	assert_true(scene_first(&scene)->figures.share < 0.5);
	assert_true(scene_first(&scene)->doubts & HS_DOUBT_SHARED);
	assert_true(scene_first(&scene)->confidence < HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* Rule 5: it will be full one day. */
static void a_bound_is_never_high(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr cache = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "CACHE", cache }, { "MAXCACHE", fake_int(scene.fake, 1000) }));
	scene_look(&scene);
	scene_grow(&scene, cache, 30);
	scene_look(&scene);
	scene_grow(&scene, cache, 50);
	scene_judge(&scene);
	assert_true(scene_first(&scene)->has_bound);
	assert_int_equal(scene_first(&scene)->bound.limit, 1000);
	assert_int_equal(scene_first(&scene)->bound.filled, 180);
	assert_true(scene_first(&scene)->bound.eta_seconds > 80 && scene_first(&scene)->bound.eta_seconds < 84);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
	assert_null(scene_first(&scene)->hint);
	scene_end(&scene);
}

/* A bound that was passed long ago is none. */
static void a_broken_bound_is_none(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr cache = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "CACHE", cache }, { "MAXCACHE", fake_int(scene.fake, 90) }));
	scene_look(&scene);
	scene_grow(&scene, cache, 30);
	scene_look(&scene);
	scene_grow(&scene, cache, 50);
	scene_judge(&scene);
	assert_false(scene_first(&scene)->has_bound);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* Rule 6: nothing leads there, and it becomes more. */
static void garbage_is_named_as_such(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", scene_full_list(&scene, 100) }));
	for (unsigned turn = 0; turn < 2; turn++) {
		scene_look(&scene);
		for (unsigned i = 0; i < (turn ? 50 : 30); i++) {
			hs_addr cycle = fake_list(scene.fake, (hs_addr[]){ scene_new_item(&scene), scene_new_item(&scene), 0 }, 2, 3);
			scene_append(&scene, cycle, cycle);
		}
	}
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_int_equal(scene_first(&scene)->kind, HS_SUSPECT_CYCLES);
	assert_int_equal(scene_first(&scene)->root, HS_SUSPECT_OF_NOTHING);
	assert_null(scene_first(&scene)->path.expression);
	assert_int_equal(scene_first(&scene)->members, 80);
	assert_true(scene.found.garbage_bytes > 80 * 2 * 40);
	scene_end(&scene);
}

/* From the young list to the frozen ones. */
static void freeze(struct fake_heap *fake, hs_addr object)
{
	hs_addr list = fake_gc_head(fake, 3), head = object - fake_header_bytes(fake, fake->types.list), next = fake_get(fake, head),
		previous = fake_get(fake, head + 8), first = fake_get(fake, list);

	fake_put(fake, previous, next);
	fake_put(fake, next + 8, previous);
	fake_put(fake, head, first);
	fake_put(fake, head + 8, list);
	fake_put(fake, first + 8, head);
	fake_put(fake, list, head);
}

/* A server that forks freezes what it begins with: what its cycles are is new, and will be collected. */
static void what_was_frozen_before_hides_no_new_garbage(void **state)
{
	(void)state;
	for (unsigned is_new = 0; is_new < 2; is_new++) {
		struct scene scene;
		scene_begin(&scene, V311);
		struct fake_heap *fake = scene.fake;
		hs_addr events = scene_full_list(&scene, 100), gc = fake->interpreter + (uint32_t)HS_OFFSET(fake->layout, PyInterpreterState, gc);
		FAKE_PUT(fake, gc, gc_runtime_state, enabled, 1);
		for (unsigned i = 0; i < 3; i++)
			FAKE_PUT(fake, fake_gc_head(fake, i), gc_generation, threshold, i ? 10 : 700);
		fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }));
		freeze(fake, events);
		for (unsigned turn = 0; turn < 2; turn++) {
			scene_look(&scene);
			for (unsigned i = 0; i < (turn ? 50 : 30); i++) {
				hs_addr cycle = fake_list(fake, (hs_addr[]){ scene_new_item(&scene), scene_new_item(&scene), 0 }, 2, 3);
				scene_append(&scene, cycle, cycle);
				if (is_new)
					freeze(fake, cycle);
			}
		}
		scene_judge(&scene);
		const struct hs_suspect *suspect = scene_first(&scene);
		assert_int_equal(suspect->kind, HS_SUSPECT_CYCLES);
		assert_int_equal(suspect->figures.is_indirect, !is_new);
		assert_true(suspect->figures.kept == (is_new ? 1 : HS_UNKNOWN));
		assert_int_equal(!!strstr(suspect->evidence.items[0], "gc.freeze()"), is_new);
		scene_end(&scene);
	}
}

/* Rule 8: what the user's code gives a name to is the owner; a library's global has none, and its own name. */
static void the_owner_is_what_the_user_named(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 100), handlers = scene_full_list(&scene, 100), key = fake_str(scene.fake, "queue");
	fake_import(&scene.modules, "os", GLOBALS({ "__file__", fake_str(scene.fake, "/usr/lib/python3/os.py") }));
	fake_import(&scene.modules, "app", GLOBALS({ "POOL", fake_dict(scene.fake, 3, &key, &events, 1) }, { "__file__", fake_str(scene.fake, "/srv/app.py") }));
	fake_import(&scene.modules, "signal",
		    GLOBALS({ "HANDLERS", handlers }, { "__file__", fake_str(scene.fake, "/usr/lib/python3/signal.py") }));
	scene_look(&scene);
	scene_grow(&scene, events, 45);
	scene_grow(&scene, handlers, 24);
	scene_look(&scene);
	scene_grow(&scene, events, 75);
	scene_grow(&scene, handlers, 40);
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 2);
	assert_string_equal(scene_first(&scene)->path.expression, "app.POOL['queue']");
	assert_string_equal(scene_first(&scene)->owner, "app.POOL");
	assert_string_equal(scene_first(&scene)->tail, "['queue']");
	assert_int_equal(scene_first(&scene)->kind, HS_SUSPECT_LIST);
	assert_string_equal(scene.found.list.items[1].owner, "signal.HANDLERS");
	assert_int_equal(scene.found.list.items[1].kind, HS_SUSPECT_REGISTRY);
	scene_end(&scene);
}

/* Each new link leads to the one before: the chain is named where it begins. */
static void a_chain_is_named_by_its_head(void **state)
{
	struct scene scene;
	hs_addr link, key;

	(void)state;
	scene_begin(&scene, V311);
	link = scene_full_list(&scene, 1);
	for (unsigned i = 0; i < 40; i++)
		link = fake_tuple(scene.fake, (hs_addr[]){ scene_new_item(&scene), link }, 2);
	hs_addr holder = fake_list(scene.fake, &link, 1, 1);
	key = fake_str(scene.fake, "last");
	fake_import(&scene.modules, "app", GLOBALS({ "JOURNAL", fake_dict(scene.fake, 3, &key, &holder, 1) }, { "__file__", fake_str(scene.fake, "/srv/app.py") }));
	for (unsigned turn = 0; turn < 2; turn++) {
		scene_look(&scene);
		for (unsigned i = 0; i < (turn ? 50 : 30); i++)
			link = fake_tuple(scene.fake, (hs_addr[]){ scene_new_item(&scene), link }, 2);
		fake_put(scene.fake, FAKE_GET(scene.fake, holder, PyListObject, ob_item), link);
	}
	scene_judge(&scene);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_int_equal(suspect->kind, HS_SUSPECT_CHAIN);
	assert_int_equal(suspect->address, link);
	assert_string_equal(suspect->owner, "app.JOURNAL");
	assert_true(suspect->links >= 80);
	assert_int_equal(suspect->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* One look: what is large is suspected, and no more than that. */
static void one_sample_makes_nothing_certain(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", scene_full_list(&scene, 1000) }, { "SMALL", scene_full_list(&scene, 90) }));
	scene_judge(&scene);
	assert_true(scene.found.is_static);
	assert_int_equal(scene.found.list.n, 1);
	assert_string_equal(scene_first(&scene)->path.expression, "app.EVENTS");
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
	scene_end(&scene);
}

static void nothing_grows(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", scene_full_list(&scene, 100) }));
	scene_look(&scene);
	scene_look(&scene);
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 0);
	assert_true(scene.found.growth_bytes < 1024);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_grows_is_found),
		cmocka_unit_test(new_ones_that_look_like_old_ones_are_counted_once),
		cmocka_unit_test(one_gap_is_not_called_uneven),
		cmocka_unit_test(a_list_that_was_emptied_is_none),
		cmocka_unit_test(turnover_beside_a_leak_changes_nothing),
		cmocka_unit_test(a_container_vouches_for_the_dicts_of_its_items),
		cmocka_unit_test(many_small_ones_are_one),
		cmocka_unit_test(twins_are_one_suspect_beside_others),
		cmocka_unit_test(what_others_hold_is_no_share),
		cmocka_unit_test(a_bound_is_never_high),
		cmocka_unit_test(a_broken_bound_is_none),
		cmocka_unit_test(garbage_is_named_as_such),
		cmocka_unit_test(what_was_frozen_before_hides_no_new_garbage),
		cmocka_unit_test(the_owner_is_what_the_user_named),
		cmocka_unit_test(a_chain_is_named_by_its_head),
		cmocka_unit_test(one_sample_makes_nothing_certain),
		cmocka_unit_test(nothing_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
