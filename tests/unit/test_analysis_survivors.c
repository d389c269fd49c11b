/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that came between the first two of three moments and stayed: those, and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_scene.h"
#include "survivors.h"

static const struct hs_survivor_group *group_at(const struct hs_survivors *survivors, const char *path)
{
	for (size_t i = 0; i < survivors->list.n; i++)
		if (survivors->list.items[i].path && !strcmp(survivors->list.items[i].path, path))
			return &survivors->list.items[i];
	return NULL;
}

static void find(struct scene *scene, struct hs_survivors *ret)
{
	*ret = (struct hs_survivors){ 0 };
	assert_null(hs_survivors_find(scene->samples[0], scene->samples[1], &scene->modules.heap, scene->modules.graph, scene->modules.reach, ret));
}

/* 100 from the beginning, 30 between, 50 afterwards: the 30 are. */
static void what_came_between_and_stayed(void **state)
{
	struct scene scene;
	struct hs_survivors survivors;

	(void)state;
	scene_begin(&scene, V311);
	scene.keeps_identities = true;
	hs_addr events = scene_full_list(&scene, 100), stable = scene_full_list(&scene, 50);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "STABLE", stable }));
	scene_look(&scene);
	scene_grow(&scene, events, 30);
	scene_look(&scene);
	scene_grow(&scene, events, 50);
	scene_judge(&scene);
	find(&scene, &survivors);
	assert_int_equal(survivors.list.n, 1);
	assert_int_equal(survivors.count, 30);
	assert_string_equal(survivors.list.items[0].path, "app.EVENTS[*]");
	assert_string_equal(survivors.list.items[0].type, "builtins.str");
	assert_int_equal(survivors.list.items[0].count, 30);
	assert_int_equal(survivors.list.items[0].bytes, survivors.bytes);
	hs_survivors_release(&survivors);
	scene_end(&scene);
}

/* It came between the first two and was gone before the third, or is replaced from each to the next. */
static void what_comes_and_goes_is_none(void **state)
{
	struct scene scene;
	struct hs_survivors survivors;

	(void)state;
	scene_begin(&scene, V311);
	scene.keeps_identities = true;
	hs_addr batch = scene_full_list(&scene, 100), events = scene_full_list(&scene, 100);
	fake_import(&scene.modules, "app", GLOBALS({ "BATCH", batch }, { "EVENTS", events }));
	scene_look(&scene);
	scene_turn_over(&scene, batch);
	scene_grow(&scene, events, 20);
	scene_look(&scene);
	scene_turn_over(&scene, batch);
	scene_judge(&scene);
	find(&scene, &survivors);
	assert_null(group_at(&survivors, "app.BATCH[*]"));
	/* what a turn took out of the list is not freed here: nothing leads to it */
	assert_int_equal(group_at(&survivors, "app.EVENTS[*]")->count, 20);
	assert_int_equal(survivors.list.n, 2);
	hs_survivors_release(&survivors);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_between_and_stayed),
		cmocka_unit_test(what_comes_and_goes_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
