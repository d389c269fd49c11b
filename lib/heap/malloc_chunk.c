/* SPDX-License-Identifier: Apache-2.0 */
/* Finding malloc's chunks. Knows nothing of what is in them. */
#include "malloc_chunk.h"

#include "malloc_arena.h"
#include "malloc_cached.h"

#define CHUNK_FLAGS ((uint64_t)7)
#define PREVIOUS_IS_IN_USE ((uint64_t)1)
#define CHUNK_IS_MMAPPED ((uint64_t)2)
#define CHUNK_MIN 32
#define CHUNK_OVERHEAD 8
#define CHUNK_HEADER 16
#define HOOK_BYTES 16
#define THREAD_HEAP_ALIGNMENT ((hs_addr)64 << 20)
#define MAX_FOREIGN_BYTES ((hs_addr)1 << 20) /* of others' in the midst of the main heap */
#define MAX_FOREIGN_PARTS 64
#define MAX_THREAD_HEAP_HEADER 0xc00 /* heap_info and malloc_state; their sizes differ between releases */

/* Walks from the chunk whose user pointer is `start` to the end of sane chunks, at most `end`. Marks those in use. */
static hs_addr walk_chunks(struct malloc_chunks *chunks, hs_addr start, hs_addr end)
{
	hs_addr chunk = start;
	uint64_t size, next_size;

	if (!hs_image_u64(chunks->image, chunk - CHUNK_OVERHEAD, &size))
		return start;
	for (;;) {
		uint64_t bytes = size & ~CHUNK_FLAGS;
		hs_addr next = chunk + bytes;
		/* compared as sizes: a huge one would wrap `next` around, and the walk would go back */
		if (bytes < CHUNK_MIN || bytes & 15 || size & CHUNK_IS_MMAPPED || bytes > end + CHUNK_HEADER - chunk)
			return chunk;
		/* the last chunk is the top of the heap: free, and without a successor */
		if (next - CHUNK_HEADER == end || !hs_image_u64(chunks->image, next - CHUNK_OVERHEAD, &next_size))
			return next - CHUNK_HEADER;
		if (next_size & PREVIOUS_IS_IN_USE)
			chunks->n_starts += address_marks_set(&chunks->starts, chunk);
		chunk = next;
		size = next_size;
	}
}

static struct hs_error *add_heap(struct malloc_chunks *chunks, hs_addr start, hs_addr end, bool is_threads)
{
	struct walked_heap *heap = hs_array_append(&chunks->heaps);

	if (!heap)
		return hs_error_no_memory();
	*heap = (struct walked_heap){ start, end, is_threads };
	return NULL;
}

/* Two headers without chunks, which end what malloc had in one piece; the second may say 0. `chunk`: as though the first had one. */
static bool is_fencepost(const struct hs_image *image, hs_addr chunk)
{
	uint64_t first = hs_image_word(image, chunk - CHUNK_OVERHEAD), second = hs_image_word(image, chunk + CHUNK_HEADER - CHUNK_OVERHEAD);

	return (first & ~CHUNK_FLAGS) == CHUNK_HEADER && (second & ~CHUNK_FLAGS) <= CHUNK_HEADER && second & PREVIOUS_IS_IN_USE;
}

/* True if some chunks in a row are sane from here: a look ahead before anything is marked. */
static bool chain_is_sane(const struct hs_image *image, hs_addr start, hs_addr end)
{
	hs_addr chunk = start;
	uint64_t size;

	for (unsigned i = 0; i < 32; i++) {
		if (!hs_image_u64(image, chunk - CHUNK_OVERHEAD, &size))
			return i > 0;
		if (i && is_fencepost(image, chunk))
			return true;
		uint64_t bytes = size & ~CHUNK_FLAGS;
		if (bytes < CHUNK_MIN || bytes & 15 || size & CHUNK_IS_MMAPPED || bytes > end + CHUNK_HEADER - chunk)
			return false;
		if (i == 0 && !(size & PREVIOUS_IS_IN_USE)) /* there is none before the first: said to be in use */
			return false;
		chunk += bytes;
		if (chunk - CHUNK_HEADER >= end)
			return true;
	}
	return true;
}

/* Where the anonymous part of the segment starts: behind .data and .bss, if the mappings touch. */
static hs_addr start_behind_statics(const struct hs_image *image, const struct hs_segment *segment)
{
	size_t n;
	const struct hs_static_range *statics = hs_image_static_ranges(image, &n);
	hs_addr start = segment->start;

	for (size_t i = 0; i < n; i++)
		if (statics[i].start < segment->end && statics[i].end > start && statics[i].end <= segment->end)
			start = statics[i].end;
	return start;
}

