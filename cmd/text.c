/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of text output. Knows no report: only figures, names and columns. */
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cleanup.h"
#include "escape.h"
#include "format.h"

#define LABEL_COLUMNS 8

#define ELLIPSIS "\xe2\x80\xa6"

/* In a terminal without UTF-8 the bytes of a sequence could be controls of their own. */
static void drop_non_ascii(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (!strncmp(in, ELLIPSIS, strlen(ELLIPSIS))) {
			*out++ = '.';
			*out++ = '.';
			in += strlen(ELLIPSIS) - 1;
		} else if (!((unsigned char)*in & 0x80)) {
			*out++ = *in;
		} else if (((unsigned char)*in & 0xc0) == 0xc0) {
			*out++ = '?';
		}
	}
	*out = '\0';
}

char *hs_text_safe(const char *text, const struct hs_style *style)
{
	/* No byte grows to more than the four of \xNN; a longer escape stands for two bytes or more. */
	size_t bytes = strlen(text), capacity = 4 * bytes + 8;
	char *safe = malloc(capacity);

	if (!safe)
		return NULL;
	hs_escape(safe, capacity, text, bytes);
	if (!style->utf8)
		drop_non_ascii(safe);
	return safe;
}

/* Columns and bytes of the character at `text`, which is not at its end. */
static unsigned character_width(const char *text, size_t *ret_bytes)
{
	mbstate_t state = { 0 };
	wchar_t code;
	size_t bytes = mbrtowc(&code, text, MB_CUR_MAX, &state);
	int width;

	if (bytes == 0 || bytes > MB_CUR_MAX) {
		*ret_bytes = 1;
		return 1;
	}
	*ret_bytes = bytes;
	width = wcwidth(code);
	return width < 0 ? 1 : (unsigned)width; /* a character newer than the C library */
}

bool hs_text_is_plain_word(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")] == '\0';
}

unsigned hs_text_width(const char *text)
{
	unsigned width = 0;
	size_t bytes;

	for (; *text; text += bytes)
		width += character_width(text, &bytes);
	return width;
}

const char *hs_text_ellipsis(const struct hs_style *style)
{
	return style->utf8 ? ELLIPSIS : "..";
}

/* `text` without as much of its beginning as leaves `width` columns. */
static const char *end_of(const char *text, unsigned width)
{
	unsigned have = hs_text_width(text);
	size_t bytes;

	for (; *text && have > width; text += bytes)
		have -= character_width(text, &bytes);
	/* combining characters belong to what was cut */
	while (*text && character_width(text, &bytes) == 0)
		text += bytes;
	return text;
}

void hs_text_put_name(FILE *out, const struct hs_style *style, const char *text, unsigned width)
{
	unsigned have = hs_text_width(text);
	const char *mark = hs_text_ellipsis(style);
	unsigned mark_width = style->utf8 ? 1 : 2;

	if (have > width) {
		text = end_of(text, width > mark_width ? width - mark_width : 0);
		have = hs_text_width(text);
		fputs(width >= mark_width ? mark : "", out);
		have += width >= mark_width ? mark_width : 0;
	}
	fputs(text, out);
	fprintf(out, "%*s", have < width ? (int)(width - have) : 0, "");
}

unsigned hs_text_put_start(FILE *out, const struct hs_style *style, const char *text, unsigned width)
{
	const char *mark = hs_text_ellipsis(style);
	unsigned mark_width = style->utf8 ? 1 : 2, room = width > mark_width ? width - mark_width : 0, used = 0;
	bool is_cut = hs_text_width(text) > width;
	size_t bytes;

	if (is_cut && width < mark_width)
		return 0;
	for (; *text; text += bytes) {
		unsigned columns = character_width(text, &bytes);
		if (is_cut && used + columns > room)
			break;
		used += columns;
		fwrite(text, 1, bytes, out);
	}
	fputs(is_cut ? mark : "", out);
	return used + (is_cut ? mark_width : 0);
}

unsigned hs_text_put_middle(FILE *out, const struct hs_style *style, const char *text, unsigned width)
{
	unsigned mark_width = style->utf8 ? 1 : 2, end = width > mark_width ? (width - mark_width) / 2 : 0;

	if (hs_text_width(text) <= width || end < 2)
		return hs_text_put_start(out, style, text, width);
	/* the mark that the start ends in stands for the middle */
	unsigned used = hs_text_put_start(out, style, text, width - end);
	text = end_of(text, end);
	fputs(text, out);
	return used + hs_text_width(text);
}

