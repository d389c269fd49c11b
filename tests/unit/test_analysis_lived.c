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

static uint8_t lived_since_first(const struct scene *scene, hs_addr object)
{
	size_t n = hs_graph_node_count(scene->modules.graph);
	uint8_t *lived = calloc(n, 1);

	assert_null(hs_sample_mark_lived(scene->samples[0], &scene->modules.heap, lived));
	assert_null(hs_lived_doubt(scene->modules.graph, lived));
	uint8_t found = lived_of(scene, lived, object);
	free(lived);
	return found;
}

/*
 * Instances in a list that was there. All have the same name, and an empty list of their own, which looks like any other: made again with it,
 * at the same addresses, they would look the same. Those that have a text of their own are told by it.
 */
static void what_is_known_by_where_its_parts_stand_is_doubted(void **state)
{
	(void)state;
	for (unsigned has_text = 0; has_text < 2; has_text++) {
		struct scene scene;
		hs_addr instances[100];
		scene_begin(&scene, "3.10.13-upstream");
		struct fake_heap *fake = scene.fake;
		hs_addr class = fake_class(fake, "Cell", 24, 0, fake->types.object, 0), name = fake_str(fake, "cell");
		hs_addr keys[] = { fake_str(fake, "items"), fake_str(fake, "name") };
		FAKE_PUT(fake, class, PyTypeObject, tp_dictoffset, 16);
		for (size_t i = 0; i < 100; i++) {
			hs_addr values[] = { fake_list(fake, NULL, 0, 0), has_text ? scene_new_item(&scene) : name };
			instances[i] = fake_object(fake, class, 24);
			fake_put(fake, instances[i] + 16, fake_dict(fake, 3, keys, values, 2));
		}
		FAKE_PUT(fake, name, PyObject, ob_refcnt, 100);
		fake_import(&scene.modules, "app", GLOBALS({ "CELLS", fake_list(fake, instances, 100, 100) }, { "Cell", class }));
		scene_look(&scene);
		scene_judge(&scene);
		for (size_t i = 1; i < 100; i++)
			assert_int_equal(lived_since_first(&scene, instances[i]), has_text ? HS_LIVED : HS_LIVED_UNKNOWN);
		scene_end(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_by_where_its_parts_stand_is_doubted),
		cmocka_unit_test(what_only_new_objects_hold_is_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
