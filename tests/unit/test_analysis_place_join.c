/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of one process found again in another, whose objects lie elsewhere: by path and type; what is suspected then, and how much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_scene.h"
#include "place_join.h"

#define MAX_NODES 65536

static const char *const tables[] = { "3.8.18-upstream", "3.11.7-upstream", "3.13.0-upstream", "3.14.10-debian" };

/* Up to three processes; the last one is judged. */
struct others {
	struct scene scenes[3];
	size_t n;
	struct hs_sample *samples[3];
	struct hs_path_places places[3];
	uint32_t of[MAX_NODES];
	uint8_t lived[MAX_NODES], passing[MAX_NODES];
	struct hs_object_graph *holders;
	struct hs_suspects found;
};

static struct others others;

static struct scene *begin(const char *table)
{
	struct scene *scene = &others.scenes[others.n++];

	scene_begin(scene, table);
	/* nothing is where it was in the process before */
	for (size_t i = 0; i < 37 * others.n; i++)
		scene_new_item(scene);
	return scene;
}

static void look(void)
{
	struct scene *scene = &others.scenes[others.n - 1];
	const struct hs_sample_options options = { 0 };
	const struct hs_places_options wanted = { .of = others.of, .wants_names = true };
	struct hs_census *census;

	fake_modules_open(&scene->modules, NULL);
	assert_true(hs_graph_node_count(scene->modules.graph) < MAX_NODES);
	assert_null(hs_census_of(&scene->modules.heap, NULL, &census));
	assert_null(hs_sample_take(&scene->modules.heap, census, &options, &others.samples[others.n - 1]));
	others.samples[others.n - 1]->time_ns = others.n * S;
	hs_census_destroy(census);
	assert_null(hs_path_places_find(&scene->modules.heap, scene->modules.graph, scene->modules.reach, &wanted, &others.places[others.n - 1]));
}

static void judge(void)
{
	struct fake_modules *modules = &others.scenes[others.n - 1].modules;

	look();
	for (size_t i = 0; i + 1 < others.n; i++) {
		const struct hs_place_join join = {
			.then = &others.places[i], .now = &others.places[others.n - 1], .of = others.of, .graph = modules->graph, .reach = modules->reach,
			.last = others.samples[others.n - 1],
		};
		assert_null(hs_place_join(&join, others.samples[i], i ? others.passing : others.lived));
	}
	assert_null(hs_object_graph_create(modules->graph, &(struct hs_object_graph_options){ 0 }, &others.holders));
	const struct hs_suspects_input input = {
		.samples = (const struct hs_sample *const *)others.samples, .n_samples = others.n, .heap = &modules->heap, .graph = modules->graph,
		.holders = others.holders, .reach = modules->reach, .lived = others.lived, .is_by_path = true,
	};
	assert_null(hs_suspects_find(&input, &others.found));
}

static int tear_down(void **state)
{
	(void)state;
	hs_suspects_deinit(&others.found);
	hs_object_graph_destroy(others.holders);
	for (size_t i = 0; i < others.n; i++) {
		hs_sample_destroy(others.samples[i]);
		hs_path_places_release(&others.places[i]);
		scene_end(&others.scenes[i]);
	}
	others = (struct others){ 0 };
	return 0;
}

static hs_addr import_events(struct scene *scene, size_t n)
{
	hs_addr events = scene_full_list(scene, n);

	fake_import(&scene->modules, "app", GLOBALS({ "EVENTS", events }, { "STABLE", scene_full_list(scene, 200) }, { "__file__", fake_str(scene->fake, "/srv/app.py") }));
	return events;
}

static const struct hs_path_place *place_of(const char *path)
{
	const struct hs_path_places *places = &others.places[others.n - 1];

	for (size_t i = 0; i < places->list.n; i++)
		if (places->list.items[i].path && !strcmp(places->list.items[i].path, path))
			return &places->list.items[i];
	return NULL;
}

static void a_place_says_what_is_there(void **state)
{
	(void)state;
	struct scene *scene = begin(V311);
	import_events(scene, 100);
	look();
	const struct hs_path_place *events = place_of("app.EVENTS");
	assert_non_null(events);
	assert_int_equal(events->count, 1);
	assert_int_equal(events->n_containers, 1);
	assert_int_equal(events->length, 100);
	assert_string_equal(events->type, "builtins.list");
	assert_null(place_of("app.EVENTS[*]")); /* no containers: their names are not wanted */
	assert_ptr_equal(hs_place_of_key(&others.places[0], events->key), events);
	assert_null(hs_place_of_key(&others.places[0], events->key + 2));
}

static void a_list_that_is_longer_elsewhere_is_found(void **state)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
		import_events(begin(tables[t]), 100);
		look();
		hs_addr events = import_events(begin(tables[t]), 180);
		judge();
		assert_int_equal(others.found.list.n, 1);
		const struct hs_suspect *suspect = &others.found.list.items[0];
		assert_int_equal(suspect->address, events);
		assert_string_equal(suspect->path.expression, "app.EVENTS");
		assert_int_equal(suspect->lengths[0], 100);
		assert_int_equal(suspect->lengths[1], 180);
		assert_int_equal(suspect->figures.items, 80);
		assert_int_equal(suspect->grows_by[0].count, 80);
		/* 80 of 180 strs, of 64 to 80 bytes by version, and the list's own longer table */
		assert_true(suspect->figures.bytes > 80 * 48 && suspect->figures.bytes < 80 * 120);
		tear_down(state);
	}
}

