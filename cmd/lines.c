/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering: a sample of the tables, the objects it is joined with, the rows to show and their source lines. */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "type_match.h"

HS_ARRAY_TYPE(block_list, hs_addr);

struct joining {
	const struct hs_type_match *match;
	struct block_list blocks;
	bool is_short;
};

static void add_block(void *context, const struct hs_heap_object *entry)
{
	struct joining *joining = context;

	if (joining->is_short || !hs_type_is_meant(joining->match, entry->object.type))
		return;
	hs_addr *slot = hs_array_append(&joining->blocks);
	if (slot)
		*slot = entry->object.address - entry->object.type->header_bytes;
	else
		joining->is_short = true;
}

static void free_blocks(struct block_list *blocks)
{
	hs_array_free(blocks);
}

/* The groups of the blocks in which objects of a type begin. */
static struct hs_error *sample_type(const struct hs_process_heap *heap, const struct hs_lines_options *options, struct hs_lines_sample *sample)
{
	HS_CLEANUP(hs_type_match_deinit) struct hs_type_match match = { 0 };
	HS_CLEANUP(free_blocks) struct block_list blocks = { 0 };
	struct joining joining = { .match = &match };
	struct hs_trace_options traces = options->traces;

	HS_TRY(hs_type_match(heap, options->type, &match));
	hs_heap_for_each(heap->heap, add_block, &joining);
	blocks = joining.blocks;
	if (joining.is_short)
		return hs_error_no_memory();
	if (blocks.n)
		qsort(blocks.items, blocks.n, sizeof(*blocks.items), hs_address_compare);
	sample->join.n_objects = blocks.n;
	sample->join.name = hs_take(match.name);
	static const hs_addr none;
	traces.blocks = blocks.n ? blocks.items : &none;
	traces.n_blocks = blocks.n;
	return hs_trace_groups_of(heap->py, &sample->state, &traces, &sample->groups);
}

struct hs_error *hs_lines_sample(const struct hs_process_heap *heap, const struct hs_lines_options *options, struct hs_lines_sample *ret)
{
	*ret = (struct hs_lines_sample){ 0 };
	hs_tracemalloc_read(heap->py, &ret->state);
	if (!ret->state.is_known || !ret->state.is_tracing)
		return NULL;
	if (options->at)
		HS_TRY(hs_trace_find(heap->py, &ret->state, options->at, &ret->block, &ret->groups, &ret->is_found));
	else if (options->type)
		HS_TRY(sample_type(heap, options, ret));
	else
		HS_TRY(hs_trace_groups_of(heap->py, &ret->state, &options->traces, &ret->groups));
	hs_tracemalloc_complete(heap->py, &ret->groups.walked, &ret->state);
	return NULL;
}

void hs_lines_sample_release(struct hs_lines_sample *sample)
{
	hs_trace_groups_release(&sample->groups);
	free(sample->join.name);
	*sample = (struct hs_lines_sample){ 0 };
}

static bool is_traced(const struct hs_lines_sample *sample)
{
	return sample->state.is_known && sample->state.is_tracing;
}

bool hs_lines_sample_is_whole(const struct hs_lines_sample *sample)
{
	const struct hs_traces_walked *walked = &sample->groups.walked;
	uint64_t stated = sample->state.traced_bytes;

	if (!is_traced(sample))
		return sample->state.is_known;
	return walked->is_whole && (stated == UINT64_MAX || stated == walked->bytes);
}

bool hs_lines_sample_is_doubtful(const struct hs_lines_sample *sample)
{
	return sample->state.is_tracing && (sample->state.is_locked || !hs_lines_sample_is_whole(sample));
}

/* Source lines of the first `n` places of a group. */
static bool add_texts(struct hs_lines_row *row, uint32_t n, struct hs_source_lines *sources)
{
	for (uint32_t i = 0; i < n && i < row->group->n; i++) {
		const struct hs_trace_place *place = hs_trace_place(row->groups, row->group, i);
		size_t bytes;
		const char *text = sources ? hs_source_line(sources, hs_trace_file(row->groups, place), place->line, &bytes) : NULL;
		char **slot = hs_array_append(&row->texts);
		if (!slot)
			return false;
		*slot = text ? strndup(text, bytes) : NULL;
		if (text && !*slot)
			return false;
	}
	return true;
}

static bool add_row(struct hs_lines *lines, const struct hs_lines_row *row, struct hs_source_lines *sources)
{
	struct hs_lines_row *slot = hs_array_append(&lines->rows);

	if (!slot)
		return false;
	*slot = *row;
	return add_texts(slot, lines->options->wants_texts ? UINT32_MAX : 1, sources);
}

static struct hs_error *add_groups(struct hs_lines *lines, struct hs_source_lines *sources)
{
	const struct hs_trace_groups *groups = &lines->after.groups;

