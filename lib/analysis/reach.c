/* SPDX-License-Identifier: Apache-2.0 */
/* Putting graph, roots and costs together for the search; naming the steps of what it finds. */
#include "reach.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dict.h"
#include "reach_internal.h"
#include "type_fields.h"
#include "unicode.h"

/* The class that C gave a type, by the name of the nearest base that C made and that matters here. */
static uint8_t class_of_type(const struct hs_reach *reach, const struct hs_type *type)
{
	static const struct {
		const char *name;
		enum reach_class class;
	} classes[] = {
		{ "module", CLASS_MODULE },       { "function", CLASS_FUNCTION },         { "cell", CLASS_CELL },   { "generator", CLASS_SUSPENDED },
		{ "coroutine", CLASS_SUSPENDED }, { "async_generator", CLASS_SUSPENDED }, { "frame", CLASS_FRAME }, { "traceback", CLASS_TRACEBACK },
		{ "code", CLASS_CODE },
	};

	if (type->flags & HS_TPFLAGS_TYPE_SUBCLASS)
		return CLASS_TYPE;
	for (const struct hs_type *at = type; at; at = at->base_type) {
		const char *name = at->is_python_class ? "" : hs_type_short_name(hs_type_full_name(reach->heap->types, at));
		for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
			if (!strcmp(classes[i].name, name))
				return classes[i].class;
	}
	return type->described_bytes < type->c_bytes ? CLASS_OPAQUE : CLASS_OTHER;
}

/* By hs_type.index, a class and whether `exclude` names it. */
struct type_class {
	bool is_known;
	bool is_excluded;
	uint8_t class;
};

static bool fits(const char *glob, const char *name)
{
	return glob && (!fnmatch(glob, name, 0) || !fnmatch(glob, hs_type_short_name(name), 0));
}

static const struct type_class *classify_type(const struct hs_reach *reach, struct type_class *known, const struct hs_type *type, const char *exclude)
{
	struct type_class *entry = &known[type->index];

	if (entry->is_known)
		return entry;
	const char *name = hs_type_full_name(reach->heap->types, type);
	entry->is_known = true;
	entry->class = class_of_type(reach, type);
	entry->is_excluded = fits(exclude, name);
	return entry;
}

/* A whole module, or what its globals refer to: "app", "app.CACHE". */
static void exclude_names(struct hs_reach *reach, const struct namespace *namespace, const char *exclude)
{
	const struct hs_cpython *py = reach->heap->py;
	struct hs_dict_cursor cursor = { 0 };
	char name[HS_REFERENCE_NAME_BYTES], full_name[2 * HS_REFERENCE_NAME_BYTES];
	hs_addr key, value;

	if (fits(exclude, namespace->module))
		hs_set_bit(reach->excluded, namespace->dict);
	while (hs_dict_next(py, hs_graph_address(reach->graph, namespace->dict), &cursor, &key, &value)) {
		hs_node node = hs_graph_node_at(reach->graph, value);
		if (node == HS_NO_NODE || !hs_str_read(py, key, name, sizeof(name)))
			continue;
		snprintf(full_name, sizeof(full_name), "%s.%s", namespace->module, name);
		if (fits(exclude, full_name))
			hs_set_bit(reach->excluded, node);
	}
}

static struct hs_error *classify(struct hs_reach *reach, const char *exclude)
{
	hs_node n = hs_graph_node_count(reach->graph);
	size_t n_types;

	hs_types_all(reach->heap->types, &n_types);
	HS_FREE struct type_class *known = calloc(n_types + 1, sizeof(*known));
	reach->classes = calloc((size_t)n + 1, 1);
	reach->excluded = exclude ? calloc(hs_bit_words(n), sizeof(*reach->excluded)) : NULL;
	if (!known || !reach->classes || (exclude && !reach->excluded))
		return hs_error_no_memory();
	for (hs_node node = 0; node < n; node++) {
		const struct hs_type *type = hs_graph_type(reach->graph, node);
		if (!type || type->index >= n_types)
			continue;
		const struct type_class *entry = classify_type(reach, known, type, exclude);
		bool is_known = entry->class == CLASS_OTHER || entry->class == CLASS_CODE;
		reach->classes[node] = is_known && hs_graph_adopts(reach->graph, node) ? CLASS_ADOPTING : entry->class;
		if (entry->is_excluded)
			hs_set_bit(reach->excluded, node);
	}
	for (size_t i = 0; i < reach->namespaces.n; i++)
		reach->classes[reach->namespaces.items[i].dict] = CLASS_MODULE_DICT;
	for (size_t i = 0; exclude && i < reach->namespaces.n; i++)
		exclude_names(reach, &reach->namespaces.items[i], exclude);
	return NULL;
}

