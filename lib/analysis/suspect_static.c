/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is suspected from one sample alone, by what it is and how much it holds: caches without a bound, containers that hold a good part
 * of the heap, tasks that wait by the hundred, garbage, references that nobody has. Growth was not observed.
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "generator.h"
#include "lru_cache.h"
#include "reach_internal.h"
#include "repr.h"
#include "suspect_internal.h"

#define LARGE_SHARE 0.1       /* of the heap, that a container retains */
#define LEAST_LENGTH 100      /* of such a container */
#define CACHE_SHARE 0.001
#define LEAST_CACHED 256
#define LEAST_TASKS 100
#define GARBAGE_SHARE 0.01
#define LEAST_UNEXPLAINED 30
/* A container of which one item retains nearly everything is not where it spreads out. */
#define LARGEST_ITEM 0.9

struct looking {
	struct suspect_search *search;
	struct hs_suspects *ret;
	double total; /* bytes of all objects */
	size_t n_types;
	uint8_t *are_tasks; /* by hs_type.index: 1: its instances are none, 2: they are; 0: not asked so far */
};

static void looking_deinit(struct looking *looking)
{
	free(looking->are_tasks);
}

static double total_bytes(const struct hs_heap *heap)
{
	size_t n;
	const struct hs_type_totals *totals = hs_heap_totals(heap, &n);
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)totals[i].bytes;
	return sum > 0 ? sum : 1;
}

/* A suspect with a path to `node`; *ret is NULL when nothing leads there. */
static struct hs_error *add(struct looking *looking, hs_node node, struct hs_suspect **ret)
{
	struct suspect_search *search = looking->search;
	struct suspect_group group = { .best = node };
	struct hs_path *paths = NULL;
	size_t n = 0;

	*ret = NULL;
	HS_TRY(hs_reach_find(search->input->reach, node, 3, &paths, &n));
	struct hs_suspect *suspect = n ? suspect_append(looking->ret) : NULL;
	struct hs_error *error = n && !suspect ? hs_error_no_memory() : NULL;
	if (suspect) {
		suspect->kind = suspect_kind_of(search, &group, &paths[0], 0);
		suspect_set_node(search, suspect, node);
		suspect->figures.bytes = (double)suspect->retained_bytes;
		error = suspect_describe_path(search, suspect, paths, n, 0);
		suspect->figures.is_indirect = suspect->path.is_last_resort;
	}
	hs_path_list_free(paths, n);
	if (!error)
		*ret = suspect;
	return error;
}

static struct hs_error *look_at_cache(struct looking *looking, hs_node node)
{
	struct hs_heap_object entry;
	struct hs_lru_cache cache;
	struct hs_suspect *suspect;
	double retained = (double)hs_object_graph_retained_bytes(looking->search->input->holders, node);

	if (!hs_graph_object(looking->search->input->graph, node, &entry) || !hs_lru_cache_read(looking->search->input->heap->py, &entry.object, &cache) ||
	    cache.max_size >= 0 || cache.size < LEAST_CACHED || retained < CACHE_SHARE * looking->total)
		return NULL;
	HS_TRY(add(looking, node, &suspect));
	if (suspect) {
		suspect->kind = HS_SUSPECT_LRU_CACHE;
		suspect->figures.items = cache.size;
	}
	return NULL;
}

static bool is_container(const struct hs_type *type)
{
	static const char *const kinds[] = { "list", "dict", "set", "collections.deque", "collections.OrderedDict", "array.array", "bytearray" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i], type->kind->tp_name))
			return true;
	return false;
}

/* One of its items retains nearly all that it does. */
static bool hangs_on_one(const struct suspect_search *search, hs_node node, double retained)
{
	size_t n;
	const hs_node *targets = hs_graph_targets(search->input->graph, node, &n);

	for (size_t i = 0; i < n; i++)
		if ((double)hs_object_graph_retained_bytes(search->input->holders, targets[i]) > LARGEST_ITEM * retained)
			return true;
	return false;
}

