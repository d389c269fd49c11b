/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what a started thread was started with, among the blocks that are nobody's: its first words say which thread it is. */
#include "thread_starts.h"

#include "cleanup.h"
#include "exact_type.h"
#include "heap_internal.h"
#include "malloc_chunk.h"

#define MAX_SURPLUS 64 /* of a block: rounding, debug hooks behind it */
#define CHUNK_OVERHEAD 8

struct search {
	const struct hs_heap *heap;
	const struct hs_thread_states *threads;
	hs_root_callback *callback;
	void *context;
};

static hs_addr word_at(const struct search *search, hs_addr block, int32_t offset)
{
	return hs_image_word(search->heap->py->image, block + (uint32_t)offset);
}

static const struct hs_thread_state *thread_at(const struct search *search, hs_addr address)
{
	for (size_t i = 0; address && i < search->threads->n; i++)
		if (search->threads->items[i].address == address)
			return &search->threads->items[i];
	return NULL;
}

static void report(const struct search *search, const struct hs_thread_state *thread, hs_addr block, int32_t offset, const char *name)
{
	const struct hs_root root = {
		.kind = HS_ROOT_THREAD, .address = word_at(search, block, offset), .relation = HS_OWNED, .edge_kind = HS_EDGE_FIELD, .name = name,
		.where = block + (uint32_t)offset, .thread = thread,
	};

	if (root.address)
		search->callback(search->context, &root);
}

static void look_at(const struct search *search, hs_addr block)
{
	const struct hs_cpython *py = search->heap->py;
	const struct hs_layout *layout = py->layout;
	int32_t args = HS_OFFSET(layout, bootstate, args);
	const struct hs_thread_state *thread = thread_at(search, word_at(search, block, HS_OFFSET(layout, bootstate, tstate)));

	if (!thread || !hs_is_exactly(py, word_at(search, block, args), "tuple"))
		return;
	report(search, thread, block, HS_OFFSET(layout, bootstate, func), "func");
	report(search, thread, block, args, "args");
	report(search, thread, block, HS_HAS(layout, bootstate, kwargs) ? HS_OFFSET(layout, bootstate, kwargs) : HS_OFFSET(layout, bootstate, keyw),
	       "kwargs");
}

static bool may_hold(const struct search *search, uint64_t bytes)
{
	uint64_t wanted = HS_SIZEOF(search->heap->py->layout, bootstate) + search->heap->hook_bytes;

	return bytes >= wanted && bytes <= wanted + MAX_SURPLUS;
}

static void look_at_pools(const struct search *search)
{
	const struct hs_heap *heap = search->heap;

	for (size_t i = 0; i < heap->pymalloc->pools.n; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; may_hold(search, pool->block_bytes) && index < pool->n_blocks; index++)
			if ((heap->blocks[pool->first_block + index] & (BLOCK_LIVE | BLOCK_OBJECT | BLOCK_CLAIMED)) == BLOCK_LIVE)
				look_at(search, hs_pool_block_address(heap->pymalloc, pool, index) + heap->hook_bytes);
	}
}

static void look_at_chunks(const struct search *search)
{
	const struct hs_heap *heap = search->heap;

	for (size_t i = 0; i < heap->chunks->heaps.n; i++) {
		struct malloc_walk walk = malloc_walk_of(&heap->chunks->heaps.items[i]);
		while (malloc_walk_next(heap->chunks, &walk))
			if (walk.is_in_use && may_hold(search, walk.bytes - CHUNK_OVERHEAD) && !address_marks_has(&heap->claimed, walk.chunk))
				look_at(search, walk.chunk + heap->hook_bytes);
	}
}

static void free_threads(struct hs_thread_states *threads)
{
	hs_array_free(threads);
}

struct hs_error *hs_heap_roots_visit(const struct hs_heap *heap, hs_root_callback *callback, void *context)
{
	HS_CLEANUP(free_threads) struct hs_thread_states threads = { 0 };
	const struct search search = { heap, &threads, callback, context };

	HS_TRY(hs_roots_visit(heap->py, heap->types, callback, context));
	/* the first thread was not started by Python */
	if (heap->py->threads.n < 2 || !HS_HAS(heap->py->layout, bootstate, tstate))
		return NULL;
	HS_TRY(hs_thread_states_read(heap->py, heap->types, &threads));
	look_at_pools(&search);
	look_at_chunks(&search);
	return NULL;
}
