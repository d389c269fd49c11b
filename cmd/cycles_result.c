/* SPDX-License-Identifier: Apache-2.0 */
/* From lists of nodes to what is said of each cycle: its types, the way around by name, what hides it. */
#include "cycles_result.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "expression.h"
#include "reference_name.h"

#define MAX_SHOWN_STEPS 12
#define MAX_LOOKED_AT 4096 /* members, for one of a class of the program's own */
#define TYPE_NAME_BYTES 512

struct gathering {
	const struct hs_object_source *source;
	const struct hs_cycle_list *list;
	const struct hs_cycle_marks *marks;
	const struct hs_hidden *hidden;
	struct hs_cycle_finder *finder;
	uint64_t *count_of;   /* by hs_type.index */
	const struct hs_type *const *types;
	size_t n_types;
};

/* Cycles of the same types in the same numbers. */
struct alike {
	uint64_t shape;
	uint32_t first; /* index of the largest */
	uint64_t n, n_objects, bytes;
};

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 31) * 0x9e3779b97f4a7c15;
	return value ^ value >> 29;
}

static uint64_t shape_of(const struct gathering *gathering, size_t i)
{
	const struct hs_cycle *cycle = &gathering->list->items[i];
	uint64_t shape = cycle->n_members;

	for (uint32_t k = 0; k < cycle->n_members; k++) {
		const struct hs_type *type = hs_graph_type(gathering->source->graph, gathering->list->nodes[cycle->first + k]);
		shape += mix(type ? type->index + 1 : 0);
	}
	if (!gathering->marks)
		return shape;
	const struct hs_cycle_marks *marks = &gathering->marks[i];
	return shape ^ mix(marks->interpreter << 4 | (marks->n_finalizers != 0) << 2 | (marks->n_callbacks != 0) << 1 | marks->is_uncollectable);
}

static int compare_shapes(const void *a, const void *b)
{
	const struct alike *left = a, *right = b;

	if (left->shape != right->shape)
		return left->shape < right->shape ? -1 : 1;
	return left->first < right->first ? -1 : left->first > right->first;
}

static int compare_alike(const void *a, const void *b)
{
	const struct alike *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return left->first < right->first ? -1 : left->first > right->first;
}

/* All cycles of the list, those alike as one if `merges`, largest first. The caller frees the result; NULL: memory is out. */
static struct alike *list_alike(const struct gathering *gathering, bool merges, size_t *ret_n)
{
	size_t n = gathering->list->n, n_merged = 0;
	struct alike *list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++)
		list[i] = (struct alike){
			.shape = merges ? shape_of(gathering, i) : 0, .first = (uint32_t)i, .n = 1,
			.n_objects = gathering->list->items[i].n_nodes, .bytes = gathering->list->items[i].bytes,
		};
	*ret_n = n;
	if (!list || !merges || !n)
		return list;
	qsort(list, n, sizeof(*list), compare_shapes);
	for (size_t i = 1; i < n; i++) {
		if (list[i].shape != list[n_merged].shape) {
			list[++n_merged] = list[i];
			continue;
		}
		list[n_merged].n++;
		list[n_merged].n_objects += list[i].n_objects;
		list[n_merged].bytes += list[i].bytes;
	}
	*ret_n = n_merged + 1;
	qsort(list, *ret_n, sizeof(*list), compare_alike);
	return list;
}

static int compare_types(const void *a, const void *b)
{
	const struct hs_cycle_type *left = a, *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return strcmp(left->name, right->name);
}

static bool count_types(const struct gathering *gathering, struct hs_cycle_row *row)
{
	const uint32_t *nodes = gathering->list->nodes + row->cycle->first;
	struct hs_types *types = gathering->source->heap->types;

	for (uint32_t k = 0; k < row->cycle->n_nodes; k++) {
		const struct hs_type *type = hs_graph_type(gathering->source->graph, nodes[k]);
		if (!type || type->index >= gathering->n_types || gathering->count_of[type->index]++)
			continue;
		struct hs_cycle_type *slot = hs_array_append(&row->types);
		if (!slot)
			return false;
		*slot = (struct hs_cycle_type){ .count = type->index };
	}
	for (size_t i = 0; i < row->types.n; i++) {
		uint64_t index = row->types.items[i].count;
		row->types.items[i] = (struct hs_cycle_type){ hs_type_full_name(types, gathering->types[index]), gathering->count_of[index] };
		gathering->count_of[index] = 0;
	}
	if (row->types.n)
		qsort(row->types.items, row->types.n, sizeof(*row->types.items), compare_types);
	return true;
}

