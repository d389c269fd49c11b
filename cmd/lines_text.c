/* SPDX-License-Identifier: Apache-2.0 */
/* Places of allocation as text: how much each has, the line of source; tracebacks frame by frame; folded stacks. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "lines.h"
#include "table.h"
#include "text.h"

#define PLACE_BYTES 1024
#define BYTES_A_TRACE 110 /* what tracing takes for one block: entry, trace and bucket, each a malloc chunk; measured, 3.11 and 3.13 */

static const struct hs_table_column group_columns[] = {
	{ "bytes", false }, { "share", false }, { "count", false }, { "average", false }, { "WHERE", true }, { "SOURCE", true },
};
static const struct hs_table_column change_columns[] = {
	{ "bytes", false }, { "change", false }, { "count", false }, { "change", false }, { "WHERE", true }, { "SOURCE", true },
};
static const struct hs_table_column definition_columns[] = {
	{ "bytes", false }, { "count", false }, { "KIND", true }, { "NAME", true }, { "WHERE", true }, { "SOURCE", true },
};

#define N_COLUMNS(columns) (sizeof(columns) / sizeof(*(columns)))

/* The last two parts of a path, as tracemalloc shows it: the whole would leave no room for the line. */
static const char *short_path(const char *path)
{
	const char *cut = path + strlen(path);

	for (unsigned n = 0; cut > path; cut--)
		if (cut[-1] == '/' && ++n == 2)
			return cut;
	return path;
}

/* "shop/app.py:12" */
static void place_text(const char *file, uint32_t line, char ret[PLACE_BYTES])
{
	const char *tail = short_path(file);

	if (line)
		snprintf(ret, PLACE_BYTES, "%s:%u", tail, (unsigned)line);
	else
		snprintf(ret, PLACE_BYTES, "%s", *tail ? tail : "?");
}

static void add_place(struct hs_table *table, const struct hs_lines_row *row, const struct hs_style *style)
{
	const struct hs_trace_place *place = hs_trace_place(row->groups, row->group, 0);
	char text[PLACE_BYTES];

	place_text(hs_trace_file(row->groups, place), place->line, text);
	hs_table_add_text(table, text, style);
	hs_table_add_text(table, row->texts.n && row->texts.items[0] ? row->texts.items[0] : "", style);
}

static const char *count_change(char ret[HS_FIGURE_BYTES], int64_t change)
{
	char count[HS_FIGURE_BYTES];

	snprintf(ret, HS_FIGURE_BYTES, "%s%s", change > 0 ? "+" : change < 0 ? "-" : "",
		 hs_text_count(count, change < 0 ? -(uint64_t)change : (uint64_t)change));
	return ret;
}

static void add_figures(struct hs_table *table, const struct hs_lines *lines, const struct hs_lines_row *row)
{
	char text[HS_FIGURE_BYTES];

	hs_table_add(table, "%s", hs_text_size(text, row->bytes));
	if (lines->is_compared)
		hs_table_add(table, "%s", hs_text_size_change(text, row->bytes_change));
	else
		hs_table_add(table, "%s", hs_text_share(text, row->bytes, lines->after.groups.bytes));
	hs_table_add(table, "%s", hs_text_count(text, row->count));
	if (lines->is_compared)
		hs_table_add(table, "%s", count_change(text, row->count_change));
	else
		hs_table_add(table, "%s", hs_text_size(text, row->count ? row->bytes / row->count : 0));
}

static void put_table(FILE *out, const struct hs_lines *lines, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = {
		.columns = lines->is_compared ? change_columns : group_columns, .n_columns = N_COLUMNS(group_columns),
	};

	for (size_t i = 0; i < lines->rows.n; i++) {
		add_figures(&table, lines, &lines->rows.items[i]);
		add_place(&table, &lines->rows.items[i], style);
	}
	hs_table_put(out, &table, 0, style);
}

static void put_frames(FILE *out, const struct hs_lines_row *row, const struct hs_style *style)
{
	char place[PLACE_BYTES];

	for (uint32_t i = 0; i < row->group->n; i++) {
		const struct hs_trace_place *at = hs_trace_place(row->groups, row->group, i);
		const char *source = i < row->texts.n && row->texts.items[i] ? row->texts.items[i] : "";
		place_text(hs_trace_file(row->groups, at), at->line, place);
		HS_FREE char *safe = hs_text_safe(source, style), *safe_place = hs_text_safe(place, style);
		hs_text_put_line(out, style, 2, "%s%s%s", safe_place ? safe_place : "?", *source ? "  " : "", safe ? safe : "?");
	}
}

