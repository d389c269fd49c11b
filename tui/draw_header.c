/* SPDX-License-Identifier: Apache-2.0 */
/* The lines above the table: which process, what it takes, how it is sampled; the views, and the way to the present one. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "figures.h"
#include "view.h"

#define DOT " \xc2\xb7 "
#define CRUMB_BYTES 80
#define WIDE 100 /* columns */
#define SHORT_HISTORY 5
#define HELD_WIDTH 38 /* of the longer of two ways to say so */

/* Items of a line, of which those that do not fit are left out as a whole. */
struct line {
	struct hs_canvas *canvas;
	unsigned x, y, end;
};

static void put_item(struct line *line, enum hs_cell_style style, const char *text)
{
	const char *gap = line->x ? DOT : "";
	unsigned width = hs_canvas_text_width(gap) + hs_canvas_text_width(text);

	if (line->x + width > line->end) {
		line->end = line->x; /* and all behind it */
		return;
	}
	line->x += hs_canvas_put(line->canvas, line->x, line->y, width, HS_CELL_DIM, HS_CUT_END, gap);
	line->x += hs_canvas_put(line->canvas, line->x, line->y, width, style, HS_CUT_END, text);
}

static void HS_PRINTF(3, 4) print_item(struct line *line, enum hs_cell_style style, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_item(line, style, text);
}

static void draw_identity(const struct hs_header *header, struct hs_canvas *canvas)
{
	struct line line = { .canvas = canvas, .end = canvas->width };

	put_item(&line, HS_CELL_STRONG, header->name[0] ? header->name : "?");
	if (header->pid)
		print_item(&line, HS_CELL_PLAIN, "pid %d", header->pid);
	if (header->is_gone)
		put_item(&line, HS_CELL_WARNING, "gone: the last sample stays");
	else if (header->is_stopped)
		put_item(&line, HS_CELL_WARNING, "stopped");
	if (header->python[0])
		print_item(&line, HS_CELL_PLAIN, "CPython %s", header->python);
	if (header->layout[0])
		print_item(&line, HS_CELL_DIM, "layout: %s", header->layout);
}

/* The latest of the history, as many as the screen has room for. */
static void draw_trend(const struct hs_header *header, struct line *line)
{
	size_t n = header->n_rss_history, n_shown = line->end < WIDE ? SHORT_HISTORY : HS_HEADER_HISTORY;
	char change[HS_FIGURE_BYTES];

	n_shown = n_shown < n ? n_shown : n;
	if (n < 2)
		return;
	hs_canvas_sparkline(line->canvas, line->x + 1, line->y, (unsigned)n_shown, header->rss_history + n - n_shown, n_shown, HS_CELL_BAR);
	line->x += 1 + (unsigned)n_shown;
	line->x = hs_canvas_printf(line->canvas, line->x, line->y, HS_CELL_PLAIN, " %s/min", hs_text_size_change(change, header->rss_per_minute));
}

static void draw_figures(const struct hs_header *header, struct hs_canvas *canvas)
{
	struct line line = { .canvas = canvas, .y = 1, .end = canvas->width };
	char size[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES], share[HS_FIGURE_BYTES];

	if (!header->serial)
		return;
	if (header->rss_bytes)
		print_item(&line, HS_CELL_STRONG, "RSS %s", hs_text_size(size, header->rss_bytes));
	draw_trend(header, &line);
	print_item(&line, HS_CELL_PLAIN, "%s objects %s", hs_text_short_count(count, header->n_objects), hs_text_size(size, header->bytes));
	print_item(&line, HS_CELL_PLAIN, "explained %s", hs_text_percent(share, header->explained_bytes, header->in_use_bytes));
}

static void draw_pause(const struct hs_header *header, struct line *line)
{
	double duty = header->watched_ns ? (double)header->paused_ns * 100 / (double)header->watched_ns : 0;

	if (header->is_nonblocking)
		put_item(line, HS_CELL_PLAIN, "never paused");
	else if (header->file[0])
		print_item(line, HS_CELL_PLAIN, "paused %.0f ms", (double)header->pause_ns / 1e6);
	else
		print_item(line, HS_CELL_PLAIN, "paused %.0f ms, %.2f %%", (double)header->pause_ns / 1e6, duty);
}

static void draw_next(const struct hs_header *header, struct line *line)
{
	char age[HS_FIGURE_BYTES], interval[HS_FIGURE_BYTES];

	hs_text_age(age, header->next_ms + 999);
	hs_text_age(interval, header->interval_ms + 500);
	switch (header->next) {
	case HS_NEXT_INTERVAL:
		print_item(line, HS_CELL_PLAIN, "next in %s (every %s)", age, interval);
		break;
	case HS_NEXT_DUTY:
		print_item(line, HS_CELL_PLAIN, "next in %s (duty %.3g %%: %s)", age, header->duty_thousandths / 10.0, interval);
		break;
	case HS_NEXT_WORK:
		print_item(line, HS_CELL_PLAIN, "next in %s (a sample is much work: %s)", age, interval);
		break;
	case HS_NEXT_HELD:
		put_item(line, HS_CELL_PLAIN, line->x + HELD_WIDTH > line->end ? "held (r: new)" : "held while you look (r: new sample)");
		break;
	case HS_NEXT_FROZEN:
		put_item(line, HS_CELL_WARNING, "frozen (Z goes on)");
		break;
	case HS_NEXT_GONE:
		put_item(line, HS_CELL_WARNING, "no further samples");
		break;
	case HS_NEXT_FILE:
		break;
	}
}

