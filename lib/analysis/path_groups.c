/* SPDX-License-Identifier: Apache-2.0 */
/* Merging paths by their shape: the root and the steps, indices and arbitrary keys taken as one. */
#include "path_groups.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dict.h"
#include "python_name.h"
#include "reach_internal.h"
#include "repr.h"

#define NO_SHAPE UINT32_MAX
#define MAX_KEYS_LOOKED_AT 64 /* entries of a dict that is searched for one value's key */
#define MAX_KEY_BYTES 42      /* a longer key is no field's name */

/* A path up to one step: the shape before it, or a root, and the step. */
struct shape {
	uint32_t before; /* NO_SHAPE: the step is the root itself */
	uint32_t root;
	struct hs_expression_step step;
	const char *name; /* owned by `names` */
	bool is_repeated; /* the same steps were taken again and again from here: a linked list */
	uint64_t count;   /* objects whose path ends here */
	hs_node sample;
};

struct grouping {
	struct hs_reach *reach;
	const struct hs_graph *graph;
	HS_ARRAY(struct shape) shapes;
	uint32_t *table;  /* open addressing, shape + 1 */
	size_t n_slots;
	uint32_t *known;  /* by node: shape + 1 */
	HS_ARRAY(hs_node) stack;
	HS_ARRAY(uint32_t) chain;
};

static void grouping_deinit(struct grouping *grouping)
{
	for (size_t i = 0; i < grouping->shapes.n; i++)
		free((char *)grouping->shapes.items[i].name);
	hs_array_free(&grouping->shapes);
	hs_array_free(&grouping->stack);
	hs_array_free(&grouping->chain);
	free(grouping->table);
	free(grouping->known);
}