static const uint32_t *sources_of(const void *context, uint32_t node, size_t *ret_n)
{
	const struct hs_reach *reach = context;

	return hs_graph_sources(reach->graph, node, ret_n);
}

static bool has_source(const void *context, uint32_t node, bool (*is_wanted)(const void *wanted, uint32_t source), const void *wanted)
{
	const struct hs_reach *reach = context;

	return hs_graph_any_source(reach->graph, node, is_wanted, wanted);
}

static struct hs_path_input input_of(const struct hs_reach *reach)
{
	struct hs_path_input input = {
		.graph = &reach->csr, .sources = sources_of, .has_source = has_source, .roots = reach->path_roots.items, .n_roots = reach->n_exact, .classes = reach->classes,
		.ask = reach_ask, .context = reach, .excluded = reach->excluded, .reaches_most = true,
		.cancel = hs_heap_cancel(reach->heap->heap),
	};

	reach_fill_costs(input.costs);
	return input;
}

static struct hs_error *look_for_late_roots(struct hs_reach *reach)
{
	if (reach->has_late)
		return NULL;
	HS_TRY(reach_find_late_roots(reach));
	reach->has_late = true;
	const struct hs_path_root *roots = reach->path_roots.items;
	return hs_paths_add_late(&reach->paths, roots, roots + reach->n_exact, reach->roots.n - reach->n_exact);
}

struct hs_error *hs_reach_last_step(struct hs_reach *reach, hs_node node, struct hs_path_step *ret, bool *ret_is_reached)
{
	*ret_is_reached = hs_paths_step(&reach->paths, node, ret);
	if (*ret_is_reached)
		return NULL;
	HS_TRY(look_for_late_roots(reach));
	*ret_is_reached = hs_paths_step(&reach->paths, node, ret);
	return NULL;
}

struct hs_error *hs_reach_find(struct hs_reach *reach, hs_node node, size_t n_max, struct hs_path **ret, size_t *ret_n)
{
	struct hs_path *paths = NULL;
	size_t n = 0;

	HS_TRY(hs_paths_find(&reach->paths, node, n_max, &paths, &n));
	if (!n) {
		HS_TRY(look_for_late_roots(reach));
		HS_TRY(hs_paths_find(&reach->paths, node, n_max, &paths, &n));
	}
	*ret = paths;
	*ret_n = n;
	return NULL;
}

static void close_reach(struct hs_reach **reach)
{
	hs_reach_close(*reach);
}

struct hs_error *hs_reach_open(const struct hs_process_heap *heap, const struct hs_graph *graph, const struct hs_reach_options *options,
			       struct hs_reach **ret)
{
	HS_CLEANUP(close_reach) struct hs_reach *reach = calloc(1, sizeof(*reach));
	static const struct hs_reach_options none;

	if (!reach)
		return hs_error_no_memory();
	if (!options)
		options = &none;
	reach->heap = heap;
	reach->graph = graph;
	reach->threads = options->threads;
	reach->csr = (struct hs_csr){ .n = hs_graph_node_count(graph), .rows = *hs_graph_rows(graph), .targets = hs_graph_all_targets(graph) };
	HS_TRY(reach_find_roots(reach));
	HS_TRY(classify(reach, options->exclude));
	HS_TRY(hs_check_cancelled(hs_heap_cancel(heap->heap)));
	reach->n_exact = reach->roots.n;
	const struct hs_path_input input = input_of(reach);
	/* asking needs the costs that the search is given */
	reach->paths.input = input;
	HS_TRY(hs_paths_init(&reach->paths, &input));
	*ret = hs_take(reach);
	return NULL;
}

void hs_reach_close(struct hs_reach *reach)
{
	if (!reach)
		return;
	hs_paths_deinit(&reach->paths);
	for (size_t i = 0; i < reach->strings.n; i++)
		free(reach->strings.items[i]);
	hs_array_free(&reach->strings);
	hs_array_free(&reach->roots);
	hs_array_free(&reach->path_roots);
	hs_array_free(&reach->namespaces);
	free(reach->classes);
	free(reach->excluded);
	free(reach);
}

const struct hs_reach_root *hs_reach_roots(const struct hs_reach *reach, size_t *ret_n)
{
	*ret_n = reach->roots.n;
	return reach->roots.items;
}

