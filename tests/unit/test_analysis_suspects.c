/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of evidence, one by one, on a process made by hand whose bytes change between three samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_modules.h"
#include "suspects.h"

#define V311 "3.11.7-upstream"
#define S (uint64_t)1000000000
#define GLOBALS(...) ((const struct fake_global[]){ __VA_ARGS__, { 0 } })
#define MOST 1024 /* items of a list */
#define ROOM 128  /* for more */
#define N_PLACES 80

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };

/* A process, looked at at 0, 3 and 8 seconds. */
struct scene {
	struct fake_modules modules;
	struct fake_heap *fake;
	struct hs_sample *samples[3];
	size_t n_samples;
	struct hs_object_graph *holders;
	struct hs_suspects found;
	unsigned n_made;
};

static void begin(struct scene *scene, const char *table)
{
	*scene = (struct scene){ 0 };
	fake_modules_init(&scene->modules, table);
	scene->fake = scene->modules.fake;
}

static void keep_sample(struct scene *scene, const struct hs_process_heap *heap)
{
	static const uint64_t times[] = { 1 * S, 4 * S, 9 * S };
	const struct hs_sample_options options = { .wants_identities = !scene->n_samples };
	struct hs_census *census;

	assert_null(hs_census_of(heap, NULL, &census));
	assert_null(hs_sample_take(heap, census, &options, &scene->samples[scene->n_samples]));
	scene->samples[scene->n_samples]->time_ns = times[scene->n_samples];
	scene->n_samples++;
	hs_census_destroy(census);
}

static void look(struct scene *scene)
{
	const struct hs_heap_options options = { .n_workers = 1 };
	struct hs_process_heap *heap;

	assert_null(hs_process_heap_open(scene->fake->image, scene->fake->layout, &options, &heap));
	keep_sample(scene, heap);
	hs_process_heap_close(heap);
}

/* The last look, and what is suspected then. */
static void judge(struct scene *scene)
{
	fake_modules_open(&scene->modules, NULL);
	keep_sample(scene, &scene->modules.heap);
	assert_null(hs_object_graph_create(scene->modules.graph, NULL, &scene->holders));
	const struct hs_suspects_input input = {
		.samples = (const struct hs_sample *const *)scene->samples, .n_samples = scene->n_samples, .heap = &scene->modules.heap,
		.graph = scene->modules.graph, .holders = scene->holders, .reach = scene->modules.reach,
	};
	assert_null(hs_suspects_find(&input, &scene->found));
}

static void end(struct scene *scene)
{
	hs_suspects_deinit(&scene->found);
	hs_object_graph_destroy(scene->holders);
	for (size_t i = 0; i < scene->n_samples; i++)
		hs_sample_destroy(scene->samples[i]);
	fake_modules_close(&scene->modules);
}

/* A str that is like no other. */
static hs_addr new_item(struct scene *scene)
{
	char text[64];

	snprintf(text, sizeof(text), "an event of the number %06u", scene->n_made++);
	return fake_str(scene->fake, text);
}

static hs_addr full_list(struct scene *scene, size_t n)
{
	hs_addr items[MOST];

	for (size_t i = 0; i < n; i++)
		items[i] = new_item(scene);
	return fake_list(scene->fake, items, n, n + ROOM);
}

static void append(struct scene *scene, hs_addr list, hs_addr item)
{
	uint64_t n = FAKE_GET(scene->fake, list, PyVarObject, ob_size);

	fake_put(scene->fake, FAKE_GET(scene->fake, list, PyListObject, ob_item) + n * 8, item);
	FAKE_PUT(scene->fake, list, PyVarObject, ob_size, n + 1);
}

static void grow(struct scene *scene, hs_addr list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		append(scene, list, new_item(scene));
}

/* Everything in it is replaced. */
static void turn_over(struct scene *scene, hs_addr list)
{
	uint64_t n = FAKE_GET(scene->fake, list, PyVarObject, ob_size);

	for (uint64_t i = 0; i < n; i++)
		fake_put(scene->fake, FAKE_GET(scene->fake, list, PyListObject, ob_item) + i * 8, new_item(scene));
}

static const struct hs_suspect *first_of(const struct scene *scene)
{
	assert_true(scene->found.list.n > 0);
	return &scene->found.list.items[0];
}

/* 30 items in three seconds, 50 in five: as even as can be. */
static void a_list_that_grows_is_found(void **state)
{
	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
		struct scene scene;
		begin(&scene, tables[t]);
		hs_addr events = full_list(&scene, 100);
		fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "__file__", fake_str(scene.fake, "/srv/app.py") }));
		look(&scene);
		grow(&scene, events, 30);
		look(&scene);
		grow(&scene, events, 50);
		judge(&scene);
		const struct hs_suspect *suspect = first_of(&scene);
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
		end(&scene);
	}
}

