/* SPDX-License-Identifier: Apache-2.0 */
/* The views of memory and of the collector: figures that need no graph. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "figures.h"
#include "gc.h"
#include "top_pages.h"
#include "waterfall.h"

#define MAX_GARBAGE 100
#define NOTE_COLUMNS 76 /* a note is a sentence: it takes several rows of the narrowest usual screen */

enum { STEP_BYTES, STEP_SHARE, STEP_CHANGE, STEP_WHAT, STEP_BAR, N_STEP_COLUMNS };

#define STEP_COLUMNS(of_what)                                                   \
	{                                                                       \
		[STEP_BYTES] = { "BYTES", NULL, HS_COLUMN_SIZE, 10, 0 },        \
		[STEP_SHARE] = { "SHARE", NULL, HS_COLUMN_SHARE, 7, 0 },        \
		[STEP_CHANGE] = { "CHANGE", NULL, HS_COLUMN_SIZE_CHANGE, 10, 0 },\
		[STEP_WHAT] = { of_what, NULL, HS_COLUMN_TEXT, 0, 0 },          \
		[STEP_BAR] = { "", NULL, HS_COLUMN_BAR, 10, 1 },                \
	}

static const struct hs_column step_columns[N_STEP_COLUMNS] = STEP_COLUMNS(" OF THE RSS");
/* A core does not tell which of its pages were in memory. */
static const struct hs_column core_step_columns[N_STEP_COLUMNS] = STEP_COLUMNS(" OF THE CORE'S PAGES");

static void add_step(struct hs_page *page, struct hs_section *section, const char *label, uint64_t bytes, uint64_t before, uint64_t rss)
{
	struct hs_row *row = hs_page_add_row(page, section, hs_page_key(label));

	if (!row)
		return;
	hs_row_set_number(row, STEP_BYTES, (int64_t)bytes);
	hs_row_set_number(row, STEP_SHARE, rss ? (int64_t)((double)bytes * 1000 / (double)rss + 0.5) : 0);
	hs_row_set_number(row, STEP_CHANGE, (int64_t)(bytes - before));
	hs_row_set_text(row, STEP_WHAT, hs_page_printf(page, " %s", label));
	hs_row_set_number(row, STEP_BAR, (int64_t)bytes);
	row->mark = bytes != before ? HS_ROW_CHANGE : HS_ROW_PLAIN;
}

static void add_overheads(struct hs_page *page, const struct hs_memory *memory)
{
	static const struct hs_column columns[] = { { "WITHIN THESE", NULL, HS_COLUMN_TEXT, 0, 0 } };
	struct hs_section *section = hs_page_add_section(page, NULL, columns, 1);
	const struct hs_usage_figures *usage = &memory->usage;
	const struct hs_overheads *overheads = &memory->overheads;
	char a[HS_FIGURE_BYTES], b[HS_FIGURE_BYTES], c[HS_FIGURE_BYTES], d[HS_FIGURE_BYTES];

	hs_top_add_line(page, section, 0, hs_page_printf(page, "objects: type and count %s \xc2\xb7 collector's heads %s \xc2\xb7 room to spare in lists %s, in dicts %s",
							 hs_text_size(a, overheads->object_head_bytes), hs_text_size(b, overheads->gc_head_bytes),
							 hs_text_size(c, overheads->list_spare_bytes), hs_text_size(d, overheads->dict_spare_bytes)));
	hs_top_add_line(page, section, 0, hs_page_printf(page, "pools: %s arenas \xc2\xb7 %s pools in use, %s unused \xc2\xb7 %s objects kept for reuse",
							 hs_text_count(a, usage->n_arenas), hs_text_count(b, usage->n_pools_used),
							 hs_text_count(c, usage->n_pools_unused), hs_text_count(d, usage->n_freelist)));
	if (usage->has_glibc)
		hs_top_add_line(page, section, 0, hs_page_printf(page, "malloc: %s arenas \xc2\xb7 in use %s \xc2\xb7 free %s, of these at the ends %s",
								 hs_text_count(a, usage->n_malloc_arenas), hs_text_size(b, usage->malloc_used_bytes),
								 hs_text_size(c, usage->malloc_free_bytes), hs_text_size(d, usage->top_bytes)));
}

struct hs_error *hs_top_fill_memory(struct hs_top_source *source, struct hs_page *page)
{
	const struct hs_memory *memory = &source->memory, *before = &source->base_memory;

	if (!source->has_memory)
		return hs_error_new(HS_ERROR_UNSUPPORTED, "what the memory is used for could not be read");
	bool is_core = source->invocation->capture->origin == HS_FROM_CORE;
	struct hs_section *section = hs_page_add_section(page, NULL, is_core ? core_step_columns : step_columns, N_STEP_COLUMNS);
	for (unsigned i = 0; i < HS_N_MEMORY_STEPS; i++)
		if (memory->steps[i] || before->steps[i])
			add_step(page, section, hs_waterfall_label(i), memory->steps[i], before->steps[i], memory->rss_bytes);
	add_step(page, section, "unattributed", memory->unattributed_bytes, before->unattributed_bytes, memory->rss_bytes);
	add_overheads(page, memory);
	return NULL;
}

enum { GENERATION_NAME, GENERATION_THRESHOLD, GENERATION_COUNT, GENERATION_OBJECTS, GENERATION_COLLECTIONS, GENERATION_COLLECTED, GENERATION_UNCOLLECTABLE,
       N_GENERATION_COLUMNS };

