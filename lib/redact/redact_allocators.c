/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocators' own words: pools and arenas of pymalloc, chunks and arenas of malloc, links of what is free. Freed memory keeps nothing
 * else; blocks that are in use and nobody's keep the words that name objects or blocks.
 */
#include "malloc_arena.h"
#include "malloc_chunk.h"
#include "redact_internal.h"
#include "workers.h"

#define WORD 8
#define CHUNK_HEADER 16
#define CHUNK_FLAGS ((uint64_t)7)
#define SAFE_LINKING_SHIFT 12
#define POOLS_PER_CHUNK 64
#define HOOK_BYTES 16
#define MAX_HEADERS_BYTES 48 /* a pre-header, a head of the collector's, a count and a type */

/* True if an address lies in a heap of malloc's that was walked. */
static const struct walked_heap *heap_of(const struct malloc_chunks *chunks, hs_addr address)
{
	size_t low = 0, high = chunks->heaps.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (address < chunks->heaps.items[middle].start)
			high = middle;
		else if (address >= chunks->heaps.items[middle].end)
			low = middle + 1;
		else
			return &chunks->heaps.items[middle];
	}
	return NULL;
}

struct pool_pass {
	struct redaction *redaction;
	struct hs_addresses raw; /* starts of blocks that were adopted by who keeps bytes; ascending */
};

static void keep_hook(struct redaction *redaction, hs_addr block)
{
	if (redaction->heap->hook_bytes)
		blank_keep(&redaction->blank, block, redaction->heap->hook_bytes);
}

/*
 * What stands where an object would have its headers and its count must not turn into zeros: a block that is no object, and none that
 * waits in a list to be one again, could pass for either. Other words than 0 become one that no decoder takes for anything; where the
 * word began with a NUL, this one does, too: it may end a text whose length counts.
 */
static void mark_headers(const struct redaction *redaction, hs_addr start, uint32_t bytes)
{
	const size_t n_bytes = bytes < MAX_HEADERS_BYTES ? bytes : MAX_HEADERS_BYTES;
	const uint8_t *from = hs_image_at(redaction->py->image, start, n_bytes);
	uint8_t *to = blank_at(&redaction->blank, start, n_bytes);
	uint64_t word, kept;

	for (size_t offset = 0; from && to && offset + WORD <= n_bytes; offset += WORD) {
		memcpy(&word, from + offset, sizeof(word));
		memcpy(&kept, to + offset, sizeof(kept));
		if (!word || kept)
			continue;
		kept = word & 0xff ? UINT64_MAX : UINT64_MAX << 8;
		memcpy(to + offset, &kept, sizeof(kept));
	}
}

/* A block that no object has: the runtime's, or one that was adopted. */
static void keep_nobodys(const struct pool_pass *pass, hs_addr block, uint32_t bytes)
{
	struct redaction *redaction = pass->redaction;
	hs_addr start = block + redaction->heap->hook_bytes;

	if (pass->raw.n && bsearch(&start, pass->raw.items, pass->raw.n, sizeof(start), hs_address_compare))
		return;
	known_range_keep(redaction->heap, &redaction->blank, start, block + bytes, true);
	mark_headers(redaction, start, bytes - redaction->heap->hook_bytes);
}

static void keep_block(const struct pool_pass *pass, const struct hs_pool *pool, uint32_t index)
{
	struct redaction *redaction = pass->redaction;
	uint8_t state = redaction->heap->blocks[pool->first_block + index];
	hs_addr block = hs_pool_block_address(redaction->heap->pymalloc, pool, index);

	if (!(state & BLOCK_LIVE)) {
		blank_keep(&redaction->blank, block, WORD); /* the link to the next free one */
		return;
	}
	keep_hook(redaction, block);
	if (!(state & (BLOCK_OBJECT | BLOCK_CLAIMED)))
		keep_nobodys(pass, block, pool->block_bytes);
}

static void keep_pools(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct pool_pass *pass = context;
	const struct hs_pymalloc *pymalloc = pass->redaction->heap->pymalloc;

	(void)worker;
	for (size_t i = begin; i < end; i++)
		for (uint32_t index = 0; index < pymalloc->pools.items[i].n_blocks; index++)
			keep_block(pass, &pymalloc->pools.items[i], index);
}

