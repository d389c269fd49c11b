/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that run and wait, with their variables; and the lines that allocate, where the program traces. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "figures.h"
#include "lines.h"
#include "threads.h"
#include "top_pages.h"

#define MAX_FRAMES 50
#define MAX_SUSPENDED 200
#define MAX_LINES 500

enum { COLUMN_WHAT, COLUMN_ADDRESS, COLUMN_VALUE, N_COLUMNS };

static const struct hs_column columns[N_COLUMNS] = {
	[COLUMN_WHAT] = { "", NULL, HS_COLUMN_TEXT, 0, 0 },
	[COLUMN_ADDRESS] = { "ADDRESS", NULL, HS_COLUMN_ADDRESS, 15, 1 },
	[COLUMN_VALUE] = { " VALUE", NULL, HS_COLUMN_TEXT, 0, 0 },
};

static uint64_t key_of(uint64_t part, const char *name)
{
	return hs_page_key(name) ^ hs_mix(part);
}

static void add_call(struct hs_page *page, struct hs_section *section, const struct hs_call *call, uint64_t part, const char *prefix)
{
	struct hs_row *row = hs_page_add_row(page, section, key_of(part, call->function));

	if (!row)
		return;
	row->indent = 2;
	hs_row_set_text(row, COLUMN_WHAT, hs_page_printf(page, "%s%s%s%s", prefix, call->module, *call->module ? "." : "", call->function));
	hs_row_set_text(row, COLUMN_VALUE, hs_page_printf(page, " %s:%d", call->file, (int)call->line));
	for (size_t i = 0; i < call->variables.n; i++) {
		const struct hs_call_variable *variable = &call->variables.items[i];
		row = hs_page_add_row(page, section, key_of(part, variable->name) ^ 1);
		if (!row)
			return;
		row->indent = 4;
		row->mark = HS_ROW_DIM;
		row->address = variable->address;
		hs_row_set_text(row, COLUMN_WHAT, hs_page_text(page, variable->name));
		hs_row_set_number(row, COLUMN_ADDRESS, (int64_t)variable->address);
		hs_row_set_text(row, COLUMN_VALUE, hs_page_printf(page, " %s", variable->repr));
		hs_page_lead(page, row, HS_VIEW_OBJECT, variable->address, "");
	}
}

static void add_thread(struct hs_page *page, struct hs_section *section, const struct hs_running_thread *thread)
{
	struct hs_row *row = hs_page_add_row(page, section, hs_mix(thread->ident));

	if (!row)
		return;
	row->mark = HS_ROW_STRONG;
	hs_row_set_text(row, COLUMN_WHAT, hs_page_printf(page, "%s  %" PRIu64, thread->name ? thread->name : "thread",
							 thread->native_ident ? thread->native_ident : thread->ident));
	for (size_t i = 0; i < thread->frames.n; i++)
		add_call(page, section, &thread->frames.items[i], thread->ident + thread->n_frames - i, "");
	if (thread->n_frames > thread->frames.n)
		hs_top_add_line(page, section, 2, hs_page_printf(page, "%" PRIu64 " more calls", thread->n_frames - (uint64_t)thread->frames.n));
}

static void deinit_threads(struct hs_threads *threads)
{
	hs_threads_deinit(threads);
}

struct hs_error *hs_top_fill_threads(struct hs_top_source *source, struct hs_page *page)
{
	static const struct hs_threads_options options = { .n_frames = MAX_FRAMES, .n_suspended = MAX_SUSPENDED, .merges_suspended = true };
	const struct hs_object_source objects = hs_top_objects(source);
	HS_CLEANUP(deinit_threads) struct hs_threads threads = { 0 };

