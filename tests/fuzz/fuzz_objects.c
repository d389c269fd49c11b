/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole census, and now and then all that is made of it, over a heap whose bytes were changed: it may count wrongly or
 * give up, but must not crash, hang or read beside the image. The first byte of the input chooses the version of CPython and
 * the allocator's hooks; then come changes, each 12 bytes: what, where, the word.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "census.h"
#include "changes.h"
#include "csr.h"
#include "fake_heap.h"
#include "garbage.h"
#include "lru_cache.h"
#include "object_graph.h"
#include "path_groups.h"
#include "reach.h"
#include "turnover.h"
#include "unexplained.h"
#include "usage.h"
#include "weak_references.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define MAX_HEAP_CHANGES 64

static const char *const tables[] = { "3.11.7-upstream", "3.8.18-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))
#define N_HEAPS (2 * N_TABLES) /* without debug hooks, and with them */

/* How much of a region holds anything. */
static size_t used_bytes(const struct fake_heap *heap, unsigned region_id)
{
	const struct fake_region *region = &heap->regions[region_id];

	switch (region_id) {
	case FAKE_STATICS:
		return heap->next_static - region->start;
	case FAKE_CHUNKS:
		return heap->top_chunk - region->start;
	default:
		return 256;
	}
}

static uint8_t *place_of(const struct fake_heap *heap, uint8_t region_id, uint32_t offset)
{
	const struct fake_region *region = &heap->regions[region_id % FAKE_N_REGIONS];

	if (region_id % FAKE_N_REGIONS != FAKE_ARENA)
		return region->data + offset % used_bytes(heap, region_id % FAKE_N_REGIONS);
	hs_addr pool = region->start + (hs_addr)((offset >> 16) % heap->n_pools) * heap->layout->features.pool_bytes;
	uint32_t used = (uint32_t)FAKE_GET(heap, pool, pool_header, nextoffset);
	/* the pool's header may be changed already */
	return fake_at(heap, pool + (offset & 0xffff) % (used >= 64 && used <= heap->layout->features.pool_bytes - 8 ? used : 64), 8);
}

/* The new word: a value of its own, or one that leads somewhere. */
static uint64_t word_of(const struct fake_heap *heap, uint8_t how, uint64_t old, uint32_t value, uint16_t low)
{
	const struct fake_region *region = &heap->regions[value >> 30];

	switch (how >> 2 & 7) {
	case 0:
		return value;
	case 1:
		return (uint64_t)value << 32 | low;
	case 2:
		return region->start + (value & 0x3fffffff) % region->bytes;
	case 3:
		return (region->start + (value & 0x3fffffff) % region->bytes) & ~(uint64_t)15;
	case 4:
		return old + (uint64_t)(int64_t)(int16_t)low;
	case 5:
		return old ^ (uint64_t)1 << (value & 63);
	case 6:
		return 0 - (uint64_t)value;
	default:
		return (old & ~(uint64_t)0xff) | (value & 0xff);
	}
}

static size_t apply(const struct fake_heap *heap, const uint8_t *data, size_t bytes, struct change *changes)
{
	size_t n = 0;

	for (; bytes >= CHANGE_BYTES && n < MAX_HEAP_CHANGES; data += CHANGE_BYTES, bytes -= CHANGE_BYTES) {
		uint32_t offset, value;
		uint16_t low;
		memcpy(&low, data + 2, sizeof(low));
		memcpy(&offset, data + 4, sizeof(offset));
		memcpy(&value, data + 8, sizeof(value));
		uint8_t *at = place_of(heap, data[0], data[1] & 1 ? offset : offset & ~7u);
		changes[n].at = at;
		memcpy(&changes[n].before, at, sizeof(uint64_t));
		n++;
		uint64_t word = word_of(heap, data[1], changes[n - 1].before, value, low);
		memcpy(at, &word, sizeof(word));
	}
	return n;
}

static void take_census(const struct fake_heap *heap, unsigned n_workers)
{
	const struct hs_census_options options = { .n_workers = n_workers };
	struct hs_census *census = NULL;
	struct hs_error *error = hs_census_take(heap->image, heap->layout, &options, &census);

	if (!error == !census)
		abort();
	hs_error_destroy(error);
	hs_census_destroy(census);
}

static void require_success(struct hs_error *error)
{
	if (error && error->code != HS_ERROR_NO_MEMORY && error->code != HS_ERROR_LIMIT)
		abort();
	hs_error_destroy(error);
}

static bool count_edge(void *context, const struct hs_graph_edge *edge)
{
	if (edge->target == HS_NO_NODE)
		abort();
	return ++*(size_t *)context < 100000;
}

/* Rows are sound whatever the bytes say; what stands at any address can be told. */
static void go_through(const struct hs_graph *graph, const struct fake_heap *heap, uint32_t value)
{
	const struct hs_csr csr = { hs_graph_node_count(graph), *hs_graph_rows(graph), hs_graph_all_targets(graph) };
	struct hs_location location;
	size_t n = 0;

	require_success(hs_csr_check(&csr, hs_graph_figures(graph).n_edges));
	for (unsigned i = 0; i < FAKE_N_REGIONS; i++)
		hs_graph_locate(graph, heap->regions[i].start + value % heap->regions[i].bytes, &location);
	for (hs_node node = 0; node < csr.n; node++)
		hs_graph_each_edge(graph, node, count_edge, &n);
}

static void check_cycles(const struct hs_graph *graph, const struct hs_cycle_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].first + list->items[i].n_nodes > list->n_nodes || !list->items[i].n_members ||
		    list->items[i].n_members > list->items[i].n_nodes)
			abort();
	for (size_t i = 0; i < list->n_nodes; i++)
		if (!hs_graph_is_object(graph, list->nodes[i]))
			abort();
}