/* Of pools that are not in use, too. */
static void keep_pool_headers(struct redaction *redaction)
{
	const struct hs_pymalloc *pymalloc = redaction->heap->pymalloc;
	hs_addr pool_bytes = redaction->layout->features.pool_bytes;

	for (size_t i = 0; i < pymalloc->arenas.n; i++) {
		const struct hs_arena *arena = &pymalloc->arenas.items[i];
		for (hs_addr pool = (arena->address + pool_bytes - 1) & ~(pool_bytes - 1); pool + pool_bytes <= arena->pools_end; pool += pool_bytes)
			blank_keep(&redaction->blank, pool, HS_SIZEOF(redaction->layout, pool_header));
	}
	for (size_t i = 0; i < redaction->py->interpreters.n; i++) {
		const struct hs_interpreter *interpreter = &redaction->py->interpreters.items[i];
		blank_keep(&redaction->blank, interpreter->arenas, (size_t)interpreter->n_arenas * HS_SIZEOF(redaction->layout, arena_object));
	}
}

static struct hs_error *keep_pymalloc(struct redaction *redaction)
{
	const struct hs_heap *heap = redaction->heap;
	struct pool_pass pass = { .redaction = redaction };
	struct hs_object owner;

	keep_pool_headers(redaction);
	for (size_t i = 0; i < heap->adopted.n; i++) {
		if (!hs_object_at(redaction->py, heap->types, heap->adopted.items[i].owner, &owner) || !owner.type->kind->is_raw)
			continue;
		hs_addr *slot = hs_array_append(&pass.raw);
		if (!slot) {
			hs_array_free(&pass.raw);
			return hs_error_no_memory();
		}
		*slot = heap->adopted.items[i].start;
	}
	if (pass.raw.n)
		qsort(pass.raw.items, pass.raw.n, sizeof(*pass.raw.items), hs_address_compare);
	hs_workers_run(keep_pools, &pass, heap->pymalloc->pools.n, POOLS_PER_CHUNK, heap->n_workers);
	hs_array_free(&pass.raw);
	return NULL;
}

/* PYTHONMALLOC=debug: up to two, of the object's domain and the raw one; the letter of the domain, and seven 0xFD. */
static unsigned keep_chunk_hooks(struct redaction *redaction, hs_addr chunk)
{
	static const uint8_t forbidden[7] = { 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd };
	unsigned n = 0;

	for (; n < 2; n++) {
		const uint8_t *hook = hs_image_at(redaction->py->image, chunk + n * HOOK_BYTES, HOOK_BYTES);
		if (!hook || (hook[8] != 'o' && hook[8] != 'm' && hook[8] != 'r') || memcmp(hook + 9, forbidden, sizeof(forbidden)))
			break;
		blank_keep(&redaction->blank, chunk + n * HOOK_BYTES, HOOK_BYTES);
	}
	return n;
}

static bool is_claimed(const struct hs_heap *heap, hs_addr chunk, unsigned n_hooks)
{
	for (unsigned i = 0; i <= n_hooks; i++)
		if (address_marks_has(&heap->claimed, chunk + i * HOOK_BYTES) || address_marks_has(&heap->accepted, chunk + i * HOOK_BYTES))
			return true;
	return false;
}

static bool is_chunk_address(const struct malloc_chunks *chunks, hs_addr header)
{
	return !(header & 15) && heap_of(chunks, header);
}

static bool is_in_arena(const struct malloc_chunks *chunks, hs_addr address)
{
	for (size_t i = 0; i < chunks->arenas.n; i++)
		if (address >= chunks->arenas.items[i].address && address < chunks->arenas.items[i].end)
			return true;
	return false;
}

/* A chunk in a bin: links to headers of others, or to the bin. */
static void keep_bin_links(struct redaction *redaction, hs_addr chunk)
{
	const struct malloc_chunks *chunks = redaction->heap->chunks;

	for (unsigned i = 0; i < 2; i++) {
		hs_addr link = hs_image_word(redaction->py->image, chunk + i * WORD);
		if (link && (is_chunk_address(chunks, link) || is_in_arena(chunks, link)))
			blank_keep(&redaction->blank, chunk + i * WORD, WORD);
	}
}

/* A chunk that a thread or an arena keeps for the next request: one link, mangled or not. */
static void keep_cached_link(struct redaction *redaction, hs_addr chunk)
{
	hs_addr word = hs_image_word(redaction->py->image, chunk), demangled = word ^ chunk >> SAFE_LINKING_SHIFT;

	if (!demangled || is_chunk_address(redaction->heap->chunks, demangled) || is_chunk_address(redaction->heap->chunks, word))
		blank_keep(&redaction->blank, chunk, WORD);
}