	HS_TRY(hs_threads_gather(&threads, &objects, &options));
	struct hs_section *section = hs_page_add_section(page, hs_page_printf(page, "THREADS %zu", threads.threads.n), columns, N_COLUMNS);
	for (size_t i = 0; i < threads.threads.n; i++)
		add_thread(page, section, &threads.threads.items[i]);
	if (!threads.n_suspended)
		return NULL;
	section = hs_page_add_section(page, hs_page_printf(page, "SUSPENDED %" PRIu64, threads.n_suspended), columns, N_COLUMNS);
	for (size_t i = 0; i < threads.suspended.n; i++) {
		const struct hs_suspended_call *call = &threads.suspended.items[i];
		char count[HS_FIGURE_BYTES];
		add_call(page, section, &call->call, (uint64_t)call->call.line, hs_page_printf(page, "%s\xc3\x97 %s ", hs_text_count(count, call->n_alike), call->kind));
	}
	return NULL;
}

enum { LINE_BYTES, LINE_COUNT, LINE_WHERE, LINE_TEXT, LINE_BAR, N_LINE_COLUMNS };

static const struct hs_column line_columns[N_LINE_COLUMNS] = {
	[LINE_BYTES] = { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 0 },
	[LINE_COUNT] = { "COUNT", "count", HS_COLUMN_COUNT, 11, 0 },
	[LINE_WHERE] = { " WHERE", "where", HS_COLUMN_PATH, 0, 0 },
	[LINE_TEXT] = { "SOURCE", NULL, HS_COLUMN_TEXT, 0, 0 },
	[LINE_BAR] = { "", NULL, HS_COLUMN_BAR, 10, 1 },
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
		add_line(page, section, line->bytes, line->count, hs_page_printf(page, " %s:%" PRIu32, file, place->line), line->texts.n ? line->texts.items[0] : NULL);
	}
}

static void add_definitions(struct hs_page *page, struct hs_section *section, const struct hs_lines *lines)
{
	for (size_t i = 0; i < lines->definitions.n && i < MAX_LINES; i++) {
		const struct hs_definition *definition = &lines->definitions.items[i];
		const char *name = hs_page_escaped(page, definition->name), *file = hs_page_escaped(page, definition->file);
		const char *where = !*file ? hs_page_printf(page, " %s %s", definition->kind, name) :
				    definition->line ? hs_page_printf(page, " %s %s, %s:%" PRIu32, definition->kind, name, file, definition->line) :
						       hs_page_printf(page, " %s %s, %s", definition->kind, name, file);
		add_line(page, section, definition->bytes, definition->count, where, i < lines->definition_texts.n ? lines->definition_texts.items[i] : NULL);
	}
}

static void deinit_lines(struct hs_lines *lines)
{
	hs_lines_deinit(lines);
}

struct hs_error *hs_top_fill_lines(struct hs_top_source *source, struct hs_page *page)
{
	static const struct hs_lines_options options = { .n_rows = MAX_LINES, .wants_texts = true };
	const struct hs_invocation *invocation = source->invocation;
	HS_CLEANUP(deinit_lines) struct hs_lines lines = { .options = &options };
	char size[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES];

	HS_TRY(hs_lines_sample(invocation->heap, &options, &lines.after));
	struct hs_source_lines *sources = hs_source_lines_open(invocation->capture->process);
	struct hs_error *error = hs_lines_complete(&lines, invocation->heap, sources);
	hs_source_lines_close(sources);
	HS_TRY(error);
	struct hs_section *section = hs_page_add_section(page, NULL, line_columns, N_LINE_COLUMNS);
	section->is_sortable = true;
	if (lines.after.state.is_tracing) {
		page->note = hs_page_printf(page, "traced: %s in %s blocks", hs_text_size(size, lines.after.groups.bytes), hs_text_count(count, lines.after.groups.count));
		add_traces(page, section, &lines);
	} else {
		page->note = "tracemalloc is off (PYTHONTRACEMALLOC=1 turns it on): what fills the memory, by where it is defined";
		add_definitions(page, section, &lines);
	}
	return NULL;
}
