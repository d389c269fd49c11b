/* SPDX-License-Identifier: Apache-2.0 */
/* The whole screen; and the same as text. */
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "draw.h"
#include "order.h"
#include "view.h"

static void draw_absence(const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas)
{
	unsigned y = panes->body + (panes->n_body > 2);

	if (!data->error) {
		hs_canvas_printf(canvas, 0, y, HS_CELL_DIM, "%s\xe2\x80\xa6", data->header.phase ? data->header.phase : "waiting");
		return;
	}
	hs_canvas_put(canvas, 0, y, canvas->width, HS_CELL_WARNING, HS_CUT_END, data->error);
	if (data->hint)
		hs_canvas_printf(canvas, 0, y + 1, HS_CELL_DIM, "try: %s", data->hint);
}

static void draw_too_small(const struct hs_state *state, struct hs_canvas *canvas)
{
	char text[80];

	snprintf(text, sizeof(text), "%ux%u is too small", state->width, state->height);
	hs_canvas_put(canvas, 0, 0, canvas->width, HS_CELL_PLAIN, HS_CUT_END, text);
	snprintf(text, sizeof(text), "need %ux%u", HS_MIN_WIDTH, HS_MIN_HEIGHT);
	hs_canvas_put(canvas, 0, 1, canvas->width, HS_CELL_PLAIN, HS_CUT_END, text);
}

static void draw_place(const struct hs_state *state, const struct hs_data *data, struct hs_canvas *canvas)
{
	struct hs_panes panes;

	hs_panes_make(state, data, &panes);
	hs_draw_header(state, data, &panes, canvas);
	hs_draw_tabs(state, &panes, canvas);
	if (data->page && panes.n_panes)
		hs_views[data->page->place.view].draw(state, data, &panes, canvas);
	else
		draw_absence(data, &panes, canvas);
	hs_draw_footer(state, data, &panes, canvas);
}

void hs_draw_screen(const struct hs_state *state, const struct hs_data *data, struct hs_canvas *canvas)
{
	hs_canvas_clear(canvas);
	if (!hs_panes_fit(state))
		draw_too_small(state, canvas);
	else if (state->mode == HS_MODE_HELP)
		hs_draw_help(state, canvas);
	else
		draw_place(state, data, canvas);
}

/* Behind the last row that something stands in, without the keys at the end of the screen. */
static unsigned last_row(const struct hs_canvas *canvas)
{
	unsigned y = canvas->height - 1;

	for (; y; y--)
		for (unsigned x = 0; x < canvas->width; x++)
			if (hs_canvas_cell(canvas, x, y - 1)->codes[0] != ' ')
				return y;
	return y;
}

/* As if the screen were as high as all rows need. */
struct hs_error *hs_draw_text(const struct hs_state *state, const struct hs_data *data, unsigned width, bool utf8, FILE *out)
{
	HS_CLEANUP(hs_canvas_deinit) struct hs_canvas canvas = { 0 };
	struct hs_state tall = *state; /* its arrays are borrowed: nothing here changes them */
	struct hs_spot *spot = &tall.spots[tall.spot];
	unsigned height = HS_HEADER_LINES + HS_HEADER_WARNINGS + 4;

	for (unsigned i = 0; i < tall.n_sections; i++)
		height += (unsigned)tall.order[i].n + 2;
	tall.width = width > HS_MIN_WIDTH ? width : HS_MIN_WIDTH;
	tall.height = height > HS_MIN_HEIGHT ? height : HS_MIN_HEIGHT;
	tall.mode = HS_MODE_BROWSE;
	tall.message[0] = '\0';
	memset(spot->top, 0, sizeof(spot->top));
	HS_TRY(hs_canvas_init(&canvas, tall.width, tall.height, utf8));
	hs_draw_screen(&tall, data, &canvas);
	for (unsigned y = 0; y < last_row(&canvas); y++) {
		hs_canvas_write_row(&canvas, y, out);
		fputc('\n', out);
	}
	return NULL;
}
