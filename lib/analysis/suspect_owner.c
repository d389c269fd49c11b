/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a suspect is: the first object on the way from it to the root that the user's code gives a name to. What lies below is how a
 * library keeps it; where nobody but libraries names anything, the library's own name stands.
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "reach_internal.h"
#include "suspect_internal.h"
#include "unicode.h"

#define MAX_LOOKED_AT 512 /* nodes of a path, from the suspect on */
#define FUNCTION_TO_CELL 3 /* function, closure, cell, object */

/* NULL: no module of that name is known. Words that may be references, of which there are many, stand behind all modules. */
static const struct hs_reach_root *root_of_module(const struct hs_reach *reach, const char *module)
{
	for (size_t i = 0; i < reach->n_exact; i++) {
		const struct hs_reach_root *root = &reach->roots.items[i];
		if (root->kind == HS_ROOT_MODULE && root->name && !strcmp(root->name, module))
			return root;
	}
	return NULL;
}

static enum suspect_origin origin_of_root(const struct hs_reach_root *root)
{
	return !root ? ORIGIN_STANDARD : root->cost == 0 ? ORIGIN_USER : root->cost == 3 ? ORIGIN_SITE : ORIGIN_STANDARD;
}

enum suspect_origin suspect_origin_of_module(const struct hs_reach *reach, const char *module)
{
	return origin_of_root(root_of_module(reach, module));
}

/* "app.models.Outer.Inner": of the longest part that is a module. */
static enum suspect_origin origin_of_name(const struct hs_reach *reach, const char *full_name)
{
	char module[HS_REFERENCE_NAME_BYTES];
	char *dot;

	if (strlen(full_name) >= sizeof(module))
		return ORIGIN_STANDARD;
	strcpy(module, full_name);
	while ((dot = strrchr(module, '.'))) {
		*dot = '\0';
		const struct hs_reach_root *root = root_of_module(reach, module);
		if (root)
			return origin_of_root(root);
	}
	return ORIGIN_STANDARD;
}

enum suspect_origin suspect_origin_of_type(struct suspect_search *search, const struct hs_type *type)
{
	if (!type || !type->is_python_class)
		return ORIGIN_STANDARD;
	if (type->index >= search->n_origins)
		return origin_of_name(search->input->reach, hs_type_full_name(search->input->heap->types, type));
	if (!search->origins[type->index])
		search->origins[type->index] =
			(uint8_t)(origin_of_name(search->input->reach, hs_type_full_name(search->input->heap->types, type)) + 1);
	return (enum suspect_origin)(search->origins[type->index] - 1);
}

/* The module whose code a function is. */
static bool is_users_function(struct suspect_search *search, hs_node node)
{
	const struct hs_process_heap *heap = search->input->heap;
	struct hs_heap_object entry;
	char module[HS_REFERENCE_NAME_BYTES];

	if (!hs_graph_object(search->input->graph, node, &entry))
		return false;
	hs_addr name = hs_object_field(heap->py, &entry.object, "__module__");
	return name && hs_str_read(heap->py, name, module, sizeof(module)) &&
	       suspect_origin_of_module(search->input->reach, module) == ORIGIN_USER;
}

/* A class as such, or what it is the class of. */
static bool is_users_class(struct suspect_search *search, hs_node node)
{
	const struct hs_reach *reach = search->input->reach;
	const struct hs_type *type = reach->classes[node] == CLASS_TYPE
					     ? hs_type_at(search->input->heap->types, hs_graph_address(search->input->graph, node))
					     : hs_graph_type(search->input->graph, node);

	return suspect_origin_of_type(search, type) == ORIGIN_USER;
}

static bool is_dict_of(const struct suspect_search *search, hs_node dict, hs_node holder)
{
	struct hs_reach_step step;

	return hs_reach_step(search->input->reach, holder, dict, &step) && step.expression.kind == HS_EDGE_FIELD && !strcmp(step.name, "__dict__");
}

/* True if the reference from node i of a path to the next is a name in the user's code. */
static bool is_users_name(struct suspect_search *search, const struct hs_path *path, uint32_t i)
{
	const struct hs_reach *reach = search->input->reach;
	hs_node from = path->nodes[i];
	struct hs_reach_step step;

	switch (reach->classes[from]) {
	case CLASS_MODULE_DICT:
		return reach->classes[path->nodes[i + 1]] != CLASS_MODULE &&
		       suspect_origin_of_module(reach, reach_module_of(reach, from)) == ORIGIN_USER;
	case CLASS_FUNCTION:
		return false;
	case CLASS_CELL:
		for (uint32_t k = 1; k <= FUNCTION_TO_CELL && k <= i; k++)
			if (reach->classes[path->nodes[i - k]] == CLASS_FUNCTION)
				return is_users_function(search, path->nodes[i - k]);
		return false;
	case CLASS_SUSPENDED:
	case CLASS_FRAME:
		return hs_reach_step(reach, from, path->nodes[i + 1], &step) && step.expression.kind == HS_EDGE_LOCAL;
	default:
		break;
	}
	/* defaults of a function: a tuple of them */
	if (i && reach->classes[path->nodes[i - 1]] == CLASS_FUNCTION)
		return is_users_function(search, path->nodes[i - 1]);
	if (i && is_dict_of(search, from, path->nodes[i - 1]))
		return is_users_class(search, path->nodes[i - 1]);
	if (!path_shapes_is_instance(hs_graph_type(search->input->graph, from)) || !is_users_class(search, from))
		return false;
	return hs_reach_step(reach, from, path->nodes[i + 1], &step) &&
	       (step.expression.kind == HS_EDGE_ATTRIBUTE || step.expression.kind == HS_EDGE_SLOT);
}

