/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the enumerations disagree: a block that passed for an object but is another's storage is a ghost; a block that
 * is neither, and that a C object points to, is that object's storage although no kind knows it.
 */
#include <stdlib.h>

#include "heap_internal.h"
#include "malloc_chunk.h"

/* Takes back what pass 2 added for the object in the block. Its bytes were counted twice: for it, and for the claimer. */
static void remove_ghost(struct hs_heap *heap, const struct hs_pool *pool, uint32_t index)
{
	struct worker *worker = &heap->workers[0];
	uint8_t *state = &heap->blocks[pool->first_block + index];
	struct hs_object object;

	hs_heap_pool_object(heap, worker, pool, index, *state, &object);
	uint64_t size = hs_object_getsizeof(heap->py, &object);
	struct hs_type_totals *totals = hs_heap_totals_slot(worker, object.type->index);
	if (!totals)
		return;
	/* wraps around where another worker counted it: the sum over all workers is what counts */
	totals->count--;
	totals->gc_tracked -= hs_heap_is_tracked(&object);
	totals->bytes -= pool->block_bytes + hs_heap_storage_of(heap, &object);
	totals->getsizeof_bytes -= size == HS_SIZE_UNKNOWN ? 0 : size;
	worker->explained_pool_bytes -= pool->block_bytes;
	heap->figures.n_ghosts++;
	*state &= (uint8_t)~(BLOCK_OBJECT | BLOCK_HEADER_MASK);
}

/* A C struct that starts with an object and a type looks like an object; but what count of references is an object's address? */
static bool refcount_is_object(const struct hs_heap *heap, const struct hs_object *object)
{
	return address_marks_has(&heap->accepted, hs_body_u64(object, HS_OFFSET(heap->py->layout, PyObject, ob_refcnt)));
}

/* What could have been an array of pointers is an object after all if nobody claims the block. */
static void settle_doubtful(struct hs_heap *heap, const struct hs_pool *pool, uint32_t index)
{
	struct worker *worker = &heap->workers[0];
	uint8_t *state = &heap->blocks[pool->first_block + index];
	struct hs_object object;

	hs_heap_pool_object(heap, worker, pool, index, *state, &object);
	if (*state & BLOCK_CLAIMED || refcount_is_object(heap, &object)) {
		heap->figures.n_ghosts++;
		*state &= (uint8_t)~(BLOCK_OBJECT | BLOCK_HEADER_MASK | BLOCK_DOUBTFUL);
		return;
	}
	worker->explained_pool_bytes += pool->block_bytes;
	worker->object_is_doubtful = true;
	hs_heap_visit_object(worker, &object, pool->block_bytes, hs_heap_is_tracked(&object));
	worker->object_is_doubtful = false;
	*state &= (uint8_t)~BLOCK_DOUBTFUL;
}

/* True if none of the eight blocks from `state` on needs a look: they are many, and what is looked for is rare. */
static bool are_eight_settled(const uint8_t *state)
{
	const uint64_t ones = 0x0101010101010101;
	const unsigned object_to_claimed = __builtin_ctz(BLOCK_CLAIMED / BLOCK_OBJECT);
	uint64_t states;

	memcpy(&states, state, sizeof(states));
	return !(states & ones * BLOCK_DOUBTFUL) && !(states << object_to_claimed & states & ones * BLOCK_CLAIMED);
}

void hs_heap_remove_ghosts(struct hs_heap *heap)
{
	const uint8_t both = BLOCK_OBJECT | BLOCK_CLAIMED;

	for (size_t i = 0; i < heap->pymalloc->pools.n; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			while (index + 8 <= pool->n_blocks && are_eight_settled(&heap->blocks[pool->first_block + index]))
				index += 8;
			if (index == pool->n_blocks)
				break;
			uint8_t state = heap->blocks[pool->first_block + index];
			if (state & BLOCK_DOUBTFUL)
				settle_doubtful(heap, pool, index);
			else if ((state & both) == both)
				remove_ghost(heap, pool, index);
		}
	}
}

static int compare_adoptions(const void *a, const void *b)
{
	const struct adoption *left = a, *right = b;

	if (left->block != right->block)
		return left->block < right->block ? -1 : 1;
	return left->owner < right->owner ? -1 : left->owner > right->owner;
}

/* Marks the block as taken; its bytes, or 0 when it is somebody's already. *ret_usable: those behind `start`. */
static uint64_t take_pool_block(struct hs_heap *heap, const struct hs_pool *pool, hs_addr start, uint64_t *ret_usable)
{
	hs_addr block = start - heap->hook_bytes;
	uint8_t *state = &heap->blocks[pool->first_block + hs_pool_block_at(heap->pymalloc, pool, block)];

	if ((*state & (BLOCK_LIVE | BLOCK_OBJECT | BLOCK_CLAIMED | BLOCK_ADOPTED)) != BLOCK_LIVE)
		return 0;
	*state |= BLOCK_ADOPTED;
	heap->workers[0].explained_pool_bytes += pool->block_bytes;
	*ret_usable = pool->block_bytes - heap->hook_bytes;
	return pool->block_bytes;
}

static uint64_t take_chunk(struct hs_heap *heap, hs_addr start, uint64_t *ret_usable)
{
	uint64_t bytes = malloc_chunk_is_proven(heap->chunks, start) ? malloc_chunk_bytes(heap->chunks, start, 0) : 0;

	if (!bytes || !address_marks_set(&heap->claimed, start))
		return 0;
	heap->workers[0].chunk_bytes += bytes;
	*ret_usable = bytes - sizeof(uint64_t);
	return bytes;
}

