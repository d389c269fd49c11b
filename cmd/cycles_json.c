/* SPDX-License-Identifier: Apache-2.0 */
/* Garbage as JSON, schema 1: README.md documents every member. */
#include <stdlib.h>

#include "cycles_result.h"
#include "json.h"
#include "reference_name.h"

static json_t *types_json(const struct hs_cycle_row *row)
{
	json_t *array = json_array();

	for (size_t i = 0; i < row->types.n; i++) {
		json_t *object = json_object();
		json_object_set_new(object, "type", hs_json_string(row->types.items[i].name));
		json_object_set_new(object, "count", hs_json_u64(row->types.items[i].count));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *edges_json(const struct hs_cycle_row *row)
{
	json_t *array = json_array();

	for (size_t i = 0; i < row->edges.n; i++) {
		const struct hs_cycle_edge *edge = &row->edges.items[i];
		json_t *object = json_object();
		json_object_set_new(object, "from", hs_json_address(edge->from));
		json_object_set_new(object, "to", hs_json_address(edge->to));
		json_object_set_new(object, "kind", json_string(hs_edge_kind_name(edge->kind)));
		json_object_set_new(object, "name", edge->name ? json_string(edge->name) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *addresses_json(const struct hs_graph *graph, const struct hs_cycle_list *list, const struct hs_cycle *cycle)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < cycle->n_set; i++)
		json_array_append_new(array, hs_json_address(hs_graph_address(graph, list->nodes[cycle->first + i])));
	return array;
}

static void add_marks(json_t *object, const struct hs_cycle_row *row)
{
	json_object_set_new(object, "interpreter", json_integer(row->marks->interpreter));
	json_object_set_new(object, "finalizers", json_integer(row->marks->n_finalizers));
	json_object_set_new(object, "weakref_callbacks", json_integer(row->marks->n_callbacks));
	json_object_set_new(object, "uncollectable", json_boolean(row->marks->is_uncollectable));
}

static void add_hiding(json_t *object, const struct hs_cycles_result *result, const struct hs_cycle_row *row)
{
	static const char *const reasons[] = {
		[HS_HIDDEN_UNKNOWN] = "unknown", [HS_HIDDEN_LOST] = "lost reference", [HS_HIDDEN_UNCOLLECTED] = "not collected",
		[HS_HIDDEN_UNTRACKED] = "not tracked", [HS_HIDDEN_FROZEN] = "frozen", [HS_HIDDEN_UNVISITED] = "not visited",
	};
	json_t *hidden = json_object();

	json_object_set_new(hidden, "why", json_string(reasons[row->hidden->why]));
	json_object_set_new(hidden, "type", hs_json_string(row->hiding_type));
	json_object_set_new(hidden, "address",
			    row->hiding_type ? hs_json_address(hs_graph_address(result->graph, row->hidden->holder)) : json_null());
	json_object_set_new(hidden, "reference", row->hiding_step ? json_string(row->hiding_step) : json_null());
	json_object_set_new(object, "hidden_by", hidden);
}

static json_t *row_json(const struct hs_cycles_result *result, const struct hs_cycle_list *list, const struct hs_cycle_row *row)
{
	json_t *object = json_object();

	json_object_set_new(object, "objects", json_integer(row->cycle->n_nodes));
	json_object_set_new(object, "bytes", hs_json_u64(row->cycle->bytes));
	json_object_set_new(object, "members", json_integer(row->cycle->n_members));
	if (row->marks)
		add_marks(object, row);
	json_object_set_new(object, "types", types_json(row));
	json_object_set_new(object, "expression", row->n_way ? json_string(row->expression) : json_null());
	json_object_set_new(object, "steps", hs_json_u64(row->n_way));
	json_object_set_new(object, "edges", edges_json(row));
	if (row->hidden)
		add_hiding(object, result, row);
	json_object_set_new(object, "addresses", list ? addresses_json(result->graph, list, row->cycle) : json_array());
	return object;
}

/* `list` NULL: the addresses are left out, as of what is held and may be most of a heap. */
static json_t *section_json(const struct hs_cycles_result *result, const struct hs_cycle_section *section, const struct hs_cycle_list *list)
{
	json_t *object = json_object(), *components = json_array();

	for (size_t i = 0; i < section->rows.n; i++)
		json_array_append_new(components, row_json(result, list, &section->rows.items[i]));
	json_object_set_new(object, "objects", hs_json_u64(section->n_objects));
	json_object_set_new(object, "bytes", hs_json_u64(section->bytes));
	json_object_set_new(object, "n_components", hs_json_u64(section->n_cycles));
	json_object_set_new(object, "components", components);
	return object;
}

struct hs_error *hs_cycles_json(FILE *out, const struct hs_cycles_result *result)
{
	const struct hs_garbage *garbage = result->garbage;
	json_t *root = hs_document_json(&result->document);

	json_object_set_new(root, "unreachable", section_json(result, &result->found, &garbage->found.list));
	json_object_set_new(root, "possibly", section_json(result, &result->perhaps, &garbage->perhaps.list));
	json_object_set_new(root, "never_collected", section_json(result, &result->never, &garbage->never.list));
	json_object_set_new(root, "reachable", section_json(result, &result->reachable, NULL));
	json_object_set_new(root, "unexplained", hs_unexplained_json(&result->unexplained));
	return hs_json_write(out, root);
}