static void draw_file(const struct hs_header *header, struct line *line)
{
	char age[HS_FIGURE_BYTES];

	print_item(line, HS_CELL_STRONG, "%s %s", header->is_core ? "core" : "snapshot", header->file);
	print_item(line, HS_CELL_PLAIN, "%s %s ago", header->is_core ? "written" : "taken", hs_text_age(age, header->age_ms));
}

static void draw_samples(const struct hs_header *header, struct hs_canvas *canvas)
{
	struct line line = { .canvas = canvas, .y = 2, .end = canvas->width };
	char age[HS_FIGURE_BYTES];

	if (header->serial && header->file[0])
		draw_file(header, &line);
	else if (header->serial)
		print_item(&line, HS_CELL_PLAIN, "sample %" PRIu64 ", %s old", header->serial, hs_text_age(age, header->age_ms));
	if (header->serial && !header->is_core)
		draw_pause(header, &line);
	if (!header->phase) {
		draw_next(header, &line);
		return;
	}
	if (header->all)
		print_item(&line, HS_CELL_CHANGE, "%s %u %% (Esc stops)", header->phase,
			   (unsigned)(header->done < header->all ? (double)header->done / (double)header->all * 100 : 100));
	else
		print_item(&line, HS_CELL_CHANGE, "%s (Esc stops)", header->phase);
}

/* The suspect, and, as far as there is room, how long it is by now. */
static void draw_banner(const struct hs_header *header, unsigned y, struct hs_canvas *canvas)
{
	unsigned width = hs_canvas_put(canvas, 0, y, canvas->width, HS_CELL_GROWTH, HS_CUT_END, header->banner);
	char count[HS_FIGURE_BYTES], text[HS_FIGURE_BYTES + 16];

	snprintf(text, sizeof(text), "now %s", hs_text_count(count, header->banner_length));
	/* it changes several times a second: not in the last column, behind which terminals do different things */
	if (header->banner_length && width + hs_canvas_text_width(text) + 3 <= canvas->width)
		hs_canvas_put_right(canvas, canvas->width - 1, y, canvas->width - width, HS_CELL_DIM, text);
}

void hs_draw_header(const struct hs_state *state, const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas)
{
	const struct hs_header *header = &data->header;

	(void)state;
	draw_identity(header, canvas);
	draw_figures(header, canvas);
	draw_samples(header, canvas);
	for (unsigned i = 0; i < panes->n_warnings; i++)
		hs_canvas_printf(canvas, 0, panes->warnings + i, HS_CELL_WARNING, "! %s", header->warnings[i]);
	if (panes->has_banner)
		draw_banner(header, panes->banner, canvas);
}

/* What the place is called on the way to it. */
static void name_place(const struct hs_page_place *place, char *ret, size_t ret_bytes)
{
	if (place->name[0])
		snprintf(ret, ret_bytes, "%s", place->name);
	else if (place->address)
		snprintf(ret, ret_bytes, "0x%" PRIx64, place->address);
	else
		snprintf(ret, ret_bytes, "%s%s", hs_views[place->view].title, place->by_holder ? " by holder" : "");
}

/* The last places on the way, as many as there is room for. */
static void draw_way(const struct hs_state *state, unsigned y, struct hs_canvas *canvas)
{
	int way[HS_SPOTS], n = 0;
	unsigned x = 0;

	for (int spot = state->spot; spot >= 0 && n < HS_SPOTS; spot = state->spots[spot].parent)
		way[n++] = spot;
	unsigned n_shown = n < 4 ? (unsigned)n : 4, width = canvas->width / n_shown;
	for (unsigned i = n_shown; i-- > 0;) {
		char name[CRUMB_BYTES * 4];
		name_place(&state->spots[way[i]].place, name, sizeof(name));
		if (i + 1 < n_shown || (unsigned)n > n_shown)
			x = hs_canvas_printf(canvas, x, y, HS_CELL_DIM, " \xe2\x80\xba ");
		x += hs_canvas_put(canvas, x, y, width > 4 ? width - 3 : 1, i ? HS_CELL_PLAIN : HS_CELL_STRONG, HS_CUT_START, name);
	}
}

void hs_draw_tabs(const struct hs_state *state, const struct hs_panes *panes, struct hs_canvas *canvas)
{
	const struct hs_spot *spot = hs_state_spot(state);
	unsigned x = 0;

	if (spot->parent >= 0) {
		draw_way(state, panes->tabs, canvas);
		return;
	}
	for (unsigned i = 0; i < hs_view_tabs(); i++) {
		enum hs_view_id view = hs_view_tab(i);
		bool is_here = view == spot->place.view;
		x = hs_canvas_printf(canvas, hs_view_tab_x(i), panes->tabs, HS_CELL_KEY, "%u", i + 1);
		x = hs_canvas_printf(canvas, x, panes->tabs, is_here ? HS_CELL_SELECTED : HS_CELL_PLAIN, " %s ", hs_views[view].title);
	}
	if (spot->place.by_holder)
		hs_canvas_printf(canvas, x + 1, panes->tabs, HS_CELL_STRONG, "by holder");
}