const struct hs_reach_root *hs_reach_root_at(const struct hs_reach *reach, uint32_t root)
{
	return &reach->roots.items[root];
}

static uint8_t holder_of(const struct hs_reach *reach, hs_node node)
{
	const struct hs_type *type = hs_graph_type(reach->graph, node);
	const char *kind = type ? type->kind->tp_name : "", *name = type ? hs_type_full_name(reach->heap->types, type) : "";

	if (!strcmp(name, "builtins.mappingproxy"))
		return HS_HOLDER_PROXY;
	for (const struct hs_type *at = type; at; at = at->base_type)
		if (!at->is_python_class && !strcmp(hs_type_full_name(reach->heap->types, at), "_thread._local"))
			return HS_HOLDER_THREAD_LOCAL;
	if (reach->classes[node] == CLASS_MODULE)
		return HS_HOLDER_MODULE;
	if (reach->classes[node] == CLASS_TYPE)
		return HS_HOLDER_TYPE;
	if (reach->classes[node] == CLASS_FRAME)
		return HS_HOLDER_FRAME;
	if (reach->classes[node] == CLASS_SUSPENDED)
		return !strcmp(kind, "generator") ? HS_HOLDER_GENERATOR : !strcmp(kind, "coroutine") ? HS_HOLDER_COROUTINE : HS_HOLDER_ASYNC_GENERATOR;
	return HS_HOLDER_OTHER;
}

/* True if looking the object up in a class gives something else: it has a __get__ that does not return itself. */
static bool is_bound_by_lookup(const struct hs_reach *reach, hs_node node)
{
	const struct hs_process_heap *heap = reach->heap;
	const struct hs_type *type = hs_graph_type(reach->graph, node);
	const char *name = type ? hs_type_full_name(heap->types, type) : "";

	if (!strcmp(name, "builtins.staticmethod") || !strcmp(name, "builtins.classmethod") || !strcmp(name, "builtins.classmethod_descriptor"))
		return true;
	for (; type; type = type->base_type) {
		hs_addr dict = type->is_python_class ? hs_type_dict(heap->py, type->address) : 0;
		if (dict && hs_dict_find(heap->py, dict, "__get__"))
			return true;
	}
	return false;
}

/* False if instances have a dict that Python does not show: typing.TypeVar's, 3.12+. A type whose own dict cannot be read shows it. */
static bool shows_dict(const struct hs_reach *reach, hs_node node)
{
	const struct hs_process_heap *heap = reach->heap;

	for (const struct hs_type *type = hs_graph_type(reach->graph, node); type; type = type->base_type) {
		hs_addr dict = hs_type_dict(heap->py, type->address);
		if (!dict || hs_dict_find(heap->py, dict, "__dict__"))
			return true;
	}
	return false;
}

/* 3.15+, PEP 810: a module that has it as an attribute imports it when it is asked. */
static bool is_lazy_import(const struct hs_reach *reach, hs_node node)
{
	const struct hs_type *type = hs_graph_type(reach->graph, node);

	return type && !strcmp(hs_type_full_name(reach->heap->types, type), "builtins.lazy_import");
}

struct naming {
	const struct hs_reach *reach;
	const struct hs_object *object;
	hs_node to;
	unsigned best;
	hs_addr key; /* of the best so far, if it is a value; 0: Python can write it, or it is none */
	struct hs_reach_step *ret;
};

static bool consider(void *context, const struct hs_graph_edge *edge)
{
	struct naming *naming = context;
	const struct hs_process_heap *heap = naming->reach->heap;
	struct hs_reach_step *ret = naming->ret;
	bool is_python;

	if (edge->target != naming->to || !hs_relation_holds(edge->relation))
		return true;
	/* twice the cost, so that what Python can say comes first among equals */
	unsigned cost = 2 * reach_edge_cost(naming->reach, edge) + 1;
	if (cost > naming->best)
		return true;
	naming->best = cost;
	ret->cost = cost / 2;
	ret->has_name = hs_reference_python_name(heap->py, heap->types, naming->object, edge->run, edge->index, ret->name, sizeof(ret->name),
						 &is_python);
	ret->expression = (struct hs_expression_step){ .kind = edge->kind, .is_python = is_python };
	naming->key = 0;
	if (edge->kind == HS_EDGE_VALUE && !is_python && edge->run->names)
		memcpy(&naming->key, (const uint8_t *)edge->run->names + edge->index * edge->run->names_stride, sizeof(naming->key));
	naming->best -= is_python || edge->kind == HS_EDGE_ATTRIBUTE || edge->kind == HS_EDGE_SLOT;
	return naming->best > 2;
}

