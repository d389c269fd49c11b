/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the shape of a path, from what is known of the nodes before; writing it as an expression. */
#include "path_shapes.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "path_groups.h"
#include "python_name.h"
#include "reach_internal.h"
#include "repr.h"

#define MAX_KEYS_LOOKED_AT 64 /* entries of a container that is searched for one of them */
#define MAX_KEY_BYTES 42      /* a longer key is no field's name */

struct hs_error *path_shapes_init(struct path_shapes *shapes, struct hs_reach *reach, const struct hs_graph *graph, bool from_classes)
{
	*shapes = (struct path_shapes){ .reach = reach, .graph = graph, .from_classes = from_classes };
	shapes->known = calloc((size_t)hs_graph_node_count(graph) + 1, sizeof(*shapes->known));
	return shapes->known ? NULL : hs_error_no_memory();
}

bool path_shapes_is_instance(const struct hs_type *type)
{
	return type && type->is_python_class && !(type->flags & HS_TPFLAGS_TYPE_SUBCLASS);
}

void path_shapes_deinit(struct path_shapes *shapes)
{
	for (size_t i = 0; i < shapes->list.n; i++)
		free((char *)shapes->list.items[i].name);
	hs_array_free(&shapes->list);
	hs_address_index_free(&shapes->roots);
	hs_array_free(&shapes->first_roots);
	hs_array_free(&shapes->stack);
	hs_array_free(&shapes->chain);
	free(shapes->table);
	free(shapes->known);
}