static uint64_t hash_shape(const struct shape *shape)
{
	uint64_t hash = (uint64_t)shape->before * 0x9e3779b97f4a7c15 ^ (uint64_t)shape->root << 17 ^ (uint64_t)shape->step.kind << 8 ^ shape->step.is_any;

	for (const char *at = shape->name; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
	return hash ^ hash >> 29;
}

static bool is_same(const struct shape *left, const struct shape *right)
{
	return left->before == right->before && (left->before != NO_SHAPE || left->root == right->root) && left->step.kind == right->step.kind &&
	       left->step.is_any == right->step.is_any && !strcmp(left->name, right->name);
}

static size_t slot_of(const struct grouping *grouping, const struct shape *shape)
{
	size_t slot = hash_shape(shape) & (grouping->n_slots - 1);

	while (grouping->table[slot] && !is_same(&grouping->shapes.items[grouping->table[slot] - 1], shape))
		slot = (slot + 1) & (grouping->n_slots - 1);
	return slot;
}

static bool grow(struct grouping *grouping)
{
	size_t n_slots = grouping->n_slots ? grouping->n_slots * 2 : 1024;
	uint32_t *table = calloc(n_slots, sizeof(*table));

	if (!table)
		return false;
	free(grouping->table);
	grouping->table = table;
	grouping->n_slots = n_slots;
	for (size_t i = 0; i < grouping->shapes.n; i++)
		table[slot_of(grouping, &grouping->shapes.items[i])] = (uint32_t)i + 1;
	return true;
}

/* The shape that is like `wanted`, whose name is copied when it is new; NO_SHAPE when memory is out. */
static uint32_t intern(struct grouping *grouping, const struct shape *wanted)
{
	if (grouping->shapes.n * 2 >= grouping->n_slots && !grow(grouping))
		return NO_SHAPE;
	size_t slot = slot_of(grouping, wanted);
	if (grouping->table[slot])
		return grouping->table[slot] - 1;
	char *name = strdup(wanted->name);
	struct shape *shape = name ? hs_array_append(&grouping->shapes) : NULL;
	if (!shape) {
		free(name);
		return NO_SHAPE;
	}
	*shape = *wanted;
	shape->name = name;
	grouping->table[slot] = (uint32_t)grouping->shapes.n;
	return (uint32_t)grouping->shapes.n - 1;
}

/* What is named by its place among others: one of many. */
static bool is_sequence(const char *kind, uint8_t *ret_kind)
{
	if (!strcmp(kind, "list") || !strcmp(kind, "tuple") || !strcmp(kind, "collections.deque")) {
		*ret_kind = HS_EDGE_INDEX;
		return true;
	}
	*ret_kind = HS_EDGE_ITEM;
	return !strcmp(kind, "set") || !strcmp(kind, "frozenset");
}

static bool is_large_dict(const struct grouping *grouping, hs_node node, const char *kind)
{
	struct hs_heap_object entry;
	uint64_t n;

	if (strcmp(kind, "dict") && strcmp(kind, "collections.OrderedDict"))
		return false;
	return grouping->reach->classes[node] != CLASS_MODULE_DICT && hs_graph_object(grouping->graph, node, &entry) &&
	       hs_object_length(grouping->reach->heap->py, &entry.object, &n) && n > MAX_KEYS_LOOKED_AT;
}

/* "'request'" names a field of a record; "'u-4711'", 17, (1, 2) are keys among many. */
static bool is_field_name(const char *key)
{
	size_t n = strlen(key);
	char name[MAX_KEY_BYTES];

	if (n < 3 || n > MAX_KEY_BYTES || key[0] != '\'')
		return false;
	memcpy(name, key + 1, n - 2);
	name[n - 2] = '\0';
	return hs_is_identifier(name);
}

/* A dict that is the namespace of a class, an instance, a module: its keys are names, however many. */
static bool is_namespace(const struct shape *before)
{
	return before->step.kind == HS_EDGE_FIELD && !strcmp(before->name, "__dict__");
}

/* The step from `from` to `to`, with what makes it one of many taken out of it. */
static void general_step(const struct grouping *grouping, const struct shape *before, hs_node from, hs_node to, struct hs_reach_step *ret)
{
	const struct hs_type *type = hs_graph_type(grouping->graph, from);
	const char *kind = type ? type->kind->tp_name : "";
	uint8_t edge_kind;

	*ret = (struct hs_reach_step){ .expression = { .kind = HS_EDGE_SCAN } };
	if (is_sequence(kind, &edge_kind) && !type->is_python_class) {
		ret->expression = (struct hs_expression_step){ .kind = edge_kind, .is_any = true };
		return;
	}
	if (!is_namespace(before) && is_large_dict(grouping, from, kind)) {
		ret->expression = (struct hs_expression_step){ .kind = HS_EDGE_VALUE, .is_any = true };
		return;
	}
	if (!hs_reach_step(grouping->reach, from, to, ret))
		return;
	struct hs_expression_step *step = &ret->expression;
	step->is_any = step->kind == HS_EDGE_INDEX || step->kind == HS_EDGE_ITEM || step->kind == HS_EDGE_KEY ||
		       (step->kind == HS_EDGE_VALUE && !is_field_name(ret->name));
	if (step->is_any)
		ret->name[0] = '\0';
}

static bool is_same_step(const struct shape *left, const struct shape *right)
{
	return left->before != NO_SHAPE && right->before != NO_SHAPE && !left->step.is_any && left->step.kind == right->step.kind &&
	       !strcmp(left->name, right->name);
}

/*
 * A chain of objects: the step that leads from each to the next is taken over and over, by one reference (.next) or by two (the
 * dict of an instance, a value in it). All of it has the shape of its first turn. NO_SHAPE: `wanted` goes no such round.
 */
static uint32_t turn_of(struct grouping *grouping, const struct shape *wanted)
{
	struct shape *shapes = grouping->shapes.items;
	const struct shape *last = &shapes[wanted->before];

	if (is_same_step(wanted, last)) {
		shapes[wanted->before].is_repeated = true;
		return wanted->before;
	}
	if (last->before == NO_SHAPE)
		return NO_SHAPE;
	const struct shape *second = &shapes[last->before];
	if (second->before == NO_SHAPE || !is_same_step(wanted, second) || !is_same_step(last, &shapes[second->before]))
		return NO_SHAPE;
	shapes[last->before].is_repeated = true;
	return last->before;
}

static uint32_t shape_of_step(struct grouping *grouping, uint32_t before, hs_node from, hs_node to)
{
	struct hs_reach_step step;

	general_step(grouping, &grouping->shapes.items[before], from, to, &step);
	const struct shape shape = { .before = before, .root = grouping->shapes.items[before].root, .step = step.expression, .name = step.name,
				     .sample = HS_NO_NODE };
	uint32_t turn = turn_of(grouping, &shape);
	return turn == NO_SHAPE ? intern(grouping, &shape) : turn;
}

/* The shape of the path to `node`: *ret is NO_SHAPE when no root reaches it. */
static struct hs_error *shape_of(struct grouping *grouping, hs_node node, uint32_t *ret)
{
	struct hs_path_step step = { .parent = HS_CSR_NONE };
	uint32_t shape = NO_SHAPE;
	bool is_reached;

	*ret = NO_SHAPE;
	grouping->stack.n = 0;
	/* up to what is known, or to the root … */
	for (hs_node at = node; shape == NO_SHAPE; at = step.parent) {
		HS_TRY(hs_reach_last_step(grouping->reach, at, &step, &is_reached));
		if (!is_reached)
			return NULL;
		hs_node *slot = hs_array_append(&grouping->stack);
		if (!slot)
			return hs_error_no_memory();
		*slot = at;
		if (grouping->known[at]) {
			shape = grouping->known[at] - 1;
		} else if (step.parent == HS_CSR_NONE) {
			const struct shape root = { .before = NO_SHAPE, .root = step.root, .name = "", .sample = HS_NO_NODE };
			shape = intern(grouping, &root);
			if (shape == NO_SHAPE)
				return hs_error_no_memory();
		}
	}
	/* … and down again */
	for (size_t i = grouping->stack.n; i-- > 0;) {
		grouping->known[grouping->stack.items[i]] = shape + 1;
		shape = i ? shape_of_step(grouping, shape, grouping->stack.items[i], grouping->stack.items[i - 1]) : shape;
		if (shape == NO_SHAPE)
			return hs_error_no_memory();
	}
	*ret = shape;
	return NULL;
}

static char *expression_of(struct grouping *grouping, uint32_t shape)
{
	size_t n_roots;
	const struct hs_reach_root *roots = hs_reach_roots(grouping->reach, &n_roots);
	char text[HS_EXPRESSION_BYTES];
	struct hs_expression expression;

	grouping->chain.n = 0;
	for (uint32_t at = shape; at != NO_SHAPE; at = grouping->shapes.items[at].before) {
		uint32_t *slot = hs_array_append(&grouping->chain);
		if (!slot)
			return NULL;
		*slot = at;
	}
	hs_reach_begin(&roots[grouping->shapes.items[shape].root], &expression, text, sizeof(text));
	size_t n_steps = grouping->chain.n - 1;
	for (size_t i = 0; i < n_steps; i++) {
		const struct shape *step = &grouping->shapes.items[grouping->chain.items[n_steps - 1 - i]];
		struct hs_expression_step shown = step->step;
		shown.name = step->name;
		if (i >= HS_PATH_SHOWN_STEPS && i + HS_PATH_SHOWN_STEPS < n_steps) {
			hs_expression_skip(&expression, n_steps - 2 * HS_PATH_SHOWN_STEPS);
			i = n_steps - HS_PATH_SHOWN_STEPS - 1;
			continue;
		}
		hs_expression_add(&expression, &shown);
		if (step->is_repeated)
			hs_expression_repeat(&expression);
	}
	hs_expression_end(&expression);
	return strdup(text);
}

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

static struct hs_error *list_groups(struct grouping *grouping, struct hs_path_groups *ret)
{
	for (size_t i = 0; i < grouping->shapes.n; i++) {
		const struct shape *shape = &grouping->shapes.items[i];
		if (!shape->count)
			continue;
		struct hs_path_group *group = hs_array_append(&ret->list);
		if (!group)
			return hs_error_no_memory();
		*group = (struct hs_path_group){ .expression = expression_of(grouping, (uint32_t)i), .count = shape->count, .root = shape->root,
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
	HS_CLEANUP(grouping_deinit) struct grouping grouping = { .reach = reach, .graph = graph, .known = calloc((size_t)n + 1, sizeof(uint32_t)) };

	if (!grouping.known)
		return hs_error_no_memory();
	for (hs_node node = 0; node < n; node++) {
		const struct hs_type *type = hs_graph_type(graph, node);
		if (!type || !is_meant(context, type))
			continue;
		ret->n_objects++;
		uint32_t shape;
		HS_TRY(shape_of(&grouping, node, &shape));
		if (shape == NO_SHAPE) {
			ret->n_unreached++;
			continue;
		}
		grouping.shapes.items[shape].count++;
		if (grouping.shapes.items[shape].sample == HS_NO_NODE)
			grouping.shapes.items[shape].sample = node;
	}
	return list_groups(&grouping, ret);
}

void hs_path_groups_deinit(struct hs_path_groups *groups)
{
	for (size_t i = 0; i < groups->list.n; i++)
		free(groups->list.items[i].expression);
	hs_array_free(&groups->list);
}
