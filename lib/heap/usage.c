/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the allocators' memory from end to end. Sizes are the allocators' own; whether a page exists is not asked. */
#include "usage.h"

#include "freelist.h"
#include "heap_internal.h"
#include "malloc_chunk.h"

#define CHUNK_HEADER 16

struct walk {
	const struct hs_heap *heap;
	void (*each)(void *context, const struct hs_used_range *range);
	void *context;
	struct hs_usage_figures *figures;
	struct hs_used_range range; /* being collected: chunks of one use in a row */
	enum hs_use use;            /* of it */
};

static void report(struct walk *walk, hs_addr start, hs_addr end, enum hs_use use)
{
	struct hs_used_range range = { .start = start, .end = end };

	range.bytes[use] = end - start;
	if (end > start)
		walk->each(walk->context, &range);
}

static void flush(struct walk *walk)
{
	report(walk, walk->range.start, walk->range.end, walk->use);
	walk->range.start = walk->range.end = 0;
}

/* The same, but neighbours of one use are told as one. */
static void add(struct walk *walk, hs_addr start, hs_addr end, enum hs_use use)
{
	if (walk->range.end != start || walk->use != use) {
		flush(walk);
		walk->range.start = start;
		walk->use = use;
	}
	walk->range.end = end;
}

/* Sorts the blocks in use of a pool into `bytes`. */
static void sort_blocks(struct walk *walk, const struct hs_pool *pool, uint64_t *bytes)
{
	const struct hs_heap *heap = walk->heap;

	for (uint32_t index = 0; index < pool->n_blocks; index++) {
		uint8_t state = heap->blocks[pool->first_block + index];
		if (!(state & BLOCK_LIVE))
			continue;
		if (state & (BLOCK_OBJECT | BLOCK_CLAIMED)) {
			bytes[HS_USE_POOL_OBJECTS] += pool->block_bytes;
			continue;
		}
		uint32_t n = hs_freelist_members(heap, pool, index);
		walk->figures->n_freelist += n;
		/* the last of a list is proven by the one before it, which may lie in another pool */
		bytes[HS_USE_POOL_FREELIST] += n ? pool->block_bytes : 0;
		bytes[HS_USE_POOL_OBJECTS] += !n && state & BLOCK_ADOPTED ? pool->block_bytes : 0;
		bytes[HS_USE_POOL_OTHER] += !n && !(state & BLOCK_ADOPTED) ? pool->block_bytes : 0;
	}
}

/* Which tenth of the pool's room the last block in use would lie in, were they packed. */
static unsigned tenth_in_use(const struct hs_pool *pool, uint64_t room)
{
	uint64_t tenth = ((uint64_t)pool->n_live * HS_USAGE_BINS - 1) / room;

	return tenth < HS_USAGE_BINS ? (unsigned)tenth : HS_USAGE_BINS - 1;
}

static void use_pool(struct walk *walk, const struct hs_pool *pool, hs_addr pool_bytes)
{
	struct hs_usage_figures *figures = walk->figures;
	uint64_t header = walk->heap->pymalloc->header_bytes, room = (pool_bytes - header) / pool->block_bytes;
	uint64_t rest = (pool_bytes - header) % pool->block_bytes, in_use = (uint64_t)pool->n_live * pool->block_bytes;
	struct hs_used_range range = { .start = pool->base, .end = pool->base + pool_bytes };

	figures->n_pools_used++;
	figures->n_blocks_live += pool->n_live;
	figures->live_bytes += in_use;
	figures->available_bytes += room * pool->block_bytes - in_use;
	figures->header_bytes += header;
	figures->quantization_bytes += rest;
	figures->pools_by_use[tenth_in_use(pool, room)]++;
	range.bytes[HS_USE_POOL_OVERHEAD] = header + rest;
	sort_blocks(walk, pool, range.bytes);
	/* blocks whose pool's chain is broken are all taken for live */
	uint64_t live = range.bytes[HS_USE_POOL_OBJECTS] + range.bytes[HS_USE_POOL_FREELIST] + range.bytes[HS_USE_POOL_OTHER];
	range.bytes[HS_USE_POOL_FREE] = pool_bytes - header - rest - live;
	walk->each(walk->context, &range);
}

