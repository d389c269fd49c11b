/* SPDX-License-Identifier: Apache-2.0 */
/* One object a line: what it is, and each of its references by kind and name. Equal neighbours are one, with a count. */
#include <string.h>

#include "cleanup.h"
#include "export.h"
#include "json_line.h"
#include "reference_name.h"
#include "repr.h"

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
	const struct hs_process_heap *heap;
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

static void add_reference(struct export *export, const struct hs_reference_run *run, size_t i, hs_addr target)
{
	const struct hs_process_heap *heap = export->heap;
	struct pending next = { .target = target, .count = 1, .kind = run->kind, .relation = hs_reference_relation(run, i) };
	struct pending *last = &export->pending;

	next.has_name = hs_reference_name(heap->py, heap->types, export->object, run, i, next.name, sizeof(next.name));
	if (last->count && last->target == target && last->kind == next.kind && last->relation == next.relation &&
	    !strcmp(last->name, next.name)) {
		last->count++;
		return;
	}
	flush_pending(export);
	*last = next;
}

static void export_run(void *context, const struct hs_reference_run *run)
{
	struct export *export = context;

	for (size_t i = 0; i < run->n; i++) {
		hs_addr target = hs_reference_target(run, i);
		if (target && hs_heap_is_object(export->heap->heap, target))
			add_reference(export, run, i, target);
	}
}

static void export_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct export *export = context;
	const uint8_t *at = words;
	bool is_visited = export->object->type->has_gc;
	struct hs_reference_run run = {
		.words = words, .n = 1, .stride = sizeof(hs_addr), .kind = HS_EDGE_SCAN, .tag_mask = HS_SCAN_TAG_MASK,
		.relation = (uint8_t)(HS_SCANNED | HS_OWNED | (is_visited ? HS_VISITED : 0)),
	};

	for (size_t i = 0; what == HS_SCAN_ALL && i < n; i++) {
		run.words = at + i * sizeof(hs_addr);
		run.first = (size_t)((const uint8_t *)run.words - export->object->body);
		hs_addr target = hs_reference_target(&run, 0);
		if (target && hs_heap_is_object(export->heap->heap, target))
			add_reference(export, &run, 0, target);
	}
}

static void ignore_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context;
	(void)start;
	(void)bytes;
}

static void put_number(struct hs_json_line *line, const char *key, bool is_known, uint64_t value)
{
	hs_json_line_raw(line, key);
	if (is_known)
		hs_json_line_u64(line, value);
	else
		hs_json_line_raw(line, "null");
}

static void put_head(struct export *export, const struct hs_heap_object *entry)
{
	const struct hs_process_heap *heap = export->heap;
	const struct hs_object *object = &entry->object;
	struct hs_json_line *line = &export->line;
	char repr[HS_REPR_BYTES];
	uint64_t value = 0;

	hs_json_line_raw(line, "{\"address\":");
	hs_json_line_address(line, object->address);
	hs_json_line_raw(line, ",\"type\":");
	hs_json_line_text(line, hs_type_full_name(heap->types, object->type));
	put_number(line, ",\"bytes\":", true, entry->block_bytes + entry->storage_bytes);
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

static void export_object(void *context, const struct hs_heap_object *entry)
{
	struct export *export = context;
	const struct hs_visitor visitor = { .context = export, .storage = ignore_storage, .references = export_run, .scan = export_scan };

	export->line.n = 0;
	export->object = &entry->object;
	export->has_references = false;
	put_head(export, entry);
	hs_json_line_raw(&export->line, ",\"refs\":[");
	hs_object_visit(export->heap->py, &entry->object, &visitor);
	flush_pending(export);
	hs_json_line_raw(&export->line, "]}\n");
	fwrite(export->line.data, 1, export->line.n, export->out);
}

static void export_deinit(struct export *export)
{
	hs_json_line_deinit(&export->line);
}

struct hs_error *hs_export_jsonl(FILE *out, const struct hs_process_heap *heap)
{
	HS_CLEANUP(export_deinit) struct export export = { .out = out, .heap = heap };

	hs_heap_for_each(heap->heap, export_object, &export);
	return export.line.is_short ? hs_error_no_memory() : NULL;
}
