/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering paths and writing them as expressions; and the result as JSON. */
#include "why.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"

struct hs_error *hs_why_object(struct hs_why *why, const struct hs_object_source *source, struct hs_reach *reach, hs_node node, size_t n_max)
{
	struct hs_path *paths = NULL;
	struct hs_error *error = NULL;
	size_t n = 0;

	hs_object_row_of(source, node, true, &why->object);
	HS_TRY(hs_reach_find(reach, node, n_max, &paths, &n));
	for (size_t i = 0; i < n && !error; i++) {
		struct hs_named_path *path = hs_array_append(&why->paths);
		error = path ? hs_named_path_write(reach, &paths[i], paths[i].n, false, path) : hs_error_no_memory();
		/* a last resort is no further path: it leads through what leads everywhere */
		if (!error && i && path->is_last_resort)
			hs_named_path_deinit(&why->paths.items[--why->paths.n]);
	}
	hs_path_list_free(paths, n);
	why->n_objects = 1;
	why->n_unreached = n == 0;
	why->n_paths = why->paths.n;
	return error;
}

static bool is_meant(const void *context, const struct hs_type *type)
{
	return hs_type_is_meant(context, type);
}

struct hs_error *hs_why_type(struct hs_why *why, const struct hs_object_source *source, struct hs_reach *reach, size_t n_max)
{
	HS_CLEANUP(hs_path_groups_deinit) struct hs_path_groups groups = { 0 };

	why->is_type = true;
	HS_TRY(hs_path_groups_find(reach, source->graph, is_meant, &why->match, &groups));
	why->n_objects = groups.n_objects;
	why->n_unreached = groups.n_unreached;
	why->n_paths = groups.list.n;
	for (size_t i = 0; i < groups.list.n && i < n_max; i++) {
		struct hs_path_group *group = &groups.list.items[i];
		struct hs_named_path *path = hs_array_append(&why->paths);
		if (!path)
			return hs_error_no_memory();
		path->expression = hs_take(group->expression);
		path->count = group->count;
		path->root = *hs_reach_root_at(reach, group->root);
	}
	return NULL;
}

void hs_why_deinit(struct hs_why *why)
{
	for (size_t i = 0; i < why->paths.n; i++)
		hs_named_path_deinit(&why->paths.items[i]);
	hs_array_free(&why->paths);
	hs_type_match_deinit(&why->match);
}

static json_t *root_json(const struct hs_reach_root *root)
{
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_string(hs_reach_root_kind(root)));
	json_object_set_new(object, "name", root->name ? json_string(root->name) : json_null());
	json_object_set_new(object, "thread", root->thread ? hs_json_u64(root->thread) : json_null());
	json_object_set_new(object, "function", root->function ? json_string(root->function) : json_null());
	json_object_set_new(object, "file", root->file ? json_string(root->file) : json_null());
	json_object_set_new(object, "line", root->line > 0 ? json_integer(root->line) : json_null());
	return object;
}

static json_t *steps_json(const struct hs_named_path *path)
{
	json_t *array = json_array();

	for (size_t i = 0; i < path->steps.n; i++) {
		const struct hs_named_step *step = &path->steps.items[i];
		json_t *object = json_object();
		json_object_set_new(object, "from", step->from ? hs_json_address(step->from) : json_null());
		json_object_set_new(object, "to", hs_json_address(step->to));
		json_object_set_new(object, "kind", json_string(hs_edge_kind_name(step->kind)));
		json_object_set_new(object, "name", step->name ? json_string(step->name) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *path_json(const struct hs_named_path *path, bool is_merged)
{
	json_t *object = json_object();

	json_object_set_new(object, "expression", json_string(path->expression));
	json_object_set_new(object, "count", hs_json_u64(path->count));
	json_object_set_new(object, "root", root_json(&path->root));
	if (is_merged)
		return object;
	json_object_set_new(object, "evaluable", json_boolean(path->is_evaluable));
	json_object_set_new(object, "cost", hs_json_u64(path->cost));
	json_object_set_new(object, "steps", steps_json(path));
	return object;
}

static json_t *target_json(const struct hs_object_row *row)
{
	json_t *object = json_object();

	json_object_set_new(object, "address", hs_json_address(row->address));
	json_object_set_new(object, "type", hs_json_string(row->type));
	json_object_set_new(object, "repr", json_string(row->repr));
	return object;
}

/* Adds what is told of one object, or of one type. */
static void set_result(json_t *object, const struct hs_why *why)
{
	json_t *paths = json_array();

	for (size_t i = 0; i < why->paths.n; i++)
		json_array_append_new(paths, path_json(&why->paths.items[i], why->is_type));
	if (why->is_type) {
		json_object_set_new(object, "type", hs_json_string(why->match.name));
		json_object_set_new(object, "instances", hs_json_u64(why->n_objects));
	} else {
		json_object_set_new(object, "target", target_json(&why->object));
	}
	json_object_set_new(object, "unreachable", hs_json_u64(why->n_unreached));
	json_object_set_new(object, "n_paths", hs_json_u64(why->n_paths));
	json_object_set_new(object, "paths", paths);
}

struct hs_error *hs_why_json(FILE *out, const struct hs_why *results, size_t n)
{
	json_t *root = hs_document_json(&results[0].document), *list = n > 1 ? json_array() : NULL;

	if (n == 1)
		set_result(root, &results[0]);
	for (size_t i = 0; list && i < n; i++) {
		json_t *object = json_object();
		set_result(object, &results[i]);
		json_array_append_new(list, object);
	}
	if (list)
		json_object_set_new(root, "results", list);
	return hs_json_write(out, root);
}