static bool is_cache(const struct looking *looking, hs_node node)
{
	const struct hs_type *type = hs_graph_type(looking->search->input->graph, node);

	return type && hs_is_lru_cache(&(struct hs_object){ .type = type });
}

static struct hs_error *look_at_container(struct looking *looking, hs_node node)
{
	const struct suspect_search *search = looking->search;
	double retained = (double)hs_object_graph_retained_bytes(search->input->holders, node);
	struct hs_heap_object entry;
	struct hs_suspect *suspect;
	uint64_t length;

	if (retained < LARGE_SHARE * looking->total || search->input->reach->classes[node] == CLASS_MODULE_DICT ||
	    !hs_graph_object(search->input->graph, node, &entry) || !hs_object_length(search->input->heap->py, &entry.object, &length) ||
	    is_cache(looking, hs_object_graph_holder(search->input->holders, node)) || length < LEAST_LENGTH || hangs_on_one(search, node, retained))
		return NULL;
	HS_TRY(add(looking, node, &suspect));
	if (suspect)
		suspect->figures.items = length;
	return NULL;
}

static struct hs_error *look_at_objects(struct looking *looking)
{
	const struct hs_graph *graph = looking->search->input->graph;

	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		const struct hs_type *type = hs_graph_type(graph, node);
		if (!type || (type->flags & HS_TPFLAGS_TYPE_SUBCLASS))
			continue;
		if (hs_is_lru_cache(&(struct hs_object){ .type = type }))
			HS_TRY(look_at_cache(looking, node));
		else if (is_container(type))
			HS_TRY(look_at_container(looking, node));
	}
	return NULL;
}

/* Instances of one type as one suspect, of which one is shown. */
static struct hs_suspect *add_type(struct looking *looking, enum hs_suspect_kind kind, hs_node node, uint64_t count, double bytes)
{
	struct hs_suspect *suspect = suspect_append(looking->ret);

	if (!suspect)
		return NULL;
	suspect->kind = kind;
	suspect->root = HS_SUSPECT_OF_NOTHING;
	suspect_set_node(looking->search, suspect, node);
	suspect->members = suspect->figures.items = count;
	suspect->figures.bytes = bytes;
	suspect->retained_bytes = (uint64_t)bytes;
	suspect->grows_by[0] = (struct hs_suspect_type){ .name = suspect->type, .count = count, .bytes = bytes };
	suspect->n_grows_by = 1;
	return suspect;
}

static bool derives_from_task(struct hs_types *types, const struct hs_type *type)
{
	for (; type; type = type->base_type) {
		const char *name = hs_type_full_name(types, type);
		if (!strcmp(name, "_asyncio.Task") || !strcmp(name, "asyncio.tasks.Task"))
			return true;
	}
	return false;
}

static bool is_task(struct looking *looking, const struct hs_type *type)
{
	struct hs_types *types = looking->search->input->heap->types;

	if (type->index >= looking->n_types)
		return derives_from_task(types, type);
	if (!looking->are_tasks[type->index])
		looking->are_tasks[type->index] = derives_from_task(types, type) ? 2 : 1;
	return looking->are_tasks[type->index] == 2;
}

/* What a task is done with, it lets go: one that still has a coroutine waits. */
static bool waits(const struct hs_process_heap *heap, const struct hs_object *task)
{
	static const char *const names[] = { "task_coro", "_coro" };
	struct hs_object coroutine;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		hs_addr address = hs_object_field(heap->py, task, names[i]);
		if (address && hs_object_at(heap->py, heap->types, address, &coroutine))
			return !hs_is_generator(&coroutine) || hs_generator_state(heap->py, &coroutine) != HS_GENERATOR_ENDED;
	}
	return false;
}

static struct hs_error *look_at_tasks(struct looking *looking)
{
	const struct hs_suspects_input *input = looking->search->input;
	struct hs_suspect *suspect = NULL;
	struct hs_heap_object entry;
	hs_node first = HS_NO_NODE;
	uint64_t count = 0, bytes = 0;