/* Whatever counts say: rows are sound, cycles consist of objects, more references than found are more. */
static void look_for_causes(const struct hs_graph *graph, const struct hs_object_graph *object_graph)
{
	struct hs_unexplained_list unexplained = { 0 };
	struct hs_cycle_list reachable = { 0 };
	struct hs_garbage garbage;

	struct hs_error *error = hs_garbage_find(&garbage, graph, object_graph);
	if (!error) {
		require_success(hs_csr_check(&garbage.told, garbage.collectable.n_targets));
		check_cycles(graph, &garbage.found.list);
		check_cycles(graph, &garbage.perhaps.list);
		check_cycles(graph, &garbage.never.list);
		require_success(hs_garbage_reachable_cycles(&garbage, &reachable));
		check_cycles(graph, &reachable);
	}
	require_success(error);
	require_success(hs_unexplained_find(graph, NULL, &unexplained));
	for (size_t i = 0; i < unexplained.n; i++)
		if (unexplained.items[i].n_found >= unexplained.items[i].refcount)
			abort();
	hs_array_free(&unexplained);
	hs_cycles_deinit(&reachable);
	hs_garbage_deinit(&garbage);
}

static bool is_any(const void *context, hs_node node, const struct hs_weak_reference *reference)
{
	(void)context;
	(void)node;
	(void)reference;
	return true;
}

