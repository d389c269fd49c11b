/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory outside of objects and allocators: data of binaries, C stacks above their pointers, whatever else is mapped writable. Only words
 * that name objects or blocks stay, and of what objects keep their bytes in, nothing.
 */
#include "malloc_chunk.h"
#include "redact_internal.h"

#define WORD 8
#define RED_ZONE_BYTES 128
#define MAX_STACK_BYTES ((uint64_t)64 << 20)

/* A C stack: what lies below its pointer is stale. */
static void keep_stack(struct redaction *redaction, const struct hs_stopped_thread *thread)
{
	hs_addr start = thread->registers.rsp - RED_ZONE_BYTES;
	const struct hs_segment *segment = thread->has_registers ? hs_image_find(redaction->py->image, start) : NULL;

	if (!segment)
		return;
	hs_addr end = segment->end - start < MAX_STACK_BYTES ? segment->end : start + MAX_STACK_BYTES;
	/* a thread's own data stands right above its stack, and a segment may go on with pools */
	if (thread->registers.fs_base > start && thread->registers.fs_base < end)
		end = thread->registers.fs_base;
	known_range_keep(redaction->heap, &redaction->blank, start, end, true);
}

/* [start, end) but for the parts that objects own. */
static void keep_between_owned(struct redaction *redaction, hs_addr start, hs_addr end, bool with_text)
{
	size_t low = 0, high = redaction->owned.n;

	/* ranges are disjoint in an honest heap; in another one the widest that starts before may be missed, which only keeps more words */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (redaction->owned.items[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	for (; start < end && low < redaction->owned.n && redaction->owned.items[low].start < end; low++) {
		const struct owned_range *owned = &redaction->owned.items[low];
		if (owned->start > start)
			known_range_keep(redaction->heap, &redaction->blank, start, owned->start, with_text);
		if (owned->end > start)
			start = owned->end;
	}
	if (start < end)
		known_range_keep(redaction->heap, &redaction->blank, start, end, with_text);
}

/* Where in the segment the next part begins that another pass keeps or that is no loose memory, and where that ends. */
struct taken {
	hs_addr start, end;
};

HS_ARRAY_TYPE(taken_ranges, struct taken);

static bool add_taken(struct taken_ranges *ranges, hs_addr start, hs_addr end)
{
	struct taken *slot = end > start ? hs_array_append(ranges) : NULL;

	if (slot)
		*slot = (struct taken){ start, end };
	return slot || end <= start;
}

static int compare_taken(const void *a, const void *b)
{
	const struct taken *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* Pools, heaps of malloc, C stacks: each has a pass of its own. */
static bool gather_taken(struct redaction *redaction, struct taken_ranges *ranges)
{
	const struct hs_heap *heap = redaction->heap;
	const struct hs_thread_list *threads = &redaction->capture->threads;
	bool is_done = true;

	for (size_t i = 0; i < heap->pymalloc->arenas.n; i++)
		is_done &= add_taken(ranges, heap->pymalloc->arenas.items[i].address,
				     heap->pymalloc->arenas.items[i].address + redaction->layout->features.arena_bytes);
	for (size_t i = 0; i < heap->chunks->heaps.n; i++)
		is_done &= add_taken(ranges, heap->chunks->heaps.items[i].start, heap->chunks->heaps.items[i].end);
	for (size_t i = 0; i < threads->n; i++) {
		hs_addr pointer = threads->items[i].registers.rsp;
		const struct hs_segment *segment = threads->items[i].has_registers ? hs_image_find(redaction->py->image, pointer) : NULL;
		if (segment)
			is_done &= add_taken(ranges, segment->start, pointer);
	}
	if (ranges->n)
		qsort(ranges->items, ranges->n, sizeof(*ranges->items), compare_taken);
	return is_done;
}

/* Chunks that are mappings of their own have been looked at, and their pages are left out here. */
static hs_addr end_of_mapped_chunk(const struct hs_heap *heap, hs_addr page)
{
	hs_addr chunk = page + 16;

	if (hs_pool_of(heap->pymalloc, chunk) || !malloc_chunk_is_mapped(heap->chunks, chunk))
		return 0;
	return page + malloc_chunk_bytes(heap->chunks, chunk, 0);
}

static void keep_loose(struct redaction *redaction, hs_addr start, hs_addr end)
{
	hs_addr from = start;

	for (hs_addr page = (start + HS_PAGE_BYTES - 1) & ~(hs_addr)(HS_PAGE_BYTES - 1); page < end;) {
		hs_addr chunk_end = end_of_mapped_chunk(redaction->heap, page);
		if (!chunk_end) {
			page += HS_PAGE_BYTES;
			continue;
		}
		keep_between_owned(redaction, from, page, true);
		from = page = chunk_end;
	}
	if (from < end)
		keep_between_owned(redaction, from, end, true);
}

static void keep_segment(struct redaction *redaction, const struct hs_segment *segment, const struct taken_ranges *taken)
{
	hs_addr at = segment->start;

	for (size_t i = 0; i < taken->n && at < segment->end; i++) {
		const struct taken *range = &taken->items[i];
		if (range->end <= at)
			continue;
		if (range->start >= segment->end)
			break;
		if (range->start > at)
			keep_loose(redaction, at, range->start);
		at = range->end;
	}
	if (at < segment->end)
		keep_loose(redaction, at, segment->end);
}

struct hs_error *redact_native(struct redaction *redaction)
{
	size_t n_segments;
	const struct hs_segment *segments = hs_image_segments(redaction->py->image, &n_segments);
	struct taken_ranges taken = { 0 };

	if (!gather_taken(redaction, &taken)) {
		hs_array_free(&taken);
		return hs_error_no_memory();
	}
	for (size_t i = 0; i < n_segments; i++)
		if (segments[i].is_writable)
			keep_segment(redaction, &segments[i], &taken);
	hs_array_free(&taken);
	for (size_t i = 0; i < redaction->capture->threads.n; i++)
		keep_stack(redaction, &redaction->capture->threads.items[i]);
	return NULL;
}
