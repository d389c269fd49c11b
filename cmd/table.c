/* SPDX-License-Identifier: Apache-2.0 */
/* Laying out a table. Knows nothing of what stands in it. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "text.h"

#define GAP 2
#define MIN_LAST 12
#define MIN_TEXT 14 /* an address */

static void add(struct hs_table *table, char *cell)
{
	char **slot = cell ? hs_array_append(&table->cells) : NULL;

	if (slot) {
		*slot = cell;
	} else {
		free(cell);
		table->is_short = true;
	}
}

void hs_table_add(struct hs_table *table, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *cell = hs_vformat(format, args);
	va_end(args);
	add(table, cell);
}

void hs_table_add_text(struct hs_table *table, const char *text, const struct hs_style *style)
{
	add(table, hs_text_safe(text, style));
}

static void measure(const struct hs_table *table, unsigned *widths)
{
	for (unsigned column = 0; column < table->n_columns; column++)
		widths[column] = hs_text_width(table->columns[column].heading);
	for (size_t i = 0; i < table->cells.n; i++) {
		unsigned width = hs_text_width(table->cells.items[i]), column = (unsigned)(i % table->n_columns);
		widths[column] = width > widths[column] ? width : widths[column];
	}
	for (unsigned column = 0; column < table->n_columns; column++)
		if (table->columns[column].most && widths[column] > table->columns[column].most)
			widths[column] = table->columns[column].most;
}

static bool is_hidden(const struct hs_table *table, unsigned column)
{
	return table->hidden >> column & 1;
}

static void put_cell(FILE *out, const struct hs_table *table, unsigned column, const char *cell, unsigned width, const struct hs_style *style)
{
	unsigned have = hs_text_width(cell);
	int padding = have < width ? (int)(width - have) : 0;

	if (is_hidden(table, column))
		return;
	/* a gap behind every column that is shown */
	if (~table->hidden & ((1u << column) - 1))
		fprintf(out, "%*s", GAP, "");
	if (column + 1 == table->n_columns && table->columns[column].is_path) {
		hs_text_put_middle(out, style, cell, width);
	} else if (column + 1 == table->n_columns && table->columns[column].is_left) {
		hs_text_put_start(out, style, cell, width);
	} else if (table->columns[column].is_left) {
		unsigned used = hs_text_put_middle(out, style, cell, width);
		fprintf(out, "%*s", used < width ? (int)(width - used) : 0, "");
	} else {
		fprintf(out, "%*s%s", padding, "", cell);
	}
}

static void put_headings(FILE *out, const struct hs_table *table, const unsigned *widths, const struct hs_style *style)
{
	hs_text_bold(out, style);
	for (unsigned column = 0; column < table->n_columns; column++)
		put_cell(out, table, column, table->columns[column].heading, widths[column], style);
	hs_text_plain(out, style);
	fputc('\n', out);
}

/* The widest column of text before the last one, if it may be cut; n_columns: none. */
static unsigned widest_text(const struct hs_table *table, const unsigned *widths)
{
	unsigned widest = table->n_columns;

	for (unsigned column = 0; column + 1 < table->n_columns; column++)
		if (table->columns[column].is_left && !is_hidden(table, column) && widths[column] > MIN_TEXT &&
		    (widest == table->n_columns || widths[column] > widths[widest]))
			widest = column;
	return widest;
}

/* Cuts text until the last column has the room that it needs; what the columns before it take then. */
static unsigned make_room(const struct hs_table *table, unsigned *widths, unsigned used, unsigned screen)
{
	unsigned last = table->n_columns - 1, least = table->columns[last].least ? table->columns[last].least : MIN_LAST;
	unsigned needed = widths[last] < least ? widths[last] : least, column;

	for (; used + needed > screen && (column = widest_text(table, widths)) < table->n_columns; used--)
		widths[column]--;
	return used;
}

void hs_table_put(FILE *out, const struct hs_table *table, unsigned indent, const struct hs_style *style)
{
	unsigned widths[HS_TABLE_MAX_COLUMNS] = { 0 }, used = indent;

	measure(table, widths);
	for (unsigned column = 0; column + 1 < table->n_columns; column++)
		used += is_hidden(table, column) ? 0 : widths[column] + GAP;
	used = make_room(table, widths, used, style->width);
	unsigned *last = &widths[table->n_columns - 1];
	if (used + *last > style->width)
		*last = used + MIN_LAST < style->width ? style->width - used : MIN_LAST;
	fprintf(out, "%*s", (int)indent, "");
	put_headings(out, table, widths, style);
	for (size_t i = 0; i < table->cells.n; i++) {
		unsigned column = (unsigned)(i % table->n_columns);
		if (!column)
			fprintf(out, "%*s", (int)indent, "");
		put_cell(out, table, column, table->cells.items[i], widths[column], style);
		if (column + 1 == table->n_columns)
			fputc('\n', out);
	}
}

void hs_table_deinit(struct hs_table *table)
{
	for (size_t i = 0; i < table->cells.n; i++)
		free(table->cells.items[i]);
	hs_array_free(&table->cells);
}
