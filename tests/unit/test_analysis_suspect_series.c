/* SPDX-License-Identifier: Apache-2.0 */
/* A long series: suspects are of all of it, though of its last stretch alone it is known which objects are new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_scene.h"

#define N_LOOKS 10
#define SECONDS 45.0

static void begin(struct scene *scene)
{
	scene_begin(scene, V311);
	scene->is_long = true;
}

static void assert_near(double is, double wanted, double part)
{
	if (is < wanted * (1 - part) || is > wanted * (1 + part))
		fail_msg("%f, not %f", is, wanted);
}

/* Five at each look, from the first to the last. */
static void figures_are_of_all_of_it(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	hs_addr events = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }));
	for (unsigned i = 0; i < N_LOOKS - 1; i++) {
		scene_look(&scene);
		scene_grow(&scene, events, 10);
	}
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_int_equal(suspect->address, events);
	assert_int_equal(suspect->figures.items, 90);
	assert_int_equal(suspect->grows_by[0].count, 90);
	assert_near(suspect->figures.seconds, SECONDS, 0.001);
	assert_near(scene.found.seconds, SECONDS, 0.001);
	/* a str of 80 bytes each, and the list's own table did not grow */
	assert_near(suspect->figures.bytes, 90 * 80, 0.2);
	assert_near((double)suspect->retained_growth_bytes, suspect->figures.bytes, 0.001);
	assert_int_equal(suspect->lengths[0], 100);
	assert_int_equal(suspect->lengths[N_LOOKS - 1], 190);
	assert_int_equal(suspect->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* In the last stretch nothing came: which objects are new says nothing, the lengths do. */
static void what_did_not_grow_lately_is_found(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	hs_addr events = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "OTHER", scene_full_list(&scene, 100) }));
	for (unsigned i = 0; i < N_LOOKS - 1; i++) {
		scene_look(&scene);
		if (i + 2 < N_LOOKS)
			scene_grow(&scene, events, 12);
	}
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 1);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_string_equal(suspect->path.expression, "app.EVENTS");
	assert_true(suspect->figures.kept == 1);
	assert_true(suspect->figures.items >= 80 && suspect->figures.items <= 120);
	assert_near(suspect->figures.bytes, 96 * 90, 0.4);
	assert_string_equal(suspect->grows_by[0].name, "builtins.str");
	assert_int_equal(suspect->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* Filled and emptied, and being filled at the end: its floor does not rise. */
static void a_saw_tooth_rests_on_its_floor(void **state)
{
	struct scene scene;

	(void)state;
	for (unsigned rises = 0; rises < 2; rises++) {
		begin(&scene);
		hs_addr batch = scene_full_list(&scene, 100);
		fake_import(&scene.modules, "app", GLOBALS({ "BATCH", batch }));
		for (unsigned i = 0; i < N_LOOKS - 1; i++) {
			scene_look(&scene);
			/* what is emptied are the newest: the oldest hundred are always there */
			if (i % 3 == 0)
				FAKE_PUT(scene.fake, batch, PyVarObject, ob_size, 100 + rises * 5 * i);
			else
				scene_grow(&scene, batch, 20);
		}
		scene_grow(&scene, batch, 15);
		scene_judge(&scene);
		assert_int_equal(scene.found.list.n, rises);
		scene_end(&scene);
	}
}

/* Another one stood at its address before: that was not this one growing. */
static void what_stood_there_before_is_another(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	hs_addr events = scene_full_list(&scene, 60);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }));
	for (unsigned i = 0; i < N_LOOKS - 1; i++) {
		scene_look(&scene);
		if (i == 3)
			scene_turn_over(&scene, events);
		scene_grow(&scene, events, 10);
	}
	scene_judge(&scene);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_int_equal(suspect->lengths[0], 0);
	assert_int_equal(suspect->lengths[3], 0);
	assert_int_equal(suspect->lengths[N_LOOKS - 1], 150);
	scene_end(&scene);
}

/* Which of the earlier samples kept only their longest containers: what they do not list was no longer than that. */
static void what_is_not_listed_was_short(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	hs_addr events = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "LONG", scene_full_list(&scene, 300) }));
	for (unsigned i = 0; i < N_LOOKS - 1; i++) {
		scene_look(&scene);
		if (i > 1 && i < N_LOOKS - 2)
			hs_sample_shrink(scene.samples[i - 1], sizeof(struct hs_sample_container));
		scene_grow(&scene, events, 10);
	}
	scene_judge(&scene);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_int_equal(suspect->address, events);
	assert_int_equal(suspect->lengths[0], 100);
	for (unsigned i = 1; i < N_LOOKS; i++)
		assert_true(suspect->lengths[i] >= suspect->lengths[i - 1] && suspect->lengths[i] <= 190);
	scene_end(&scene);
}

/* As long as the others are longer, it is listed at the two ends alone: that is no reason to call it uneven. */
static void what_is_not_listed_may_be_even(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	hs_addr events = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "LONG", scene_full_list(&scene, 300) },
						   { "LESS", scene_full_list(&scene, 250) }));
	for (unsigned i = 0; i < N_LOOKS - 1; i++) {
		scene_look(&scene);
		if (i > 1)
			hs_sample_shrink(scene.samples[i - 1], sizeof(struct hs_sample_container));
		scene_grow(&scene, events, 10);
	}
	scene_judge(&scene);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_int_equal(suspect->address, events);
	assert_true(suspect->figures.steadiness > 0.9);
	assert_int_equal(suspect->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_of_all_of_it),
		cmocka_unit_test(what_did_not_grow_lately_is_found),
		cmocka_unit_test(a_saw_tooth_rests_on_its_floor),
		cmocka_unit_test(what_stood_there_before_is_another),
		cmocka_unit_test(what_is_not_listed_was_short),
		cmocka_unit_test(what_is_not_listed_may_be_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