/* Nobody can tell which of them are the new ones, but how many they are. */
static void new_ones_that_look_like_old_ones_are_counted_once(void **state)
{
	struct scene scene;
	hs_addr items[100];

	(void)state;
	begin(&scene, V311);
	for (size_t i = 0; i < 100; i++)
		items[i] = fake_str(scene.fake, "one like another");
	hs_addr events = fake_list(scene.fake, items, 100, 100 + ROOM);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }));
	look(&scene);
	for (size_t i = 0; i < 40; i++)
		append(&scene, events, fake_str(scene.fake, "one like another"));
	judge(&scene);
	assert_int_equal(first_of(&scene)->address, events);
	assert_int_equal(first_of(&scene)->figures.items, 40);
	assert_int_equal(first_of(&scene)->grows_by[0].count, 40);
	end(&scene);
}

/* Of two samples there is one gap. */
static void one_gap_is_not_called_uneven(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	hs_addr events = full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }));
	look(&scene);
	grow(&scene, events, 40);
	judge(&scene);
	const struct hs_suspect *suspect = first_of(&scene);
	assert_true(suspect->doubts & HS_DOUBT_UNSTEADY);
	for (size_t i = 0; i < suspect->evidence.n; i++)
		assert_null(strstr(suspect->evidence.items[i], "not grow evenly"));
	assert_non_null(strstr(suspect->evidence.items[0], "two samples"));
	end(&scene);
}

/* Rule 1: longer than before, but of what it had nothing is left. */
static void a_list_that_was_emptied_is_none(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	hs_addr batch = full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "BATCH", batch }));
	look(&scene);
	grow(&scene, batch, 30);
	look(&scene);
	turn_over(&scene, batch);
	grow(&scene, batch, 50);
	judge(&scene);
	assert_int_equal(scene.found.list.n, 0);
	assert_int_equal(scene.found.ruled_out.n_turnover, 1);
	assert_string_equal(scene.found.ruled_out.largest_turnover, "app.BATCH");
	end(&scene);
}

/* Rule 2: what is turned over takes nothing of the growth away, and what shrinks beside it hides nothing. */
static void turnover_beside_a_leak_changes_nothing(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	hs_addr events = full_list(&scene, 100), batch = full_list(&scene, 300);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "BATCH", batch }));
	look(&scene);
	grow(&scene, events, 30);
	turn_over(&scene, batch);
	look(&scene);
	grow(&scene, events, 50);
	FAKE_PUT(scene.fake, batch, PyVarObject, ob_size, 60);
	turn_over(&scene, batch);
	judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_string_equal(first_of(&scene)->path.expression, "app.EVENTS");
	assert_true(first_of(&scene)->figures.bytes > 80 * 40);
	end(&scene);
}

/* Rule 4: each grew by little; all of them together are one suspect. */
static void many_small_ones_are_one(void **state)
{
	struct scene scene;
	hs_addr rooms[50];

	(void)state;
	begin(&scene, V311);
	for (size_t i = 0; i < 50; i++)
		rooms[i] = full_list(&scene, 10);
	fake_import(&scene.modules, "app", GLOBALS({ "ROOMS", fake_list(scene.fake, rooms, 50, 50) }));
	look(&scene);
	for (size_t i = 0; i < 50; i++)
		grow(&scene, rooms[i], 3);
	look(&scene);
	for (size_t i = 0; i < 50; i++)
		grow(&scene, rooms[i], 5);
	judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_int_equal(first_of(&scene)->members, 50);
	assert_string_equal(first_of(&scene)->shape, "app.ROOMS[*]");
	assert_int_equal(first_of(&scene)->figures.items, 400);
	assert_int_equal(first_of(&scene)->confidence, HS_CONFIDENCE_HIGH);
	end(&scene);
}