/* An address at which an object with its headers stands is no storage, whoever points to it. */
static bool holds_object(const struct hs_heap *heap, hs_addr start)
{
	return address_marks_has(&heap->accepted, start) || address_marks_has(&heap->accepted, start + HS_GC_HEAD_BYTES) ||
	       address_marks_has(&heap->accepted, start + HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES);
}

static void remember_owner(struct hs_heap *heap, const struct adoption *adoption, uint64_t bytes)
{
	struct adopted_block *slot = hs_array_append(&heap->adopted);

	if (slot)
		*slot = (struct adopted_block){ adoption->owner, adoption->block, bytes };
	else
		heap->workers[0].out_of_memory = true;
}

/* True if what instances of the type keep outside their block are bytes: not cleared by malloc, either. */
static bool is_raw(const struct hs_heap *heap, uint32_t type_index)
{
	size_t n;
	const struct hs_type *const *types = hs_types_all(heap->types, &n);

	return type_index < n && types[type_index]->kind->is_raw;
}

static void scan_block(struct hs_heap *heap, hs_addr start, uint64_t bytes)
{
	hs_addr at = start;
	struct hs_image_piece piece;

	while (hs_image_next_piece(heap->py->image, &at, start + bytes, &piece))
		hs_heap_scan_adopted(&heap->workers[0], piece.data, piece.bytes / sizeof(hs_addr));
}

/* Gives the block to its owner and scans it: it may point to further blocks, and to objects outside the pools. */
static void adopt(struct hs_heap *heap, const struct adoption *adoption)
{
	struct worker *worker = &heap->workers[0];
	const struct hs_pool *pool = hs_pool_of(heap->pymalloc, adoption->block);
	uint64_t bytes = 0, usable = 0;

	if (pool)
		bytes = take_pool_block(heap, pool, adoption->block, &usable);
	else if (adoption->depth < MAX_ADOPTED_DEPTH && adoption->owner_type != NO_TYPE && !holds_object(heap, adoption->block))
		bytes = take_chunk(heap, adoption->block, &usable);
	if (!bytes)
		return;
	struct hs_type_totals *totals = adoption->owner_type == NO_TYPE ? NULL : hs_heap_totals_slot(worker, adoption->owner_type);
	if (totals) {
		totals->bytes += bytes;
		remember_owner(heap, adoption, bytes);
	} else {
		worker->runtime_bytes += bytes;
	}

	if (is_raw(heap, adoption->owner_type)) {
		if (bytes >= PAYLOAD_MIN_BYTES)
			hs_heap_add_payload(worker, adoption->block);
		return;
	}
	size_t first = worker->adoptions.n;
	scan_block(heap, adoption->block, usable);
	for (size_t i = first; i < worker->adoptions.n; i++) {
		worker->adoptions.items[i].owner = adoption->owner;
		worker->adoptions.items[i].owner_type = adoption->owner_type;
		worker->adoptions.items[i].depth = adoption->depth + !pool;
	}
}

static int compare_adopted(const void *a, const void *b)
{
	const struct adopted_block *left = a, *right = b;

	if (left->owner != right->owner)
		return left->owner < right->owner ? -1 : 1;
	return left->start < right->start ? -1 : left->start > right->start;
}

static void mark_owners(struct hs_heap *heap)
{
	if (heap->adopted.n)
		qsort(heap->adopted.items, heap->adopted.n, sizeof(*heap->adopted.items), compare_adopted);
	for (size_t i = 0; i < heap->adopted.n; i++) {
		hs_addr owner = heap->adopted.items[i].owner;
		const struct hs_pool *pool = hs_pool_of(heap->pymalloc, owner);
		uint32_t index = pool ? hs_pool_block_at(heap->pymalloc, pool, owner) : UINT32_MAX;
		if (pool && index < pool->n_blocks)
			heap->blocks[pool->first_block + index] |= BLOCK_ADOPTS;
	}
}

const struct adopted_block *hs_heap_adopted_by(const struct hs_heap *heap, hs_addr owner, size_t *ret_n)
{
	size_t low = 0, high = heap->adopted.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (heap->adopted.items[middle].owner < owner)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_n = 0;
	while (low + *ret_n < heap->adopted.n && heap->adopted.items[low + *ret_n].owner == owner)
		++*ret_n;
	return heap->adopted.items + low;
}

void hs_heap_adopt_blocks(struct hs_heap *heap)
{
	struct adoptions round = { 0 };

	/* in the order of addresses, so that the result does not depend on how the passes were split */
	while (gather_from_workers(heap, &round, adoptions)) {
		qsort(round.items, round.n, sizeof(*round.items), compare_adoptions);
		for (size_t i = 0; i < round.n; i++)
			adopt(heap, &round.items[i]);
		hs_heap_close_over(heap);
	}
	hs_array_free(&round);
	mark_owners(heap);
}

uint64_t hs_heap_adopted_bytes(const struct hs_heap *heap, hs_addr owner)
{
	size_t n;
	const struct adopted_block *adopted = hs_heap_adopted_by(heap, owner, &n);
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += adopted[i].bytes;
	return bytes;
}
