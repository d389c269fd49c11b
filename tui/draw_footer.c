/* SPDX-License-Identifier: Apache-2.0 */
/* The last line, and the help: both made of the list of keys. */
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "keys.h"
#include "prompt.h"
#include "view.h"

static void draw_prompt(const struct hs_state *state, unsigned y, struct hs_canvas *canvas)
{
	unsigned x = hs_canvas_printf(canvas, 0, y, HS_CELL_KEY, "%s", hs_prompt_label(state->mode));
	unsigned room = canvas->width > x + 1 ? canvas->width - x - 1 : 0;

	x += hs_canvas_put(canvas, x, y, room, HS_CELL_PLAIN, HS_CUT_START, state->prompt);
	hs_canvas_restyle(canvas, x, y, 1, HS_CELL_SELECTED);
}

/* Where the selection is: "12/151", and what narrows the rows. */
static unsigned draw_position(const struct hs_state *state, const struct hs_data *data, unsigned y, struct hs_canvas *canvas)
{
	const struct hs_spot *spot = hs_state_spot(state);
	char text[HS_FILTER_BYTES + 80] = "";

	if (data->page && spot->section < state->n_sections && state->order[spot->section].n)
		snprintf(text, sizeof(text), "%s%s%s%s %zu/%zu", spot->filter[0] ? "filter '" : "", spot->filter, spot->filter[0] ? "'" : "",
			 spot->only_tagged ? " tagged" : "", spot->row + 1, state->order[spot->section].n);
	else if (spot->filter[0])
		snprintf(text, sizeof(text), "filter '%s'", spot->filter);
	hs_canvas_put_right(canvas, canvas->width, y, canvas->width, HS_CELL_DIM, text);
	return hs_canvas_text_width(text);
}

static void draw_keys(enum hs_view_id view, bool is_file, unsigned y, unsigned end, struct hs_canvas *canvas)
{
	unsigned x = 0;

	for (size_t i = 0; i < hs_n_bindings; i++) {
		const struct hs_binding *binding = &hs_bindings[i];
		if (!binding->footer || !(binding->views & HS_IN(view)) || (is_file && hs_request_is_live(binding->request)))
			continue;
		char name[16];
		snprintf(name, sizeof(name), "%.*s", (int)(binding->request == HS_REQUEST_NEXT_VIEW ? 3 : 15), binding->name);
		if (x + strlen(name) + strlen(binding->footer) + 3 > end)
			return;
		x = hs_canvas_printf(canvas, x, y, HS_CELL_KEY, "%s", name);
		x = hs_canvas_printf(canvas, x, y, HS_CELL_PLAIN, " %s  ", binding->footer);
	}
}

void hs_draw_footer(const struct hs_state *state, const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas)
{
	unsigned y = panes->footer;

	if (state->mode != HS_MODE_BROWSE) {
		draw_prompt(state, y, canvas);
	} else if (state->message[0]) {
		hs_canvas_put(canvas, 0, y, canvas->width, state->is_complaint ? HS_CELL_WARNING : HS_CELL_STRONG, HS_CUT_END, state->message);
	} else {
		unsigned width = draw_position(state, data, y, canvas);
		draw_keys(hs_state_spot(state)->place.view, data->header.file[0], y, canvas->width > width + 1 ? canvas->width - width - 1 : 0, canvas);
	}
}

/* The help of a binding may take several lines of the screen. Returns the line behind it. */
static long put_words(struct hs_canvas *canvas, long y, unsigned x, const char *text)
{
	char word[64];

	for (unsigned column = x; *text;) {
		size_t n = strcspn(text, " ");
		snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1), text);
		unsigned width = hs_canvas_text_width(word);
		if (column > x && column + width > canvas->width) {
			column = x;
			y++;
		}
		if (y >= 1)
			hs_canvas_put(canvas, column, (unsigned)y, width, HS_CELL_PLAIN, HS_CUT_END, word);
		column += width + 1;
		text += n;
		text += strspn(text, " ");
	}
	return y + 1;
}

void hs_draw_help(const struct hs_state *state, struct hs_canvas *canvas)
{
	long y = 1 - (long)state->help_top;

	for (size_t i = 0; i < hs_n_bindings && y < (long)canvas->height; i++) {
		const struct hs_binding *binding = &hs_bindings[i];
		if (!binding->request) {
			y += i > 0;
			if (y >= 1)
				hs_canvas_put(canvas, 0, (unsigned)y, canvas->width, HS_CELL_STRONG, HS_CUT_END, binding->help);
			y++;
		} else if (binding->name) {
			if (y >= 1)
				hs_canvas_put(canvas, 2, (unsigned)y, 11, HS_CELL_KEY, HS_CUT_END, binding->name);
			y = put_words(canvas, y, 14, binding->help);
		}
	}
	hs_canvas_restyle(canvas, 0, 0, canvas->width, HS_CELL_HEADING);
	hs_canvas_put(canvas, 0, 0, canvas->width, HS_CELL_HEADING, HS_CUT_END, "heapspy top: keys.  Up Down PgUp PgDn scroll, any other key closes.");
}