	for (hs_node node = 0; node < hs_graph_node_count(input->graph); node++) {
		const struct hs_type *type = hs_graph_type(input->graph, node);
		if (!type || !type->has_gc || !is_task(looking, type) || !hs_graph_object(input->graph, node, &entry) || !waits(input->heap, &entry.object))
			continue;
		first = count ? first : node;
		count++;
		bytes += hs_object_graph_retained_bytes(input->holders, node);
	}
	if (count < LEAST_TASKS)
		return NULL;
	HS_TRY(add(looking, first, &suspect));
	if (suspect) {
		suspect->kind = HS_SUSPECT_TASKS;
		suspect->members = suspect->figures.items = count;
		suspect->figures.bytes = (double)bytes;
		suspect->retained_bytes = bytes;
	}
	return NULL;
}

static struct hs_error *look_at_garbage(struct looking *looking)
{
	const struct hs_suspects_input *input = looking->search->input;
	const struct hs_dominators *tree = looking->search->tree;
	double bytes = (double)hs_object_graph_unreachable_bytes(input->holders);
	uint64_t count = 0;
	hs_node first = HS_NO_NODE;

	if (bytes < GARBAGE_SHARE * looking->total)
		return NULL;
	looking->search->frozen_part = suspect_frozen_part(looking->search);
	/* an instance of a class says more than its dict */
	for (uint32_t number = tree->unreachable + 1; number < tree->n_order; number++) {
		hs_node node = tree->order[number];
		if (node < tree->n && (first == HS_NO_NODE || (!path_shapes_is_instance(hs_graph_type(input->graph, first)) &&
							       path_shapes_is_instance(hs_graph_type(input->graph, node)))))
			first = node;
	}
	for (uint32_t number = tree->unreachable + 1; number < tree->n_order; number++)
		count += tree->order[number] < tree->n && hs_graph_type(input->graph, tree->order[number]) == hs_graph_type(input->graph, first);
	return first == HS_NO_NODE || add_type(looking, HS_SUSPECT_CYCLES, first, count, bytes) ? NULL : hs_error_no_memory();
}

struct lost_type {
	hs_node first;
	uint64_t count;
	double bytes;
};

static struct hs_error *look_at_unexplained(struct looking *looking)
{
	const struct hs_suspects_input *input = looking->search->input;
	HS_FREE struct lost_type *types = calloc(looking->n_types + 1, sizeof(*types)); /* by hs_type.index */

	if (!types)
		return hs_error_no_memory();
	for (size_t i = 0; input->unexplained && i < input->unexplained->n; i++) {
		const struct hs_unexplained *unexplained = &input->unexplained->items[i];
		const struct hs_type *type = hs_graph_type(input->graph, unexplained->node);
		if (!type || type->index >= looking->n_types || unexplained->place == HS_UNEXPLAINED_STACK ||
		    hs_object_graph_reached(input->holders, unexplained->node) == HS_REACHED_EXACTLY)
			continue;
		struct lost_type *lost = &types[type->index];
		if (!lost->count++)
			lost->first = unexplained->node;
		lost->bytes += (double)hs_object_graph_retained_bytes(input->holders, unexplained->node);
	}
	for (size_t i = 0; i < looking->n_types; i++)
		if (types[i].count >= LEAST_UNEXPLAINED && !add_type(looking, HS_SUSPECT_UNEXPLAINED, types[i].first, types[i].count, types[i].bytes))
			return hs_error_no_memory();
	return NULL;
}

struct hs_error *suspect_find_static(struct suspect_search *search, struct hs_suspects *ret)
{
	HS_CLEANUP(looking_deinit) struct looking looking = {
		.search = search, .ret = ret, .total = total_bytes(search->input->heap->heap), .n_types = search->n_origins,
		.are_tasks = calloc(search->n_origins + 1, sizeof(*looking.are_tasks)),
	};

	if (!looking.are_tasks)
		return hs_error_no_memory();
	HS_TRY(look_at_objects(&looking));
	HS_TRY(look_at_tasks(&looking));
	HS_TRY(look_at_garbage(&looking));
	HS_TRY(look_at_unexplained(&looking));
	for (size_t i = 0; i < ret->list.n; i++)
		suspect_rank(&ret->list.items[i]);
	return NULL;
}
