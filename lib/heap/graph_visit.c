/* SPDX-License-Identifier: Apache-2.0 */
/* One object's references, by visiting it: what is no reference in a scan, what is reported one by one. */
#include "graph_visit.h"

const void *graph_weak_word(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t offset = hs_image_word(py->image, object->type->address + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_weaklistoffset));

	/* 0: it cannot be referred to weakly; negative, as a huge one: in its pre-header */
	return offset && offset < object->body_bytes ? object->body + offset : NULL;
}

void graph_scan_adopted(const struct hs_heap *heap, const struct hs_object *object, const struct hs_visitor *visitor)
{
	size_t n;
	const struct adopted_block *adopted = hs_heap_adopted_by(heap, object->address, &n);

	if (object->type->kind->is_raw)
		return;
	for (size_t i = 0; i < n; i++) {
		/* a pool's block ends with its last byte, a chunk's last word is malloc's */
		bool is_in_pool = hs_pool_of(heap->pymalloc, adopted[i].start) != NULL;
		uint64_t bytes = adopted[i].bytes - (is_in_pool ? heap->hook_bytes : sizeof(uint64_t));
		hs_addr at = adopted[i].start;
		struct hs_image_piece piece;
		while (hs_image_next_piece(heap->py->image, &at, adopted[i].start + bytes, &piece))
			visitor->scan(visitor->context, piece.data, piece.bytes / sizeof(hs_addr), HS_SCAN_ALL);
	}
}

struct edge_visit {
	const struct hs_graph *graph;
	hs_node node;
	const struct hs_object *object;
	const void *weak_word;
	bool (*each)(void *context, const struct hs_graph_edge *edge);
	void *context;
	bool is_index; /* it owns nothing of what it refers to but what is immortal */
	bool is_over;
};

static void report_run(void *context, const struct hs_reference_run *run)
{
	struct edge_visit *visit = context;
	const uint8_t *at = run->words;

	for (size_t i = 0; i < run->n && !visit->is_over; i++, at += run->stride) {
		struct hs_graph_edge edge = { .source = visit->node, .relation = run->relation, .kind = run->kind, .run = run, .index = i };
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		if (!word)
			continue;
		if (word & run->borrowed_tag)
			edge.relation &= (uint8_t)~HS_OWNED;
		if (visit->is_index && run->kind == HS_EDGE_VALUE && graph_is_immortal(visit->graph, word))
			edge.relation |= HS_OWNED;
		edge.target = hs_graph_node_at(visit->graph, word & ~(uint64_t)run->tag_mask);
		if (edge.target != HS_NO_NODE)
			visit->is_over = !visit->each(visit->context, &edge);
	}
}

/* Where the words lie in their object: what is named by it. Words elsewhere are counted from their own start. */
static size_t offset_in_object(const struct hs_object *object, const uint8_t *words)
{
	return words >= object->body && words < object->body + object->body_bytes ? (size_t)(words - object->body) : 0;
}

static void report_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct edge_visit *visit = context;
	const uint8_t *at = words;
	const struct hs_reference_run run = {
		.words = words, .n = n, .stride = sizeof(hs_addr), .relation = HS_SCANNED, .kind = HS_EDGE_SCAN,
		.first = offset_in_object(visit->object, words),
	};

	if (what != HS_SCAN_ALL)
		return;
	for (size_t i = 0; i < n && !visit->is_over; i++, at += sizeof(hs_addr)) {
		struct hs_graph_edge edge = { .source = visit->node, .relation = HS_SCANNED, .kind = HS_EDGE_SCAN, .run = &run, .index = i };
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		if (at == visit->weak_word)
			continue;
		edge.target = word & 7 ? HS_NO_NODE : hs_graph_node_at(visit->graph, word);
		if (edge.target != HS_NO_NODE)
			visit->is_over = !visit->each(visit->context, &edge);
	}
}

static void ignore_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context;
	(void)start;
	(void)bytes;
}

void hs_graph_each_edge(const struct hs_graph *graph, hs_node node, bool (*each)(void *context, const struct hs_graph_edge *edge),
			void *context)
{
	struct hs_heap_object entry;
	struct edge_visit visit = { .graph = graph, .node = node, .object = &entry.object, .each = each, .context = context };
	const struct hs_visitor visitor = { .context = &visit, .storage = ignore_storage, .references = report_run, .scan = report_scan };

	if (!hs_graph_object(graph, node, &entry))
		return;
	visit.weak_word = graph_weak_word(graph->heap->py, &entry.object);
	visit.is_index = graph_is_interned_dict(graph, entry.object.address);
	hs_object_visit(graph->heap->py, &entry.object, &visitor);
	graph_scan_adopted(graph->heap, &entry.object, &visitor);
}
