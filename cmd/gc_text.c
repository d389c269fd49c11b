/* SPDX-License-Identifier: Apache-2.0 */
/* Collectors as text: whether they run, generation by generation, what to do, and the two lists. */
#include <stdlib.h>

#include "cleanup.h"
#include "gc.h"
#include "table.h"
#include "text.h"

#define INDENT 2

static const struct hs_table_column generation_columns[] = {
	{ "GENERATION", true }, { "threshold", false }, { "count", false }, { "objects", false }, { "collections", false },
	{ "collected", false }, { "uncollectable", false },
};

static const struct hs_table_column object_columns[] = { { "ADDRESS", true }, { "TYPE", true }, { "OBJECT", true } };

#define N_COLUMNS(columns) (sizeof(columns) / sizeof(*(columns)))

static void put_debug(struct hs_text_line *line, uint32_t debug)
{
	for (unsigned bit = 0; bit < HS_GC_N_DEBUG_BITS; bit++)
		if (debug >> bit & 1 && hs_gc_debug_name(bit))
			hs_text_line_item(line, "%s", hs_gc_debug_name(bit));
}

static void put_state(FILE *out, const struct hs_gc *gc, const struct hs_gc_collector *collector, const struct hs_style *style)
{
	const struct hs_collector *state = &collector->state;
	char seconds[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "collector", hs_text_bold);
	if (gc->collectors.n > 1)
		hs_text_line_item(&line, "interpreter %lld", (long long)state->interpreter_id);
	hs_text_line_item(&line, "%s%s", state->is_enabled ? "on" : "off", state->is_incremental ? ", incremental" : "");
	hs_text_line_item(&line, "%s", state->is_collecting ? "a collection is running" : "no collection is running");
	if (state->seconds >= 0)
		hs_text_line_item(&line, "%s spent collecting", hs_text_seconds(seconds, (uint64_t)(state->seconds * 1e9)));
	put_debug(&line, state->debug);
	hs_text_line_end(&line);
}

static void put_generations(FILE *out, const struct hs_collector *state, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = generation_columns, .n_columns = N_COLUMNS(generation_columns) };
	static const char *const names[HS_N_GENERATIONS] = { "0 (young)", "1", "2 (old)" };
	char text[HS_FIGURE_BYTES];

	for (unsigned i = 0; i < HS_N_GENERATIONS; i++) {
		const struct hs_generation_state *generation = &state->generations[i];
		hs_table_add(&table, "%s", names[i]);
		hs_table_add(&table, "%d", (int)generation->threshold);
		hs_table_add(&table, "%d", (int)generation->count);
		hs_table_add(&table, "%s", hs_text_count(text, generation->n_objects));
		hs_table_add(&table, "%s", hs_text_count(text, generation->collections));
		hs_table_add(&table, "%s", hs_text_count(text, generation->collected));
		hs_table_add(&table, "%s", hs_text_count(text, generation->uncollectable));
	}
	hs_table_add(&table, "frozen");
	hs_table_add(&table, "-");
	hs_table_add(&table, "-");
	hs_table_add(&table, "%s", hs_text_count(text, state->n_frozen));
	for (unsigned i = 0; i < 3; i++)
		hs_table_add(&table, "-");
	hs_table_put(out, &table, 0, style);
}

static void put_notes(FILE *out, const struct hs_gc_collector *collector, const struct hs_style *style)
{
	for (size_t i = 0; i < collector->notes.n; i++) {
		struct hs_text_line line = hs_text_line_begin(out, style, "note", hs_text_warn);
		hs_text_line_words(&line, collector->notes.items[i]);
		hs_text_line_end(&line);
	}
}

static void put_objects(FILE *out, const char *label, const struct hs_gc_objects *objects, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = object_columns, .n_columns = N_COLUMNS(object_columns) };
	char count[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, label, hs_text_bold);
	hs_text_line_item(&line, "%s object%s", hs_text_count(count, objects->n), objects->n == 1 ? "" : "s");
	hs_text_line_end(&line);
	for (size_t i = 0; i < objects->shown.n; i++) {
		const struct hs_gc_object *object = &objects->shown.items[i];
		hs_table_add(&table, "0x%" HS_PRI_ADDR, object->address);
		hs_table_add_text(&table, object->type ? hs_type_short_name(object->type) : "?", style);
		hs_table_add_text(&table, object->repr, style);
	}
	if (objects->shown.n)
		hs_table_put(out, &table, INDENT, style);
	if (objects->shown.n < objects->n)
		fprintf(out, "%*s%s %s more (-n)\n", INDENT, "", hs_text_ellipsis(style), hs_text_count(count, objects->n - objects->shown.n));
}

void hs_gc_text(FILE *out, const struct hs_gc *gc, const struct hs_style *style)
{
	const struct hs_document *document = &gc->document;

	hs_document_put_head(out, document, style);
	for (size_t i = 0; i < gc->collectors.n; i++) {
		const struct hs_gc_collector *collector = &gc->collectors.items[i];
		put_state(out, gc, collector, style);
		put_generations(out, &collector->state, style);
		put_notes(out, collector, style);
		put_objects(out, "gc.garbage", &collector->garbage, style);
		put_objects(out, "gc.callbacks", &collector->callbacks, style);
		fputc('\n', out);
	}
	fprintf(out, "next: %s cycles %s\n", document->program, document->source);
}