/*
 * Somebody else moved the end of the data segment (sbrk) between two requests of malloc's: then a fencepost ends what it had, and it
 * goes on behind what is not its own. 0: it does not.
 */
static hs_addr heap_goes_on(const struct malloc_chunks *chunks, hs_addr end, hs_addr segment_end)
{
	if (!is_fencepost(chunks->image, end))
		return 0;
	for (hs_addr start = end + CHUNK_HEADER; start < segment_end && start - end < MAX_FOREIGN_BYTES; start += CHUNK_HEADER)
		if (chain_is_sane(chunks->image, start + CHUNK_HEADER, segment_end))
			return start;
	return 0;
}

/* The main heap, or what passes for one. *ret_end: where it ends. */
static struct hs_error *walk_main_heap(struct malloc_chunks *chunks, hs_addr start, hs_addr segment_end, hs_addr *ret_end)
{
	*ret_end = start;
	if (!chain_is_sane(chunks->image, start + CHUNK_HEADER, segment_end))
		return NULL;
	for (unsigned i = 0; start && i < MAX_FOREIGN_PARTS; i++) {
		*ret_end = walk_chunks(chunks, start + CHUNK_HEADER, segment_end);
		HS_TRY(add_heap(chunks, start, *ret_end, false));
		start = heap_goes_on(chunks, *ret_end, segment_end);
	}
	return NULL;
}

static struct hs_error *walk_segment(struct malloc_chunks *chunks, const struct hs_segment *segment)
{
	hs_addr start = start_behind_statics(chunks->image, segment);

	if (start >= segment->end)
		return NULL;
	HS_TRY(walk_main_heap(chunks, start, segment->end, &start));
	hs_addr heap = (start + THREAD_HEAP_ALIGNMENT - 1) & ~(THREAD_HEAP_ALIGNMENT - 1);
	for (; heap < segment->end; heap += THREAD_HEAP_ALIGNMENT) {
		/* none is larger: behind that, what goes on like a chain would be walked again from each further multiple */
		hs_addr end = segment->end - heap < THREAD_HEAP_ALIGNMENT ? segment->end : heap + THREAD_HEAP_ALIGNMENT;
		/* the first heap of an arena starts with two structs, later ones with one: find the first chunk by its chain */
		for (hs_addr header = 32; header < MAX_THREAD_HEAP_HEADER; header += 16)
			if (chain_is_sane(chunks->image, heap + header + CHUNK_HEADER, end)) {
				HS_TRY(add_heap(chunks, heap + header, walk_chunks(chunks, heap + header + CHUNK_HEADER, end), true));
				break;
			}
	}
	return NULL;
}

/* What is free although its neighbours take it for in use. Sound lists share no chunk; chunks that only look like lists take a look or two each. */
static struct hs_error *take_cached(struct malloc_chunks *chunks)
{
	struct cached_budget budget = { 16 * chunks->n_starts + 4096 };

	HS_TRY(malloc_arenas_find(chunks));
	malloc_take_fastbins(chunks, &budget);
	return malloc_take_thread_caches(chunks, &budget);
}

struct hs_error *malloc_chunks_init(struct malloc_chunks *chunks, const struct hs_image *image)
{
	size_t n_segments;
	const struct hs_segment *segments = hs_image_segments(image, &n_segments);

	*chunks = (struct malloc_chunks){ .image = image };
	HS_TRY(address_marks_init(&chunks->starts, image));
	for (size_t i = 0; i < n_segments; i++)
		if (segments[i].is_writable)
			HS_TRY(walk_segment(chunks, &segments[i]));
	return take_cached(chunks);
}

void malloc_chunks_deinit(struct malloc_chunks *chunks)
{
	address_marks_deinit(&chunks->starts);
	hs_array_free(&chunks->heaps);
	hs_array_free(&chunks->arenas);
	hs_array_free(&chunks->tcaches);
}

struct malloc_walk malloc_walk_of(const struct walked_heap *heap)
{
	return (struct malloc_walk){ .next = heap->start + CHUNK_HEADER, .end = heap->end };
}

