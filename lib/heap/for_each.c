/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the objects of a finished heap, one by one. */
#include "heap_internal.h"

static void describe(const struct hs_heap *heap, struct hs_heap_object *entry)
{
	entry->storage_bytes = hs_heap_storage_of(heap, &entry->object) + hs_heap_adopted_bytes(heap, entry->object.address);
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
