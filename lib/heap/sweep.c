/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweep: one linear pass over the pools that decides for each live block whether an object stands in it, and how
 * far from the block's start. A block is 16 … 512 bytes, so everything needed is in the cache line at hand or the next.
 *
 *   offset 0    no GC head       | refcnt | type* | …
 *   offset 16   GC head          | next | prev | refcnt | type* | …
 *   offset 32   pre-header too   | … | … | next | prev | refcnt | type* | …
 *
 * A type's own flags say which offset its instances have; refcount, type and extent must fit together.
 */
#include <stdatomic.h>
#include <string.h>

#include "heap_internal.h"
#include "workers.h"

#define POOLS_PER_CHUNK 64
#define MAX_HEADER_BYTES 32

static uint64_t word_at(const uint8_t *data, size_t offset)
{
	uint64_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

/*
 * Neighbours on the collector's lists that are outside the pools: the sweep never meets them, and a running collection
 * may have them on a list whose head is on a C stack.
 */
static void note_gc_neighbours(struct worker *worker, const uint8_t *gc_head)
{
	const struct hs_heap *heap = worker->heap;
	hs_addr next = word_at(gc_head, 0) & HS_GC_POINTER_MASK;
	hs_addr prev = heap->py->is_collecting ? 0 : word_at(gc_head, 8) & HS_GC_POINTER_MASK;

	if (!next)
		return;
	if (!hs_pool_of(heap->pymalloc, next))
		hs_heap_add_candidate(worker, next + HS_GC_HEAD_BYTES, true);
	if (prev && !hs_pool_of(heap->pymalloc, prev))
		hs_heap_add_candidate(worker, prev + HS_GC_HEAD_BYTES, true);
}

/* Pointers may be tagged: links of the collector with 1 and 2, attribute values of 3.12 by being one too low. */
static bool is_pointer_or_zero(uint64_t word)
{
	return word == 0 || (word >= HS_PAGE_BYTES && !(word >> 47));
}

/*
 * A GC head is {0, flags} when the object is not tracked, else two links with flags in their low bits; while a collection
 * runs, the second word is a count. A pre-header is two pointers, one of which may be tagged. Text and numbers are neither.
 */
static bool headers_are_plausible(const uint8_t *data, unsigned header)
{
	for (unsigned offset = 0; offset + HS_GC_HEAD_BYTES < header; offset += sizeof(uint64_t))
		if (!is_pointer_or_zero(word_at(data, offset)))
			return false;
	return header < HS_GC_HEAD_BYTES || is_pointer_or_zero(word_at(data, header - HS_GC_HEAD_BYTES));
}

/* The object in the block, or false when there is none. `data` starts behind debug hooks. */
static bool find_object(struct worker *worker, const uint8_t *data, hs_addr address, size_t bytes, struct hs_object *ret)
{
	const struct hs_cpython *py = worker->heap->py;
	const enum hs_refcount_rule rule = py->layout->features.refcount;
	const uint32_t ob_type = (uint32_t)HS_OFFSET(py->layout, PyObject, ob_type);

	for (unsigned header = 0; header <= MAX_HEADER_BYTES && header + 16 <= bytes; header += 16) {
		if (!hs_refcount_is_legal(rule, word_at(data, header)))
			continue;
		*ret = (struct hs_object){
			.address = address + header,
			.body = data + header,
			.body_bytes = bytes - header,
			.head_bytes = header,
			.type = hs_type_cached(worker->heap->types, &worker->types, word_at(data, header + ob_type)),
		};
		if (ret->type && ret->type->header_bytes == header && headers_are_plausible(data, header) && hs_object_fits(py, ret, ret->body_bytes))
			return true;
	}
	return false;
}

static void note_storage(void *context, hs_addr start, uint64_t bytes)
{
	bool *has_storage = context;

	(void)start;
	(void)bytes;
	*has_storage = true;
}

/*
 * Counts an object that refers to nothing and owns nothing, as half of them: what a visit needs is at hand here, and would
 * have to be fetched from memory again by the pass that visits.
 */
static bool count_leaf(struct worker *worker, const struct hs_object *object, uint64_t block_bytes)
{
	bool has_storage = false;
	const struct hs_visitor probe = { .context = &has_storage, .storage = note_storage };

	if (!object->type->is_leaf)
		return false;
	object->type->kind->visit(worker->heap->py, object, &probe);
	if (has_storage)
		return false;
	worker->explained_pool_bytes += block_bytes;
	hs_heap_count_object(worker, object, block_bytes, false);
	return true;
}

/* Programs that are not position-independent have their data and their heap at addresses that could be refcounts. */
static bool refcount_is_address(const struct hs_heap *heap, uint64_t ob_refcnt)
{
	return ob_refcnt >= HS_PAGE_BYTES && hs_image_find(heap->py->image, ob_refcnt);
}

/* The state bits of a block in which an object was found. */
static uint8_t object_state(struct worker *worker, const struct hs_pool *pool, const struct hs_object *object)
{
	uint8_t state = BLOCK_OBJECT | (uint8_t)(object->head_bytes / 16 << BLOCK_HEADER_SHIFT);

	if (refcount_is_address(worker->heap, word_at(object->body, 0)))
		state |= BLOCK_DOUBTFUL;
	else if (count_leaf(worker, object, pool->block_bytes))
		state |= BLOCK_LEAF;
	if (object->head_bytes)
		note_gc_neighbours(worker, object->body - HS_GC_HEAD_BYTES);
	return state;
}

static void sweep_block(struct worker *worker, const struct hs_pool *pool, uint32_t index)
{
	const struct hs_heap *heap = worker->heap;
	const struct hs_pymalloc *pymalloc = heap->pymalloc;
	const uint8_t *data = pool->data + pymalloc->header_bytes + (size_t)index * pool->block_bytes + heap->hook_bytes;
	hs_addr address = hs_pool_block_address(pymalloc, pool, index) + heap->hook_bytes;
	size_t bytes = pool->block_bytes - heap->hook_bytes;
	uint8_t state = BLOCK_LIVE;

	if (heap->hook_bytes) {
		/* the hook's first word is the size asked for, big-endian */
		uint64_t requested = __builtin_bswap64(word_at(data - heap->hook_bytes, 0));
		if (requested <= bytes)
			bytes = requested;
	}
	struct hs_object object;
	if (find_object(worker, data, address, bytes, &object))
		state |= object_state(worker, pool, &object);
	heap->blocks[pool->first_block + index] = state;
}

static void sweep_pools(void *context, size_t begin, size_t end, unsigned worker_index)
{
	struct hs_heap *heap = context;
	struct worker *worker = &heap->workers[worker_index];
	struct hs_pool_bits free_blocks;

	for (size_t i = begin; i < end && !hs_is_cancelled(heap->cancel); i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		int n_free = hs_pool_free_blocks(heap->pymalloc, pool, &free_blocks);
		if (n_free < 0) {
			/* a stop in the midst of an allocation can leave the chain one block off; no more than that */
			atomic_fetch_add_explicit((_Atomic uint32_t *)&heap->figures.n_broken_pools, 1, memory_order_relaxed);
		}
		for (uint32_t index = 0; index < pool->n_blocks; index++)
			if (!hs_pool_bit(&free_blocks, index))
				sweep_block(worker, pool, index);
	}
}

void hs_heap_sweep(struct hs_heap *heap)
{
	heap->figures.n_broken_pools = heap->pymalloc->n_broken_pools;
	hs_workers_run(sweep_pools, heap, heap->pymalloc->pools.n, POOLS_PER_CHUNK, heap->n_workers);
}
