/* SPDX-License-Identifier: Apache-2.0 */
/* Naming the steps of a path, as the search names them one by one, and as a programmer would. */
#include "named_path.h"

#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "escape.h"
#include "path_groups.h"
#include "reach_internal.h"
#include "repr.h"
#include "unicode.h"

#define MAX_STEPS_LISTED ((size_t)1 << 24) /* of a path: whoever asks for JSON of a linked list gets it whole */

/* A key or an element is a value like any other, unless it is a name. */
static bool is_shown(const struct hs_reach_step *step, bool hides_values)
{
	unsigned kind = step->expression.kind;
	char name[HS_REFERENCE_NAME_BYTES];

	if (!hides_values || step->expression.is_key_path || (kind != HS_EDGE_VALUE && kind != HS_EDGE_KEY && kind != HS_EDGE_ITEM))
		return step->has_name;
	return step->has_name && kind == HS_EDGE_VALUE && strlen(step->name) <= HS_SHOWN_KEY_CHARACTERS + 2 && hs_attribute_of_key(step->name, name, sizeof(name));
}

static bool add_step(struct hs_named_path *path, hs_addr from, hs_addr to, uint8_t kind, const char *name)
{
	struct hs_named_step *slot = hs_array_append(&path->steps);

	if (!slot)
		return false;
	*slot = (struct hs_named_step){ from, to, kind, name ? strdup(name) : NULL };
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
static const char *closure_variable(const struct hs_reach *reach, hs_node function, size_t index, char *ret, size_t ret_bytes)
{
	const struct hs_cpython *py = reach->heap->py;
	struct hs_heap_object entry;
	struct hs_object closure;
	struct hs_code code;
	hs_addr name;
	uint64_t n;

	if (!hs_graph_object(reach->graph, function, &entry) ||
	    !hs_object_at(py, reach->heap->types, hs_object_field(py, &entry.object, "__closure__"), &closure) ||
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
static void rename_step(const struct hs_reach *reach, const struct hs_path *path, size_t i, const struct hs_reach_step *steps,
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
	    closure_variable(reach, path->nodes[i - 2], strtoul(before->name, NULL, 10), name, sizeof(name))) {
		step->expression.kind = HS_EDGE_CELL;
		hs_escape(step->name, sizeof(step->name), name, strlen(name));
	}
}

struct hs_error *hs_named_path_write(const struct hs_reach *reach, const struct hs_path *path, size_t n_nodes, bool hides_values,
				     struct hs_named_path *ret)
{
	const struct hs_reach_root *root = hs_reach_root_at(reach, path->root);
	size_t n_steps = n_nodes - 1;
	bool is_last_resort = root->cost >= HS_REACH_LAST_RESORT;
	char text[HS_EXPRESSION_BYTES];
	struct hs_expression expression;
	struct hs_reach_step steps[3]; /* this one and the two before, by i % 3 */

	ret->root = *root;
	ret->cost = path->cost;
	ret->count = 1;
	hs_reach_begin(root, &expression, text, sizeof(text));
	expression.hides_values = hides_values;
	if (!add_step(ret, 0, hs_graph_address(reach->graph, path->nodes[0]), root->edge_kind, root->name))
		return hs_error_no_memory();
	for (size_t i = 0; i < n_steps; i++) {
		hs_node from = path->nodes[i], to = path->nodes[i + 1];
		if (!hs_reach_step(reach, from, to, &steps[i % 3]))
			steps[i % 3] = (struct hs_reach_step){ .expression = { .kind = HS_EDGE_SCAN } };
		struct hs_reach_step step = steps[i % 3];
		is_last_resort |= step.cost >= HS_REACH_LAST_RESORT;
		add_to_expression(&expression, &step, i, n_steps);
		rename_step(reach, path, i, steps, &step);
		if (i < MAX_STEPS_LISTED && !add_step(ret, hs_graph_address(reach->graph, from), hs_graph_address(reach->graph, to),
						      step.expression.kind, is_shown(&step, hides_values) ? step.name : NULL))
			return hs_error_no_memory();
	}
	ret->is_evaluable = hs_expression_end(&expression);
	ret->is_last_resort = is_last_resort;
	ret->expression = strdup(text);
	return ret->expression ? NULL : hs_error_no_memory();
}

void hs_named_path_deinit(struct hs_named_path *path)
{
	for (size_t i = 0; i < path->steps.n; i++)
		free(path->steps.items[i].name);
	hs_array_free(&path->steps);
	free(path->expression);
}