static bool has_pool_in_use(const struct hs_pymalloc *pymalloc, hs_addr start, hs_addr end)
{
	for (hs_addr base = start; base < end; base += (hs_addr)1 << pymalloc->pool_shift)
		if (hs_pool_of(pymalloc, base))
			return true;
	return false;
}

static void use_arena(struct walk *walk, const struct hs_arena *arena)
{
	const struct hs_pymalloc *pymalloc = walk->heap->pymalloc;
	hs_addr pool_bytes = (hs_addr)1 << pymalloc->pool_shift, end = arena->address + walk->heap->py->layout->features.arena_bytes;
	hs_addr first = (arena->address + pool_bytes - 1) & ~(pool_bytes - 1);

	enum hs_use unused = has_pool_in_use(pymalloc, first, arena->pools_end) ? HS_USE_POOL_UNUSED : HS_USE_ARENA_UNUSED;

	walk->figures->n_arenas++;
	walk->figures->n_arenas_unused += unused == HS_USE_ARENA_UNUSED;
	walk->figures->arena_bytes += end - arena->address;
	walk->figures->alignment_bytes += first != arena->address ? pool_bytes : 0;
	report(walk, arena->address, first, HS_USE_POOL_OVERHEAD);
	for (hs_addr base = first; base + pool_bytes <= end; base += pool_bytes) {
		const struct hs_pool *pool = base < arena->pools_end ? hs_pool_of(pymalloc, base) : NULL;
		if (pool) {
			use_pool(walk, pool, pool_bytes);
			continue;
		}
		walk->figures->n_pools_unused++;
		report(walk, base, base + pool_bytes, unused);
	}
	report(walk, first + (end - first) / pool_bytes * pool_bytes, end, HS_USE_POOL_OVERHEAD);
}

/* Claims are made of what the caller of malloc has: behind debug hooks, if there are any. */
static bool is_pythons(const struct hs_heap *heap, hs_addr chunk)
{
	for (uint32_t hooks = 0; hooks <= 2 * HS_DEBUG_HOOK_BYTES; hooks += HS_DEBUG_HOOK_BYTES)
		if (address_marks_has(&heap->claimed, chunk + hooks))
			return true;
	return false;
}

/* A chain of sane sizes can be chance, or another allocator's: a thread's heap names its arena, the main one lies where its top does. */
static bool is_of_arena(const struct malloc_chunks *chunks, const struct walked_heap *heap)
{
	hs_addr arena = heap->is_threads ? hs_image_word(chunks->image, heap->start & ~(hs_addr)(HS_PAGE_BYTES - 1)) : 0;

	if (!heap->is_threads)
		return hs_image_find(chunks->image, chunks->arenas.items[0].top) == hs_image_find(chunks->image, heap->start);
	for (size_t i = 1; i < chunks->arenas.n; i++)
		if (chunks->arenas.items[i].address == arena)
			return true;
	return false;
}

static void use_malloc_heap(struct walk *walk, const struct walked_heap *heap)
{
	struct hs_usage_figures *figures = walk->figures;
	struct malloc_walk chunks = malloc_walk_of(heap);

	if (!is_of_arena(walk->heap->chunks, heap))
		return;
	/* a thread's heap begins with its own header */
	if (heap->is_threads) {
		add(walk, heap->start & ~(hs_addr)(HS_PAGE_BYTES - 1), heap->start, HS_USE_MALLOC_OTHER);
		figures->malloc_used_bytes += heap->start & (HS_PAGE_BYTES - 1);
	}
	while (malloc_walk_next(walk->heap->chunks, &chunks)) {
		enum hs_use use = !chunks.is_in_use ? HS_USE_MALLOC_FREE : is_pythons(walk->heap, chunks.chunk) ? HS_USE_MALLOC_PYTHON : HS_USE_MALLOC_OTHER;
		*(chunks.is_in_use ? &figures->malloc_used_bytes : &figures->malloc_free_bytes) += chunks.bytes;
		add(walk, chunks.chunk - CHUNK_HEADER, chunks.next - CHUNK_HEADER, use);
	}
	/* a heap that is full ends with two headers without chunks, which no free chunk can be joined over */
	if ((hs_image_word(walk->heap->py->image, heap->end - 8) & ~(uint64_t)7) == CHUNK_HEADER) {
		add(walk, heap->end - CHUNK_HEADER, heap->end + CHUNK_HEADER, HS_USE_MALLOC_OTHER);
		figures->malloc_used_bytes += 2 * CHUNK_HEADER;
	}
	flush(walk);
}

