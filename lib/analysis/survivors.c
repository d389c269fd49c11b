/* SPDX-License-Identifier: Apache-2.0 */
/* Asking two samples of each object, and adding up by type and path what both answer. */
#include "survivors.h"

#include <stdlib.h>
#include <string.h>

#include "address_index.h"
#include "cleanup.h"
#include "lived.h"
#include "path_groups.h"

struct surviving {
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;
	bool *may_be_new; /* by hs_type.index */
	size_t n_types;
	HS_ARRAY(hs_node) nodes;
	struct hs_path_labels labels;
	struct hs_address_index index;
	struct hs_survivors *ret;
};

static void surviving_deinit(struct surviving *surviving)
{
	free(surviving->may_be_new);
	hs_array_free(&surviving->nodes);
	hs_path_labels_deinit(&surviving->labels);
	hs_address_index_free(&surviving->index);
}

static uint64_t count_of(const struct hs_sample *sample, const char *name)
{
	const struct hs_sample_type *type = hs_sample_type_named(sample, name);

	return type ? type->count : 0;
}

/* A value never changes: another one is another object. */
static struct hs_error *judge_types(struct surviving *surviving, const struct hs_sample *first, const struct hs_sample *second)
{
	const struct hs_type *const *types = hs_types_all(surviving->heap->types, &surviving->n_types);

	surviving->may_be_new = calloc(surviving->n_types + 1, sizeof(*surviving->may_be_new));
	if (!surviving->may_be_new)
		return hs_error_no_memory();
	for (size_t i = 0; i < surviving->n_types; i++) {
		const char *name = hs_type_full_name(surviving->heap->types, types[i]);
		surviving->may_be_new[i] = types[i]->kind->is_leaf || count_of(second, name) > count_of(first, name);
	}
	return NULL;
}

static struct hs_error *list_nodes(struct surviving *surviving, const uint8_t *first, const uint8_t *second)
{
	for (hs_node node = 0; node < hs_graph_node_count(surviving->graph); node++) {
		const struct hs_type *type = hs_graph_type(surviving->graph, node);
		if (!type || type->index >= surviving->n_types || !surviving->may_be_new[type->index])
			continue;
		if (first[node] == HS_LIVED || second[node] == HS_LIVED_NOT)
			continue;
		if (first[node] == HS_LIVED_UNKNOWN || second[node] == HS_LIVED_UNKNOWN) {
			surviving->ret->n_unknown++;
			continue;
		}
		hs_node *slot = hs_array_append(&surviving->nodes);
		if (!slot)
			return hs_error_no_memory();
		*slot = node;
	}
	return NULL;
}

static struct hs_error *add(struct surviving *surviving, size_t i)
{
	hs_node node = surviving->nodes.items[i];
	const struct hs_type *type = hs_graph_type(surviving->graph, node);
	const char *path = surviving->labels.of[i];
	struct hs_survivors *ret = surviving->ret;
	bool is_new = false;

	uint32_t number = hs_address_index_add(&surviving->index, hs_mix((uintptr_t)path + 3 * (uint64_t)type->index) | 1, &is_new);
	if (number == HS_NO_INDEX)
		return hs_error_no_memory();
	struct hs_survivor_group *group = is_new ? hs_array_append(&ret->list) : &ret->list.items[number];
	if (!group)
		return hs_error_no_memory();
	if (is_new) {
		group->type = strdup(hs_type_full_name(surviving->heap->types, type));
		group->path = path ? strdup(path) : NULL;
		if (!group->type || (path && !group->path))
			return hs_error_no_memory();
	}
	uint64_t bytes = hs_graph_bytes(surviving->graph, node);
	group->count++;
	group->bytes += bytes;
	ret->count++;
	ret->bytes += bytes;
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	const struct hs_survivor_group *left = a, *right = b;
	int order = strcmp(left->type, right->type);

	return order ? order : strcmp(left->path ? left->path : "", right->path ? right->path : "");
}

static int compare_bytes(const void *a, const void *b)
{
	const struct hs_survivor_group *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return compare_names(a, b);
}

/* Paths of different shapes may read the same. */
static void merge(struct hs_survivors *ret)
{
	size_t n = 0;

	if (!ret->list.n)
		return;
	qsort(ret->list.items, ret->list.n, sizeof(*ret->list.items), compare_names);
	for (size_t i = 1; i < ret->list.n; i++) {
		struct hs_survivor_group *into = &ret->list.items[n], *from = &ret->list.items[i];
		if (compare_names(into, from)) {
			ret->list.items[++n] = *from;
			continue;
		}
		into->count += from->count;
		into->bytes += from->bytes;
		free(from->type);
		free(from->path);
	}
	ret->list.n = n + 1;
	qsort(ret->list.items, ret->list.n, sizeof(*ret->list.items), compare_bytes);
}

struct hs_error *hs_survivors_find(const struct hs_sample *first, const struct hs_sample *second, const struct hs_process_heap *heap,
				   const struct hs_graph *graph, struct hs_reach *reach, struct hs_survivors *ret)
{
	HS_CLEANUP(surviving_deinit) struct surviving surviving = { .heap = heap, .graph = graph, .ret = ret };
	size_t n = (size_t)hs_heap_place_count(heap->heap) + 1;
	HS_FREE uint8_t *then = calloc(n, 1);
	HS_FREE uint8_t *later = calloc(n, 1);

	if (!then || !later)
		return hs_error_no_memory();
	HS_TRY(hs_sample_mark_lived(first, heap, then));
	HS_TRY(hs_sample_mark_lived(second, heap, later));
	HS_TRY(hs_lived_doubt(graph, later));
	HS_TRY(judge_types(&surviving, first, second));
	HS_TRY(list_nodes(&surviving, then, later));
	HS_TRY(hs_path_labels_find(reach, graph, surviving.nodes.items, surviving.nodes.n, &surviving.labels));
	for (size_t i = 0; i < surviving.nodes.n; i++)
		HS_TRY(add(&surviving, i));
	merge(ret);
	return NULL;
}

void hs_survivors_release(struct hs_survivors *survivors)
{
	for (size_t i = 0; i < survivors->list.n; i++) {
		free(survivors->list.items[i].type);
		free(survivors->list.items[i].path);
	}
	hs_array_free(&survivors->list);
}
