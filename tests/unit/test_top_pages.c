/* SPDX-License-Identifier: Apache-2.0 */
/* Every view of the browser as it is filled from a process made by hand, drawn in several sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "draw.h"
#include "fake_scene.h"
#include "golden.h"
#include "top_pages.h"

#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)

static struct scene scene;
static hs_addr events;
static struct hs_top_source source;
static struct hs_invocation invocation;
static struct hs_process process = { .pid = 4242 };
static struct hs_capture capture = { .process = &process };

static void count(uint64_t second)
{
	struct hs_census *census;
	struct hs_process_heap *heap;

	assert_null(hs_process_heap_open(scene.fake->image, scene.fake->layout, &(struct hs_heap_options){ .n_workers = 1 }, &heap));
	assert_null(hs_census_of(heap, NULL, &census));
	assert_null(hs_top_history_add(&source.types, second * S, census->types.items, census->types.n));
	hs_census_destroy(census);
	hs_process_heap_close(heap);
}

static void fill_memory(struct hs_memory *memory, uint64_t more)
{
	memory->rss_bytes = 58 * MIB + more;
	for (unsigned i = 0; i < HS_N_MEMORY_STEPS; i++)
		memory->steps[i] = i % 3 == 1 ? 0 : (uint64_t)(HS_N_MEMORY_STEPS - i) * 100 * KIB;
	memory->steps[0] = 44 * MIB + more;
	memory->unattributed_bytes = 80 * KIB;
	memory->usage.has_glibc = true;
	memory->usage.n_arenas = 44;
	memory->usage.n_pools_used = 2750;
	memory->usage.malloc_used_bytes = 3 * MIB;
	memory->overheads.object_head_bytes = 9 * MIB;
}

/* A log that grows, a queue that turns over, a few modules; looked at three times. */
static int begin(void **state)
{
	(void)state;
	scene_begin(&scene, V311);
	events = scene_full_list(&scene, 200);
	hs_addr queue = scene_full_list(&scene, 40), config = fake_dict(scene.fake, 3, (const hs_addr[]){ fake_str(scene.fake, "debug") },
									 (const hs_addr[]){ fake_int(scene.fake, 7) }, 1);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "QUEUE", queue }, { "CONFIG", config }));
	fake_import(&scene.modules, "shop", GLOBALS({ "ALSO", events }));
	scene_look(&scene);
	count(1);
	for (unsigned i = 0; i < 2; i++) {
		scene_grow(&scene, events, 30 + 30 * i);
		scene_turn_over(&scene, queue);
		if (!i)
			scene_look(&scene);
		count(4 + 5 * i);
	}
	scene_judge(&scene);
	assert_null(hs_census_of(&scene.modules.heap, NULL, &invocation.census));
	invocation.heap = &scene.modules.heap;
	invocation.graph = scene.modules.graph;
	invocation.reach = scene.modules.reach;
	invocation.holders = scene.holders;
	invocation.capture = &capture;
	invocation.source.pid = process.pid;
	source.invocation = &invocation;
	source.serial = source.suspects_serial = 3;
	source.suspects = scene.found;
	source.n_samples = scene.n_samples;
	for (size_t i = 0; i < scene.n_samples; i++) {
		source.samples[i] = scene.samples[i];
		source.serials[i] = i + 1;
	}
	source.has_memory = true;
	fill_memory(&source.base_memory, 0);
	fill_memory(&source.memory, 3 * MIB);
	return 0;
}

static int end(void **state)
{
	(void)state;
	hs_census_destroy(invocation.census);
	hs_top_history_deinit(&source.types);
	hs_top_history_deinit(&source.holders);
	scene_end(&scene);
	return 0;
}

static void draw(const struct hs_page *page, const char *name, unsigned width, unsigned height)
{
	struct hs_data data = { .header = { .name = "app.py", .pid = 4242, .python = "3.11.7", .layout = "DWARF", .serial = 3, .rss_bytes = 61 * MIB,
					    .n_objects = 12345, .bytes = 45 * MIB, .in_use_bytes = 1000, .explained_bytes = 998, .pause_ns = 41000000,
					    .paused_ns = 120000000, .watched_ns = 13 * S, .age_ms = 2000, .next_ms = 3000, .interval_ms = 5000,
					    .duty_thousandths = 10, .banner = "suspect 1  app.EVENTS  list +11/s, retains 17.9 KiB, high  (! opens it)" },
				.page = page };
	HS_CLEANUP(hs_canvas_deinit) struct hs_canvas canvas = { 0 };
	struct hs_state state;
	HS_FREE char *text = NULL;
	size_t bytes;
	char file[128];

	hs_state_init(&state, width, height);
	state.spots[0].place = page->place;
	hs_state_update(&state, &data, &(struct hs_event){ .kind = HS_EVENT_DATA });
	assert_null(hs_canvas_init(&canvas, width, height, true));
	hs_draw_screen(&state, &data, &canvas);
	FILE *out = open_memstream(&text, &bytes);
	assert_non_null(out);
	for (unsigned y = 0; y < height; y++) {
		hs_canvas_write_row(&canvas, y, out);
		fputc('\n', out);
	}
	fclose(out);
	snprintf(file, sizeof(file), "page_%s_%ux%u.txt", name, width, height);
	golden_check(file, text);
	hs_state_deinit(&state);
}

static void every_view_in_every_size(void **state)
{
	static const struct {
		unsigned width, height;
	} sizes[] = { { 80, 24 }, { 120, 40 }, { 200, 60 }, { 50, 12 } };
	const struct {
		const char *name;
		struct hs_page_place place;
	} places[] = {
		{ "types", { .view = HS_VIEW_TYPES } }, { "holders", { .view = HS_VIEW_TYPES, .by_holder = true } }, { "suspects", { .view = HS_VIEW_SUSPECTS } },
		{ "retained", { .view = HS_VIEW_RETAINED } }, { "memory", { .view = HS_VIEW_MEMORY } }, { "gc", { .view = HS_VIEW_GC } },
		{ "threads", { .view = HS_VIEW_THREADS } }, { "lines", { .view = HS_VIEW_LINES } },
		{ "instances", { .view = HS_VIEW_INSTANCES, .name = "str" } }, { "object", { .view = HS_VIEW_OBJECT, .address = events } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct hs_page_place place = places[i].place;
		place.is_somewhere = true;
		struct hs_page *page = hs_page_create(&place);
		page->serial = source.serial;
		struct hs_error *error = hs_top_page_fill(&source, page);
		if (error)
			fail_msg("%s: %s", places[i].name, error->message);
		for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++)
			draw(page, places[i].name, sizes[k].width, sizes[k].height);
		hs_page_destroy(page);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(every_view_in_every_size, begin, end) };

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