static bool is_in_arena(const struct hs_pymalloc *pymalloc, hs_addr arena_bytes, hs_addr address)
{
	size_t low = 0, high = pymalloc->arenas.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pymalloc->arenas.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address - pymalloc->arenas.items[low - 1].address < arena_bytes;
}

/* Chunks that are mappings of their own: several may follow one another. */
static void use_mapped_chunks(struct walk *walk, const struct hs_segment *segment)
{
	const struct hs_heap *heap = walk->heap;

	for (hs_addr at = segment->start; (at = hs_image_next_present(heap->py->image, at, segment->end)) < segment->end;) {
		hs_addr chunk = at + CHUNK_HEADER;
		bool may_be = !is_in_arena(heap->pymalloc, heap->py->layout->features.arena_bytes, at);
		uint64_t bytes = may_be && malloc_chunk_is_mapped(heap->chunks, chunk) ? malloc_chunk_bytes(heap->chunks, chunk, 0) : 0;
		if (!bytes) {
			at += HS_PAGE_BYTES;
			continue;
		}
		walk->figures->n_mapped++;
		walk->figures->mapped_bytes += bytes;
		report(walk, at, at + bytes, is_pythons(heap, chunk) ? HS_USE_MAPPED_PYTHON : HS_USE_MAPPED_OTHER);
		at += bytes;
	}
}

static void use_malloc(struct walk *walk)
{
	const struct malloc_chunks *chunks = walk->heap->chunks;
	struct hs_usage_figures *figures = walk->figures;
	size_t n_segments;
	const struct hs_segment *segments = hs_image_segments(walk->heap->py->image, &n_segments);

	figures->n_malloc_arenas = chunks->arenas.n;
	figures->tcache_bytes = chunks->figures.tcache_bytes;
	figures->fastbin_bytes = chunks->figures.fastbin_bytes;
	for (size_t i = 0; i < chunks->arenas.n; i++) {
		figures->system_bytes += chunks->arenas.items[i].system_bytes;
		figures->top_bytes += hs_image_word(walk->heap->py->image, chunks->arenas.items[i].top + 8) & ~(uint64_t)7;
	}
	/* glibc's is there, but nobody asks it for memory: another allocator stands before it */
	figures->has_glibc = figures->system_bytes != 0;
	if (!figures->has_glibc)
		return;
	for (size_t i = 0; i < chunks->heaps.n; i++)
		use_malloc_heap(walk, &chunks->heaps.items[i]);
	/* mallinfo2() takes what the caches hold for in use */
	figures->malloc_free_bytes -= figures->tcache_bytes;
	for (size_t i = 0; i < n_segments; i++)
		if (segments[i].is_writable)
			use_mapped_chunks(walk, &segments[i]);
}

void hs_heap_usage(const struct hs_heap *heap, void (*each)(void *context, const struct hs_used_range *range), void *context,
		   struct hs_usage_figures *ret)
{
	struct walk walk = { .heap = heap, .each = each, .context = context, .figures = ret };

	*ret = (struct hs_usage_figures){ 0 };
	for (size_t i = 0; i < heap->pymalloc->arenas.n; i++)
		use_arena(&walk, &heap->pymalloc->arenas.items[i]);
	if (heap->chunks->arenas.n)
		use_malloc(&walk);
}
