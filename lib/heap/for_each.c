/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the objects of a finished heap: one by one, or with threads. */
#include "heap_internal.h"
#include "workers.h"

#define POOLS_PER_CHUNK 64
#define OUTSIDE_PER_CHUNK 4096

uint64_t hs_heap_storage_bytes(const struct hs_heap *heap, const struct hs_object *object)
{
	return hs_heap_storage_of(heap, object) + hs_heap_adopted_bytes(heap, object->address);
}

static void describe(const struct hs_heap *heap, struct hs_heap_object *entry)
{
	entry->storage_bytes = hs_heap_storage_bytes(heap, &entry->object);
	entry->getsizeof_bytes = hs_object_getsizeof(heap->py, &entry->object);
	entry->is_gc_tracked = hs_heap_is_tracked(&entry->object);
}

void hs_heap_for_each(const struct hs_heap *heap, void (*each)(void *context, const struct hs_heap_object *object), void *context)
{
	struct worker *worker = &heap->workers[0];

	for (size_t i = 0; i < heap->pymalloc->pools.n; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			uint8_t state = heap->blocks[pool->first_block + index];
			struct hs_heap_object entry = { .block_bytes = pool->block_bytes, .is_swept = true };
			if (!(state & BLOCK_OBJECT))
				continue;
			hs_heap_pool_object(heap, worker, pool, index, state, &entry.object);
			describe(heap, &entry);
			each(context, &entry);
		}
	}
	for (size_t i = 0; i < heap->outside.n; i++) {
		struct hs_heap_object entry = { 0 };
		if (!hs_heap_outside_object(heap, heap->outside.items[i].address, &entry.object, &entry.block_bytes))
			continue;
		describe(heap, &entry);
		each(context, &entry);
	}
}

struct walk {
	const struct hs_heap *heap;
	void (*each)(void *context, const struct hs_heap_item *item);
	void *context;
};

static void walk_pools(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct walk *walk = context;
	const struct hs_heap *heap = walk->heap;
	struct hs_heap_item item = { .worker = worker };

	for (size_t i = begin; i < end; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		item.block_bytes = pool->block_bytes;
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			uint8_t state = heap->blocks[pool->first_block + index];
			if (!(state & BLOCK_OBJECT))
				continue;
			hs_heap_pool_object(heap, &heap->workers[worker], pool, index, state, &item.object);
			item.place = pool->first_block + index;
			walk->each(walk->context, &item);
		}
	}
}

static void walk_outside(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct walk *walk = context;
	const struct hs_heap *heap = walk->heap;
	struct hs_heap_item item = { .worker = worker };

	for (size_t i = begin; i < end; i++) {
		if (!hs_heap_outside_object(heap, heap->outside.items[i].address, &item.object, &item.block_bytes))
			continue;
		item.place = heap->pymalloc->n_blocks + (hs_heap_place)i;
		walk->each(walk->context, &item);
	}
}

void hs_heap_walk(const struct hs_heap *heap, void (*each)(void *context, const struct hs_heap_item *item), void *context)
{
	struct walk walk = { heap, each, context };

	hs_workers_run(walk_pools, &walk, heap->pymalloc->pools.n, POOLS_PER_CHUNK, heap->n_workers);
	hs_workers_run(walk_outside, &walk, heap->outside.n, OUTSIDE_PER_CHUNK, heap->n_workers);
}

hs_heap_place hs_heap_place_count(const struct hs_heap *heap)
{
	return heap->pymalloc->n_blocks + (hs_heap_place)heap->outside.n;
}

unsigned hs_heap_workers(const struct hs_heap *heap)
{
	return heap->n_workers;
}

const struct hs_pymalloc *hs_heap_pymalloc(const struct hs_heap *heap)
{
	return heap->pymalloc;
}