static void keep_chunk(struct redaction *redaction, const struct malloc_walk *walk, hs_addr end)
{
	const struct hs_image *image = redaction->py->image;
	bool looks_used = walk->next - CHUNK_HEADER < end && hs_image_word(image, walk->next - WORD) & 1;

	blank_keep(&redaction->blank, walk->chunk - WORD, WORD);
	if (walk->is_in_use) {
		unsigned n_hooks = keep_chunk_hooks(redaction, walk->chunk);
		if (!is_claimed(redaction->heap, walk->chunk, n_hooks))
			known_range_keep(redaction->heap, &redaction->blank, walk->chunk, walk->next - WORD, true);
	} else if (looks_used) {
		keep_cached_link(redaction, walk->chunk);
	} else {
		keep_bin_links(redaction, walk->chunk);
	}
}

/* Two headers without chunks end a heap that is full, before and behind where a walk ended; so small a number is no secret. */
static void keep_fenceposts(struct redaction *redaction, hs_addr end)
{
	for (hs_addr at = end - WORD; at <= end + 3 * WORD; at += 2 * WORD)
		if ((hs_image_word(redaction->py->image, at) & ~CHUNK_FLAGS) <= CHUNK_HEADER)
			blank_keep(&redaction->blank, at, WORD);
}

static void keep_heap(struct redaction *redaction, const struct walked_heap *heap)
{
	struct malloc_walk walk = malloc_walk_of(heap);

	while (malloc_walk_next(redaction->heap->chunks, &walk))
		keep_chunk(redaction, &walk, heap->end);
	keep_fenceposts(redaction, heap->end);
	/* a thread's heap names its arena first */
	if (heap->is_threads)
		blank_keep(&redaction->blank, heap->start & ~(hs_addr)(HS_PAGE_BYTES - 1), WORD);
}

/* Chunks that are mappings of their own. */
static void keep_mapped_chunks(struct redaction *redaction, const struct hs_segment *segment)
{
	const struct hs_heap *heap = redaction->heap;

	for (hs_addr at = segment->start; at < segment->end;) {
		hs_addr chunk = at + CHUNK_HEADER;
		uint64_t bytes = 0;
		if (!hs_pool_of(heap->pymalloc, chunk) && malloc_chunk_is_mapped(heap->chunks, chunk))
			bytes = malloc_chunk_bytes(heap->chunks, chunk, 0);
		if (!bytes) {
			at += HS_PAGE_BYTES;
			continue;
		}
		blank_keep(&redaction->blank, at + WORD, WORD);
		unsigned n_hooks = keep_chunk_hooks(redaction, chunk);
		if (!is_claimed(heap, chunk, n_hooks))
			known_range_keep(heap, &redaction->blank, chunk, at + bytes, true);
		at += bytes;
	}
}

static void keep_malloc(struct redaction *redaction)
{
	const struct malloc_chunks *chunks = redaction->heap->chunks;
	size_t n_segments;
	const struct hs_segment *segments = hs_image_segments(redaction->py->image, &n_segments);

	for (size_t i = 0; i < chunks->arenas.n; i++) {
		const struct malloc_arena *arena = &chunks->arenas.items[i];
		blank_keep(&redaction->blank, arena->address, arena->end - arena->address);
		blank_keep(&redaction->blank, arena->top + WORD, WORD);
	}
	for (size_t i = 0; i < chunks->tcaches.n; i++) {
		uint64_t bytes = hs_image_word(redaction->py->image, chunks->tcaches.items[i] - WORD) & ~CHUNK_FLAGS;
		blank_keep(&redaction->blank, chunks->tcaches.items[i], bytes - CHUNK_HEADER);
	}
	for (size_t i = 0; i < chunks->heaps.n; i++)
		keep_heap(redaction, &chunks->heaps.items[i]);
	for (size_t i = 0; i < n_segments; i++)
		if (segments[i].is_writable)
			keep_mapped_chunks(redaction, &segments[i]);
}

struct hs_error *redact_allocators(struct redaction *redaction)
{
	HS_TRY(keep_pymalloc(redaction));
	keep_malloc(redaction);
	return NULL;
}