static void put_tracebacks(FILE *out, const struct hs_lines *lines, const struct hs_style *style)
{
	char size[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES], change[HS_FIGURE_BYTES];

	for (size_t i = 0; i < lines->rows.n; i++) {
		const struct hs_lines_row *row = &lines->rows.items[i];
		struct hs_text_line line = hs_text_line_begin(out, style, hs_text_size(size, row->bytes), hs_text_bold);
		if (lines->is_compared)
			hs_text_line_item(&line, "%s", hs_text_size_change(change, row->bytes_change));
		else
			hs_text_line_item(&line, "%s", hs_text_share(change, row->bytes, lines->after.groups.bytes));
		hs_text_line_item(&line, "%s block%s", hs_text_count(count, row->count), row->count == 1 ? "" : "s");
		if (lines->is_compared)
			hs_text_line_item(&line, "%s", count_change(change, row->count_change));
		hs_text_line_end(&line);
		put_frames(out, row, style);
	}
}

static void put_state(FILE *out, const struct hs_lines *lines, const struct hs_style *style)
{
	const struct hs_lines_sample *sample = &lines->after;
	const struct hs_trace_groups *groups = &sample->groups;
	char size[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "traced", hs_text_bold);
	hs_text_line_item(&line, "%s in %s blocks",
			  hs_text_size(size, sample->state.traced_bytes == UINT64_MAX ? groups->walked.bytes : sample->state.traced_bytes),
			  hs_text_count(count, groups->walked.n));
	if (sample->state.peak_bytes != UINT64_MAX)
		hs_text_line_item(&line, "peak %s", hs_text_size(size, sample->state.peak_bytes));
	hs_text_line_item(&line, "%u frame%s kept", (unsigned)sample->state.n_frames_max, sample->state.n_frames_max == 1 ? "" : "s");
	hs_text_line_end(&line);
	if (sample->join.name) {
		HS_FREE char *name = hs_text_safe(hs_type_short_name(sample->join.name), style);
		line = hs_text_line_begin(out, style, name ? name : "?", hs_text_bold);
		hs_text_line_item(&line, "%s objects", hs_text_count(count, sample->join.n_objects));
		hs_text_line_item(&line, "%s of them traced: %s without their own tables and buffers", hs_text_count(count, groups->count),
				  hs_text_size(size, groups->bytes));
		hs_text_line_end(&line);
	} else if (!lines->options->at && groups->count != groups->walked.n) {
		line = hs_text_line_begin(out, style, "chosen", hs_text_bold);
		hs_text_line_item(&line, "%s in %s blocks", hs_text_size(size, groups->bytes), hs_text_count(count, groups->count));
		hs_text_line_end(&line);
	}
}

static void put_words(FILE *out, const struct hs_style *style, const char *label, const char *words)
{
	struct hs_text_line line = hs_text_line_begin(out, style, label, hs_text_warn);

	hs_text_line_words(&line, words);
	hs_text_line_end(&line);
}

static void put_block(FILE *out, const struct hs_lines *lines, const struct hs_style *style)
{
	HS_FREE char *type = hs_text_safe(lines->block_type ? hs_type_short_name(lines->block_type) : "", style);
	char size[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "block", hs_text_bold);
	if (lines->after.is_found)
		hs_text_line_item(&line, "0x%" HS_PRI_ADDR, lines->after.block.block);
	if (lines->after.is_found)
		hs_text_line_item(&line, "%s", hs_text_size(size, lines->after.block.bytes));
	if (type && *type)
		hs_text_line_item(&line, "%s %s", type, lines->block_repr);
	hs_text_line_end(&line);
	if (!lines->after.is_found)
		put_words(out, style, "note", "tracemalloc knows no block there: it was allocated before tracing began, by C code on its own, or lies "
					      "in static storage");
	if (lines->rows.n)
		put_frames(out, &lines->rows.items[0], style);
}

