/* SPDX-License-Identifier: Apache-2.0 */
/* The roots, kept with their names and costs; and which module a namespace belongs to. */
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "cleanup.h"
#include "dict.h"
#include "escape.h"
#include "python_name.h"
#include "reach_internal.h"
#include "root_place.h"
#include "thread_starts.h"
#include "unicode.h"

#define COST_SITE 3     /* a module from site-packages */
#define COST_STANDARD 4 /* one that comes with Python */
#define COST_CONSERVATIVE 20

const char *reach_keep(struct hs_reach *reach, const char *text)
{
	char **last = reach->strings.n ? &reach->strings.items[reach->strings.n - 1] : NULL;

	/* one frame's roots come one after the other: their function and file are the same text */
	for (size_t i = 0; last && i < 4 && i < reach->strings.n; i++)
		if (!strcmp(last[-(ptrdiff_t)i], text))
			return last[-(ptrdiff_t)i];
	char **slot = hs_array_append(&reach->strings);
	if (!slot || !(*slot = strdup(text))) {
		reach->is_short = true;
		return NULL;
	}
	return *slot;
}

static hs_addr module_dict(const struct hs_reach *reach, hs_addr module)
{
	struct hs_object object;

	return hs_object_at(reach->heap->py, reach->heap->types, module, &object) ? hs_object_field(reach->heap->py, &object, "__dict__") : 0;
}

/* Whose a file is: what lies neither among installed packages nor with the standard library is the user's. */
static unsigned file_cost(const char *file, const char *library)
{
	if (strstr(file, "/site-packages/") || strstr(file, "/dist-packages/"))
		return COST_SITE;
	return *library && !strncmp(file, library, strlen(library)) ? COST_STANDARD : 0;
}

/* Built-in and frozen modules have no file; __main__ may have none either. */
static unsigned module_cost(const struct hs_reach *reach, const char *name, hs_addr dict, const char *library)
{
	char file[1024];
	hs_addr str = dict ? hs_dict_find(reach->heap->py, dict, "__file__") : 0;

	if (!strcmp(name, "__main__"))
		return 0;
	return str && hs_str_read(reach->heap->py, str, file, sizeof(file)) ? file_cost(file, library) : COST_STANDARD;
}

/* False if a package has something else under that name: a class that it imported from a module of the same name. */
static bool is_importable(const struct hs_reach *reach, const char *name, hs_addr module)
{
	const struct hs_cpython *py = reach->heap->py;
	hs_addr modules = py->interpreters.n ? hs_modules(py, py->interpreters.items[0].address) : 0;
	char parent[HS_REFERENCE_NAME_BYTES];
	char *dot;

	if (!modules || strlen(name) >= sizeof(parent))
		return false;
	strcpy(parent, name);
	while ((dot = strrchr(parent, '.'))) {
		*dot = '\0';
		if (!hs_is_identifier(dot + 1))
			return false;
		hs_addr above = hs_dict_find(py, modules, parent), dict = above ? module_dict(reach, above) : 0;
		if (!dict || hs_dict_find(py, dict, dot + 1) != module)
			return false;
		module = above;
	}
	return hs_is_identifier(parent);
}

static unsigned root_cost(const struct hs_root *root)
{
	static const uint8_t costs[HS_N_ROOT_KINDS] = {
		[HS_ROOT_BUILTINS] = 5, [HS_ROOT_FRAME] = 3,   [HS_ROOT_THREAD] = 8, [HS_ROOT_INTERPRETER] = 8, [HS_ROOT_TYPE] = 8,
		[HS_ROOT_CODECS] = 8,   [HS_ROOT_ATEXIT] = 8,  [HS_ROOT_CONTEXT] = 4, [HS_ROOT_ASYNC] = 8,      [HS_ROOT_STATIC] = COST_CONSERVATIVE,
	};

	/* a word that is an object's address, in a struct that has no name for it */
	if (root->kind != HS_ROOT_FRAME && (root->edge_kind == HS_EDGE_SCAN || root->relation & HS_SCANNED))
		return COST_CONSERVATIVE;
	if (root->kind == HS_ROOT_FRAME && (root->edge_kind == HS_EDGE_STACK || root->edge_kind == HS_EDGE_FIELD || root->edge_kind == HS_EDGE_SCAN))
		return HS_REACH_LAST_RESORT;
	if (root->kind == HS_ROOT_THREAD && root->name && !strcmp(root->name, "dict"))
		return 4;
	return costs[root->kind];
}

struct collecting {
	struct hs_reach *reach;
	bool takes_late; /* comes_late() */
	char library[1024]; /* the folder of the standard library, with a slash; "": unknown */
};

static void add_namespace(struct hs_reach *reach, hs_addr dict, const char *module)
{
	hs_node node = hs_graph_node_at(reach->graph, dict);
	struct namespace *slot = node == HS_NO_NODE || !module ? NULL : hs_array_append(&reach->namespaces);

	if (slot)
		*slot = (struct namespace){ node, module };
}

/* An object in the data of a binary has no name but that of its type; a static type has its own. */
static bool name_static(const struct hs_reach *reach, const struct hs_root *root, char *ret, size_t ret_bytes)
{
	const struct hs_process_heap *heap = reach->heap;
	struct hs_object object;
	const struct hs_type *type = NULL;

	if (root->kind == HS_ROOT_TYPE)
		type = hs_type_at(heap->types, root->address);
	else if (root->kind == HS_ROOT_STATIC && hs_object_at(heap->py, heap->types, root->address, &object))
		type = object.type;
	if (!type)
		return false;
	const char *name = hs_type_full_name(heap->types, type);
	hs_escape(ret, ret_bytes, name, strlen(name));
	return true;
}

