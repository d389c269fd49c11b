/* SPDX-License-Identifier: Apache-2.0 */
/* Places of allocation as JSON. */
#include "json.h"
#include "lines.h"

static json_t *line_json(uint32_t line)
{
	return line ? json_integer(line) : json_null();
}

static json_t *text_json(const char *text)
{
	return text ? hs_json_string(text) : json_null();
}

static void set_place(json_t *object, const struct hs_lines_row *row, uint32_t i)
{
	const struct hs_trace_place *place = hs_trace_place(row->groups, row->group, i);

	json_object_set_new(object, "file", hs_json_string(hs_trace_file(row->groups, place)));
	json_object_set_new(object, "line", line_json(place->line));
}

static json_t *traceback_json(const struct hs_lines_row *row)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < row->group->n; i++) {
		json_t *object = json_object();
		set_place(object, row, i);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *row_json(const struct hs_lines *lines, const struct hs_lines_row *row)
{
	json_t *object = json_object();

	set_place(object, row, 0);
	json_object_set_new(object, "bytes", hs_json_u64(row->bytes));
	json_object_set_new(object, "count", hs_json_u64(row->count));
	json_object_set_new(object, "average", hs_json_u64(row->count ? row->bytes / row->count : 0));
	if (lines->is_compared) {
		json_object_set_new(object, "bytes_change", json_integer(row->bytes_change));
		json_object_set_new(object, "count_change", json_integer(row->count_change));
	}
	json_object_set_new(object, "text", text_json(row->texts.n ? row->texts.items[0] : NULL));
	if (lines->options->traces.grouping == HS_TRACE_BY_TRACEBACK)
		json_object_set_new(object, "traceback", traceback_json(row));
	return object;
}

static json_t *definitions_json(const struct hs_lines *lines)
{
	json_t *array = json_array();

	for (size_t i = 0; i < lines->definition_texts.n; i++) {
		const struct hs_definition *definition = &lines->definitions.items[i];
		json_t *object = json_object();
		json_object_set_new(object, "kind", json_string(definition->kind));
		json_object_set_new(object, "name", hs_json_string(definition->name));
		json_object_set_new(object, "file", hs_json_string(definition->file));
		json_object_set_new(object, "line", line_json(definition->line));
		json_object_set_new(object, "count", hs_json_u64(definition->count));
		json_object_set_new(object, "bytes", hs_json_u64(definition->bytes));
		json_object_set_new(object, "text", text_json(lines->definition_texts.items[i]));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *known_json(uint64_t value)
{
	return value == UINT64_MAX ? json_null() : hs_json_u64(value);
}

static json_t *block_json(const struct hs_lines *lines)
{
	json_t *object = json_object();

	if (!lines->after.is_found) {
		json_decref(object);
		return json_null();
	}
	json_object_set_new(object, "address", hs_json_address(lines->after.block.block));
	json_object_set_new(object, "bytes", hs_json_u64(lines->after.block.bytes));
	json_object_set_new(object, "domain", json_integer(lines->after.block.domain));
	json_object_set_new(object, "type", text_json(lines->block_type));
	json_object_set_new(object, "repr", lines->block_type ? json_string(lines->block_repr) : json_null());
	return object;
}

static void set_state(json_t *root, const struct hs_lines *lines)
{
	static const char *const groupings[] = { "lineno", "filename", "traceback" };
	const struct hs_lines_sample *sample = &lines->after;

	json_object_set_new(root, "tracing", sample->state.is_known ? json_boolean(sample->state.is_tracing) : json_null());
	json_object_set_new(root, "nframe", sample->state.is_tracing ? json_integer(sample->state.n_frames_max) : json_null());
	json_object_set_new(root, "traced_bytes", sample->state.is_tracing ? known_json(sample->state.traced_bytes) : json_null());
	json_object_set_new(root, "peak_bytes", sample->state.is_tracing ? known_json(sample->state.peak_bytes) : json_null());
	json_object_set_new(root, "traces", hs_json_u64(sample->groups.walked.n));
	json_object_set_new(root, "group", json_string(groupings[lines->options->traces.grouping]));
	json_object_set_new(root, "cumulative", json_boolean(lines->options->traces.is_cumulative));
	json_object_set_new(root, "bytes", hs_json_u64(sample->groups.bytes));
	json_object_set_new(root, "count", hs_json_u64(sample->groups.count));
	if (lines->is_compared)
		json_object_set_new(root, "interval_s", json_integer(lines->options->growth_s));
	if (sample->join.name) {
		json_object_set_new(root, "type", hs_json_string(sample->join.name));
		json_object_set_new(root, "n_objects", hs_json_u64(sample->join.n_objects));
	}
	if (lines->options->at)
		json_object_set_new(root, "block", block_json(lines));
}

struct hs_error *hs_lines_json(FILE *out, const struct hs_lines *lines)
{
	json_t *root = hs_document_json(&lines->document), *groups = json_array();
	char warning[HS_LINES_WARNING_BYTES];

	if (!hs_lines_is_complete(lines)) {
		json_object_set_new(root, "complete", json_false());
		json_array_append_new(json_object_get(root, "warnings"), json_string(hs_lines_warning(lines, warning)));
	}
	set_state(root, lines);
	for (size_t i = 0; i < lines->rows.n; i++)
		json_array_append_new(groups, row_json(lines, &lines->rows.items[i]));
	json_object_set_new(root, "n_groups", hs_json_u64(lines->n_groups));
	json_object_set_new(root, "groups", groups);
	if (!lines->after.state.is_tracing) {
		json_object_set_new(root, "n_definitions", hs_json_u64(lines->definitions.n));
		json_object_set_new(root, "definitions", definitions_json(lines));
	}
	return hs_json_write(out, root);
}
