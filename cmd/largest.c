/* SPDX-License-Identifier: Apache-2.0 */
/* Picking the largest objects, and writing where they are. */
#include "largest.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dict.h"

/* The namespace of a module or class: that it holds all that has a name there says nothing. */
static bool is_namespace(const char *path)
{
	static const char end[] = ".__dict__";
	size_t n = strlen(path);

	return n >= strlen(end) && !strcmp(path + n - strlen(end), end);
}

static struct hs_error *add(struct hs_large_objects *list, const struct hs_object_source *source, struct hs_reach *reach, hs_node node)
{
	struct hs_large_object *slot = hs_array_append(list);

	if (!slot)
		return hs_error_no_memory();
	hs_object_row_of(source, node, false, &slot->row);
	/* it is no object of the program's, and only the interpreter's own data leads to it: no path would say what it is */
	if (hs_dict_is_interned(source->heap->py, slot->row.address)) {
		strcpy(slot->path, "<interned strings>");
		return NULL;
	}
	HS_TRY(hs_reach_expression(reach, node, true, slot->path, sizeof(slot->path)));
	list->n -= is_namespace(slot->path);
	return NULL;
}

static bool is_container(const struct hs_type *type)
{
	static const char *const kinds[] = { "list", "dict", "set", "frozenset", "tuple", "collections.deque", "collections.OrderedDict" };

	for (size_t i = 0; type && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i], type->kind->tp_name))
			return true;
	return false;
}

struct candidate {
	hs_node node;
	uint64_t bytes;
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return left->node < right->node ? -1 : left->node > right->node;
}

/* Keeps the n_max largest by sorting twice as many now and then. */
static size_t keep_largest(struct candidate *candidates, size_t n, size_t n_max)
{
	qsort(candidates, n, sizeof(*candidates), compare_candidates);
	return n < n_max ? n : n_max;
}

static struct hs_error *find_containers(struct hs_largest *largest, const struct hs_object_source *source, struct hs_reach *reach)
{
	const size_t n_kept = HS_N_LARGEST_CANDIDATES;
	const struct hs_sizes *sizes = hs_graph_sizes(source->graph);
	HS_FREE struct candidate *candidates = calloc(2 * n_kept + 1, sizeof(*candidates));
	size_t n = 0;

	if (!candidates)
		return hs_error_no_memory();
	for (hs_node node = 0; node < hs_graph_node_count(source->graph); node++) {
		uint64_t bytes = hs_size_units(sizes, node) * sizes->unit_bytes;
		if ((n >= n_kept && bytes < candidates[n_kept - 1].bytes) || !is_container(hs_graph_type(source->graph, node)))
			continue;
		candidates[n++] = (struct candidate){ node, bytes };
		if (n == 2 * n_kept)
			n = keep_largest(candidates, n, n_kept);
	}
	n = keep_largest(candidates, n, n_kept);
	for (size_t i = 0; i < n && largest->containers.n < HS_N_LARGEST; i++)
		HS_TRY(add(&largest->containers, source, reach, candidates[i].node));
	return NULL;
}

struct hs_error *hs_largest_find(struct hs_largest *largest, const struct hs_object_source *source, struct hs_reach *reach)
{
	size_t n;
	const struct hs_retainer *retainers = hs_object_graph_largest(source->holders, &n);

	for (size_t i = 0; i < n && largest->retainers.n < HS_N_LARGEST; i++)
		HS_TRY(add(&largest->retainers, source, reach, retainers[i].node));
	return find_containers(largest, source, reach);
}

void hs_largest_deinit(struct hs_largest *largest)
{
	hs_array_free(&largest->retainers);
	hs_array_free(&largest->containers);
}