/* One that a programmer would start from: of a class of the program's, if there is one. */
static uint32_t start_of(const struct gathering *gathering, const struct hs_cycle *cycle)
{
	const uint32_t *members = gathering->list->nodes + cycle->first;

	for (uint32_t k = 0; k < cycle->n_members && k < MAX_LOOKED_AT; k++) {
		const struct hs_type *type = hs_graph_type(gathering->source->graph, members[k]);
		if (type && type->is_python_class)
			return members[k];
	}
	return members[0];
}

struct naming {
	const struct hs_process_heap *heap;
	const struct hs_object *object;
	hs_node to;
	bool has_step, is_python;
	uint8_t kind;
	bool has_name;
	char name[HS_REFERENCE_NAME_BYTES];
	char step[HS_REFERENCE_NAME_BYTES];
};

/* Of several references to the same object the first that Python can name. */
static bool consider(void *context, const struct hs_graph_edge *edge)
{
	struct naming *naming = context;

	if (edge->target != naming->to || !(edge->relation & (HS_STRONG | HS_SCANNED)))
		return true;
	bool is_python = hs_reference_step(naming->heap->py, naming->heap->types, naming->object, edge->run, edge->index, naming->step,
					   sizeof(naming->step)) || edge->kind == HS_EDGE_ATTRIBUTE;
	naming->has_name = hs_reference_python_name(naming->heap->py, naming->heap->types, naming->object, edge->run, edge->index, naming->name,
						    sizeof(naming->name), &naming->is_python);
	naming->kind = edge->kind;
	naming->has_step = true;
	return !is_python;
}

static void name_reference(const struct hs_object_source *source, hs_node from, hs_node to, struct naming *ret)
{
	struct hs_heap_object entry;

	ret->heap = source->heap;
	ret->object = &entry.object;
	ret->to = to;
	ret->has_step = ret->has_name = ret->is_python = false;
	ret->kind = HS_EDGE_SCAN;
	ret->name[0] = ret->step[0] = '\0';
	if (hs_graph_object(source->graph, from, &entry))
		hs_graph_each_edge(source->graph, from, consider, ret);
}

static bool add_edge(const struct hs_object_source *source, struct hs_cycle_row *row, hs_node from, hs_node to, const struct naming *naming)
{
	struct hs_cycle_edge *slot = row->edges.n < HS_CYCLE_MAX_EDGES ? hs_array_append(&row->edges) : NULL;

	if (!slot)
		return row->edges.n >= HS_CYCLE_MAX_EDGES;
	*slot = (struct hs_cycle_edge){
		hs_graph_address(source->graph, from), hs_graph_address(source->graph, to), naming->kind,
		naming->has_name ? strdup(naming->name) : NULL,
	};
	return slot->name || !naming->has_name;
}

static struct hs_error *write_way(const struct gathering *gathering, struct hs_cycle_row *row)
{
	const struct hs_object_source *source = gathering->source;
	uint32_t way[HS_CYCLE_MAX_EDGES + 1], start = start_of(gathering, row->cycle);
	const struct hs_type *type = hs_graph_type(source->graph, start);
	const char *name = type ? hs_type_short_name(hs_type_full_name(source->heap->types, type)) : "?";
	char safe[TYPE_NAME_BYTES], text[HS_EXPRESSION_BYTES];
	struct hs_expression expression;

	row->address = hs_graph_address(source->graph, start);
	row->n_way = hs_cycle_way(gathering->finder, row->cycle, start, way, HS_CYCLE_MAX_EDGES + 1);
	hs_escape(safe, sizeof(safe), name, strlen(name));
	hs_expression_begin(&expression, text, sizeof(text), safe, false);
	for (size_t i = 0; i < row->n_way && i < HS_CYCLE_MAX_EDGES; i++) {
		struct naming naming;
		uint32_t to = i + 1 < row->n_way ? way[i + 1] : start;
		name_reference(source, way[i], to, &naming);
		if (!add_edge(source, row, way[i], to, &naming))
			return hs_error_no_memory();
		const struct hs_expression_step step = { .kind = naming.kind, .is_python = naming.is_python, .name = naming.name };
		if (i < MAX_SHOWN_STEPS)
			hs_expression_add(&expression, &step);
	}
	if (row->n_way > MAX_SHOWN_STEPS)
		hs_expression_skip(&expression, row->n_way - MAX_SHOWN_STEPS);
	hs_expression_end(&expression);
	row->expression = strdup(text);
	return row->expression ? NULL : hs_error_no_memory();
}

static struct hs_error *name_hiding(const struct gathering *gathering, struct hs_cycle_row *row)
{
	const struct hs_hidden *hidden = row->hidden;
	struct naming naming;

