/* SPDX-License-Identifier: Apache-2.0 */
/* One object a line: what it is, and each of its references by kind and name. Equal neighbours are one, with a count. */
#include <string.h>

#include "cleanup.h"
#include "export.h"
#include "json_line.h"
#include "reference_name.h"
#include "repr.h"
#include "root_place.h"

/* A reference that is not written yet: the next one may be its equal. */
struct pending {
	hs_addr target;
	uint64_t count; /* 0: none */
	unsigned kind, relation;
	bool has_name;
	char name[HS_REFERENCE_NAME_BYTES];
};

struct export {
	FILE *out;
	const struct hs_object_source *source;
	struct hs_json_line line;
	const struct hs_object *object;
	struct pending pending;
	bool has_references; /* of this object, written */
};

static void flush_pending(struct export *export)
{
	struct hs_json_line *line = &export->line;
	const struct pending *pending = &export->pending;

	if (!pending->count)
		return;
	hs_json_line_raw(line, export->has_references ? ",{\"to\":" : "{\"to\":");
	hs_json_line_address(line, pending->target);
	hs_json_line_raw(line, ",\"kind\":\"");
	hs_json_line_raw(line, hs_edge_kind_name(pending->kind));
	hs_json_line_raw(line, "\",\"name\":");
	if (pending->has_name)
		hs_json_line_string(line, pending->name);
	else
		hs_json_line_raw(line, "null");
	hs_json_line_raw(line, ",\"owned\":");
	hs_json_line_bool(line, pending->relation & HS_OWNED);
	hs_json_line_raw(line, ",\"visited\":");
	hs_json_line_bool(line, pending->relation & HS_VISITED);
	hs_json_line_raw(line, ",\"weak\":");
	hs_json_line_bool(line, pending->relation & HS_WEAK);
	hs_json_line_raw(line, ",\"count\":");
	hs_json_line_u64(line, pending->count);
	hs_json_line_raw(line, "}");
	export->has_references = true;
	export->pending.count = 0;
}

static bool add_reference(void *context, const struct hs_graph_edge *edge)
{
	struct export *export = context;
	const struct hs_process_heap *heap = export->source->heap;
	struct pending *last = &export->pending;
	struct pending next = {
		.target = hs_graph_address(export->source->graph, edge->target), .count = 1, .kind = edge->kind,
		.relation = hs_edge_relation(edge, export->object),
	};

	next.has_name = hs_reference_name(heap->py, heap->types, export->object, edge->run, edge->index, next.name, sizeof(next.name));
	if (last->count && last->target == next.target && last->kind == next.kind && last->relation == next.relation &&
	    !strcmp(last->name, next.name)) {
		last->count++;
		return true;
	}
	flush_pending(export);
	*last = next;
	return true;
}

static void put_number(struct hs_json_line *line, const char *key, bool is_known, uint64_t value)
{
	hs_json_line_raw(line, key);
	if (is_known)
		hs_json_line_u64(line, value);
	else
		hs_json_line_raw(line, "null");
}

static void put_head(struct export *export, const struct hs_heap_object *entry, hs_node node)
{
	const struct hs_process_heap *heap = export->source->heap;
	const struct hs_object *object = &entry->object;
	struct hs_json_line *line = &export->line;
	char repr[HS_REPR_BYTES];
	uint64_t value = 0;

	hs_json_line_raw(line, "{\"address\":");
	hs_json_line_address(line, object->address);
	hs_json_line_raw(line, ",\"type\":");
	hs_json_line_text(line, hs_type_full_name(heap->types, object->type));
	put_number(line, ",\"bytes\":", true, hs_graph_bytes(export->source->graph, node));
	put_number(line, ",\"getsizeof\":", entry->getsizeof_bytes != HS_SIZE_UNKNOWN, entry->getsizeof_bytes);
	bool is_known = hs_object_refcount(heap->py, object, &value);
	put_number(line, ",\"refcount\":", is_known, value);
	hs_json_line_raw(line, ",\"tracked\":");
	hs_json_line_bool(line, entry->is_gc_tracked);
	is_known = hs_object_length(heap->py, object, &value);
	put_number(line, ",\"len\":", is_known, value);
	hs_json_line_raw(line, ",\"repr\":");
	hs_object_repr(heap->py, heap->types, object, &hs_repr_short, repr, sizeof(repr));
	hs_json_line_string(line, repr);
}

static void export_object(struct export *export, hs_node node)
{
	struct hs_heap_object entry;

	if (!hs_graph_object(export->source->graph, node, &entry))
		return;
	export->line.n = 0;
	export->object = &entry.object;
	export->has_references = false;
	put_head(export, &entry, node);
	hs_json_line_raw(&export->line, ",\"refs\":[");
	hs_graph_each_edge(export->source->graph, node, add_reference, export);
	flush_pending(export);
	hs_json_line_raw(&export->line, "]}\n");
	fwrite(export->line.data, 1, export->line.n, export->out);
}

static void put_string_or_null(struct hs_json_line *line, const char *key, const char *safe)
{
	hs_json_line_raw(line, key);
	if (safe)
		hs_json_line_string(line, safe);
	else
		hs_json_line_raw(line, "null");
}

