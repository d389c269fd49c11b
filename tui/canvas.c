/* SPDX-License-Identifier: Apache-2.0 */
/* Putting characters into cells. Widths are those of the C library's locale, as the terminal's are. */
#include "canvas.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cleanup.h"
#include "format.h"

#define ELLIPSIS 0x2026u
#define MAX_SIDE 4096 /* no terminal is larger */

struct hs_error *hs_canvas_init(struct hs_canvas *canvas, unsigned width, unsigned height, bool utf8)
{
	*canvas = (struct hs_canvas){ .width = width, .height = height, .utf8 = utf8 };
	canvas->cells = calloc((size_t)width * height + 1, sizeof(*canvas->cells));
	if (!canvas->cells)
		return hs_error_no_memory();
	hs_canvas_clear(canvas);
	return NULL;
}

void hs_canvas_deinit(struct hs_canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct hs_canvas){ 0 };
}

void hs_canvas_clear(struct hs_canvas *canvas)
{
	static const struct hs_cell blank = { .codes = { ' ' }, .width = 1 };

	for (size_t i = 0; i < (size_t)canvas->width * canvas->height; i++)
		canvas->cells[i] = blank;
}

/* The next character of `text`, which is not at its end; what is no UTF-8 is one '?' a byte. */
static uint32_t next_code(const char **text)
{
	const unsigned char *bytes = (const unsigned char *)*text;
	unsigned n = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xf0 && bytes[0] < 0xf5 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	uint32_t code = n == 1 ? bytes[0] : bytes[0] & (0x7fu >> n);

	if (bytes[0] >= 0xf5 || (bytes[0] >= 0x80 && bytes[0] < 0xc2))
		n = 0;
	for (unsigned i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			n = 0;
			break;
		}
		code = code << 6 | (bytes[i] & 0x3f);
	}
	*text += n ? n : 1;
	return n ? code : '?';
}

/* What stands for a character of heapspy's own where only ASCII can be shown. */
static uint32_t ascii_of(uint32_t code)
{
	static const char blocks[] = "_.-=+*%#"; /* U+2581 … U+2588: from one eighth to all of a cell, by height */

	if (code < 0x7f)
		return code;
	if (code >= 0x2581 && code <= 0x2588)
		return (uint32_t)blocks[code - 0x2581];
	if (code > 0x2588 && code <= 0x258f) /* the same by width */
		return code <= 0x258c ? '#' : '.';
	switch (code) {
	case 0xb7: /* middle dot */
	case 0x2500:
		return '-';
	case 0xd7: /* times */
		return 'x';
	case 0x203a: /* of the way here */
	case 0x25b6:
	case 0x2192:
		return '>';
	case 0x2190:
		return '<';
	case 0x2191:
	case 0x25b2:
		return '^';
	case 0x2193:
	case 0x25bc:
		return 'v';
	case ELLIPSIS:
		return '~';
	default:
		return '?';
	}
}

