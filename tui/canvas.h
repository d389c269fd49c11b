/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A grid of character cells that views draw on: wide characters, combining ones, styles, clipping. Knows no terminal: who
 * has one copies the grid there; tests compare it as text.
 */
#ifndef HS_CANVAS_H
#define HS_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

/* What a cell is, not what it looks like: that is the terminal's. */
enum hs_cell_style {
	HS_CELL_PLAIN,
	HS_CELL_STRONG,   /* names that matter */
	HS_CELL_DIM,      /* what is less important */
	HS_CELL_HEADING,  /* of columns */
	HS_CELL_SELECTED, /* the row that keys act upon */
	HS_CELL_TAGGED,
	HS_CELL_GROWTH,   /* grows, and keeps what it gets */
	HS_CELL_CHANGE,   /* changed */
	HS_CELL_WARNING,
	HS_CELL_BAR,
	HS_CELL_KEY,      /* a key's name, in the footer */
	HS_N_CELL_STYLES,
};

#define HS_CELL_CODES 4 /* a character, and as many combining ones as fit */

struct hs_cell {
	uint32_t codes[HS_CELL_CODES]; /* Unicode; 0: none. codes[0] of a free cell is a space */
	uint8_t width;                 /* 1; 2, the next cell belongs to it; 0: belongs to the one before */
	uint8_t style;                 /* enum hs_cell_style */
};

struct hs_canvas {
	struct hs_cell *cells; /* row by row; owned */
	unsigned width, height;
	bool utf8;             /* false: only ASCII is put; signs of heapspy's own become their likes, all else '?' */
};

/* How text that is too long for its room is cut. */
enum hs_cut {
	HS_CUT_END,    /* "the begin…" */
	HS_CUT_START,  /* "…ule.Class": the end of a name says more */
	HS_CUT_MIDDLE, /* "app.E…['order']" */
};

/* Blank, of that size. Free it with hs_canvas_deinit. Errors: NO_MEMORY. */
struct hs_error *hs_canvas_init(struct hs_canvas *canvas, unsigned width, unsigned height, bool utf8) HS_MUST_CHECK;
void hs_canvas_deinit(struct hs_canvas *canvas);
void hs_canvas_clear(struct hs_canvas *canvas);

/*
 * Writes UTF-8 text from column `x` of row `y` into at most `width` columns, clipped at the canvas; returns the columns taken. Control
 * characters and what is no UTF-8 become '?': nothing on a canvas can be a command to a terminal.
 */
unsigned hs_canvas_put(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, enum hs_cell_style style, enum hs_cut cut, const char *text);
/* The same at column `x` to the end of the row; returns the column behind it. */
unsigned hs_canvas_printf(struct hs_canvas *canvas, unsigned x, unsigned y, enum hs_cell_style style, const char *format, ...) HS_PRINTF(5, 6);
/* The same, ending before column `end`. */
void hs_canvas_put_right(struct hs_canvas *canvas, unsigned end, unsigned y, unsigned width, enum hs_cell_style style, const char *text);
/* Gives cells another style, blank ones too. */
void hs_canvas_restyle(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, enum hs_cell_style style);

/* `part` / `whole` of `width` columns, in eighths; at least a sliver for a part that is not 0. */
void hs_canvas_bar(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, uint64_t part, uint64_t whole);
/* The last `width` of `n` values as small bars from the least to the largest of them, ending at the right. */
void hs_canvas_sparkline(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, const uint64_t *values, size_t n, enum hs_cell_style style);

/* Columns that `text` takes when it is put. */
unsigned hs_canvas_text_width(const char *text);

/* Row `y` as UTF-8, without the spaces at its end. */
void hs_canvas_write_row(const struct hs_canvas *canvas, unsigned y, FILE *out);

static inline struct hs_cell *hs_canvas_cell(const struct hs_canvas *canvas, unsigned x, unsigned y)
{
	return &canvas->cells[(size_t)y * canvas->width + x];
}

#endif
