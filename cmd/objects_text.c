/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a type as a table: where each is, how large, how long, how old, what it looks like. */
#include <stdlib.h>

#include "cleanup.h"
#include "objects.h"
#include "table.h"
#include "text.h"

#define NARROW 70 /* columns, below which the contents of objects need the room */

enum { COLUMN_ADDRESS, COLUMN_BYTES, COLUMN_RETAINED, COLUMN_LENGTH, COLUMN_REFCOUNT, COLUMN_GENERATION, COLUMN_OBJECT };

static const struct hs_table_column columns[] = {
	{ "ADDRESS", true }, { "bytes", false }, { "retained", false }, { "len", false }, { "refs", false }, { "gen", false }, { "OBJECT", true },
};

static void add_figure(struct hs_table *table, const struct hs_object_row *row, enum hs_object_field field,
		       const char *(*figure)(char *ret, uint64_t value))
{
	char text[HS_FIGURE_BYTES];
	uint64_t value;

	hs_table_add(table, "%s", hs_object_row_value(row, field, &value) ? figure(text, value) : "-");
}

static void put_rows(FILE *out, const struct hs_objects *objects, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = sizeof(columns) / sizeof(*columns) };

	if (style->width < NARROW)
		table.hidden = 1u << COLUMN_REFCOUNT | 1u << COLUMN_GENERATION;

	for (size_t i = 0; i < objects->rows.n; i++) {
		const struct hs_object_row *row = &objects->rows.items[i];
		const char *generation = hs_generation_name(row->generation);
		hs_table_add(&table, "0x%" HS_PRI_ADDR, row->address);
		add_figure(&table, row, HS_OBJECT_BYTES, hs_text_size);
		add_figure(&table, row, HS_OBJECT_RETAINED, hs_text_size);
		add_figure(&table, row, HS_OBJECT_LENGTH, hs_text_count);
		add_figure(&table, row, HS_OBJECT_REFCOUNT, hs_text_count);
		hs_table_add(&table, "%s", generation ? generation : "-");
		hs_table_add_text(&table, row->repr, style);
	}
	hs_table_put(out, &table, 0, style);
}

static void put_summary(FILE *out, const struct hs_objects *objects, const struct hs_style *style)
{
	HS_FREE char *name = hs_text_safe(hs_type_short_name(objects->match.name), style);
	char count[HS_FIGURE_BYTES], all[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, name ? name : "?", hs_text_bold);
	hs_text_count(count, objects->n_matching);
	if (objects->n_matching == objects->match.n_objects)
		hs_text_line_item(&line, "%s object%s", count, objects->n_matching == 1 ? "" : "s");
	else
		hs_text_line_item(&line, "%s of %s objects", count, hs_text_count(all, objects->match.n_objects));
	hs_text_line_item(&line, "%s", hs_text_size(size, objects->bytes));
	if (objects->match.n_types > 1)
		hs_text_line_item(&line, "%s types", hs_text_count(count, objects->match.n_types));
	hs_text_line_end(&line);
}

static void put_next(FILE *out, const struct hs_objects *objects)
{
	const struct hs_document *document = &objects->document;

	if (objects->rows.n)
		fprintf(out, "next: %s why %s 0x%" HS_PRI_ADDR "\n", document->program, document->source, objects->rows.items[0].address);
	else if (hs_text_is_plain_word(objects->asked))
		fprintf(out, "next: %s objects %s %s\n", document->program, document->source, objects->asked);
	else
		fprintf(out, "next: %s report %s\n", document->program, document->source);
}

void hs_objects_text(FILE *out, const struct hs_objects *objects, const struct hs_style *style)
{
	uint64_t n_more = objects->n_matching - objects->rows.n;
	char count[HS_FIGURE_BYTES];

	hs_document_put_head(out, &objects->document, style);
	put_summary(out, objects, style);
	if (objects->rows.n)
		put_rows(out, objects, style);
	if (n_more)
		fprintf(out, "%s %s more (-n)\n", hs_text_ellipsis(style), hs_text_count(count, n_more));
	put_next(out, objects);
}
