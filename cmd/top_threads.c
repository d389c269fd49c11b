/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that run and wait, with their variables. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "figures.h"
#include "threads.h"
#include "top_pages.h"

#define MAX_FRAMES 50
#define MAX_SUSPENDED 200

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
	/* the line first: a long path is cut at its end */
	const char *slash = strrchr(call->file, '/');
	if (slash)
		hs_row_set_text(row, COLUMN_VALUE, hs_page_printf(page, " %s:%d  in %.*s", slash + 1, (int)call->line, (int)(slash - call->file + 1), call->file));
	else
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

struct hs_error *hs_top_fill_threads(struct hs_top_source *source, struct hs_page *page)
{
	static const struct hs_threads_options options = { .n_frames = MAX_FRAMES, .n_suspended = MAX_SUSPENDED, .merges_suspended = true };
	const struct hs_object_source objects = hs_top_objects(source);
	HS_CLEANUP(hs_threads_deinit) struct hs_threads threads = { 0 };

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
