/* SPDX-License-Identifier: Apache-2.0 */
/* What looks as before is not the same for that: who holds it tells more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_scene.h"
#include "lived.h"

static uint8_t lived_of(const struct scene *scene, const uint8_t *lived, hs_addr object)
{
	return lived[fake_node(&scene->modules, object)];
}

/*
 * Strings that stand where they stood: in a list that was there, in one that is new, in both, and behind a new list, a tuple and a
 * dict; and an instance of a class in a new list.
 */
static void what_only_new_objects_hold_is_doubted(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	struct fake_heap *fake = scene.fake;
	hs_addr class = fake_class(fake, "Node", HS_SIZEOF(fake->layout, PyObject) + 8, 0, fake->types.object, 0);
	hs_addr old = scene_new_item(&scene), remade = scene_new_item(&scene), both = scene_new_item(&scene), deep = scene_new_item(&scene);
	hs_addr key = scene_new_item(&scene), instance = fake_object(fake, class, HS_SIZEOF(fake->layout, PyObject) + 8);
	hs_addr record = fake_dict(fake, 3, &key, &deep, 1), tuple = fake_tuple(fake, &record, 1);
	fake_put(fake, instance + HS_SIZEOF(fake->layout, PyObject), both);
	hs_addr events = fake_list(fake, (hs_addr[]){ old, both, 0 }, 2, 3);
	hs_addr batch = fake_list(fake, (hs_addr[]){ remade, tuple, instance }, 3, 3);
	fake_hold(fake, batch);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "LATEST", old }));
	scene_look(&scene);
	/* as if the other list had let go of all it had, and a new one had the like in the same places */
	hs_addr latest = fake_list(fake, (hs_addr[]){ remade, tuple, instance, both }, 4, 4);
	scene_append(&scene, events, latest);
	FAKE_PUT(fake, batch, PyVarObject, ob_size, 0);
	scene_judge(&scene);
	size_t n = hs_graph_node_count(scene.modules.graph);
	uint8_t *lived = calloc(n, 1);
	assert_null(hs_sample_mark_lived(scene.samples[0], &scene.modules.heap, lived));
	const hs_addr all[] = { old, remade, both, deep, record, tuple };
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		assert_int_equal(lived_of(&scene, lived, all[i]), HS_LIVED);
	uint8_t instance_before = lived_of(&scene, lived, instance);
	assert_int_equal(lived_of(&scene, lived, latest), HS_LIVED_NOT);
	assert_null(hs_lived_doubt(scene.modules.graph, lived));
	assert_int_equal(lived_of(&scene, lived, old), HS_LIVED);
	assert_int_equal(lived_of(&scene, lived, both), HS_LIVED);
	assert_int_equal(lived_of(&scene, lived, instance), instance_before);
	const hs_addr doubted[] = { remade, tuple, record, deep };
	for (size_t i = 0; i < sizeof(doubted) / sizeof(*doubted); i++)
		assert_int_equal(lived_of(&scene, lived, doubted[i]), HS_LIVED_UNKNOWN);
	free(lived);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_only_new_objects_hold_is_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
