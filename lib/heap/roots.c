/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large untracked objects may be held by nothing but a local variable of a running call, a C variable or a field of the
 * interpreter. What is found here is found by a scan, and checked as such.
 */
#include "roots.h"

#include "data_stack.h"
#include "unicode.h"

/*
 * Scans what was captured of [start, end), but for pymalloc's pools: a binary's data has no end that is known where a mapping without
 * a name follows it, and that one may be an arena.
 */
static void scan_range(struct hs_heap *heap, hs_addr start, hs_addr end)
{
	/* a hostile pointer to the last page of 64 bits must not wrap around to the first */
	if (end >> 47)
		return;
	for (hs_addr at = (start + 7) & ~(hs_addr)7; at < end;) {
		hs_addr page_end = (at | (HS_PAGE_BYTES - 1)) + 1;
		const struct hs_pool *pool = hs_pool_of(heap->pymalloc, at);
		if (pool) {
			at = pool->base + heap->py->layout->features.pool_bytes;
			continue;
		}
		size_t bytes = (page_end < end ? page_end : end) - at;
		const void *words = hs_image_at(heap->py->image, at, bytes);
		if (words)
			hs_heap_scan_root(&heap->workers[0], words, bytes / sizeof(hs_addr));
		at = page_end;
	}
}

/* Large texts that a C variable keeps, and with them the object. */
static void scan_texts(struct hs_heap *heap, hs_addr start, hs_addr end)
{
	hs_addr at = (start + 7) & ~(hs_addr)7;
	struct hs_image_piece piece;

	while (hs_image_next_piece(heap->py->image, &at, end, &piece))
		for (size_t offset = 0; offset + 8 <= piece.bytes; offset += 8) {
			uint64_t word;
			memcpy(&word, (const uint8_t *)piece.data + offset, sizeof(word));
			if (word < HS_PAGE_BYTES || word >> 47 || word & 7 || hs_pool_of(heap->pymalloc, word))
				continue;
			hs_addr owner = hs_text_owner(heap->py, word);
			if (owner)
				hs_heap_add_candidate(&heap->workers[0], owner, false);
		}
}

struct data_stacks {
	struct hs_heap *heap;
	uint64_t budget; /* what all chunks together may have in bytes: they do not overlap, unless their chain runs in a circle */
};

/* 3.11+: locals and value stacks of Python calls. */
static void scan_data_stack(void *context, hs_addr start, hs_addr end)
{
	struct data_stacks *stacks = context;

	if (end - start > stacks->budget)
		return;
	stacks->budget -= end - start;
	scan_range(stacks->heap, start, end);
}

void hs_heap_scan_roots(struct hs_heap *heap)
{
	const struct hs_cpython *py = heap->py;
	size_t n_statics;
	const struct hs_static_range *statics = hs_image_static_ranges(py->image, &n_statics);

	for (size_t i = 0; i < py->interpreters.n; i++) {
		const struct hs_interpreter *interpreter = &py->interpreters.items[i];
		scan_range(heap, interpreter->address, interpreter->address + HS_SIZEOF(py->layout, PyInterpreterState));
		for (unsigned head = 0; head < HS_N_GC_HEADS; head++) {
			uint64_t first = 0;
			hs_image_u64(py->image, interpreter->gc_heads[head], &first);
			first &= HS_GC_POINTER_MASK;
			if (first && !hs_pool_of(heap->pymalloc, first))
				hs_heap_add_candidate(&heap->workers[0], first + HS_GC_HEAD_BYTES, true);
		}
	}
	struct data_stacks stacks = { heap, hs_image_mapped_bytes(py->image) };
	for (size_t i = 0; i < py->threads.n; i++) {
		hs_addr thread = py->threads.items[i];
		scan_range(heap, thread, thread + HS_SIZEOF(py->layout, PyThreadState));
		hs_data_stack_each(py, thread, scan_data_stack, &stacks);
	}
	for (size_t i = 0; i < n_statics; i++) {
		const struct hs_segment *segment = hs_image_find(py->image, statics[i].start);
		if (!segment || !segment->is_writable)
			continue;
		scan_range(heap, statics[i].start, statics[i].end);
		scan_texts(heap, statics[i].start, statics[i].end);
	}
}