static uint64_t hash_shape(const struct path_shape *shape)
{
	uint64_t hash = (uint64_t)shape->before * 0x9e3779b97f4a7c15 ^ (uint64_t)shape->root << 17 ^ (uint64_t)shape->step.kind << 8 ^ shape->step.is_any;

	for (const char *at = shape->name; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
	return hash ^ hash >> 29;
}

static bool is_same(const struct path_shape *left, const struct path_shape *right)
{
	return left->before == right->before && (left->before != NO_SHAPE || left->root == right->root) && left->step.kind == right->step.kind &&
	       left->step.is_any == right->step.is_any && !strcmp(left->name, right->name);
}

static size_t slot_of(const struct path_shapes *shapes, const struct path_shape *shape)
{
	size_t slot = hash_shape(shape) & (shapes->n_slots - 1);

	while (shapes->table[slot] && !is_same(&shapes->list.items[shapes->table[slot] - 1], shape))
		slot = (slot + 1) & (shapes->n_slots - 1);
	return slot;
}

static bool grow(struct path_shapes *shapes)
{
	size_t n_slots = shapes->n_slots ? shapes->n_slots * 2 : 1024;
	uint32_t *table = calloc(n_slots, sizeof(*table));

	if (!table)
		return false;
	free(shapes->table);
	shapes->table = table;
	shapes->n_slots = n_slots;
	for (size_t i = 0; i < shapes->list.n; i++)
		table[slot_of(shapes, &shapes->list.items[i])] = (uint32_t)i + 1;
	return true;
}

/* The shape that is like `wanted`, whose name is copied when it is new; NO_SHAPE when memory is out. */
static uint32_t intern(struct path_shapes *shapes, const struct path_shape *wanted)
{
	if (shapes->list.n * 2 >= shapes->n_slots && !grow(shapes))
		return NO_SHAPE;
	size_t slot = slot_of(shapes, wanted);
	if (shapes->table[slot])
		return shapes->table[slot] - 1;
	char *name = strdup(wanted->name);
	struct path_shape *shape = name ? hs_array_append(&shapes->list) : NULL;
	if (!shape) {
		free(name);
		return NO_SHAPE;
	}
	*shape = *wanted;
	shape->name = name;
	shapes->table[slot] = (uint32_t)shapes->list.n;
	return (uint32_t)shapes->list.n - 1;
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

static bool is_dict(const char *kind)
{
	return !strcmp(kind, "dict") || !strcmp(kind, "collections.OrderedDict");
}

static bool is_module_dict(const struct path_shapes *shapes, hs_node node)
{
	return shapes->reach->classes[node] == CLASS_MODULE_DICT;
}

static bool is_large_dict(struct path_shapes *shapes, hs_node node, const char *kind)
{
	struct hs_heap_object entry;
	uint64_t n;

	if (!is_dict(kind))
		return false;
	if (shapes->is_asked && shapes->asked == node)
		return shapes->is_large;
	shapes->is_asked = true;
	shapes->asked = node;
	shapes->is_large = !is_module_dict(shapes, node) && hs_graph_object(shapes->graph, node, &entry) &&
			   hs_object_length(shapes->reach->heap->py, &entry.object, &n) && n > MAX_KEYS_LOOKED_AT;
	return shapes->is_large;
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
static bool is_namespace(const struct path_shape *before)
{
	return before->step.kind == HS_EDGE_FIELD && !strcmp(before->name, "__dict__");
}

/* How a container has an object: among its items, or by what else it refers to. */
struct having {
	hs_addr wanted;
	bool has_items, is_named;
	uint8_t item_kind;
};

static void look_at_run(void *context, const struct hs_reference_run *run)
{
	struct having *having = context;

	if (run->kind == HS_EDGE_INDEX || run->kind == HS_EDGE_ITEM) {
		having->has_items = true;
		having->item_kind = run->kind;
		return;
	}
	for (size_t i = 0; i < run->n && !having->is_named; i++) {
		hs_addr word;
		memcpy(&word, (const uint8_t *)run->words + i * run->stride, sizeof(word));
		having->is_named = (word & ~(uint64_t)run->tag_mask) == having->wanted;
	}
}

/*
 * A large container of any other type, and an item of it: lists and sets of the user's classes, arrays of objects, queues. Which item it
 * is does not matter, and going through all of them for each would take as long as there are items, squared.
 */
static bool is_item_of_large(const struct path_shapes *shapes, hs_node from, hs_node to, uint8_t *ret_kind)
{
	struct having having = { .wanted = hs_graph_address(shapes->graph, to) };
	struct hs_visitor visitor = hs_visitor_of_references(look_at_run, &having);
	struct hs_heap_object entry;
	size_t n;

	hs_graph_targets(shapes->graph, from, &n);
	if (n <= MAX_KEYS_LOOKED_AT || !hs_graph_object(shapes->graph, from, &entry))
		return false;
	hs_object_visit(shapes->reach->heap->py, &entry.object, &visitor);
	*ret_kind = having.item_kind;
	return having.has_items && !having.is_named;
}

/* The step from `from` to `to`, with what makes it one of many taken out of it. */
static void general_step(struct path_shapes *shapes, const struct path_shape *before, hs_node from, hs_node to, struct hs_reach_step *ret)
{
	const struct hs_type *type = hs_graph_type(shapes->graph, from);
	const char *kind = type ? type->kind->tp_name : "";
	uint8_t edge_kind;

	*ret = (struct hs_reach_step){ .expression = { .kind = HS_EDGE_SCAN } };
	if (is_sequence(kind, &edge_kind) && !type->is_python_class) {
		ret->expression = (struct hs_expression_step){ .kind = edge_kind, .is_any = true };
		return;
	}
	if (!is_namespace(before) && (is_large_dict(shapes, from, kind) || (shapes->merges_all && is_dict(kind) && !is_module_dict(shapes, from)))) {
		ret->expression = (struct hs_expression_step){ .kind = HS_EDGE_VALUE, .is_any = true };
		return;
	}
	if (!is_dict(kind) && is_item_of_large(shapes, from, to, &edge_kind)) {
		ret->expression = (struct hs_expression_step){ .kind = edge_kind, .is_any = true };
		return;
	}
	if (!hs_reach_step(shapes->reach, from, to, ret))
		return;
	struct hs_expression_step *step = &ret->expression;
	step->is_any = step->kind == HS_EDGE_INDEX || step->kind == HS_EDGE_ITEM || step->kind == HS_EDGE_KEY ||
		       (step->kind == HS_EDGE_VALUE && !is_field_name(ret->name));
	if (step->is_any)
		ret->name[0] = '\0';
}

static bool is_same_step(const struct path_shape *left, const struct path_shape *right)
{
	return left->before != NO_SHAPE && right->before != NO_SHAPE && !left->step.is_any && left->step.kind == right->step.kind &&
	       !strcmp(left->name, right->name);
}

/*
 * A chain of objects: the step that leads from each to the next is taken over and over, by one reference (.next) or by two (the
 * dict of an instance, a value in it). All of it has the shape of its first turn. NO_SHAPE: `wanted` goes no such round.
 */
static uint32_t turn_of(struct path_shapes *shapes, const struct path_shape *wanted)
{
	struct path_shape *items = shapes->list.items;
	const struct path_shape *last = &items[wanted->before];

	if (is_same_step(wanted, last)) {
		items[wanted->before].is_repeated = true;
		return wanted->before;
	}
	if (last->before == NO_SHAPE)
		return NO_SHAPE;
	const struct path_shape *second = &items[last->before];
	if (second->before == NO_SHAPE || !is_same_step(wanted, second) || !is_same_step(last, &items[second->before]))
		return NO_SHAPE;
	items[last->before].is_repeated = true;
	return last->before;
}

/* Alike, whatever stands in the brackets. */
static bool is_like_step(const struct path_shape *left, const struct path_shape *right)
{
	return left->before != NO_SHAPE && right->before != NO_SHAPE && left->step.kind == right->step.kind && left->step.is_any == right->step.is_any &&
	       !strcmp(left->name, right->name);
}

#define MAX_ROUND 4        /* steps: the dict of an instance, an attribute, an item of a list, a key */
#define NESTED_CONTAINERS 3 /* so many [*] in a row are a tree */

/* As turn_of, for rounds of any steps up to MAX_ROUND of which one has a name, and for containers in containers in containers. */
static uint32_t long_turn_of(struct path_shapes *shapes, const struct path_shape *wanted)
{
	struct path_shape *items = shapes->list.items;
	const struct path_shape *steps[2 * MAX_ROUND] = { wanted };
	uint32_t numbers[2 * MAX_ROUND];
	unsigned n = 1;

	for (uint32_t at = wanted->before; at != NO_SHAPE && n < 2 * MAX_ROUND; at = items[at].before, n++) {
		steps[n] = &items[at];
		numbers[n] = at;
	}
	for (unsigned round = 1; round <= MAX_ROUND; round++) {
		unsigned n_like = 0, n_turns = round == 1 ? NESTED_CONTAINERS : 2;
		bool has_name = false;
		while (n_like + round < n && n_like < (n_turns - 1) * round && is_like_step(steps[n_like], steps[n_like + round])) {
			has_name |= !steps[n_like]->step.is_any;
			n_like++;
		}
		if (n_like < (n_turns - 1) * round || (round > 1 && !has_name))
			continue;
		items[numbers[round]].is_repeated = true;
		return numbers[round];
	}
	return NO_SHAPE;
}

static uint32_t shape_of_step(struct path_shapes *shapes, uint32_t before, hs_node from, hs_node to)
{
	struct hs_reach_step step;

	general_step(shapes, &shapes->list.items[before], from, to, &step);
	const struct path_shape shape = { .before = before, .root = shapes->list.items[before].root, .step = step.expression, .name = step.name,
				     .sample = HS_NO_NODE };
	uint32_t turn = turn_of(shapes, &shape);
	if (turn == NO_SHAPE && shapes->merges_all)
		turn = long_turn_of(shapes, &shape);
	return turn == NO_SHAPE ? intern(shapes, &shape) : turn;
}

/* The shape that paths from an instance have: its class. NO_SHAPE when memory is out. */
static uint32_t class_shape(struct path_shapes *shapes, const struct hs_type *type)
{
	char name[HS_REFERENCE_NAME_BYTES];
	const char *full_name = hs_type_short_name(hs_type_full_name(shapes->reach->heap->types, type));
	const struct path_shape class = { .before = NO_SHAPE, .root = CLASS_ROOT, .name = name, .sample = HS_NO_NODE };

	hs_escape(name, sizeof(name), full_name, strlen(full_name));
	return intern(shapes, &class);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return (hash ^ 0xff) * 0x100000001b3;
}

/* The first root that was met with the same name; `root` itself when memory is out. */
static uint32_t first_root_like(struct path_shapes *shapes, uint32_t root)
{
	const struct hs_reach_root *at = hs_reach_root_at(shapes->reach, root);
	uint64_t hash = hash_text(hash_text(hash_text(0xcbf29ce484222325 + at->kind, at->name), at->function), at->module);
	bool is_new;
	uint32_t number = hs_address_index_add(&shapes->roots, hash | 1, &is_new);

	if (number == HS_NO_INDEX)
		return root;
	if (is_new) {
		uint32_t *slot = hs_array_append(&shapes->first_roots);
		if (slot)
			*slot = root;
	}
	return number < shapes->first_roots.n ? shapes->first_roots.items[number] : root;
}

struct hs_error *path_shapes_of(struct path_shapes *shapes, hs_node node, uint32_t *ret)
{
	struct hs_path_step step = { .parent = HS_CSR_NONE };
	uint32_t shape = NO_SHAPE;
	bool is_reached;

	*ret = NO_SHAPE;
	shapes->stack.n = 0;
	/* up to what is known, or to the root … */
	for (hs_node at = node; shape == NO_SHAPE; at = step.parent) {
		const struct hs_type *type = shapes->from_classes && at != node ? hs_graph_type(shapes->graph, at) : NULL;
		if (path_shapes_is_instance(type)) {
			shape = class_shape(shapes, type);
			hs_node *instance = hs_array_append(&shapes->stack);
			if (shape == NO_SHAPE || !instance)
				return hs_error_no_memory();
			*instance = at;
			break;
		}
		HS_TRY(hs_reach_last_step(shapes->reach, at, &step, &is_reached));
		if (!is_reached)
			return NULL;
		hs_node *slot = hs_array_append(&shapes->stack);
		if (!slot)
			return hs_error_no_memory();
		*slot = at;
		if (shapes->known[at]) {
			shape = shapes->known[at] - 1;
		} else if (step.parent == HS_CSR_NONE) {
			const struct path_shape root = { .before = NO_SHAPE, .root = shapes->merges_all ? first_root_like(shapes, step.root) : step.root,
							 .name = "", .sample = HS_NO_NODE };
			shape = intern(shapes, &root);
			if (shape == NO_SHAPE)
				return hs_error_no_memory();
		}
	}
	/* … and down again */
	for (size_t i = shapes->stack.n; i-- > 0;) {
		shapes->known[shapes->stack.items[i]] = shape + 1;
		shape = i ? shape_of_step(shapes, shape, shapes->stack.items[i], shapes->stack.items[i - 1]) : shape;
		if (shape == NO_SHAPE)
			return hs_error_no_memory();
	}
	*ret = shape;
	return NULL;
}

/* Static types are many, and none of them explains anything: taken as one. */
static void begin_at_root(const struct path_shapes *shapes, const struct hs_reach_root *root, struct hs_expression *expression, char *ret,
			  size_t ret_bytes)
{
	struct hs_reach_root general = *root;

	if (shapes->hides_lines)
		general.line = 0;
	if (root->kind == HS_ROOT_TYPE)
		general.name = "*";
	hs_reach_begin(&general, expression, ret, ret_bytes);
}

char *path_shapes_expression(struct path_shapes *shapes, uint32_t shape)
{
	char text[HS_EXPRESSION_BYTES];
	struct hs_expression expression;

	shapes->chain.n = 0;
	for (uint32_t at = shape; at != NO_SHAPE; at = shapes->list.items[at].before) {
		uint32_t *slot = hs_array_append(&shapes->chain);
		if (!slot)
			return NULL;
		*slot = at;
	}
	if (shapes->list.items[shape].root == CLASS_ROOT)
		hs_expression_begin(&expression, text, sizeof(text), shapes->list.items[shapes->chain.items[shapes->chain.n - 1]].name, false);
	else
		begin_at_root(shapes, hs_reach_root_at(shapes->reach, shapes->list.items[shape].root), &expression, text, sizeof(text));
	size_t n_steps = shapes->chain.n - 1;
	for (size_t i = 0; i < n_steps; i++) {
		const struct path_shape *step = &shapes->list.items[shapes->chain.items[n_steps - 1 - i]];
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
