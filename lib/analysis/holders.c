/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up objects by what holds them. */
#include "holders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "path_shapes.h"


static const char *const container_kinds[] = { "list", "dict", "set", "frozenset", "tuple", "collections.deque", "collections.OrderedDict" };
#define N_CONTAINER_KINDS (sizeof(container_kinds) / sizeof(*container_kinds))

struct figures {
	uint64_t count, bytes;
};

/* Containers of one shape, by kind. */
struct held {
	struct figures kinds[N_CONTAINER_KINDS];
};

struct holding {
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;
	struct hs_reach *reach;
	struct path_shapes shapes;
	HS_ARRAY(struct held) held;          /* by shape */
	struct held unreached;
	struct figures *types;               /* by hs_type.index: all that is no such container, and dicts of instances */
	size_t n_types;
};

static void holding_deinit(struct holding *holding)
{
	path_shapes_deinit(&holding->shapes);
	hs_array_free(&holding->held);
	free(holding->types);
}

/* Index in container_kinds of a type that is such a container itself, not a class built on it; -1: it is none. */
static int container_kind(const struct hs_type *type)
{
	for (size_t i = 0; !type->is_python_class && type == type->solid_base && i < N_CONTAINER_KINDS; i++)
		if (!strcmp(type->kind->tp_name, container_kinds[i]))
			return (int)i;
	return -1;
}

/* The type of the instance whose __dict__ the dict is; NULL: it is none. */
static const struct hs_type *owner_of_dict(const struct holding *holding, hs_node dict, hs_node parent)
{
	const struct hs_type *type = hs_graph_type(holding->graph, parent);
	struct hs_heap_object entry;

	if (!path_shapes_is_instance(type) || !hs_graph_object(holding->graph, parent, &entry))
		return NULL;
	hs_addr its_dict = hs_object_field(holding->heap->py, &entry.object, "__dict__");
	return its_dict && its_dict == hs_graph_address(holding->graph, dict) ? type : NULL;
}

static struct held *held_at(struct holding *holding, uint32_t shape)
{
	while (holding->held.n <= shape)
		if (!hs_array_append(&holding->held))
			return NULL;
	return &holding->held.items[shape];
}

static void add(struct figures *figures, uint64_t count, uint64_t bytes)
{
	figures->count += count;
	figures->bytes += bytes;
}

static struct hs_error *add_container(struct holding *holding, hs_node node, int kind, uint64_t bytes)
{
	struct hs_path_step step;
	bool is_reached;
	uint32_t shape;

	HS_TRY(hs_reach_last_step(holding->reach, node, &step, &is_reached));
	if (!is_reached) {
		add(&holding->unreached.kinds[kind], 1, bytes);
		return NULL;
	}
	const struct hs_type *owner = step.parent == HS_CSR_NONE ? NULL : owner_of_dict(holding, node, step.parent);
	if (owner) {
		add(&holding->types[owner->index], 0, bytes);
		return NULL;
	}
	HS_TRY(path_shapes_of(&holding->shapes, node, &shape));
	struct held *held = held_at(holding, shape);
	if (!held)
		return hs_error_no_memory();
	add(&held->kinds[kind], 1, bytes);
	return NULL;
}

static struct hs_error *add_all(struct holding *holding)
{
	for (hs_node node = 0; node < hs_graph_node_count(holding->graph); node++) {
		const struct hs_type *type = hs_graph_type(holding->graph, node);
		if (!type || type->index >= holding->n_types)
			continue;
		uint64_t bytes = hs_graph_bytes(holding->graph, node);
		int kind = container_kind(type);
		if (kind < 0)
			add(&holding->types[type->index], 1, bytes);
		else
			HS_TRY(add_container(holding, node, kind, bytes));
	}
	return NULL;
}

static struct hs_error *add_row(struct hs_holder_list *list, const char *name, const struct figures *figures)
{
	if (!figures->count && !figures->bytes)
		return NULL;
	struct hs_census_type *row = hs_array_append(list);
	if (!row)
		return hs_error_no_memory();
	*row = (struct hs_census_type){ .name = strdup(name), .n_types = 1, .count = figures->count, .bytes = figures->bytes };
	return row->name ? NULL : hs_error_no_memory();
}

static struct hs_error *list_containers(struct holding *holding, struct hs_holder_list *list)
{
	char name[HS_HOLDER_LABEL_BYTES];

	for (size_t i = 0; i < holding->held.n; i++) {
		HS_FREE char *where = path_shapes_expression(&holding->shapes, (uint32_t)i);
		if (!where)
			return hs_error_no_memory();
		for (size_t kind = 0; kind < N_CONTAINER_KINDS; kind++) {
			snprintf(name, sizeof(name), "%s at %s", container_kinds[kind], where);
			HS_TRY(add_row(list, name, &holding->held.items[i].kinds[kind]));
		}
	}
	for (size_t kind = 0; kind < N_CONTAINER_KINDS; kind++) {
		snprintf(name, sizeof(name), "%s that nothing reaches", container_kinds[kind]);
		HS_TRY(add_row(list, name, &holding->unreached.kinds[kind]));
	}
	return NULL;
}

/* Instances of the type have a dict, or values that stand for one. */
static bool has_dict(const struct hs_cpython *py, const struct hs_type *type)
{
	return path_shapes_is_instance(type) &&
	       hs_image_word(py->image, type->address + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_dictoffset)) != 0;
}

static struct hs_error *list_types(struct holding *holding, struct hs_holder_list *list)
{
	size_t n;
	const struct hs_type *const *all = hs_types_all(holding->heap->types, &n);
	char safe[HS_EXPRESSION_BYTES], name[HS_HOLDER_LABEL_BYTES];

	for (size_t i = 0; i < holding->n_types; i++) {
		const char *type = hs_type_short_name(hs_type_full_name(holding->heap->types, all[i]));
		hs_escape(safe, sizeof(safe), type, strlen(type));
		snprintf(name, sizeof(name), "%s%s", safe, has_dict(holding->heap->py, all[i]) ? " (+dict)" : "");
		HS_TRY(add_row(list, name, &holding->types[i]));
	}
	return NULL;
}

struct hs_error *hs_holders_find(const struct hs_process_heap *heap, const struct hs_graph *graph, struct hs_reach *reach,
				 struct hs_holder_list *ret)
{
	HS_CLEANUP(holding_deinit) struct holding holding = { .heap = heap, .graph = graph, .reach = reach };

	HS_TRY(path_shapes_init(&holding.shapes, reach, graph, true));
	hs_types_all(heap->types, &holding.n_types);
	holding.types = calloc(holding.n_types + 1, sizeof(*holding.types));
	if (!holding.types)
		return hs_error_no_memory();
	HS_TRY(add_all(&holding));
	HS_TRY(list_containers(&holding, ret));
	HS_TRY(list_types(&holding, ret));
	ret->n = hs_census_types_merge(ret->items, ret->n);
	return NULL;
}

void hs_holders_free(struct hs_holder_list *holders)
{
	for (size_t i = 0; i < holders->n; i++)
		free(holders->items[i].name);
	hs_array_free(holders);
}