/* Columns of a character; what is no printing one becomes '?'. */
static unsigned width_of(uint32_t *code)
{
	int width = wcwidth((wchar_t)*code);

	if (*code < ' ' || (*code >= 0x7f && *code < 0xa0))
		*code = '?';
	else if (width >= 0 && width <= 2)
		return (unsigned)width;
	else if (*code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		*code = '?';
	return 1; /* or a character newer than the C library */
}

unsigned hs_canvas_text_width(const char *text)
{
	unsigned width = 0;

	while (*text) {
		uint32_t code = next_code(&text);
		width += width_of(&code);
	}
	return width;
}

/* A wide character of which a half is about to be overwritten is gone as a whole. */
static void break_wide(struct hs_canvas *canvas, unsigned x, unsigned y)
{
	struct hs_cell *cell = hs_canvas_cell(canvas, x, y);

	if (cell->width == 0 && x > 0)
		cell[-1] = (struct hs_cell){ .codes = { ' ' }, .width = 1, .style = cell[-1].style };
	if (cell->width == 2 && x + 1 < canvas->width)
		cell[1] = (struct hs_cell){ .codes = { ' ' }, .width = 1, .style = cell[1].style };
}

static void add_mark(struct hs_canvas *canvas, unsigned x, unsigned y, uint32_t code)
{
	struct hs_cell *cell = hs_canvas_cell(canvas, x, y);

	if (cell->width == 0 && x > 0)
		cell--;
	for (unsigned i = 1; i < HS_CELL_CODES; i++)
		if (!cell->codes[i]) {
			cell->codes[i] = code;
			return;
		}
}

static void set_cell(struct hs_canvas *canvas, unsigned x, unsigned y, uint32_t code, unsigned width, enum hs_cell_style style)
{
	break_wide(canvas, x, y);
	if (width == 2) {
		break_wide(canvas, x + 1, y);
		*hs_canvas_cell(canvas, x + 1, y) = (struct hs_cell){ .width = 0, .style = (uint8_t)style };
	}
	*hs_canvas_cell(canvas, x, y) = (struct hs_cell){ .codes = { code }, .width = (uint8_t)width, .style = (uint8_t)style };
}

/* It takes as many columns as the character itself would, so that widths are the same. */
static void put_ascii(struct hs_canvas *canvas, unsigned x, unsigned y, uint32_t code, unsigned columns, enum hs_cell_style style)
{
	for (unsigned i = 0; i < columns; i++)
		set_cell(canvas, x + i, y, ascii_of(code), 1, style);
}

/* As much of the beginning as fits into `width` columns, all of them on the canvas; returns the columns taken. */
static unsigned put_start(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, enum hs_cell_style style, const char *text)
{
	unsigned used = 0;

	while (*text) {
		uint32_t code = next_code(&text);
		unsigned columns = width_of(&code);
		if (used + columns > width)
			break;
		if (columns && !canvas->utf8)
			put_ascii(canvas, x + used, y, code, columns, style);
		else if (columns)
			set_cell(canvas, x + used, y, code, columns, style);
		else if (canvas->utf8 && used)
			add_mark(canvas, x + used - 1, y, code);
		used += columns;
	}
	return used;
}

/* `text` without as much of its beginning as leaves `width` columns. */
static const char *end_of(const char *text, unsigned width)
{
	unsigned have = hs_canvas_text_width(text);

	while (*text && have > width) {
		uint32_t code = next_code(&text);
		have -= width_of(&code);
	}
	for (const char *next = text; *next; text = next) {
		uint32_t code = next_code(&next);
		if (width_of(&code)) /* combining characters belong to what was cut */
			break;
	}
	return text;
}

static void put_ellipsis(struct hs_canvas *canvas, unsigned x, unsigned y, enum hs_cell_style style)
{
	set_cell(canvas, x, y, canvas->utf8 ? ELLIPSIS : ascii_of(ELLIPSIS), 1, style);
}

unsigned hs_canvas_put(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, enum hs_cell_style style, enum hs_cut cut, const char *text)
{
	if (y >= canvas->height || x >= canvas->width || !width)
		return 0;
	width = width < canvas->width - x ? width : canvas->width - x;
	if (hs_canvas_text_width(text) <= width)
		return put_start(canvas, x, y, width, style, text);
	if (width < 3)
		return put_start(canvas, x, y, width, style, text);
	unsigned end = cut == HS_CUT_END ? 0 : cut == HS_CUT_START ? width - 1 : (width - 1) / 2;
	unsigned used = put_start(canvas, x, y, width - 1 - end, style, text);
	put_ellipsis(canvas, x + used++, y, style);
	return used + put_start(canvas, x + used, y, end, style, end_of(text, end));
}

unsigned hs_canvas_printf(struct hs_canvas *canvas, unsigned x, unsigned y, enum hs_cell_style style, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	HS_FREE char *text = hs_vformat(format, args);
	va_end(args);
	return text ? x + hs_canvas_put(canvas, x, y, MAX_SIDE, style, HS_CUT_END, text) : x;
}

void hs_canvas_put_right(struct hs_canvas *canvas, unsigned end, unsigned y, unsigned width, enum hs_cell_style style, const char *text)
{
	unsigned columns = hs_canvas_text_width(text);

	columns = columns < width ? columns : width;
	if (columns <= end)
		hs_canvas_put(canvas, end - columns, y, columns, style, HS_CUT_END, text);
}

void hs_canvas_restyle(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, enum hs_cell_style style)
{
	for (unsigned i = 0; y < canvas->height && i < width && x + i < canvas->width; i++)
		hs_canvas_cell(canvas, x + i, y)->style = (uint8_t)style;
}

void hs_canvas_bar(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, uint64_t part, uint64_t whole)
{
	if (!whole || !part || y >= canvas->height || x + width > canvas->width)
		return;
	uint64_t eighths = (uint64_t)((double)part / (double)whole * width * 8 + 0.5);
	eighths = eighths < 1 ? 1 : eighths > 8ull * width ? 8ull * width : eighths;
	for (unsigned i = 0; i < width && eighths; i++) {
		uint32_t code = eighths >= 8 ? 0x2588 : 0x2590 - (uint32_t)eighths;
		set_cell(canvas, x + i, y, canvas->utf8 ? code : ascii_of(code), 1, HS_CELL_BAR);
		eighths -= eighths >= 8 ? 8 : eighths;
	}
}

void hs_canvas_sparkline(struct hs_canvas *canvas, unsigned x, unsigned y, unsigned width, const uint64_t *values, size_t n, enum hs_cell_style style)
{
	size_t first = n > width ? n - width : 0;
	uint64_t least = UINT64_MAX, largest = 0;

	if (y >= canvas->height || x + width > canvas->width)
		return;
	for (size_t i = first; i < n; i++) {
		least = values[i] < least ? values[i] : least;
		largest = values[i] > largest ? values[i] : largest;
	}
	for (size_t i = first; i < n; i++) {
		double height = largest > least ? (double)(values[i] - least) / (double)(largest - least) : 0;
		uint32_t code = 0x2581 + (uint32_t)(height * 7 + 0.5);
		set_cell(canvas, x + width - (unsigned)(n - i), y, canvas->utf8 ? code : ascii_of(code), 1, style);
	}
}

static void write_code(FILE *out, uint32_t code)
{
	if (code < 0x80)
		fputc((int)code, out);
	else if (code < 0x800)
		fprintf(out, "%c%c", 0xc0 | code >> 6, 0x80 | (code & 0x3f));
	else if (code < 0x10000)
		fprintf(out, "%c%c%c", 0xe0 | code >> 12, 0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f));
	else
		fprintf(out, "%c%c%c%c", 0xf0 | code >> 18, 0x80 | (code >> 12 & 0x3f), 0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f));
}

void hs_canvas_write_row(const struct hs_canvas *canvas, unsigned y, FILE *out)
{
	unsigned end = canvas->width;

	while (end && hs_canvas_cell(canvas, end - 1, y)->codes[0] == ' ')
		end--;
	for (unsigned x = 0; x < end; x++)
		for (unsigned i = 0; i < HS_CELL_CODES && hs_canvas_cell(canvas, x, y)->codes[i]; i++)
			write_code(out, hs_canvas_cell(canvas, x, y)->codes[i]);
}
