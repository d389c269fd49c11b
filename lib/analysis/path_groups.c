/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up the shapes of many objects' paths. */
#include "path_groups.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "path_shapes.h"

#define STRETCH ((hs_node)1 << 18) /* nodes that are looked at without asking whether to go on */

static int compare_groups(const void *a, const void *b)
{
	const struct hs_path_group *left = a, *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return strcmp(left->expression, right->expression);
}

static int compare_expressions(const void *a, const void *b)
{
	const struct hs_path_group *left = a, *right = b;

	return strcmp(left->expression, right->expression);
}

/* Different shapes may read the same: several roots of one name, instances with and without a dict of their own. */
static void merge_same(struct hs_path_groups *groups)
{
	size_t n = 0;

	if (!groups->list.n)
		return;
	qsort(groups->list.items, groups->list.n, sizeof(*groups->list.items), compare_expressions);
	for (size_t i = 1; i < groups->list.n; i++) {
		struct hs_path_group *into = &groups->list.items[n], *from = &groups->list.items[i];
		if (strcmp(into->expression, from->expression)) {
			groups->list.items[++n] = *from;
			continue;
		}
		into->count += from->count;
		free(from->expression);
	}
	groups->list.n = n + 1;
	qsort(groups->list.items, groups->list.n, sizeof(*groups->list.items), compare_groups);
}

static struct hs_error *list_groups(struct path_shapes *shapes, struct hs_path_groups *ret)
{
	for (size_t i = 0; i < shapes->list.n; i++) {
		const struct path_shape *shape = &shapes->list.items[i];
		if (!shape->count)
			continue;
		struct hs_path_group *group = hs_array_append(&ret->list);
		if (!group)
			return hs_error_no_memory();
		*group = (struct hs_path_group){ .expression = path_shapes_expression(shapes, (uint32_t)i), .count = shape->count, .root = shape->root,
						 .sample = shape->sample };
		if (!group->expression)
			return hs_error_no_memory();
	}
	merge_same(ret);
	return NULL;
}

struct hs_error *hs_path_groups_find(struct hs_reach *reach, const struct hs_graph *graph,
				     bool (*is_meant)(const void *context, const struct hs_type *type), const void *context,
				     struct hs_path_groups *ret)
{
	hs_node n = hs_graph_node_count(graph);
	HS_CLEANUP(path_shapes_deinit) struct path_shapes shapes = { 0 };

	HS_TRY(path_shapes_init(&shapes, reach, graph, false));
	for (hs_node node = 0; node < n; node++) {
		const struct hs_type *type = hs_graph_type(graph, node);
		if (node % STRETCH == 0)
			HS_TRY(hs_check_cancelled(hs_heap_cancel(hs_graph_heap(graph))));
		if (!type || !is_meant(context, type))
			continue;
		ret->n_objects++;
		uint32_t shape;
		HS_TRY(path_shapes_of(&shapes, node, &shape));
		if (shape == NO_SHAPE) {
			ret->n_unreached++;
			continue;
		}
		shapes.list.items[shape].count++;
		if (shapes.list.items[shape].sample == HS_NO_NODE)
			shapes.list.items[shape].sample = node;
	}
	return list_groups(&shapes, ret);
}

void hs_path_groups_deinit(struct hs_path_groups *groups)
{
	for (size_t i = 0; i < groups->list.n; i++)
		free(groups->list.items[i].expression);
	hs_array_free(&groups->list);
}

/* The expressions of those shapes that a node has; those of the others stay NULL. */
static struct hs_error *write_texts(struct path_shapes *shapes, struct hs_path_labels *ret)
{
	ret->n_texts = shapes->list.n;
	ret->texts = calloc(ret->n_texts + 1, sizeof(*ret->texts));
	if (!ret->texts)
		return hs_error_no_memory();
	for (size_t i = 0; i < ret->n_texts; i++) {
		if (!shapes->list.items[i].count)
			continue;
		ret->texts[i] = path_shapes_expression(shapes, (uint32_t)i);
		if (!ret->texts[i])
			return hs_error_no_memory();
	}
	return NULL;
}

struct hs_error *hs_path_labels_find(struct hs_reach *reach, const struct hs_graph *graph, const hs_node *nodes, size_t n,
				     struct hs_path_labels *ret)
{
	HS_CLEANUP(path_shapes_deinit) struct path_shapes shapes = { 0 };
	HS_FREE uint32_t *shape_of = calloc(n + 1, sizeof(*shape_of));

	*ret = (struct hs_path_labels){ .of = calloc(n + 1, sizeof(*ret->of)) };
	if (!shape_of || !ret->of)
		return hs_error_no_memory();
	HS_TRY(path_shapes_init(&shapes, reach, graph, false));
	for (size_t i = 0; i < n; i++) {
		HS_TRY(path_shapes_of(&shapes, nodes[i], &shape_of[i]));
		if (shape_of[i] != NO_SHAPE)
			shapes.list.items[shape_of[i]].count++;
	}
	HS_TRY(write_texts(&shapes, ret));
	for (size_t i = 0; i < n; i++)
		ret->of[i] = shape_of[i] == NO_SHAPE ? NULL : ret->texts[shape_of[i]];
	return NULL;
}

void hs_path_labels_deinit(struct hs_path_labels *labels)
{
	for (size_t i = 0; labels->texts && i < labels->n_texts; i++)
		free(labels->texts[i]);
	free(labels->texts);
	free(labels->of);
}