static void end_root(struct export *export, bool is_owned, bool is_weak)
{
	struct hs_json_line *line = &export->line;

	hs_json_line_raw(line, ",\"owned\":");
	hs_json_line_bool(line, is_owned);
	hs_json_line_raw(line, ",\"weak\":");
	hs_json_line_bool(line, is_weak);
	hs_json_line_raw(line, "}\n");
	fwrite(line->data, 1, line->n, export->out);
}

/* Nodes are objects only; a root may lead to what was freed and is kept for reuse. */
static void write_root(struct export *export, const struct hs_root *root, bool is_weak)
{
	struct hs_json_line *line = &export->line;
	char name[HS_REFERENCE_NAME_BYTES];
	struct hs_root_place place;

	if (hs_graph_node_at(export->source->graph, root->address) == HS_NO_NODE)
		return;
	hs_root_place_of(export->source->heap, root, &place);
	line->n = 0;
	hs_json_line_raw(line, "{\"root\":\"");
	hs_json_line_raw(line, hs_root_kind_name(root->kind));
	put_number(line, "\",\"thread\":", root->thread != NULL, place.thread);
	put_string_or_null(line, ",\"function\":", root->frame ? place.function : NULL);
	put_string_or_null(line, ",\"file\":", root->frame ? place.file : NULL);
	put_number(line, ",\"line\":", place.line > 0, (uint64_t)place.line);
	hs_json_line_raw(line, ",\"to\":");
	hs_json_line_address(line, root->address);
	put_string_or_null(line, ",\"kind\":", hs_edge_kind_name(root->edge_kind));
	put_string_or_null(line, ",\"name\":", hs_root_name(export->source->heap, root, name, sizeof(name)) ? name : NULL);
	end_root(export, root->relation & HS_OWNED, is_weak);
}

/* A word of a running call that may be left over holds nothing by itself. */
static void export_root(void *context, const struct hs_root *root)
{
	write_root(context, root, root->kind == HS_ROOT_FRAME && root->relation & HS_SCANNED);
}

/*
 * What no exact root reaches: the objects that words hold which may be references, and those that nothing holds. One line for each
 * that no object holds alone.
 */
static void export_late_roots(struct export *export)
{
	static const char *const names[] = {
		[HS_LATE_INTERNED] = "interned", [HS_LATE_STATIC] = "static", [HS_LATE_STACK] = "stack", [HS_LATE_NATIVE] = "native",
	};
	const struct hs_object_graph *holders = export->source->holders;
	struct hs_json_line *line = &export->line;
	size_t n, next = 0;
	const struct hs_late_root *late = hs_object_graph_late_roots(holders, &n);

	for (hs_node node = 0; node < hs_graph_node_count(export->source->graph); node++) {
		enum hs_reached reached = hs_object_graph_reached(holders, node);
		if (reached == HS_REACHED_NOT || reached == HS_REACHED_EXACTLY || hs_object_graph_holder(holders, node) != HS_NO_NODE)
			continue;
		while (next < n && late[next].node < node)
			next++;
		bool is_word = next < n && late[next].node == node;
		if (reached == HS_REACHED_PERHAPS && !is_word)
			continue; /* several of them hold it */
		line->n = 0;
		hs_json_line_raw(line, "{\"root\":\"");
		hs_json_line_raw(line, is_word ? names[late[next].kind] : "unreachable");
		put_number(line, "\",\"thread\":", is_word && late[next].kind == HS_LATE_STACK, is_word ? (uint64_t)late[next].tid : 0);
		hs_json_line_raw(line, ",\"function\":null,\"file\":null,\"line\":null,\"to\":");
		hs_json_line_address(line, hs_graph_address(export->source->graph, node));
		hs_json_line_raw(line, ",\"kind\":\"scan\",\"name\":null");
		end_root(export, false, false);
	}
}

/* A word inside of a static object is a reference of that object's, and was told as such. */
static void export_static_root(void *context, const struct hs_root *root)
{
	const struct export *export = context;
	struct hs_location location;

	if (hs_graph_node_at(export->source->graph, root->address) == HS_NO_NODE)
		return;
	hs_graph_locate(export->source->graph, root->where, &location);
	if (location.place != HS_PLACE_OBJECT && location.place != HS_PLACE_INSIDE)
		write_root((struct export *)context, root, true);
}

static void export_deinit(struct export *export)
{
	hs_json_line_deinit(&export->line);
}

struct hs_error *hs_export_jsonl(FILE *out, const struct hs_object_source *source, bool with_roots)
{
	HS_CLEANUP(export_deinit) struct export export = { .out = out, .source = source };

	for (hs_node node = 0; node < hs_graph_node_count(source->graph); node++)
		export_object(&export, node);
	if (with_roots) {
		HS_TRY(hs_roots_visit(source->heap->py, source->heap->types, export_root, &export));
		hs_static_roots_visit(source->heap->py, NULL, export_static_root, &export);
		export_late_roots(&export);
	}
	return export.line.is_short ? hs_error_no_memory() : NULL;
}
