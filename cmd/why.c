/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering paths and writing them as expressions; and the result as JSON. */
#include "why.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "code.h"
#include "escape.h"
#include "json.h"
#include "unicode.h"

#define MAX_STEPS_LISTED ((size_t)1 << 24) /* of a path: whoever asks for JSON of a linked list gets it whole */

static bool add_step(struct hs_why_path *path, hs_addr from, hs_addr to, uint8_t kind, const char *name)
{
	struct hs_why_step *slot = hs_array_append(&path->steps);

	if (!slot)
		return false;
	*slot = (struct hs_why_step){ from, to, kind, name ? strdup(name) : NULL };
	return !name || slot->name;
}

static void add_to_expression(struct hs_expression *expression, struct hs_reach_step *step, size_t i, size_t n)
{
	bool is_left_out = i >= HS_PATH_SHOWN_STEPS && i + HS_PATH_SHOWN_STEPS < n;

	step->expression.name = step->name;
	if (!is_left_out)
		hs_expression_add(expression, &step->expression);
	else if (i == HS_PATH_SHOWN_STEPS)
		hs_expression_skip(expression, n - 2 * HS_PATH_SHOWN_STEPS);
}

/* What a closure calls the variable in cell `index`; NULL when that cannot be told. */
static const char *closure_variable(const struct hs_object_source *source, hs_node function, size_t index, char *ret, size_t ret_bytes)
{
	const struct hs_cpython *py = source->heap->py;
	struct hs_heap_object entry;
	struct hs_object closure;
	struct hs_code code;
	hs_addr name;
	uint64_t n;

	if (!hs_graph_object(source->graph, function, &entry) ||
	    !hs_object_at(py, source->heap->types, hs_object_field(py, &entry.object, "__closure__"), &closure) ||
	    !hs_object_length(py, &closure, &n) || !hs_code_read(py, hs_object_field(py, &entry.object, "__code__"), &code))
		return NULL;
	/* free variables come last: among all slots (3.11+), or in a list of their own */
	const uint8_t *names = code.kinds ? code.names[0] : code.names[2];
	size_t n_names = code.kinds ? code.n_slots : code.n_names[2], first = n_names - (n < n_names ? n : n_names);
	if (!names || first + index >= n_names)
		return NULL;
	memcpy(&name, names + (first + index) * sizeof(name), sizeof(name));
	return hs_str_read(py, name, ret, ret_bytes) ? ret : NULL;
}

/*
 * Names a step as a programmer does, where it takes two or three references: an attribute in an instance's dict, a closure's
 * variable. Only the list of steps is concerned; expressions know that by themselves.
 */
static void rename_step(const struct hs_object_source *source, const struct hs_path *path, size_t i, const struct hs_reach_step *steps,
			struct hs_reach_step *step)
{
	const struct hs_reach_step *before = i ? &steps[(i - 1) % 3] : NULL, *first = i > 1 ? &steps[(i - 2) % 3] : NULL;
	char name[HS_REFERENCE_NAME_BYTES];

	if (before && before->expression.kind == HS_EDGE_FIELD && !strcmp(before->name, "__dict__") && before->expression.holder != HS_HOLDER_MODULE &&
	    step->expression.kind == HS_EDGE_VALUE && hs_attribute_of_key(step->name, name, sizeof(name))) {
		step->expression.kind = HS_EDGE_ATTRIBUTE;
		strcpy(step->name, name);
	}
	if (first && first->expression.holder == HS_HOLDER_THREAD_LOCAL && step->expression.kind == HS_EDGE_VALUE &&
	    hs_attribute_of_key(step->name, name, sizeof(name))) {
		step->expression.kind = HS_EDGE_ATTRIBUTE;
		strcpy(step->name, name);
	}
	if (first && first->expression.kind == HS_EDGE_FIELD && !strcmp(first->name, "__closure__") && before->expression.kind == HS_EDGE_INDEX &&
	    step->expression.kind == HS_EDGE_FIELD &&
	    closure_variable(source, path->nodes[i - 2], strtoul(before->name, NULL, 10), name, sizeof(name))) {
		step->expression.kind = HS_EDGE_CELL;
		hs_escape(step->name, sizeof(step->name), name, strlen(name));
	}
}