	if (!hidden || hidden->holder == HS_NO_NODE)
		return NULL;
	const struct hs_type *type = hs_graph_type(gathering->source->graph, hidden->holder);
	row->hiding_type = type ? hs_type_full_name(gathering->source->heap->types, type) : "?";
	if (hidden->target == HS_NO_NODE)
		return NULL;
	name_reference(gathering->source, hidden->holder, hidden->target, &naming);
	row->hiding_step = strdup(naming.step);
	return row->hiding_step ? NULL : hs_error_no_memory();
}

static struct hs_error *add_row(const struct gathering *gathering, const struct alike *alike, struct hs_cycle_section *section)
{
	struct hs_cycle_row *row = hs_array_append(&section->rows);

	if (!row)
		return hs_error_no_memory();
	row->cycle = &gathering->list->items[alike->first];
	row->marks = gathering->marks ? &gathering->marks[alike->first] : NULL;
	row->hidden = gathering->hidden ? &gathering->hidden[alike->first] : NULL;
	row->n_alike = alike->n;
	row->alike_objects = alike->n_objects;
	row->alike_bytes = alike->bytes;
	if (!count_types(gathering, row))
		return hs_error_no_memory();
	HS_TRY(write_way(gathering, row));
	return name_hiding(gathering, row);
}

static void close_finder(struct hs_cycle_finder **finder)
{
	hs_cycle_finder_destroy(*finder);
}

/* `csr`: in which the ways around are looked for. */
static struct hs_error *gather_section(struct hs_cycle_section *section, struct gathering *gathering, const struct hs_csr *csr, size_t n_max,
				       bool merges)
{
	HS_CLEANUP(close_finder) struct hs_cycle_finder *finder = NULL;
	size_t n;
	HS_FREE struct alike *list = list_alike(gathering, merges, &n);

	if (!list)
		return hs_error_no_memory();
	section->n_cycles = gathering->list->n;
	for (size_t i = 0; i < n; i++) {
		section->n_objects += list[i].n_objects;
		section->bytes += list[i].bytes;
		section->n_left_out += i >= n_max ? list[i].n : 0;
		section->left_out_bytes += i >= n_max ? list[i].bytes : 0;
	}
	if (!n)
		return NULL;
	HS_TRY(hs_cycle_finder_create(csr, gathering->list, &finder));
	gathering->finder = finder;
	for (size_t i = 0; i < n && i < n_max; i++)
		HS_TRY(add_row(gathering, &list[i], section));
	return NULL;
}

struct hs_error *hs_cycles_gather(struct hs_cycles_result *result, const struct hs_object_source *source, const struct hs_garbage *garbage,
				  const struct hs_cycle_list *reachable, const struct hs_cycles_gathering *options)
{
	const struct hs_csr owned = {
		hs_graph_node_count(source->graph), *hs_graph_rows(source->graph), hs_graph_all_targets(source->graph),
	};
	struct gathering gathering = { .source = source, .list = &garbage->found.list, .marks = garbage->found.marks };

	gathering.types = hs_types_all(source->heap->types, &gathering.n_types);
	HS_FREE uint64_t *count_of = calloc(gathering.n_types + 1, sizeof(*count_of));
	if (!count_of)
		return hs_error_no_memory();
	gathering.count_of = count_of;
	result->garbage = garbage;
	result->graph = source->graph;
	HS_TRY(gather_section(&result->found, &gathering, &garbage->told, options->n_garbage, options->merges));
	gathering.list = &garbage->perhaps.list;
	gathering.marks = garbage->perhaps.marks;
	HS_TRY(gather_section(&result->perhaps, &gathering, &garbage->told, options->n_garbage, options->merges));
	gathering.list = reachable;
	gathering.marks = NULL;
	HS_TRY(gather_section(&result->reachable, &gathering, &garbage->told, options->n_reachable, options->merges));
	gathering.list = &garbage->never.list;
	gathering.marks = garbage->never.marks;
	gathering.hidden = garbage->hidden;
	return gather_section(&result->never, &gathering, &owned, options->n_garbage, options->merges);
}

static void section_deinit(struct hs_cycle_section *section)
{
	for (size_t i = 0; i < section->rows.n; i++) {
		struct hs_cycle_row *row = &section->rows.items[i];
		for (size_t k = 0; k < row->edges.n; k++)
			free(row->edges.items[k].name);
		hs_array_free(&row->edges);
		hs_array_free(&row->types);
		free(row->expression);
		free(row->hiding_step);
	}
	hs_array_free(&section->rows);
}

void hs_cycles_result_deinit(struct hs_cycles_result *result)
{
	section_deinit(&result->found);
	section_deinit(&result->perhaps);
	section_deinit(&result->never);
	section_deinit(&result->reachable);
	hs_unexplained_result_deinit(&result->unexplained);
}