void hs_text_put_line(FILE *out, const struct hs_style *style, unsigned indent, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	HS_FREE char *line = hs_vformat(format, args);
	va_end(args);
	if (!line)
		return;
	HS_FREE char *safe = hs_text_safe(line, style);
	fprintf(out, "%*s", (int)indent, "");
	hs_text_put_start(out, style, safe ? safe : "?", style->width > indent + 20 ? style->width - indent : 20);
	fputc('\n', out);
}

static void escape_sequence(FILE *out, const struct hs_style *style, const char *parameters)
{
	if (style->colour)
		fprintf(out, "\033[%sm", parameters);
}

void hs_text_bold(FILE *out, const struct hs_style *style)
{
	escape_sequence(out, style, "1");
}

void hs_text_dim(FILE *out, const struct hs_style *style)
{
	escape_sequence(out, style, "2");
}

void hs_text_warn(FILE *out, const struct hs_style *style)
{
	escape_sequence(out, style, "33");
}

void hs_text_bar_colour(FILE *out, const struct hs_style *style)
{
	escape_sequence(out, style, "36");
}

void hs_text_plain(FILE *out, const struct hs_style *style)
{
	escape_sequence(out, style, "0");
}

void hs_text_put_bar(FILE *out, const struct hs_style *style, uint64_t part, uint64_t whole, unsigned width)
{
	unsigned steps = style->utf8 ? 8 : 1;

	if (!part || !whole || !width)
		return;
	uint64_t filled = (uint64_t)((unsigned __int128)part * width * steps / whole);
	if (filled == 0)
		filled = 1;
	for (uint64_t i = 0; i < filled / steps; i++)
		fputs(style->utf8 ? "\xe2\x96\x88" : "#", out);
	if (filled % steps) /* U+258F is one eighth, U+2589 seven */
		fprintf(out, "\xe2\x96%c", (char)(0x90 - (int)(filled % steps)));
}

struct hs_text_line hs_text_line_begin(FILE *out, const struct hs_style *style, const char *label,
				       void (*emphasis)(FILE *out, const struct hs_style *style))
{
	unsigned width = hs_text_width(label), gap = width < LABEL_COLUMNS ? LABEL_COLUMNS - width : 2;

	emphasis(out, style);
	fputs(label, out);
	hs_text_plain(out, style);
	fprintf(out, "%*s", (int)gap, "");
	return (struct hs_text_line){ .out = out, .style = style, .column = width + gap };
}

static void continue_below(struct hs_text_line *line)
{
	fprintf(line->out, "\n%*s", LABEL_COLUMNS, "");
	line->column = LABEL_COLUMNS;
}

static void put_words(struct hs_text_line *line, const char *text)
{
	for (bool is_first = true; *text; is_first = false) {
		size_t bytes = strcspn(text, " ");
		HS_FREE char *word = strndup(text, bytes);
		unsigned width = word ? hs_text_width(word) : 0;

		if (line->column > LABEL_COLUMNS && line->column + !is_first + width > line->style->width) {
			continue_below(line);
		} else if (!is_first) {
			fputc(' ', line->out);
			line->column++;
		}
		fputs(word ? word : "", line->out);
		line->column += width;
		text += bytes;
		text += strspn(text, " ");
	}
}

void hs_text_line_item(struct hs_text_line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	HS_FREE char *item = hs_vformat(format, args);
	va_end(args);
	if (!item)
		return;
	unsigned width = hs_text_width(item);
	if (line->column > LABEL_COLUMNS && line->column + (line->n_items ? 3 : 0) + width > line->style->width) {
		continue_below(line);
	} else if (line->n_items) {
		fputs(line->style->utf8 ? " \xc2\xb7 " : " | ", line->out);
		line->column += 3;
	}
	if (LABEL_COLUMNS + width > line->style->width) {
		put_words(line, item);
	} else {
		fputs(item, line->out);
		line->column += width;
	}
	line->n_items++;
}

void hs_text_line_words(struct hs_text_line *line, const char *text)
{
	put_words(line, text);
	line->n_items++;
}

void hs_text_line_end(struct hs_text_line *line)
{
	fputc('\n', line->out);
}
