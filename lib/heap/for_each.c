/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a finished heap, one by one: all of them, or the one at an address. */
#include <stdlib.h>

#include "heap_internal.h"

static void describe(const struct hs_heap *heap, struct hs_heap_object *entry)
{
	entry->storage_bytes = hs_heap_storage_of(heap, &entry->object);
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

/* The block of the object that starts exactly at an address in the pool; false when none does. */
static bool find_pool_object(const struct hs_heap *heap, const struct hs_pool *pool, hs_addr address, uint32_t *ret_index)
{
	uint32_t index = hs_pool_block_at(heap->pymalloc, pool, address);

	if (index >= pool->n_blocks)
		return false;
	uint8_t state = heap->blocks[pool->first_block + index];
	uint32_t header = (state & BLOCK_HEADER_MASK) >> BLOCK_HEADER_SHIFT << 4;
	if (!(state & BLOCK_OBJECT) || hs_pool_block_address(heap->pymalloc, pool, index) + heap->hook_bytes + header != address)
		return false;
	*ret_index = index;
	return true;
}

static int compare_outside(const void *key, const void *element)
{
	hs_addr address = *(const hs_addr *)key, other = ((const struct outside_object *)element)->address;

	return address < other ? -1 : address > other;
}

static bool is_outside_object(const struct hs_heap *heap, hs_addr address)
{
	return heap->outside.n && bsearch(&address, heap->outside.items, heap->outside.n, sizeof(*heap->outside.items), compare_outside);
}

bool hs_heap_is_object(const struct hs_heap *heap, hs_addr address)
{
	const struct hs_pool *pool = hs_pool_of(heap->pymalloc, address);

	return pool ? find_pool_object(heap, pool, address, &(uint32_t){ 0 }) : is_outside_object(heap, address);
}

bool hs_heap_find(const struct hs_heap *heap, hs_addr address, struct hs_heap_object *ret)
{
	const struct hs_pool *pool = hs_pool_of(heap->pymalloc, address);
	struct hs_heap_object entry = { 0 };
	uint32_t index;

	if (pool && find_pool_object(heap, pool, address, &index)) {
		entry.block_bytes = pool->block_bytes;
		entry.is_swept = true;
		hs_heap_pool_object(heap, &heap->workers[0], pool, index, heap->blocks[pool->first_block + index], &entry.object);
	} else if (pool || !is_outside_object(heap, address) ||
		   !hs_heap_outside_object(heap, address, &entry.object, &entry.block_bytes)) {
		return false;
	}
	describe(heap, &entry);
	*ret = entry;
	return true;
}
