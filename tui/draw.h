/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing the screen, part by part. Each part reads the state and the data, and writes cells: nothing else. */
#ifndef HS_DRAW_H
#define HS_DRAW_H

#include "canvas.h"
#include "panes.h"
#include "state.h"

/* The whole screen, on a canvas of the state's size, which is cleared first. */
void hs_draw_screen(const struct hs_state *state, const struct hs_data *data, struct hs_canvas *canvas);

/* draw_header.c: what the process is, its figures, samples, warnings. */
void hs_draw_header(const struct hs_state *state, const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas);
/* The row of views, and the way to the present place. */
void hs_draw_tabs(const struct hs_state *state, const struct hs_panes *panes, struct hs_canvas *canvas);

/* draw_table.c: the sections of a page as tables. */
void hs_draw_tables(const struct hs_state *state, const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas);

/* draw_footer.c: keys, what is being typed, messages; and the help, on the whole screen. */
void hs_draw_footer(const struct hs_state *state, const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas);
void hs_draw_help(const struct hs_state *state, struct hs_canvas *canvas);

/*
 * The place as text: the header and all rows of its page, whatever the screen shows of them, `width` columns wide. Errors: NO_MEMORY.
 */
struct hs_error *hs_draw_text(const struct hs_state *state, const struct hs_data *data, unsigned width, bool utf8, FILE *out) HS_MUST_CHECK;

#endif
