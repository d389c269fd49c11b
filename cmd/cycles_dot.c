/* SPDX-License-Identifier: Apache-2.0 */
/* One cycle as a graph for Graphviz: its members as boxes, the references among them as arrows that bear their names. */
#include <stdlib.h>

#include "cycles_result.h"
#include "dot.h"
#include "reference_name.h"

struct drawing {
	FILE *out;
	const struct hs_object_source *source;
	const struct hs_object *object;
	const uint32_t *members; /* ascending */
	size_t n;
};

static int compare_nodes(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static bool put_edge(void *context, const struct hs_graph_edge *edge)
{
	const struct drawing *drawing = context;
	const struct hs_process_heap *heap = drawing->source->heap;
	char step[HS_REFERENCE_NAME_BYTES];

	if (!(edge->relation & (HS_STRONG | HS_SCANNED)) ||
	    !bsearch(&edge->target, drawing->members, drawing->n, sizeof(edge->target), compare_nodes))
		return true;
	hs_reference_step(heap->py, heap->types, drawing->object, edge->run, edge->index, step, sizeof(step));
	hs_dot_edge(drawing->out, drawing->object->address, hs_graph_address(drawing->source->graph, edge->target), step, 1, edge->relation);
	return true;
}

void hs_cycle_dot(FILE *out, const struct hs_object_source *source, const struct hs_cycle_list *list, const struct hs_cycle *cycle, size_t n_max)
{
	struct drawing drawing = {
		.out = out, .source = source, .members = list->nodes + cycle->first, .n = cycle->n_members < n_max ? cycle->n_members : n_max,
	};
	struct hs_heap_object entry;

	hs_dot_begin(out);
	for (size_t i = 0; i < drawing.n; i++) {
		struct hs_object_row row;
		if (hs_object_row_of(source, drawing.members[i], true, &row))
			hs_dot_node(out, row.address, hs_type_short_name(row.type), row.repr, i == 0);
	}
	for (size_t i = 0; i < drawing.n; i++) {
		drawing.object = &entry.object;
		if (hs_graph_object(source->graph, drawing.members[i], &entry))
			hs_graph_each_edge(source->graph, drawing.members[i], put_edge, &drawing);
	}
	hs_dot_end(out);
}