/* Where nobody traces: how to turn it on, what that costs, and what is shown instead. */
static void put_definitions(FILE *out, const struct hs_lines *lines, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = definition_columns, .n_columns = N_COLUMNS(definition_columns) };
	HS_FREE char *cost = NULL;
	char text[PLACE_BYTES];

	if (lines->after.state.is_known)
		put_words(out, style, "tracing", "off: nobody recorded where memory was allocated. PYTHONTRACEMALLOC=1 or -X tracemalloc=1 turns it on at "
						 "the start, tracemalloc.start() in the program later: what is allocated from then on is known");
	if (asprintf(&cost, "about %u bytes for each block, here %s or more; code that mostly allocates becomes 4 to 6 times slower, with 25 "
			    "frames (=25) up to 18 times", BYTES_A_TRACE, hs_text_size(text, lines->document.census->n_objects * BYTES_A_TRACE)) < 0)
		cost = NULL;
	put_words(out, style, "cost", cost ? cost : "?");
	put_words(out, style, "instead", "where what fills the memory is defined: instances by class, functions and suspended calls by their def, running "
					 "calls by their line");
	for (size_t i = 0; i < lines->definition_texts.n; i++) {
		const struct hs_definition *definition = &lines->definitions.items[i];
		hs_table_add(&table, "%s", hs_text_size(text, definition->bytes));
		hs_table_add(&table, "%s", hs_text_count(text, definition->count));
		hs_table_add(&table, "%s", definition->kind);
		hs_table_add_text(&table, definition->name, style);
		place_text(definition->file, definition->line, text);
		hs_table_add_text(&table, text, style);
		hs_table_add_text(&table, lines->definition_texts.items[i] ? lines->definition_texts.items[i] : "", style);
	}
	if (table.cells.n)
		hs_table_put(out, &table, 0, style);
}

static void put_more(FILE *out, uint64_t n, const struct hs_style *style)
{
	char count[HS_FIGURE_BYTES];

	if (n)
		fprintf(out, "%s %s more (-n)\n", hs_text_ellipsis(style), hs_text_count(count, n));
}

static void put_traces(FILE *out, const struct hs_lines *lines, const struct hs_style *style)
{
	put_state(out, lines, style);
	if (lines->options->at)
		put_block(out, lines, style);
	else if (lines->rows.n && lines->options->traces.grouping == HS_TRACE_BY_TRACEBACK)
		put_tracebacks(out, lines, style);
	else if (lines->rows.n)
		put_table(out, lines, style);
	put_more(out, lines->n_groups - lines->rows.n, style);
}

void hs_lines_text(FILE *out, const struct hs_lines *lines, const struct hs_style *style)
{
	const struct hs_document *document = &lines->document;
	char warning[HS_LINES_WARNING_BYTES];
	const char *words = hs_lines_warning(lines, warning);

	hs_document_put_identity(out, document, style);
	hs_document_put_pause(out, document, style);
	hs_document_put_warnings(out, document, style);
	if (words)
		put_words(out, style, "warning", words);
	fputc('\n', out);
	if (lines->after.state.is_tracing)
		put_traces(out, lines, style);
	else
		put_definitions(out, lines, style);
	if (!lines->after.state.is_tracing)
		put_more(out, lines->definitions.n - lines->definition_texts.n, style);
	fprintf(out, "next: %s %s %s%s\n", document->program, lines->after.state.is_tracing ? "lines" : "report", document->source,
		lines->after.state.is_tracing ? " --group traceback" : "");
}

/* Semicolons part frames, blanks part the figure: neither may stand in a name. */
static void put_folded_frame(FILE *out, const char *file, uint32_t line)
{
	char safe[PLACE_BYTES];

	hs_escape(safe, sizeof(safe), file, strlen(file));
	for (char *c = safe; *c; c++)
		if (*c == ';' || *c == ' ')
			*c = '_';
	fprintf(out, "%s:%u", safe, (unsigned)line);
}

void hs_lines_folded(FILE *out, const struct hs_lines *lines)
{
	for (size_t i = 0; i < lines->rows.n; i++) {
		const struct hs_lines_row *row = &lines->rows.items[i];
		for (uint32_t frame = row->group->n; frame-- > 0;) {
			const struct hs_trace_place *place = hs_trace_place(row->groups, row->group, frame);
			put_folded_frame(out, hs_trace_file(row->groups, place), place->line);
			fputc(frame ? ';' : ' ', out);
		}
		fprintf(out, "%llu\n", (unsigned long long)row->bytes);
	}
}