/* Every weak reference, each taken for an entry of whatever table there is; every cache. */
static void look_for_weak(const struct hs_process_heap *process_heap, const struct hs_graph *graph, struct hs_reach *reach, uint32_t value)
{
	hs_node n_nodes = hs_graph_node_count(graph);
	struct hs_weak_entries entries = { 0 };
	struct hs_path_labels labels = { 0 };
	struct hs_heap_object object;
	struct hs_lru_cache cache;

	require_success(hs_weak_references_find(process_heap, graph, is_any, NULL, &entries));
	hs_addr *partners = calloc(entries.n + 1, sizeof(*partners));
	hs_node *nodes = calloc(entries.n + 1, sizeof(*nodes));
	if (!partners || !nodes)
		abort();
	for (size_t i = 0; i < entries.n; i++) {
		entries.items[i].role = i % 2 ? HS_WEAK_ROLE_VALUE : HS_WEAK_ROLE_KEY;
		entries.items[i].table = (value + (uint32_t)i) % n_nodes;
		nodes[i] = entries.items[i].node;
	}
	require_success(hs_weak_partners_find(process_heap, graph, &entries, partners));
	require_success(hs_path_labels_find(reach, graph, nodes, entries.n, &labels));
	for (hs_node node = 0; node < n_nodes; node++)
		if (hs_graph_type(graph, node) && hs_is_lru_cache(&(struct hs_object){ .type = hs_graph_type(graph, node) }) &&
		    hs_graph_object(graph, node, &object))
			hs_lru_cache_read(process_heap->py, &object.object, &cache);
	hs_path_labels_deinit(&labels);
	hs_array_free(&entries);
	free(partners);
	free(nodes);
}

/* Weak references to a list, to nothing, to what is none; and a cache. */
static void add_weak(struct fake_heap *heap)
{
	const uint64_t gc = HS_TPFLAGS_HAVE_GC;
	hs_addr ref = fake_static_type(heap, "weakref", HS_SIZEOF(heap->layout, PyWeakReference), 0, gc, heap->types.object);
	hs_addr cache = fake_static_type(heap, "functools._lru_cache_wrapper", HS_SIZEOF(heap->layout, lru_cache_object), 0, gc, heap->types.object);
	hs_addr list = fake_list(heap, NULL, 0, 0), objects[4];
	const hs_addr targets[3] = { list, HS_ADDRESS_OF(heap->layout, _Py_NoneStruct), 0x1000 };

	for (unsigned i = 0; i < 3; i++) {
		objects[i] = fake_object(heap, ref, HS_SIZEOF(heap->layout, PyWeakReference));
		FAKE_PUT(heap, objects[i], PyWeakReference, wr_object, targets[i]);
	}
	objects[3] = fake_object(heap, cache, HS_SIZEOF(heap->layout, lru_cache_object));
	fake_hold(heap, fake_list(heap, objects, 4, 4));
}

static void build_graph(const struct fake_heap *heap, const struct hs_process_heap *process_heap, uint32_t value)
{
	const struct hs_object_graph_options options = { .n_workers = 1 };
	struct hs_object_graph *object_graph = NULL;
	struct hs_graph *graph = NULL;
	struct hs_reach *reach = NULL;

	require_success(hs_graph_build(process_heap->heap, 1, &graph));
	if (!graph)
		return;
	go_through(graph, heap, value);
	require_success(hs_object_graph_create(graph, &options, &object_graph));
	require_success(hs_reach_open(process_heap, graph, &(struct hs_reach_options){ 0 }, &reach));
	for (hs_node node = 0; object_graph && node < hs_graph_node_count(graph); node++)
		if ((hs_object_graph_reached(object_graph, node) == HS_REACHED_NOT) != !hs_graph_is_object(graph, node))
			abort();
	if (object_graph)
		look_for_causes(graph, object_graph);
	for (uint32_t i = 0; reach && i < 8; i++) {
		struct hs_path *list;
		size_t n;
		if (!hs_graph_node_count(graph))
			break;
		require_success(hs_reach_find(reach, (value + i * 7919) % hs_graph_node_count(graph), 3, &list, &n));
		hs_path_list_free(list, n);
	}
	if (reach && hs_graph_node_count(graph))
		look_for_weak(process_heap, graph, reach, value);
	hs_reach_close(reach);
	hs_object_graph_destroy(object_graph);
	hs_graph_destroy(graph);
}

static void check_range(void *context, const struct hs_used_range *range)
{
	uint64_t sum = 0;

	(void)context;
	for (unsigned i = 0; i < HS_N_USES; i++)
		sum += range->bytes[i];
	if (range->end <= range->start || sum != range->end - range->start)
		abort();
}

