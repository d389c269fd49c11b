/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key costs the browser: own CPU time from the key to the finished screen of 200x60 cells, with so many types.
 *
 *     top_keys [TYPES]      prints "<what> <median us> <worst us>" a line; TYPES: 5000
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "draw.h"
#include "keys.h"
#include "state.h"

#define WIDTH 200
#define HEIGHT 60
#define N_TIMES 101

static const struct hs_column columns[] = {
	{ "TYPE", "type", HS_COLUMN_NAME, 0, 0 }, { "COUNT", "count", HS_COLUMN_COUNT, 11, 0 }, { "CHANGE", "change", HS_COLUMN_COUNT_CHANGE, 10, 0 },
	{ "GROWTH", "growth", HS_COLUMN_RATE, 10, 0 }, { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 0 }, { "HISTORY", NULL, HS_COLUMN_HISTORY, 9, 0 },
	{ "", NULL, HS_COLUMN_BAR, 10, 0 },
};

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

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* The keys in turn, each timed with the screen that follows it. */
static void measure(const char *what, struct hs_state *state, const struct hs_data *data, struct hs_canvas *canvas, const uint32_t *keys, size_t n_keys)
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
	printf("%s %llu %llu\n", what, (unsigned long long)times[N_TIMES / 2] / 1000, (unsigned long long)times[N_TIMES - 1] / 1000);
}

int main(int argc, char **argv)
{
	struct hs_page *page = make_page(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5000);
	struct hs_data data = { .header = { .pid = 1, .serial = 1 }, .page = page };
	struct hs_canvas canvas;
	struct hs_state state;

	setlocale(LC_CTYPE, "C.UTF-8");
	hs_state_init(&state, WIDTH, HEIGHT);
	if (!page || page->is_short || hs_canvas_init(&canvas, WIDTH, HEIGHT, true))
		return 1;
	hs_state_update(&state, &data, &(struct hs_event){ .kind = HS_EVENT_DATA });
	measure("move", &state, &data, &canvas, (const uint32_t[]){ HS_KEY_DOWN, HS_KEY_PAGE_DOWN, HS_KEY_END, HS_KEY_HOME }, 4);
	measure("sort", &state, &data, &canvas, (const uint32_t[]){ '>', '>', 'I' }, 3);
	measure("sort-by-name", &state, &data, &canvas, (const uint32_t[]){ '>', '<' }, 2);
	measure("filter", &state, &data, &canvas, (const uint32_t[]){ '\\', 'm', 'O', '9', HS_KEY_ESCAPE }, 5);
	measure("search", &state, &data, &canvas, (const uint32_t[]){ '/', 'r', '4', '9', '9', '8', HS_KEY_ENTER, 'n' }, 8);
	measure("tag", &state, &data, &canvas, (const uint32_t[]){ ' ' }, 1);
	measure("sample", &state, &data, &canvas, (const uint32_t[]){ 0 }, 1);
	hs_state_deinit(&state);
	hs_canvas_deinit(&canvas);
	hs_page_destroy(page);
	return 0;
}