	lines->n_groups = groups->groups.n;
	for (size_t i = 0; i < groups->groups.n && i < lines->options->n_rows; i++) {
		const struct hs_trace_group *group = &groups->groups.items[i];
		const struct hs_lines_row row = { .groups = groups, .group = group, .bytes = group->bytes, .count = group->count };
		if (!add_row(lines, &row, sources))
			return hs_error_no_memory();
	}
	return NULL;
}

static struct hs_error *add_changes(struct hs_lines *lines, struct hs_source_lines *sources)
{
	HS_TRY(hs_trace_changes_of(&lines->before.groups, &lines->after.groups, &lines->changes));
	lines->n_groups = lines->changes.n;
	for (size_t i = 0; i < lines->changes.n && i < lines->options->n_rows; i++) {
		const struct hs_trace_change *change = &lines->changes.items[i];
		struct hs_lines_row row = { .bytes_change = change->bytes, .count_change = change->count };
		row.groups = change->after ? &lines->after.groups : &lines->before.groups;
		row.group = change->after ? change->after : change->before;
		row.bytes = change->after ? change->after->bytes : 0;
		row.count = change->after ? change->after->count : 0;
		if (!add_row(lines, &row, sources))
			return hs_error_no_memory();
	}
	return NULL;
}

/* What --at names is an object, if one begins there. */
static struct hs_error *name_block(struct hs_lines *lines, const struct hs_process_heap *heap)
{
	struct hs_object object;
	hs_addr at = lines->options->at;

	if (hs_object_at(heap->py, heap->types, at, &object)) {
		lines->block_type = strdup(hs_type_full_name(heap->types, object.type));
		if (!lines->block_type)
			return hs_error_no_memory();
		hs_repr_at(heap->py, heap->types, at, &hs_repr_short, lines->block_repr, sizeof(lines->block_repr));
	}
	return NULL;
}

static struct hs_error *add_definitions(struct hs_lines *lines, const struct hs_process_heap *heap, struct hs_source_lines *sources)
{
	HS_TRY(hs_definitions_of(heap, &lines->definitions));
	for (size_t i = 0; i < lines->definitions.n && i < lines->options->n_rows; i++) {
		const struct hs_definition *definition = &lines->definitions.items[i];
		size_t bytes;
		const char *text = sources ? hs_source_line(sources, definition->file, definition->line, &bytes) : NULL;
		char **slot = hs_array_append(&lines->definition_texts);
		if (slot)
			*slot = text ? strndup(text, bytes) : NULL;
		if (!slot || (text && !*slot))
			return hs_error_no_memory();
	}
	return NULL;
}

struct hs_error *hs_lines_complete(struct hs_lines *lines, const struct hs_process_heap *heap, struct hs_source_lines *sources)
{
	if (!is_traced(&lines->after))
		return add_definitions(lines, heap, sources);
	if (lines->options->at)
		HS_TRY(name_block(lines, heap));
	lines->is_compared = lines->options->growth_s && is_traced(&lines->before);
	return lines->is_compared ? add_changes(lines, sources) : add_groups(lines, sources);
}

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void hs_lines_deinit(struct hs_lines *lines)
{
	for (size_t i = 0; i < lines->rows.n; i++)
		free_texts(lines->rows.items[i].texts.items, lines->rows.items[i].texts.n);
	hs_array_free(&lines->rows);
	hs_array_free(&lines->changes);
	free_texts(lines->definition_texts.items, lines->definition_texts.n);
	hs_definitions_release(&lines->definitions);
	hs_lines_sample_release(&lines->before);
	hs_lines_sample_release(&lines->after);
	free(lines->block_type);
}

bool hs_lines_is_complete(const struct hs_lines *lines)
{
	return hs_lines_sample_is_whole(&lines->after) && (!lines->is_compared || hs_lines_sample_is_whole(&lines->before));
}

const char *hs_lines_warning(const struct hs_lines *lines, char *ret)
{
	const struct hs_lines_sample *sample = hs_lines_sample_is_whole(&lines->after) ? &lines->before : &lines->after;
	const struct hs_traces_walked *walked = &sample->groups.walked;

	if (hs_lines_is_complete(lines))
		return NULL;
	if (!sample->state.is_known)
		return "this interpreter's state of tracemalloc was not found: whether it is tracing is not known";
	snprintf(ret, HS_LINES_WARNING_BYTES,
		 "tracemalloc's tables were caught being changed, or are damaged: %llu traces of %llu were read, %llu bytes of %llu",
		 (unsigned long long)walked->n, (unsigned long long)walked->n_stated, (unsigned long long)walked->bytes,
		 (unsigned long long)(sample->state.traced_bytes == UINT64_MAX ? walked->bytes : sample->state.traced_bytes));
	return ret;
}
