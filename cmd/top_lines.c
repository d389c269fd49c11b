/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that allocate, where the program traces; where it does not, the definitions of what fills the memory. */
#include <inttypes.h>

#include "cleanup.h"
#include "figures.h"
#include "lines.h"
#include "top_pages.h"

#define MAX_LINES 500

enum { LINE_BYTES, LINE_COUNT, LINE_BAR, LINE_NAME, LINE_WHERE, LINE_TEXT, N_COLUMNS };

#define COMMON_COLUMNS                                                  \
	[LINE_BYTES] = { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 0 },      \
	[LINE_COUNT] = { "COUNT", "count", HS_COLUMN_COUNT, 11, 0 },    \
	[LINE_BAR] = { "", NULL, HS_COLUMN_BAR, 10, 1 },                \
	[LINE_WHERE] = { "WHERE", "where", HS_COLUMN_NAME, 0, 0 }

static const struct hs_column line_columns[N_COLUMNS] = {
	COMMON_COLUMNS,
	[LINE_NAME] = { "", NULL, HS_COLUMN_TEXT, 1, 0 }, /* a line has none */
	[LINE_TEXT] = { "SOURCE", NULL, HS_COLUMN_TEXT, 0, 0 },
};

/* Names first: what is defined says more than its first line. */
static const struct hs_column definition_columns[N_COLUMNS] = {
	COMMON_COLUMNS,
	[LINE_TEXT] = { "SOURCE", NULL, HS_COLUMN_TEXT, 0, 2 },
	[LINE_NAME] = { "DEFINITION", "name", HS_COLUMN_NAME, 0, 0 },
};

static struct hs_row *add_line(struct hs_page *page, struct hs_section *section, uint64_t bytes, uint64_t count, const char *where, const char *text)
{
	struct hs_row *row = hs_page_add_row(page, section, hs_page_key(where));

	if (!row)
		return NULL;
	hs_row_set_number(row, LINE_BYTES, (int64_t)bytes);
	hs_row_set_number(row, LINE_COUNT, (int64_t)count);
	hs_row_set_text(row, LINE_WHERE, where);
	hs_row_set_text(row, LINE_TEXT, text ? hs_page_escaped(page, text) : "");
	hs_row_set_number(row, LINE_BAR, (int64_t)bytes);
	return row;
}

static void add_traces(struct hs_page *page, struct hs_section *section, const struct hs_lines *lines)
{
	for (size_t i = 0; i < lines->rows.n; i++) {
		const struct hs_lines_row *line = &lines->rows.items[i];
		const struct hs_trace_place *place = &line->groups->places.items[line->group->first];
		const char *file = hs_page_escaped(page, line->groups->files.items[place->file]);
		add_line(page, section, line->bytes, line->count, hs_page_printf(page, "%s:%" PRIu32, file, place->line), line->texts.n ? line->texts.items[0] : NULL);
	}
}

static void add_definitions(struct hs_page *page, struct hs_section *section, const struct hs_lines *lines)
{
	for (size_t i = 0; i < lines->definitions.n && i < MAX_LINES; i++) {
		const struct hs_definition *definition = &lines->definitions.items[i];
		const char *file = hs_page_escaped(page, definition->file);
		const char *where = definition->line ? hs_page_printf(page, "%s:%" PRIu32, file, definition->line) : file;
		struct hs_row *row = add_line(page, section, definition->bytes, definition->count, where,
					      i < lines->definition_texts.n ? lines->definition_texts.items[i] : NULL);
		if (!row)
			return;
		hs_row_set_text(row, LINE_NAME, hs_page_printf(page, "%s %s", definition->kind, hs_page_escaped(page, definition->name)));
		row->key ^= hs_page_key(definition->name);
	}
}

struct hs_error *hs_top_fill_lines(struct hs_top_source *source, struct hs_page *page)
{
	static const struct hs_lines_options options = { .n_rows = MAX_LINES, .wants_texts = true };
	const struct hs_invocation *invocation = source->invocation;
	HS_CLEANUP(hs_lines_deinit) struct hs_lines lines = { .options = &options };
	char size[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES];

	HS_TRY(hs_lines_sample(invocation->heap, &options, &lines.after));
	struct hs_source_lines *sources = hs_source_lines_open(invocation->capture->process);
	struct hs_error *error = hs_lines_complete(&lines, invocation->heap, sources);
	hs_source_lines_close(sources);
	HS_TRY(error);
	bool is_tracing = lines.after.state.is_tracing;
	struct hs_section *section = hs_page_add_section(page, NULL, is_tracing ? line_columns : definition_columns, N_COLUMNS);
	section->is_sortable = true;
	if (is_tracing) {
		page->note = hs_page_printf(page, "traced: %s in %s blocks", hs_text_size(size, lines.after.groups.bytes), hs_text_count(count, lines.after.groups.count));
		add_traces(page, section, &lines);
	} else {
		page->note = "tracemalloc is off (PYTHONTRACEMALLOC=1 turns it on): what fills the memory, by where it is defined";
		add_definitions(page, section, &lines);
	}
	return NULL;
}