struct key_naming {
	const struct hs_reach *reach;
	const struct hs_object *namespace;
	hs_node key;
	char name[HS_REFERENCE_NAME_BYTES]; /* "": not found */
};

static bool find_global(void *context, const struct hs_graph_edge *edge)
{
	struct key_naming *naming = context;
	const struct hs_process_heap *heap = naming->reach->heap;
	char literal[HS_REFERENCE_NAME_BYTES];

	if (edge->target == naming->key && edge->kind == HS_EDGE_VALUE &&
	    hs_reference_name(heap->py, heap->types, naming->namespace, edge->run, edge->index, literal, sizeof(literal)) &&
	    !hs_attribute_of_key(literal, naming->name, sizeof(naming->name)))
		naming->name[0] = '\0';
	return !naming->name[0];
}

/* A key that is no literal, by the global of a module that it is found at: a context variable, a class. */
static void name_key(const struct hs_reach *reach, hs_addr key, struct hs_reach_step *ret)
{
	struct hs_heap_object entry;
	struct key_naming naming = { .reach = reach, .namespace = &entry.object, .key = hs_graph_node_at(reach->graph, key) };
	struct hs_path_step step;

	if (naming.key == HS_NO_NODE || !hs_paths_step(&reach->paths, naming.key, &step) || step.parent == HS_CSR_NONE ||
	    reach->classes[step.parent] != CLASS_MODULE_DICT || !hs_graph_object(reach->graph, step.parent, &entry))
		return;
	hs_graph_each_edge(reach->graph, step.parent, find_global, &naming);
	const char *module = reach_module_of(reach, step.parent);
	size_t bytes = strlen(module) + 1 + strlen(naming.name);
	if (!naming.name[0] || !*module || bytes >= sizeof(ret->name))
		return;
	snprintf(ret->name, sizeof(ret->name), "%s.", module);
	strcat(ret->name, naming.name);
	ret->expression.is_key_path = true;
}

bool hs_reach_step(const struct hs_reach *reach, hs_node from, hs_node to, struct hs_reach_step *ret)
{
	struct hs_heap_object entry;
	struct naming naming = { .reach = reach, .object = &entry.object, .to = to, .best = UINT32_MAX, .ret = ret };

	if (!hs_graph_object(reach->graph, from, &entry))
		return false;
	hs_graph_each_edge(reach->graph, from, consider, &naming);
	if (naming.best == UINT32_MAX)
		return false;
	if (naming.key)
		name_key(reach, naming.key, ret);
	if (ret->expression.kind == HS_EDGE_FIELD && !strcmp(ret->name, "__dict__"))
		ret->expression.is_python &= shows_dict(reach, from);
	ret->expression.holder = holder_of(reach, from);
	ret->expression.is_bound = is_bound_by_lookup(reach, to);
	ret->expression.is_lazy = is_lazy_import(reach, to);
	return true;
}

const char *hs_reach_root_kind(const struct hs_reach_root *root)
{
	if (root->kind == HS_REACH_STACK)
		return "stack";
	if (root->kind == HS_REACH_INTERNED)
		return "interned";
	return root->kind == HS_REACH_NATIVE ? "native" : hs_root_kind_name((enum hs_root_kind)root->kind);
}

void hs_reach_begin(const struct hs_reach_root *root, struct hs_expression *expression, char *ret, size_t ret_bytes)
{
	const struct hs_expression_step variable = {
		.kind = root->edge_kind, .holder = HS_HOLDER_OTHER, .is_python = false, .name = root->name ? root->name : "",
	};
	char start[HS_EXPRESSION_BYTES];

	if (root->kind == HS_ROOT_MODULE && root->name) {
		hs_expression_begin(expression, ret, ret_bytes, root->name, root->is_importable);
		return;
	}
	if (root->function) {
		snprintf(start, sizeof(start), "<frame %s%s%s %s:%d>", root->module, *root->module ? "." : "", root->function,
			 strrchr(root->file, '/') ? strrchr(root->file, '/') + 1 : root->file,
			 (int)root->line);
		hs_expression_begin(expression, ret, ret_bytes, start, false);
		hs_expression_add(expression, &variable);
		return;
	}
	snprintf(start, sizeof(start), "<%s%s%s>", hs_reach_root_kind(root), root->name ? " " : "", root->name ? root->name : "");
	hs_expression_begin(expression, ret, ret_bytes, start, false);
}
