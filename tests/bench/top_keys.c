/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key costs the browser: own CPU time of the screen's thread from the key to the finished screen of 200x60 cells.
 *
 *     top_keys              in a made-up page of 5,000 types
 *     top_keys PID …        in the pages of a process, looked at three times; options as of `heapspy top`
 *
 * Prints "<what> <median us> <worst us>" a line.
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "draw.h"
#include "keys.h"
#include "state.h"
#include "top_sampling.h"

#define WIDTH 200
#define HEIGHT 60
#define N_TIMES 101
#define N_TYPES 5000

static const struct hs_column columns[] = {
	{ "TYPE", "type", HS_COLUMN_NAME, 0, 0 }, { "COUNT", "count", HS_COLUMN_COUNT, 11, 0 }, { "CHANGE", "change", HS_COLUMN_COUNT_CHANGE, 10, 0 },
	{ "GROWTH", "growth", HS_COLUMN_RATE, 10, 0 }, { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 0 }, { "HISTORY", NULL, HS_COLUMN_HISTORY, 9, 0 },
	{ "", NULL, HS_COLUMN_BAR, 10, 0 },
};

/* It looks as that of the types does. */
static struct hs_page *make_page(unsigned n)
{
	const struct hs_page_place place = { .view = HS_VIEW_TYPES, .is_somewhere = true };
	struct hs_page *page = hs_page_create(&place);
	struct hs_section *section = page ? hs_page_add_section(page, NULL, columns, 7) : NULL;

	for (unsigned i = 0; section && i < n; i++) {
		struct hs_row *row = hs_page_add_row(page, section, i + 1);
		uint64_t *history = row ? hs_page_take(page, 32 * sizeof(*history)) : NULL;
		if (!history)
			break;
		for (unsigned k = 0; k < 32; k++)
			history[k] = (uint64_t)i * k % 101;
		hs_row_set_text(row, 0, hs_page_printf(page, "package%u.module%u.submodule.TypeNumber%u", i % 7, i % 91, i));
		for (unsigned k = 1; k < 5; k++)
			hs_row_set_number(row, k, (int64_t)((uint64_t)i * (2654435761u + k) % 10000019));
		hs_row_set_number(row, 5, 32);
		row->values[5].series = history;
		hs_row_set_number(row, 6, i);
	}
	if (section)
		section->is_sortable = true;
	return page;
}

static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* The keys in turn, each timed with the screen that follows it. */
static void measure(const char *view, const char *what, struct hs_state *state, const struct hs_data *data, struct hs_canvas *canvas, const uint32_t *keys, size_t n_keys)
{
	uint64_t times[N_TIMES];

	for (size_t i = 0; i < N_TIMES; i++) {
		uint32_t key = keys[i % n_keys];
		const struct hs_event event = { .kind = key ? HS_EVENT_KEY : HS_EVENT_DATA, .key = key };
		uint64_t begin = cpu_ns();
		hs_state_update(state, data, &event);
		hs_draw_screen(state, data, canvas);
		times[i] = cpu_ns() - begin;
	}
	qsort(times, N_TIMES, sizeof(*times), compare);
	printf("%s-%s %llu %llu\n", view, what, (unsigned long long)times[N_TIMES / 2] / 1000, (unsigned long long)times[N_TIMES - 1] / 1000);
}

/* Keys in a page of the place that they lead to, as if the browser had gone there. */
static void measure_page(const char *view, const struct hs_page *page)
{
	struct hs_data data = { .header = { .pid = 1, .serial = 1 }, .page = page };
	struct hs_canvas canvas;
	struct hs_state state;

	hs_state_init(&state, WIDTH, HEIGHT);
	state.spots[0].place = page->place;
	if (hs_canvas_init(&canvas, WIDTH, HEIGHT, true))
		exit(1);
	hs_state_update(&state, &data, &(struct hs_event){ .kind = HS_EVENT_DATA });
	measure(view, "move", &state, &data, &canvas, (const uint32_t[]){ HS_KEY_DOWN, HS_KEY_PAGE_DOWN, HS_KEY_END, HS_KEY_HOME }, 4);
	measure(view, "sort", &state, &data, &canvas, (const uint32_t[]){ '>', '>', 'I' }, 3);
	measure(view, "sort-by-name", &state, &data, &canvas, (const uint32_t[]){ '>', '<' }, 2);
	measure(view, "filter", &state, &data, &canvas, (const uint32_t[]){ '\\', 'm', 'O', '9', HS_KEY_ESCAPE }, 5);
	measure(view, "search", &state, &data, &canvas, (const uint32_t[]){ '/', 'r', '4', '9', '9', '8', HS_KEY_ENTER, 'n' }, 8);
	measure(view, "tag", &state, &data, &canvas, (const uint32_t[]){ ' ' }, 1);
	measure(view, "sample", &state, &data, &canvas, (const uint32_t[]){ 0 }, 1);
	hs_state_deinit(&state);
	hs_canvas_deinit(&canvas);
}

static void destroy_page(struct hs_page **page)
{
	hs_page_destroy(*page);
}

/* *ret_address: of the first row that has one, for the next view. */
static struct hs_error *measure_view(struct hs_top_sampling *sampling, const char *view, const struct hs_page_place *place, uint64_t *ret_address)
{
	HS_CLEANUP(destroy_page) struct hs_page *page = hs_page_create(place);

	if (!page)
		return hs_error_no_memory();
	HS_TRY(hs_top_sampling_fill(sampling, page));
	measure_page(view, page);
	for (size_t i = 0; i < page->sections[page->first_section].rows.n && !*ret_address; i++)
		*ret_address = page->sections[page->first_section].rows.items[i].address;
	return NULL;
}

static void deinit_sampling(struct hs_top_sampling *sampling)
{
	hs_top_sampling_deinit(sampling);
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	HS_CLEANUP(deinit_sampling) struct hs_top_sampling sampling = { 0 };
	struct hs_page_place types = { .view = HS_VIEW_TYPES, .is_somewhere = true }, instances = { .view = HS_VIEW_INSTANCES, .is_somewhere = true, .name = "dict" },
			     object = { .view = HS_VIEW_OBJECT, .is_somewhere = true }, retained = { .view = HS_VIEW_RETAINED, .is_somewhere = true };
	uint64_t none = 0;

	HS_TRY(hs_top_sampling_init(&sampling, invocation));
	for (unsigned i = 0; i < 2; i++)
		HS_TRY(hs_top_sampling_take(&sampling));
	HS_TRY(measure_view(&sampling, "types", &types, &none));
	HS_TRY(measure_view(&sampling, "instances", &instances, &object.address));
	HS_TRY(measure_view(&sampling, "object", &object, &none));
	HS_TRY(measure_view(&sampling, "retained", &retained, &none));
	printf("objects %llu %llu\n", (unsigned long long)invocation->census->n_objects, (unsigned long long)invocation->census->types.n);
	return NULL;
}

static const struct hs_command command = { .name = "top_keys", .usage = "PID", .needs = HS_STAGE_HEAP, .run = run };

int main(int argc, char **argv)
{
	int status = 0;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (argc > 1) {
		struct hs_error *error = hs_command_run(&command, argc, argv, &status);
		if (error)
			fprintf(stderr, "%s\n", error->message);
		hs_error_destroy(error);
		return status;
	}
	HS_CLEANUP(destroy_page) struct hs_page *page = make_page(N_TYPES);
	if (!page || page->is_short)
		return 1;
	measure_page("types", page);
	return 0;
}
