/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void scene_begin(struct scene *scene, const char *table)
{
	*scene = (struct scene){ 0 };
	fake_modules_init(&scene->modules, table);
	scene->fake = scene->modules.fake;
}

static void keep_sample(struct scene *scene, const struct hs_process_heap *heap)
{
	static const uint64_t times[] = { 1 * S, 4 * S, 9 * S };
	const struct hs_sample_options options = { .wants_identities = !scene->n_samples || scene->is_long || scene->keeps_identities };
	struct hs_census *census;

	assert_true(scene->n_samples < (scene->is_long ? SCENE_MOST_LOOKS : sizeof(times) / sizeof(*times)));
	if (scene->is_long && scene->n_samples > 1)
		hs_sample_drop_identities(scene->samples[scene->n_samples - 2]);

	assert_null(hs_census_of(heap, NULL, &census));
	assert_null(hs_sample_take(heap, census, &options, &scene->samples[scene->n_samples]));
	scene->samples[scene->n_samples]->time_ns = scene->is_long ? (1 + 5 * scene->n_samples) * S : times[scene->n_samples];
	scene->n_samples++;
	hs_census_destroy(census);
}

void scene_look(struct scene *scene)
{
	const struct hs_heap_options options = { .n_workers = 1 };
	struct hs_process_heap *heap;

	assert_null(hs_process_heap_open(scene->fake->image, scene->fake->layout, &options, &heap));
	keep_sample(scene, heap);
	hs_process_heap_close(heap);
}

void scene_judge(struct scene *scene)
{
	const struct hs_thread_list *threads = scene->threads.n ? &scene->threads : NULL;
	const struct hs_reach_options options = { .threads = threads };

	fake_modules_open(&scene->modules, &options);
	keep_sample(scene, &scene->modules.heap);
	assert_null(hs_object_graph_create(scene->modules.graph, &(struct hs_object_graph_options){ .threads = threads }, &scene->holders));
	if (scene->wants_unexplained)
		assert_null(hs_unexplained_find(scene->modules.graph, threads, &scene->unexplained));
	const struct hs_suspects_input input = {
		.samples = (const struct hs_sample *const *)scene->samples, .n_samples = scene->n_samples, .heap = &scene->modules.heap,
		.graph = scene->modules.graph, .holders = scene->holders, .reach = scene->modules.reach,
		.unexplained = &scene->unexplained, .watched = &scene->watched,
	};
	assert_null(hs_suspects_find(&input, &scene->found));
}

void scene_end(struct scene *scene)
{
	hs_suspects_deinit(&scene->found);
	hs_array_free(&scene->unexplained);
	hs_object_graph_destroy(scene->holders);
	for (size_t i = 0; i < scene->n_samples; i++)
		hs_sample_destroy(scene->samples[i]);
	fake_modules_close(&scene->modules);
}

hs_addr scene_new_item(struct scene *scene)
{
	char text[64];

	snprintf(text, sizeof(text), "an event of the number %06u", scene->n_made++);
	return fake_str(scene->fake, text);
}

hs_addr scene_full_list(struct scene *scene, size_t n)
{
	hs_addr items[SCENE_MOST];

	for (size_t i = 0; i < n; i++)
		items[i] = scene_new_item(scene);
	return fake_list(scene->fake, items, n, n + SCENE_ROOM);
}

void scene_append(struct scene *scene, hs_addr list, hs_addr item)
{
	uint64_t n = FAKE_GET(scene->fake, list, PyVarObject, ob_size);

	fake_put(scene->fake, FAKE_GET(scene->fake, list, PyListObject, ob_item) + n * 8, item);
	FAKE_PUT(scene->fake, list, PyVarObject, ob_size, n + 1);
}

void scene_grow(struct scene *scene, hs_addr list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		scene_append(scene, list, scene_new_item(scene));
}

void scene_turn_over(struct scene *scene, hs_addr list)
{
	uint64_t n = FAKE_GET(scene->fake, list, PyVarObject, ob_size);

	for (uint64_t i = 0; i < n; i++)
		fake_put(scene->fake, FAKE_GET(scene->fake, list, PyListObject, ob_item) + i * 8, scene_new_item(scene));
}

const struct hs_suspect *scene_first(const struct scene *scene)
{
	assert_true(scene->found.list.n > 0);
	return &scene->found.list.items[0];
}