/* Rule 3: several leaks at once, the larger first; two lists over the same objects are one of them. */
static void twins_are_one_suspect_beside_others(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	hs_addr events = full_list(&scene, 100), log = full_list(&scene, 100), index = fake_list(scene.fake, &log, 0, ROOM);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "LOG", log }, { "INDEX", index }));
	for (unsigned turn = 0; turn < 2; turn++) {
		look(&scene);
		for (unsigned i = 0; i < (turn ? 75 : 45); i++) {
			hs_addr item = new_item(&scene);
			append(&scene, log, item);
			append(&scene, index, item);
		}
		grow(&scene, events, turn ? 25 : 15);
	}
	judge(&scene);
	assert_int_equal(scene.found.list.n, 2);
	const struct hs_suspect *twins = first_of(&scene);
	assert_true(!strcmp(twins->path.expression, "app.LOG") || !strcmp(twins->path.expression, "app.INDEX"));
	assert_true(twins->also.n > 0 && strstr(twins->also.items[0], twins->address == log ? "app.INDEX" : "app.LOG"));
	assert_true(twins->figures.share > 0.99);
	assert_int_equal(twins->confidence, HS_CONFIDENCE_HIGH);
	assert_string_equal(scene.found.list.items[1].path.expression, "app.EVENTS");
	end(&scene);
}

/* Who else holds the same and does not grow: emptying the suspect would free nothing. */
static void what_others_hold_is_no_share(void **state)
{
	struct scene scene;
	hs_addr places[N_PLACES];

	(void)state;
	begin(&scene, V311);
	hs_addr events = full_list(&scene, 100);
	hs_addr same[12];
	for (size_t i = 0; i < 12; i++)
		same[i] = new_item(&scene);
	for (size_t i = 0; i < N_PLACES; i++)
		places[i] = fake_list(scene.fake, same, 12, 12);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "PLACES", fake_list(scene.fake, places, N_PLACES, N_PLACES) }));
	for (unsigned turn = 0, next = 0; turn < 2; turn++) {
		look(&scene);
		for (unsigned i = 0; i < (turn ? 50 : 30); i++, next++) {
			hs_addr item = new_item(&scene);
			append(&scene, events, item);
			fake_put(scene.fake, FAKE_GET(scene.fake, places[next], PyListObject, ob_item), item);
		}
	}
	judge(&scene);
	assert_string_equal(first_of(&scene)->path.expression, "app.EVENTS");
	assert_true(first_of(&scene)->figures.share < 0.5);
	assert_true(first_of(&scene)->doubts & HS_DOUBT_SHARED);
	assert_true(first_of(&scene)->confidence < HS_CONFIDENCE_HIGH);
	end(&scene);
}

/* Rule 5: it will be full one day. */
static void a_bound_is_never_high(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	hs_addr cache = full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "CACHE", cache }, { "MAXCACHE", fake_int(scene.fake, 1000) }));
	look(&scene);
	grow(&scene, cache, 30);
	look(&scene);
	grow(&scene, cache, 50);
	judge(&scene);
	assert_true(first_of(&scene)->has_bound);
	assert_int_equal(first_of(&scene)->bound.limit, 1000);
	assert_int_equal(first_of(&scene)->bound.filled, 180);
	assert_true(first_of(&scene)->bound.eta_seconds > 80 && first_of(&scene)->bound.eta_seconds < 84);
	assert_int_equal(first_of(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
	assert_null(first_of(&scene)->hint);
	end(&scene);
}

/* A bound that was passed long ago is none. */
static void a_broken_bound_is_none(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	hs_addr cache = full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "CACHE", cache }, { "MAXCACHE", fake_int(scene.fake, 90) }));
	look(&scene);
	grow(&scene, cache, 30);
	look(&scene);
	grow(&scene, cache, 50);
	judge(&scene);
	assert_false(first_of(&scene)->has_bound);
	assert_int_equal(first_of(&scene)->confidence, HS_CONFIDENCE_HIGH);
	end(&scene);
}

/* Rule 6: nothing leads there, and it becomes more. */
static void garbage_is_named_as_such(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", full_list(&scene, 100) }));
	for (unsigned turn = 0; turn < 2; turn++) {
		look(&scene);
		for (unsigned i = 0; i < (turn ? 50 : 30); i++) {
			hs_addr cycle = fake_list(scene.fake, (hs_addr[]){ new_item(&scene), new_item(&scene), 0 }, 2, 3);
			append(&scene, cycle, cycle);
		}
	}
	judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	assert_int_equal(first_of(&scene)->kind, HS_SUSPECT_CYCLES);
	assert_int_equal(first_of(&scene)->root, HS_SUSPECT_OF_NOTHING);
	assert_null(first_of(&scene)->path.expression);
	assert_int_equal(first_of(&scene)->members, 80);
	assert_true(scene.found.garbage_bytes > 80 * 2 * 40);
	end(&scene);
}

