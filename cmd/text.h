/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of text output: figures for people, safe names, columns by display width, lines that wrap between items. */
#ifndef HS_TEXT_H
#define HS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "figures.h"
#include "terminal.h"

/* The target's string made safe for this style: escaped, and '?' for what is not ASCII when the style has no UTF-8. Owned by the caller; NULL when memory is out. */
char *hs_text_safe(const char *text, const struct hs_style *style);

/* Letters, digits, '_' and '.' alone: a shell takes it for one word, a terminal for no more than it says, and it is no glob. */
bool hs_text_is_plain_word(const char *text);

/* Columns that a safe string takes on the screen. */
unsigned hs_text_width(const char *text);
/* Writes `text` in exactly `width` columns, padded on the right; what is too long loses its beginning, which says less than its end. */
void hs_text_put_name(FILE *out, const struct hs_style *style, const char *text, unsigned width);

/* Writes as much of the beginning of `text` as fits into `width` columns, "…" standing for the rest; nothing is padded. Returns the columns taken. */
unsigned hs_text_put_start(FILE *out, const struct hs_style *style, const char *text, unsigned width);

/* The same with "…" in the middle: of a path, both ends say something. */
unsigned hs_text_put_middle(FILE *out, const struct hs_style *style, const char *text, unsigned width);

/* What stands for the rest: "…". */
const char *hs_text_ellipsis(const struct hs_style *style);
/* A line behind `indent` spaces, made safe and cut at the width of the terminal. */
void hs_text_put_line(FILE *out, const struct hs_style *style, unsigned indent, const char *format, ...) HS_PRINTF(4, 5);

/* Switches colour on; each is ended by hs_text_plain(). Nothing without colour. */
void hs_text_bold(FILE *out, const struct hs_style *style);
void hs_text_dim(FILE *out, const struct hs_style *style);
void hs_text_warn(FILE *out, const struct hs_style *style);
void hs_text_bar_colour(FILE *out, const struct hs_style *style);
void hs_text_plain(FILE *out, const struct hs_style *style);

/* A bar of `part` / `whole` of `width` columns, in eighths where the style has UTF-8; at least a sliver for a part that is not 0. */
void hs_text_put_bar(FILE *out, const struct hs_style *style, uint64_t part, uint64_t whole, unsigned width);

/* A labelled line whose items stay whole: "memory  RSS 812 MiB · objects 641 MiB", continued below the first item. */
struct hs_text_line {
	FILE *out;
	const struct hs_style *style;
	unsigned column;
	unsigned n_items;
};

/*
 * Writes the label, made to stand out by one of the functions above. Items start after it, or in column 8 when it is
 * shorter, and go on in column 8 of the following lines.
 */
struct hs_text_line hs_text_line_begin(FILE *out, const struct hs_style *style, const char *label,
				       void (*emphasis)(FILE *out, const struct hs_style *style));
void hs_text_line_item(struct hs_text_line *line, const char *format, ...) HS_PRINTF(2, 3);
/* Running text: wraps between words, in the same columns. `text` is safe. */
void hs_text_line_words(struct hs_text_line *line, const char *text);
void hs_text_line_end(struct hs_text_line *line);

#endif