/* The parts of a range add up to it, whatever pools and chunks say of themselves. */
static void add_up_memory(const struct hs_heap *heap)
{
	struct hs_usage_figures figures;
	struct hs_overheads overheads;

	hs_heap_usage(heap, check_range, NULL, &figures);
	hs_heap_overheads(heap, &overheads);
}

static struct hs_sample *take_sample(const struct hs_process_heap *process_heap)
{
	const struct hs_sample_options options = { .wants_identities = true };
	struct hs_census *census = NULL;
	struct hs_sample *sample = NULL;

	require_success(hs_census_of(process_heap, NULL, &census));
	if (census)
		require_success(hs_sample_take(process_heap, census, &options, &sample));
	hs_census_destroy(census);
	return sample;
}

/* The heap as it is now against one of before its bytes were changed; NULL: against itself. */
static void compare_samples(const struct hs_process_heap *process_heap, const struct hs_sample *before)
{
	hs_heap_place n = hs_heap_place_count(process_heap->heap);
	struct hs_sample *sample = take_sample(process_heap);
	struct hs_turnover_list turnover = { 0 };
	struct hs_watch_targets targets = { 0 };
	uint8_t *lived = calloc((size_t)n + 1, 1);

	if (!sample || !lived)
		abort();
	require_success(hs_sample_mark_lived(before ? before : sample, process_heap, lived));
	for (hs_heap_place i = 0; i < n; i++)
		if (lived[i] > HS_LIVED_UNKNOWN)
			abort();
	require_success(hs_turnover_count(process_heap, lived, &turnover));
	for (size_t i = 0; i < turnover.n; i++)
		if (turnover.items[i].n_lived + turnover.items[i].n_unknown > turnover.items[i].count ||
		    (!before && turnover.items[i].n_lived + turnover.items[i].n_unknown != turnover.items[i].count))
			abort();
	require_success(hs_candidates_choose(sample, before, process_heap, &targets));
	hs_array_free(&targets);
	hs_turnover_release(&turnover);
	free(lived);
	hs_sample_destroy(sample);
}

/* As the heap was made. */
static struct hs_sample *sample_of(const struct fake_heap *heap)
{
	const struct hs_heap_options options = { .n_workers = 1 };
	struct hs_process_heap *process_heap = NULL;

	require_success(hs_process_heap_open(heap->image, heap->layout, &options, &process_heap));
	struct hs_sample *sample = take_sample(process_heap);
	hs_process_heap_close(process_heap);
	return sample;
}

static void find_holders(const struct fake_heap *heap, const struct hs_sample *before, uint32_t value)
{
	const struct hs_heap_options options = { .n_workers = 1 };
	struct hs_process_heap *process_heap = NULL;

	hs_error_destroy(hs_process_heap_open(heap->image, heap->layout, &options, &process_heap));
	if (process_heap) {
		add_up_memory(process_heap->heap);
		compare_samples(process_heap, value % 2 ? before : NULL);
		build_graph(heap, process_heap, value);
	}
	hs_process_heap_close(process_heap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct fake_heap *heaps[N_HEAPS];
	static struct hs_sample *samples[N_HEAPS];
	struct change changes[MAX_HEAP_CHANGES];

	if (!bytes)
		return 0;
	struct fake_heap **heap = &heaps[data[0] % N_HEAPS];
	if (!*heap) {
		*heap = fake_heap_create(tables[data[0] % N_TABLES]);
		(*heap)->has_hooks = data[0] % N_HEAPS >= N_TABLES;
		fake_populate(*heap);
		add_weak(*heap);
		samples[data[0] % N_HEAPS] = sample_of(*heap);
	}
	size_t n = apply(*heap, data + 1, bytes - 1, changes);
	take_census(*heap, 1);
	/* it takes ten times as long as the census */
	if (data[bytes - 1] % 8 == 0)
		find_holders(*heap, samples[data[0] % N_HEAPS], (uint32_t)bytes * 2654435761u);
	changes_undo(changes, n);
	return 0;
}