bool malloc_walk_next(const struct malloc_chunks *chunks, struct malloc_walk *walk)
{
	if (walk->next >= walk->end)
		return false;
	uint64_t bytes = hs_image_word(chunks->image, walk->next - CHUNK_OVERHEAD) & ~CHUNK_FLAGS;
	/* the walk before has seen sound sizes only; a page that is missing ends this one as it did that one */
	if (bytes < CHUNK_MIN || bytes > walk->end + CHUNK_HEADER - walk->next)
		return false;
	walk->chunk = walk->next;
	walk->bytes = bytes;
	walk->is_in_use = address_marks_has(&chunks->starts, walk->chunk);
	walk->next += bytes;
	return true;
}

static bool was_walked(const struct malloc_chunks *chunks, hs_addr address)
{
	size_t low = 0, high = chunks->heaps.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct walked_heap *heap = &chunks->heaps.items[middle];
		if (address < heap->start)
			high = middle;
		else if (address >= heap->end)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

/*
 * Objects/obmalloc.c, PYTHONMALLOC=debug and malloc_debug: the size asked for, a letter for the domain, seven 0xFD. A large
 * block has two of them when pymalloc hands the request on to the raw domain, which has its own.
 */
static bool has_hook_before(const struct hs_image *image, hs_addr start)
{
	static const uint8_t forbidden[7] = { 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd };
	const uint8_t *tag = hs_image_at(image, start - sizeof(uint64_t), sizeof(uint64_t));

	return tag && (tag[0] == 'o' || tag[0] == 'm' || tag[0] == 'r') && memcmp(tag + 1, forbidden, sizeof(forbidden)) == 0;
}

static hs_addr skip_hooks(const struct hs_image *image, hs_addr start)
{
	for (unsigned i = 0; i < 2 && has_hook_before(image, start); i++)
		start -= HOOK_BYTES;
	return start;
}

/* A chunk of its own mapping starts a page, is whole pages (glibc ≥ 2.43: counted without its header), and says so. 0: it is none. */
static uint64_t mmapped_chunk_bytes(const struct hs_segment *segment, hs_addr start, uint64_t header)
{
	uint64_t bytes = header & ~CHUNK_FLAGS;

	if ((bytes & (HS_PAGE_BYTES - 1)) == HS_PAGE_BYTES - CHUNK_HEADER)
		bytes += CHUNK_HEADER;
	if (!(header & CHUNK_IS_MMAPPED) || (start & (HS_PAGE_BYTES - 1)) != CHUNK_HEADER || bytes & (HS_PAGE_BYTES - 1))
		return 0;
	return bytes <= segment->end - (start - CHUNK_HEADER) ? bytes : 0;
}

static uint64_t chunk_for_request(uint64_t requested_bytes)
{
	uint64_t bytes = (requested_bytes + CHUNK_OVERHEAD + 15) & ~(uint64_t)15;

	return bytes < CHUNK_MIN ? CHUNK_MIN : bytes;
}

uint64_t malloc_chunk_bytes(const struct malloc_chunks *chunks, hs_addr start, uint64_t requested_bytes)
{
	const struct hs_image *image = chunks->image;
	uint64_t header;

	start = skip_hooks(image, start);
	const struct hs_segment *segment = hs_image_find(image, start);
	if (!segment || !segment->is_writable || start & 15 || start - segment->start < CHUNK_HEADER || hs_image_is_static(image, start))
		return 0;
	if (!hs_image_u64(image, start - CHUNK_OVERHEAD, &header))
		return chunk_for_request(requested_bytes);
	if (was_walked(chunks, start))
		return address_marks_has(&chunks->starts, start) ? header & ~CHUNK_FLAGS : 0;
	uint64_t bytes = mmapped_chunk_bytes(segment, start, header);
	if (bytes)
		return bytes;
	/* no heap of glibc's: another allocator, or one that a stop caught at work */
	return requested_bytes ? chunk_for_request(requested_bytes) : 0;
}

bool malloc_chunk_is_mapped(const struct malloc_chunks *chunks, hs_addr start)
{
	const struct hs_segment *segment = hs_image_find(chunks->image, start);
	uint64_t header;

	return segment && !was_walked(chunks, start) && start - segment->start >= CHUNK_HEADER &&
	       hs_image_u64(chunks->image, start - CHUNK_OVERHEAD, &header) && mmapped_chunk_bytes(segment, start, header);
}

bool malloc_chunk_is_proven(const struct malloc_chunks *chunks, hs_addr start)
{
	start = skip_hooks(chunks->image, start);
	return address_marks_has(&chunks->starts, start) || malloc_chunk_is_mapped(chunks, start);
}