static struct hs_error *write_path(struct hs_why_path *ret, const struct hs_object_source *source, const struct hs_reach *reach,
				   const struct hs_path *path)
{
	size_t n_roots;
	const struct hs_reach_root *root = &hs_reach_roots(reach, &n_roots)[path->root];
	size_t n_steps = path->n - 1;
	bool is_last_resort = root->cost >= HS_REACH_LAST_RESORT;
	char text[HS_EXPRESSION_BYTES];
	struct hs_expression expression;
	struct hs_reach_step steps[3]; /* this one and the two before, by i % 3 */

	ret->root = *root;
	ret->cost = path->cost;
	ret->count = 1;
	hs_reach_begin(root, &expression, text, sizeof(text));
	if (!add_step(ret, 0, hs_graph_address(source->graph, path->nodes[0]), root->edge_kind, root->name))
		return hs_error_no_memory();
	for (size_t i = 0; i < n_steps; i++) {
		hs_node from = path->nodes[i], to = path->nodes[i + 1];
		if (!hs_reach_step(reach, from, to, &steps[i % 3]))
			steps[i % 3] = (struct hs_reach_step){ .expression = { .kind = HS_EDGE_SCAN } };
		struct hs_reach_step step = steps[i % 3];
		is_last_resort |= step.cost >= HS_REACH_LAST_RESORT;
		add_to_expression(&expression, &step, i, n_steps);
		rename_step(source, path, i, steps, &step);
		if (i < MAX_STEPS_LISTED && !add_step(ret, hs_graph_address(source->graph, from), hs_graph_address(source->graph, to),
						      step.expression.kind, step.has_name ? step.name : NULL))
			return hs_error_no_memory();
	}
	ret->is_evaluable = hs_expression_end(&expression);
	ret->is_last_resort = is_last_resort;
	ret->expression = strdup(text);
	return ret->expression ? NULL : hs_error_no_memory();
}

static void drop_path(struct hs_why_path *path)
{
	for (size_t i = 0; i < path->steps.n; i++)
		free(path->steps.items[i].name);
	hs_array_free(&path->steps);
	free(path->expression);
}

struct hs_error *hs_why_object(struct hs_why *why, const struct hs_object_source *source, struct hs_reach *reach, hs_node node, size_t n_max)
{
	struct hs_path *paths = NULL;
	struct hs_error *error = NULL;
	size_t n = 0;

	hs_object_row_of(source, node, true, &why->object);
	HS_TRY(hs_reach_find(reach, node, n_max, &paths, &n));
	for (size_t i = 0; i < n && !error; i++) {
		struct hs_why_path *path = hs_array_append(&why->paths);
		error = path ? write_path(path, source, reach, &paths[i]) : hs_error_no_memory();
		/* a last resort is no further path: it leads through what leads everywhere */
		if (!error && i && path->is_last_resort)
			drop_path(&why->paths.items[--why->paths.n]);
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
	size_t n_roots;

	why->is_type = true;
	HS_TRY(hs_path_groups_find(reach, source->graph, is_meant, &why->match, &groups));
	const struct hs_reach_root *roots = hs_reach_roots(reach, &n_roots);
	why->n_objects = groups.n_objects;
	why->n_unreached = groups.n_unreached;
	why->n_paths = groups.list.n;
	for (size_t i = 0; i < groups.list.n && i < n_max; i++) {
		struct hs_path_group *group = &groups.list.items[i];
		struct hs_why_path *path = hs_array_append(&why->paths);
		if (!path)
			return hs_error_no_memory();
		path->expression = hs_take(group->expression);
		path->count = group->count;
		path->root = roots[group->root];
	}
	return NULL;
}

void hs_why_deinit(struct hs_why *why)
{
	for (size_t i = 0; i < why->paths.n; i++)
		drop_path(&why->paths.items[i]);
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

static json_t *steps_json(const struct hs_why_path *path)
{
	json_t *array = json_array();

	for (size_t i = 0; i < path->steps.n; i++) {
		const struct hs_why_step *step = &path->steps.items[i];
		json_t *object = json_object();
		json_object_set_new(object, "from", step->from ? hs_json_address(step->from) : json_null());
		json_object_set_new(object, "to", hs_json_address(step->to));
		json_object_set_new(object, "kind", json_string(hs_edge_kind_name(step->kind)));
		json_object_set_new(object, "name", step->name ? json_string(step->name) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *path_json(const struct hs_why_path *path, bool is_merged)
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