/* Rule 8: what the user's code gives a name to is the owner; a library's global has none, and its own name. */
static void the_owner_is_what_the_user_named(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	hs_addr events = full_list(&scene, 100), handlers = full_list(&scene, 100), key = fake_str(scene.fake, "queue");
	fake_import(&scene.modules, "os", GLOBALS({ "__file__", fake_str(scene.fake, "/usr/lib/python3/os.py") }));
	fake_import(&scene.modules, "app", GLOBALS({ "POOL", fake_dict(scene.fake, 3, &key, &events, 1) }, { "__file__", fake_str(scene.fake, "/srv/app.py") }));
	fake_import(&scene.modules, "signal",
		    GLOBALS({ "HANDLERS", handlers }, { "__file__", fake_str(scene.fake, "/usr/lib/python3/signal.py") }));
	look(&scene);
	grow(&scene, events, 45);
	grow(&scene, handlers, 24);
	look(&scene);
	grow(&scene, events, 75);
	grow(&scene, handlers, 40);
	judge(&scene);
	assert_int_equal(scene.found.list.n, 2);
	assert_string_equal(first_of(&scene)->path.expression, "app.POOL['queue']");
	assert_string_equal(first_of(&scene)->owner, "app.POOL");
	assert_string_equal(first_of(&scene)->tail, "['queue']");
	assert_int_equal(first_of(&scene)->kind, HS_SUSPECT_LIST);
	assert_string_equal(scene.found.list.items[1].owner, "signal.HANDLERS");
	assert_int_equal(scene.found.list.items[1].kind, HS_SUSPECT_REGISTRY);
	end(&scene);
}

/* Each new link leads to the one before: the chain is named where it begins. */
static void a_chain_is_named_by_its_head(void **state)
{
	struct scene scene;
	hs_addr link, key;

	(void)state;
	begin(&scene, V311);
	link = full_list(&scene, 1);
	for (unsigned i = 0; i < 40; i++)
		link = fake_tuple(scene.fake, (hs_addr[]){ new_item(&scene), link }, 2);
	hs_addr holder = fake_list(scene.fake, &link, 1, 1);
	key = fake_str(scene.fake, "last");
	fake_import(&scene.modules, "app", GLOBALS({ "JOURNAL", fake_dict(scene.fake, 3, &key, &holder, 1) }, { "__file__", fake_str(scene.fake, "/srv/app.py") }));
	for (unsigned turn = 0; turn < 2; turn++) {
		look(&scene);
		for (unsigned i = 0; i < (turn ? 50 : 30); i++)
			link = fake_tuple(scene.fake, (hs_addr[]){ new_item(&scene), link }, 2);
		fake_put(scene.fake, FAKE_GET(scene.fake, holder, PyListObject, ob_item), link);
	}
	judge(&scene);
	const struct hs_suspect *suspect = first_of(&scene);
	assert_int_equal(suspect->kind, HS_SUSPECT_CHAIN);
	assert_int_equal(suspect->address, link);
	assert_string_equal(suspect->owner, "app.JOURNAL");
	assert_true(suspect->links >= 80);
	assert_int_equal(suspect->confidence, HS_CONFIDENCE_HIGH);
	end(&scene);
}

/* One look: what is large is suspected, and no more than that. */
static void one_sample_makes_nothing_certain(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", full_list(&scene, 1000) }, { "SMALL", full_list(&scene, 90) }));
	judge(&scene);
	assert_true(scene.found.is_static);
	assert_int_equal(scene.found.list.n, 1);
	assert_string_equal(first_of(&scene)->path.expression, "app.EVENTS");
	assert_int_equal(first_of(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
	end(&scene);
}

static void nothing_grows(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, V311);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", full_list(&scene, 100) }));
	look(&scene);
	look(&scene);
	judge(&scene);
	assert_int_equal(scene.found.list.n, 0);
	assert_true(scene.found.growth_bytes < 1024);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_grows_is_found),
		cmocka_unit_test(new_ones_that_look_like_old_ones_are_counted_once),
		cmocka_unit_test(one_gap_is_not_called_uneven),
		cmocka_unit_test(a_list_that_was_emptied_is_none),
		cmocka_unit_test(turnover_beside_a_leak_changes_nothing),
		cmocka_unit_test(many_small_ones_are_one),
		cmocka_unit_test(twins_are_one_suspect_beside_others),
		cmocka_unit_test(what_others_hold_is_no_share),
		cmocka_unit_test(a_bound_is_never_high),
		cmocka_unit_test(a_broken_bound_is_none),
		cmocka_unit_test(garbage_is_named_as_such),
		cmocka_unit_test(the_owner_is_what_the_user_named),
		cmocka_unit_test(a_chain_is_named_by_its_head),
		cmocka_unit_test(one_sample_makes_nothing_certain),
		cmocka_unit_test(nothing_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