/* What it kept was not seen, nor how it grew: one doubt, and never none. */
static void it_is_never_more_than_medium(void **state)
{
	(void)state;
	import_events(begin(V311), 100);
	look();
	import_events(begin(V311), 180);
	judge();
	const struct hs_suspect *suspect = &others.found.list.items[0];
	assert_int_equal(suspect->confidence, HS_CONFIDENCE_MEDIUM);
	assert_int_equal(suspect->doubts, HS_DOUBT_OTHER_PROCESS);
	assert_true(suspect->figures.kept < 0 && suspect->figures.steadiness < 0);
}

static void three_that_become_longer_are_medium(void **state)
{
	(void)state;
	for (size_t n = 100; n < 300; n += 100) {
		import_events(begin(V311), n);
		look();
	}
	import_events(begin(V311), 300);
	judge();
	assert_int_equal(others.found.list.items[0].confidence, HS_CONFIDENCE_MEDIUM);
	assert_int_equal(others.found.list.items[0].lengths[1], 200);
}

static void up_and_down_and_up_is_low(void **state)
{
	(void)state;
	import_events(begin(V311), 100);
	look();
	import_events(begin(V311), 50);
	look();
	import_events(begin(V311), 180);
	judge();
	assert_int_equal(others.found.list.n, 1);
	assert_int_equal(others.found.list.items[0].confidence, HS_CONFIDENCE_LOW);
	assert_true(others.found.list.items[0].doubts & HS_DOUBT_UNSTEADY);
}

static void nothing_is_suspected_where_nothing_is_longer(void **state)
{
	(void)state;
	import_events(begin(V311), 180);
	look();
	import_events(begin(V311), 180);
	judge();
	assert_int_equal(others.found.list.n, 0);
}

static void what_became_shorter_is_no_suspect(void **state)
{
	(void)state;
	import_events(begin(V311), 180);
	look();
	import_events(begin(V311), 100);
	judge();
	assert_int_equal(others.found.list.n, 0);
}

/* A new variable: what it holds was not there, and it is told by its own name. */
static void a_list_that_was_not_there_is_found(void **state)
{
	(void)state;
	struct scene *scene = begin(V311);
	fake_import(&scene->modules, "app",
		    GLOBALS({ "STABLE", scene_full_list(scene, 200) }, { "__file__", fake_str(scene->fake, "/srv/app.py") }));
	look();
	hs_addr events = import_events(begin(V311), 180);
	judge();
	assert_int_equal(others.found.list.items[0].address, events);
	assert_int_equal(others.found.list.items[0].lengths[0], 0);
	assert_int_equal(others.found.list.items[0].figures.items, 180);
}

static void import_rooms(struct scene *scene, size_t n_rooms, size_t n_items)
{
	hs_addr rooms[60];

	for (size_t i = 0; i < n_rooms; i++)
		rooms[i] = scene_full_list(scene, n_items);
	fake_import(&scene->modules, "app", GLOBALS({ "ROOMS", fake_list(scene->fake, rooms, n_rooms, n_rooms) }));
}

static void many_of_one_path_are_one(void **state)
{
	(void)state;
	import_rooms(begin(V311), 50, 10);
	look();
	import_rooms(begin(V311), 50, 18);
	judge();
	assert_int_equal(others.found.list.n, 1);
	assert_string_equal(others.found.list.items[0].shape, "app.ROOMS[*]");
	assert_int_equal(others.found.list.items[0].members, 50);
	assert_int_equal(others.found.list.items[0].figures.items, 400);
}

/* More of them, and each is longer: both are told. */
static void more_and_longer_ones_are_both_found(void **state)
{
	bool has_inner = false;

	(void)state;
	import_rooms(begin(V311), 50, 10);
	look();
	import_rooms(begin(V311), 52, 20);
	judge();
	for (size_t i = 0; i < others.found.list.n; i++) {
		const struct hs_suspect *suspect = &others.found.list.items[i];
		if (!suspect->shape || strcmp(suspect->shape, "app.ROOMS[*]"))
			continue;
		has_inner = true;
		assert_int_equal(suspect->members, 50);
		assert_int_equal(suspect->figures.items, 500);
	}
	assert_true(has_inner);
}

/* Two versions of Python: no address, no size and no layout is the same. */
static void another_version_is_compared_too(void **state)
{
	(void)state;
	import_events(begin("3.8.18-upstream"), 100);
	look();
	hs_addr events = import_events(begin("3.14.10-debian"), 180);
	judge();
	assert_int_equal(others.found.list.items[0].address, events);
	assert_int_equal(others.found.list.items[0].figures.items, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_place_says_what_is_there, tear_down),
		cmocka_unit_test_teardown(a_list_that_is_longer_elsewhere_is_found, tear_down),
		cmocka_unit_test_teardown(it_is_never_more_than_medium, tear_down),
		cmocka_unit_test_teardown(three_that_become_longer_are_medium, tear_down),
		cmocka_unit_test_teardown(up_and_down_and_up_is_low, tear_down),
		cmocka_unit_test_teardown(nothing_is_suspected_where_nothing_is_longer, tear_down),
		cmocka_unit_test_teardown(what_became_shorter_is_no_suspect, tear_down),
		cmocka_unit_test_teardown(a_list_that_was_not_there_is_found, tear_down),
		cmocka_unit_test_teardown(many_of_one_path_are_one, tear_down),
		cmocka_unit_test_teardown(more_and_longer_ones_are_both_found, tear_down),
		cmocka_unit_test_teardown(another_version_is_compared_too, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