static bool is_users_root(struct suspect_search *search, const struct hs_reach_root *root)
{
	return root->function && root->module && suspect_origin_of_module(search->input->reach, root->module) == ORIGIN_USER;
}

/* How many nodes of the path lead to the owner. */
static size_t owner_nodes(struct suspect_search *search, const struct hs_path *path, size_t n)
{
	const struct hs_reach_root *root = hs_reach_root_at(search->input->reach, path->root);

	for (size_t i = n - 1; i-- > 0 && n - i < MAX_LOOKED_AT;)
		if (is_users_name(search, path, (uint32_t)i))
			return i + 2;
	return is_users_root(search, root) ? 1 : n;
}

/* What Python calls the part of the runtime that a root is; NULL: nothing. */
static const char *canonical_name(const struct hs_reach_root *root)
{
	return root->kind == HS_ROOT_ATEXIT ? "atexit" : NULL;
}

static enum hs_suspect_root root_of_root(const struct hs_reach_root *root)
{
	switch (root->kind) {
	case HS_ROOT_MODULE:
		return HS_SUSPECT_OF_MODULE;
	case HS_ROOT_FRAME:
		return HS_SUSPECT_OF_LOCAL;
	case HS_ROOT_THREAD:
		return root->name && !strcmp(root->name, "dict") ? HS_SUSPECT_OF_THREAD_LOCAL : HS_SUSPECT_OF_INTERPRETER;
	case HS_ROOT_CONTEXT:
		return HS_SUSPECT_OF_CONTEXT;
	case HS_REACH_STACK:
		return HS_SUSPECT_OF_C_STACK;
	case HS_ROOT_STATIC:
	case HS_REACH_NATIVE:
		return HS_SUSPECT_OF_NATIVE;
	default:
		return HS_SUSPECT_OF_INTERPRETER;
	}
}

/* What the last name on the way that is none of a module or an instance belongs to. */
static enum hs_suspect_root root_of(const struct suspect_search *search, const struct hs_path *path, size_t n)
{
	const struct hs_reach *reach = search->input->reach;
	enum hs_suspect_root root = root_of_root(hs_reach_root_at(reach, path->root));
	struct hs_reach_step step;

	for (size_t i = 0; i + 1 < n && i < MAX_LOOKED_AT; i++) {
		hs_node from = path->nodes[i];
		if (!hs_reach_step(reach, from, path->nodes[i + 1], &step))
			continue;
		if (reach->classes[from] == CLASS_TYPE)
			root = HS_SUSPECT_OF_CLASS;
		else if (reach->classes[from] == CLASS_FUNCTION && !strcmp(step.name, "__closure__"))
			root = HS_SUSPECT_OF_CLOSURE;
		else if (reach->classes[from] == CLASS_FUNCTION && (!strcmp(step.name, "__defaults__") || !strcmp(step.name, "__kwdefaults__")))
			root = HS_SUSPECT_OF_DEFAULT;
		else if (reach->classes[from] == CLASS_SUSPENDED || reach->classes[from] == CLASS_FRAME)
			root = HS_SUSPECT_OF_LOCAL;
		else if (step.expression.holder == HS_HOLDER_THREAD_LOCAL)
			root = HS_SUSPECT_OF_THREAD_LOCAL;
		else if (step.expression.kind == HS_EDGE_FIELD && !strcmp(step.name, "ctx_vars"))
			root = HS_SUSPECT_OF_CONTEXT;
	}
	return root;
}

static struct hs_error *write_also(struct suspect_search *search, struct hs_suspect *suspect, const struct hs_path *path)
{
	struct hs_named_path named = { 0 };
	struct hs_error *error = hs_named_path_write(search->input->reach, path, path->n, true, &named);

	if (!error && !named.is_last_resort && !suspect_text_add(&suspect->also, "%s", named.expression))
		error = hs_error_no_memory();
	hs_named_path_deinit(&named);
	return error;
}

struct hs_error *suspect_describe_path(struct suspect_search *search, struct hs_suspect *suspect, const struct hs_path *paths, size_t n_paths,
				       size_t n_cut)
{
	const struct hs_reach *reach = search->input->reach;
	size_t n = n_cut ? n_cut : paths[0].n, n_owner = owner_nodes(search, &paths[0], n);
	HS_CLEANUP(hs_named_path_deinit) struct hs_named_path owner = { 0 };

	HS_TRY(hs_named_path_write(reach, &paths[0], n, true, &suspect->path));
	HS_TRY(hs_named_path_write(reach, &paths[0], n_owner, true, &owner));
	const char *canonical = canonical_name(&suspect->path.root);
	if (canonical) {
		free(owner.expression);
		owner.expression = strdup(canonical);
		owner.is_evaluable = true;
		if (!owner.expression)
			return hs_error_no_memory();
	}
	size_t bytes = strlen(owner.expression);
	bool is_part = !strncmp(owner.expression, suspect->path.expression, bytes);
	suspect->owner = hs_take(owner.expression);
	suspect->owner_is_evaluable = owner.is_evaluable;
	suspect->n_owner_steps = n_owner;
	suspect->tail = strdup(is_part ? suspect->path.expression + bytes : "");
	suspect->root = root_of(search, &paths[0], n);
	if (!suspect->tail)
		return hs_error_no_memory();
	for (size_t i = 1; i < n_paths && suspect->also.n < 2; i++)
		HS_TRY(write_also(search, suspect, &paths[i]));
	return NULL;
}