static bool is_type_cache(const struct hs_root *root)
{
	return root->kind == HS_ROOT_INTERPRETER && root->name && !strcmp(root->name, "type_cache");
}

/*
 * Only where no exact root leads: a word of a running call that may be left over counts no more than others that may be references.
 * Nor is the type cache where a programmer would look for a name, or the table of interned strings, which owns none of them.
 */
static bool comes_late(const struct hs_cpython *py, const struct hs_root *root)
{
	return (root->kind == HS_ROOT_FRAME && root->relation & HS_SCANNED) || is_type_cache(root) ||
	       hs_dict_is_interned(py, root->address);
}

static void keep_root(void *context, const struct hs_root *root)
{
	struct collecting *collecting = context;
	struct hs_reach *reach = collecting->reach;
	hs_node node = hs_graph_node_at(reach->graph, root->address);
	char name[HS_PLACE_TEXT_BYTES];
	struct hs_root_place place;

	if (node == HS_NO_NODE || comes_late(reach->heap->py, root) != collecting->takes_late)
		return;
	struct hs_reach_root *slot = hs_array_append(&reach->roots);
	struct hs_path_root *path_root = hs_array_append(&reach->path_roots);
	if (!slot || !path_root) {
		reach->is_short = true;
		return;
	}
	*slot = (struct hs_reach_root){ .node = node, .kind = (uint8_t)root->kind, .edge_kind = root->edge_kind,
					.is_owned = root->relation & HS_OWNED, .is_type_cache = is_type_cache(root), .cost = root_cost(root) };
	if (hs_root_name(reach->heap, root, name, sizeof(name)) || name_static(reach, root, name, sizeof(name)))
		slot->name = reach_keep(reach, name);
	if (root->thread || root->frame) {
		hs_root_place_of(reach->heap, root, &place);
		slot->thread = place.thread;
		slot->line = place.line;
		slot->module = root->frame ? reach_keep(reach, place.module) : NULL;
		slot->function = root->frame ? reach_keep(reach, place.function) : NULL;
		slot->file = root->frame ? reach_keep(reach, place.file) : NULL;
		slot->cost += root->frame ? file_cost(place.file, collecting->library) : 0;
	}
	if (root->kind == HS_ROOT_MODULE && slot->name) {
		hs_addr dict = module_dict(reach, root->address);
		slot->is_importable = is_importable(reach, slot->name, root->address);
		slot->cost = module_cost(reach, slot->name, dict, collecting->library);
		add_namespace(reach, dict, slot->name);
	}
	*path_root = (struct hs_path_root){ node, slot->cost };
}

/* The folder that os.py lies in. */
static void find_library(void *context, const struct hs_root *root)
{
	struct collecting *collecting = context;
	const struct hs_cpython *py = collecting->reach->heap->py;

	if (root->kind != HS_ROOT_MODULE || *collecting->library || !root->name_object || !hs_str_equals(py, root->name_object, "os"))
		return;
	hs_addr dict = module_dict(collecting->reach, root->address);
	hs_addr file = dict ? hs_dict_find(py, dict, "__file__") : 0;
	char *slash = file && hs_str_read(py, file, collecting->library, sizeof(collecting->library)) ? strrchr(collecting->library, '/') : NULL;
	if (slash)
		slash[1] = '\0';
	else
		collecting->library[0] = '\0';
}

static int compare_namespaces(const void *a, const void *b)
{
	const struct namespace *left = a, *right = b;

	return left->dict < right->dict ? -1 : left->dict > right->dict;
}

static void free_late_roots(struct hs_late_roots *late)
{
	hs_array_free(late);
}

static struct hs_error *visit_roots(struct hs_reach *reach, bool takes_late)
{
	struct collecting collecting = { .reach = reach, .takes_late = takes_late };

	HS_TRY(hs_roots_visit(reach->heap->py, reach->heap->types, find_library, &collecting));
	HS_TRY(hs_heap_roots_visit(reach->heap->heap, keep_root, &collecting));
	return reach->is_short ? hs_error_no_memory() : NULL;
}

struct hs_error *reach_find_late_roots(struct hs_reach *reach)
{
	static const uint8_t kinds[] = {
		[HS_LATE_INTERNED] = HS_REACH_INTERNED, [HS_LATE_STATIC] = HS_ROOT_STATIC, [HS_LATE_STACK] = HS_REACH_STACK,
		[HS_LATE_NATIVE] = HS_REACH_NATIVE,
	};
	HS_CLEANUP(free_late_roots) struct hs_late_roots late = { 0 };

	HS_TRY(hs_late_roots_find(reach->graph, reach->threads, &late));
	for (size_t i = 0; i < late.n; i++) {
		struct hs_reach_root *slot = hs_array_append(&reach->roots);
		struct hs_path_root *path_root = hs_array_append(&reach->path_roots);
		if (!slot || !path_root)
			return hs_error_no_memory();
		*slot = (struct hs_reach_root){ .node = late.items[i].node, .kind = kinds[late.items[i].kind], .edge_kind = HS_EDGE_SCAN,
						.cost = COST_CONSERVATIVE, .thread = (uint64_t)late.items[i].tid };
		*path_root = (struct hs_path_root){ slot->node, slot->cost };
	}
	return visit_roots(reach, true);
}

struct hs_error *reach_find_roots(struct hs_reach *reach)
{
	HS_TRY(visit_roots(reach, false));
	if (reach->namespaces.n)
		qsort(reach->namespaces.items, reach->namespaces.n, sizeof(*reach->namespaces.items), compare_namespaces);
	return NULL;
}