static const struct hs_column generation_columns[N_GENERATION_COLUMNS] = {
	[GENERATION_NAME] = { "GENERATION", NULL, HS_COLUMN_TEXT, 0, 0 },
	[GENERATION_THRESHOLD] = { "THRESHOLD", NULL, HS_COLUMN_COUNT, 10, 2 },
	[GENERATION_COUNT] = { "COUNT", NULL, HS_COLUMN_COUNT, 8, 0 },
	[GENERATION_OBJECTS] = { "OBJECTS", NULL, HS_COLUMN_COUNT, 12, 0 },
	[GENERATION_COLLECTIONS] = { "COLLECTIONS", NULL, HS_COLUMN_COUNT, 11, 0 },
	[GENERATION_COLLECTED] = { "COLLECTED", NULL, HS_COLUMN_COUNT, 12, 0 },
	[GENERATION_UNCOLLECTABLE] = { "UNCOLLECTABLE", NULL, HS_COLUMN_COUNT, 13, 1 },
};

static void add_generations(struct hs_page *page, const struct hs_collector *state)
{
	static const char *const names[HS_N_GENERATIONS] = { "0 (young)", "1", "2 (old)" };
	struct hs_section *section = hs_page_add_section(page, hs_page_printf(page, "COLLECTOR %s%s%s", state->is_enabled ? "ON" : "OFF",
									      state->is_incremental ? ", INCREMENTAL" : "", state->is_collecting ? ", RUNNING" : ""),
							 generation_columns, N_GENERATION_COLUMNS);

	for (unsigned i = 0; i <= HS_N_GENERATIONS; i++) {
		bool is_frozen = i == HS_N_GENERATIONS;
		const struct hs_generation_state *generation = is_frozen ? NULL : &state->generations[i];
		struct hs_row *row = hs_page_add_row(page, section, i + 1);
		if (!row)
			return;
		hs_row_set_text(row, GENERATION_NAME, is_frozen ? "frozen" : names[i]);
		hs_row_set_number(row, GENERATION_OBJECTS, (int64_t)(is_frozen ? state->n_frozen : generation->n_objects));
		if (is_frozen)
			continue;
		hs_row_set_number(row, GENERATION_THRESHOLD, generation->threshold);
		hs_row_set_number(row, GENERATION_COUNT, generation->count);
		hs_row_set_number(row, GENERATION_COLLECTIONS, (int64_t)generation->collections);
		hs_row_set_number(row, GENERATION_COLLECTED, (int64_t)generation->collected);
		hs_row_set_number(row, GENERATION_UNCOLLECTABLE, (int64_t)generation->uncollectable);
	}
}

/* In rows of their own, broken between words. */
static void add_note(struct hs_page *page, struct hs_section *section, const char *note)
{
	for (bool is_first = true; *note; is_first = false) {
		size_t n = strlen(note);
		if (n > NOTE_COLUMNS)
			for (n = NOTE_COLUMNS; n > 1 && note[n] != ' ';)
				n--;
		hs_top_add_line(page, section, is_first ? 0 : 2, hs_page_printf(page, "%.*s", (int)n, note));
		note += n;
		note += strspn(note, " ");
	}
}

static void add_objects(struct hs_page *page, const char *name, const struct hs_gc_objects *objects)
{
	static const struct hs_column columns[] = { { "", NULL, HS_COLUMN_TEXT, 0, 0 }, { "ADDRESS", NULL, HS_COLUMN_ADDRESS, 15, 1 }, { " OBJECT", NULL, HS_COLUMN_TEXT, 0, 0 } };
	struct hs_section *section = hs_page_add_section(page, hs_page_printf(page, "%s %" PRIu64, name, objects->n), columns, 3);

	for (size_t i = 0; i < objects->shown.n; i++) {
		const struct hs_gc_object *object = &objects->shown.items[i];
		struct hs_row *row = hs_page_add_row(page, section, object->address);
		if (!row)
			return;
		row->address = object->address;
		hs_row_set_text(row, 0, hs_page_escaped(page, object->type ? hs_type_short_name(object->type) : "?"));
		hs_row_set_number(row, 1, (int64_t)object->address);
		hs_row_set_text(row, 2, hs_page_printf(page, " %s", object->repr));
		hs_page_lead(page, row, HS_VIEW_OBJECT, object->address, "");
	}
}

static void deinit_gc(struct hs_gc *gc)
{
	hs_gc_deinit(gc);
}

/* The main interpreter's collector; others have a line each that says that there are more. */
struct hs_error *hs_top_fill_gc(struct hs_top_source *source, struct hs_page *page)
{
	static const struct hs_column note_columns[] = { { "WHAT IT MEANS", NULL, HS_COLUMN_TEXT, 0, 0 } };
	HS_CLEANUP(deinit_gc) struct hs_gc gc = { 0 };

	HS_TRY(hs_gc_gather(&gc, source->invocation->heap, MAX_GARBAGE));
	const struct hs_gc_collector *collector = &gc.collectors.items[0];
	add_generations(page, &collector->state);
	struct hs_section *notes = hs_page_add_section(page, NULL, note_columns, 1);
	for (size_t i = 0; i < collector->notes.n; i++)
		add_note(page, notes, collector->notes.items[i]);
	if (gc.collectors.n > 1)
		add_note(page, notes, hs_page_printf(page, "%zu further interpreters have collectors of their own: heapspy gc %s", gc.collectors.n - 1,
						     source->invocation->source.word));
	add_objects(page, "GC.GARBAGE", &collector->garbage);
	add_objects(page, "GC.CALLBACKS", &collector->callbacks);
	return NULL;
}
