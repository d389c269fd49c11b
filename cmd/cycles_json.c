/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage as JSON, schema 1: README.md documents every member. A tree of values for millions of cycles would take many times the memory
 * of the process: what comes before and behind them is such a tree, they are written as they are met.
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cycles_result.h"
#include "json.h"
#include "json_line.h"
#include "reference_name.h"

struct writing {
	FILE *out;
	const struct hs_graph *graph;
	const struct hs_cycle_part *part;
	struct hs_json_line line;
	size_t n; /* components so far */
};

static void put_number(struct hs_json_line *line, const char *key, uint64_t value)
{
	hs_json_line_raw(line, key);
	hs_json_line_u64(line, value);
}

/* NULL: null. `is_safe`: as it is; else the target's bytes. */
static void put_text(struct hs_json_line *line, const char *key, const char *text, bool is_safe)
{
	hs_json_line_raw(line, key);
	if (!text)
		hs_json_line_raw(line, "null");
	else if (is_safe)
		hs_json_line_string(line, text);
	else
		hs_json_line_text(line, text);
}

static void put_types(struct hs_json_line *line, const struct hs_cycle_row *row)
{
	hs_json_line_raw(line, ",\"types\":[");
	for (size_t i = 0; i < row->types.n; i++) {
		put_text(line, i ? ",{\"type\":" : "{\"type\":", row->types.items[i].name, false);
		put_number(line, ",\"count\":", row->types.items[i].count);
		hs_json_line_raw(line, "}");
	}
	hs_json_line_raw(line, "]");
}

static void put_edges(struct hs_json_line *line, const struct hs_cycle_row *row)
{
	hs_json_line_raw(line, ",\"edges\":[");
	for (size_t i = 0; i < row->edges.n; i++) {
		const struct hs_cycle_edge *edge = &row->edges.items[i];
		hs_json_line_raw(line, i ? ",{\"from\":" : "{\"from\":");
		hs_json_line_address(line, edge->from);
		hs_json_line_raw(line, ",\"to\":");
		hs_json_line_address(line, edge->to);
		put_text(line, ",\"kind\":", hs_edge_kind_name(edge->kind), true);
		put_text(line, ",\"name\":", edge->name, true);
		hs_json_line_raw(line, "}");
	}
	hs_json_line_raw(line, "]");
}

/* Of what is held they are left out: that may be most of a heap. */
static void put_addresses(const struct writing *writing, struct hs_json_line *line, const struct hs_cycle_row *row)
{
	hs_json_line_raw(line, ",\"addresses\":[");
	for (uint32_t i = 0; row->marks && i < row->cycle->n_set; i++) {
		hs_json_line_raw(line, i ? "," : "");
		hs_json_line_address(line, hs_graph_address(writing->graph, writing->part->list->nodes[row->cycle->first + i]));
	}
	hs_json_line_raw(line, "]");
}

static void put_marks(struct hs_json_line *line, const struct hs_cycle_marks *marks)
{
	put_number(line, ",\"interpreter\":", marks->interpreter);
	put_number(line, ",\"finalizers\":", marks->n_finalizers);
	put_number(line, ",\"weakref_callbacks\":", marks->n_callbacks);
	hs_json_line_raw(line, ",\"uncollectable\":");
	hs_json_line_bool(line, marks->is_uncollectable);
}

static void put_hiding(const struct writing *writing, struct hs_json_line *line, const struct hs_cycle_row *row)
{
	static const char *const reasons[] = {
		[HS_HIDDEN_UNKNOWN] = "unknown", [HS_HIDDEN_LOST] = "lost reference", [HS_HIDDEN_UNCOLLECTED] = "not collected",
		[HS_HIDDEN_UNTRACKED] = "not tracked", [HS_HIDDEN_FROZEN] = "frozen", [HS_HIDDEN_UNVISITED] = "not visited",
	};

	put_text(line, ",\"hidden_by\":{\"why\":", reasons[row->hidden->why], true);
	put_text(line, ",\"type\":", row->hiding_type, false);
	hs_json_line_raw(line, ",\"address\":");
	if (row->hiding_type)
		hs_json_line_address(line, hs_graph_address(writing->graph, row->hidden->holder));
	else
		hs_json_line_raw(line, "null");
	put_text(line, ",\"reference\":", row->hiding_step, true);
	hs_json_line_raw(line, "}");
}

static struct hs_error *put_row(void *context, struct hs_cycle_row *row)
{
	struct writing *writing = context;
	struct hs_json_line *line = &writing->line;

	line->n = 0;
	put_number(line, writing->n++ ? ",\n  {\"objects\":" : "\n  {\"objects\":", row->cycle->n_nodes);
	put_number(line, ",\"bytes\":", row->cycle->bytes);
	put_number(line, ",\"members\":", row->cycle->n_members);
	if (row->marks)
		put_marks(line, row->marks);
	put_types(line, row);
	put_text(line, ",\"expression\":", row->n_way ? row->expression : NULL, true);
	put_number(line, ",\"steps\":", row->n_way);
	put_edges(line, row);
	if (row->hidden)
		put_hiding(writing, line, row);
	put_addresses(writing, line, row);
	hs_json_line_raw(line, "}");
	fwrite(line->data, 1, line->n, writing->out);
	return line->is_short ? hs_error_no_memory() : NULL;
}

static struct hs_error *put_part(struct writing *writing, const struct hs_object_source *source, const char *name)
{
	uint64_t n_objects, bytes;

	hs_cycle_part_sums(writing->part, &n_objects, &bytes);
	fprintf(writing->out, ",\n \"%s\": {\"objects\":%llu,\"bytes\":%llu,\"n_components\":%zu,\"components\":[", name,
		(unsigned long long)n_objects, (unsigned long long)bytes, writing->part->list->n);
	writing->n = 0;
	HS_TRY(hs_cycle_part_each(source, writing->part, false, put_row, writing));
	fputs("]}", writing->out);
	return NULL;
}

/* A tree without the brackets around it, and what it begins with. Takes over `root`. */
static struct hs_error *put_tree(FILE *out, json_t *root, const char *end)
{
	HS_FREE char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;

	json_decref(root);
	if (!text)
		return hs_error_no_memory();
	size_t n = strlen(text), n_end = strlen(end);
	fwrite(text, 1, n > n_end && !strcmp(text + n - n_end, end) ? n - n_end : n, out);
	return NULL;
}

static void writing_deinit(struct writing *writing)
{
	hs_json_line_deinit(&writing->line);
}

struct hs_error *hs_cycles_json(FILE *out, const struct hs_cycles_result *result)
{
	static const char *const names[HS_N_CYCLE_PARTS] = {
		[HS_CYCLES_FOUND] = "unreachable", [HS_CYCLES_PERHAPS] = "possibly", [HS_CYCLES_NEVER] = "never_collected",
		[HS_CYCLES_REACHABLE] = "reachable",
	};
	HS_CLEANUP(writing_deinit) struct writing writing = { .out = out, .graph = result->source.graph };

	HS_TRY(put_tree(out, hs_document_json(&result->document), "\n}"));
	for (unsigned i = 0; i < HS_N_CYCLE_PARTS; i++) {
		writing.part = &result->parts[i];
		HS_TRY(put_part(&writing, &result->source, names[i]));
	}
	fputs(",\n \"unexplained\": ", out);
	HS_TRY(put_tree(out, hs_unexplained_json(&result->unexplained), ""));
	fputs("\n}\n", out);
	return NULL;
}
