/* SPDX-License-Identifier: Apache-2.0 */
/* Writable memory without what others know: first the ranges that are known, then a pass over the rest. */
#include "loose_words.h"

#include <stdlib.h>

#include "graph_internal.h"
#include "malloc_chunk.h"
#include "static_data.h"

#define CHUNK_HEADER 16
#define MAX_STACK_CHUNKS 4096

struct range {
	hs_addr start, end;
};

struct pass {
	const struct hs_graph *graph;
	const uint64_t *wanted;
	uint64_t *met;
	HS_ARRAY(struct range) known;
	struct hs_late_roots *ret;
	bool out_of_memory;
};

static void add_range(struct pass *pass, hs_addr start, hs_addr end)
{
	struct range *slot = end > start ? hs_array_append(&pass->known) : NULL;

	if (slot)
		*slot = (struct range){ start, end };
	pass->out_of_memory |= end > start && !slot;
}

static void add_arenas(struct pass *pass, const struct hs_interpreter *interpreter)
{
	const struct hs_cpython *py = pass->graph->heap->py;
	uint32_t stride = HS_SIZEOF(py->layout, arena_object);

	for (uint32_t i = 0; i < interpreter->n_arenas; i++) {
		hs_addr arena = interpreter->arenas + (hs_addr)i * stride;
		hs_addr address = hs_image_word(py->image, arena + (uint32_t)HS_OFFSET(py->layout, arena_object, address));
		if (address && !(address >> 47))
			add_range(pass, address, address + py->layout->features.arena_bytes);
	}
}

/* 3.11+: where calls of Python functions keep their variables; what lies behind the innermost is stale. */
static void add_data_stack(struct pass *pass, hs_addr thread)
{
	const struct hs_cpython *py = pass->graph->heap->py;

	if (!HS_HAS(py->layout, PyThreadState, datastack_chunk))
		return;
	hs_addr chunk = hs_image_word(py->image, thread + (uint32_t)HS_OFFSET(py->layout, PyThreadState, datastack_chunk));
	for (unsigned i = 0; chunk && i < MAX_STACK_CHUNKS; i++) {
		uint64_t bytes = hs_image_word(py->image, chunk + (uint32_t)HS_OFFSET(py->layout, PyStackChunk, size));
		const struct hs_segment *segment = hs_image_find(py->image, chunk);
		if (!segment || bytes > segment->end - chunk)
			return;
		add_range(pass, chunk, chunk + bytes);
		chunk = hs_image_word(py->image, chunk + (uint32_t)HS_OFFSET(py->layout, PyStackChunk, previous));
	}
}

static void add_stacks(struct pass *pass, const struct hs_thread_list *threads)
{
	for (size_t i = 0; threads && i < threads->n; i++) {
		const struct hs_segment *segment =
			threads->items[i].has_registers ? hs_image_find(pass->graph->heap->py->image, threads->items[i].registers.rsp) : NULL;
		if (segment)
			add_range(pass, segment->start, segment->end);
	}
}

/* A mapping behind a binary's data may look like a part of it: the binary's own headers say where that ends. */
static bool add_static(void *context, hs_addr start, hs_addr end)
{
	add_range(context, start, end);
	return true;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static void gather_known(struct pass *pass, const struct hs_thread_list *threads)
{
	const struct hs_heap *heap = pass->graph->heap;

	for (size_t i = 0; i < heap->py->interpreters.n; i++)
		add_arenas(pass, &heap->py->interpreters.items[i]);
	for (size_t i = 0; i < heap->py->threads.n; i++)
		add_data_stack(pass, heap->py->threads.items[i]);
	for (size_t i = 0; i < heap->chunks->heaps.n; i++)
		add_range(pass, heap->chunks->heaps.items[i].start, heap->chunks->heaps.items[i].end);
	add_stacks(pass, threads);
	hs_static_data_each(heap->py->image, add_static, pass);
	if (pass->known.n)
		qsort(pass->known.items, pass->known.n, sizeof(*pass->known.items), compare_ranges);
}

static void look_at_page(struct pass *pass, hs_addr page)
{
	const uint8_t *words = hs_image_at(pass->graph->heap->py->image, page, HS_PAGE_BYTES);

	for (size_t offset = 0; words && offset < HS_PAGE_BYTES; offset += sizeof(uint64_t)) {
		uint64_t word, bit;
		memcpy(&word, words + offset, sizeof(word));
		if (word < HS_PAGE_BYTES || word >> 47 || word & 7)
			continue;
		hs_node node = hs_graph_node_at(pass->graph, word);
		bit = (uint64_t)1 << node % 64;
		if (node == HS_NO_NODE || !(pass->wanted[node / 64] & bit) || pass->met[node / 64] & bit)
			continue;
		pass->met[node / 64] |= bit;
		struct hs_late_root *slot = hs_array_append(pass->ret);
		if (slot)
			*slot = (struct hs_late_root){ .node = node, .kind = HS_LATE_NATIVE, .where = page + offset };
		pass->out_of_memory |= !slot;
	}
}

/* Large chunks of malloc are mappings of their own, of whole pages: where one starts, its size; else 0. */
static uint64_t mapped_chunk_bytes(const struct hs_heap *heap, hs_addr page)
{
	hs_addr chunk = page + CHUNK_HEADER;
	uint64_t bytes = malloc_chunk_bytes(heap->chunks, chunk, 0);

	return bytes && !(bytes & (HS_PAGE_BYTES - 1)) && malloc_chunk_is_proven(heap->chunks, chunk) ? bytes : 0;
}

static void look_at_segment(struct pass *pass, const struct hs_segment *segment)
{
	const struct hs_heap *heap = pass->graph->heap;
	size_t next = 0;

	for (hs_addr page = segment->start; (page = hs_image_next_present(heap->py->image, page, segment->end)) < segment->end;) {
		/* ranges may overlap: a stack's mapping may have been joined with others */
		while (next < pass->known.n && pass->known.items[next].end <= page)
			next++;
		uint64_t bytes = mapped_chunk_bytes(heap, page);
		if (next < pass->known.n && pass->known.items[next].start < page + HS_PAGE_BYTES)
			page = (pass->known.items[next].end + HS_PAGE_BYTES - 1) & ~(hs_addr)(HS_PAGE_BYTES - 1);
		else if (bytes)
			page += bytes;
		else {
			look_at_page(pass, page);
			page += HS_PAGE_BYTES;
		}
	}
}

struct hs_error *hs_loose_words_find(const struct hs_graph *graph, const struct hs_thread_list *threads, const uint64_t *wanted,
				     struct hs_late_roots *ret)
{
	struct pass pass = { .graph = graph, .wanted = wanted, .ret = ret, .met = calloc((size_t)graph->n_nodes / 64 + 1, sizeof(uint64_t)) };
	size_t n_segments;
	const struct hs_segment *segments = hs_image_segments(graph->heap->py->image, &n_segments);

	if (!pass.met)
		return hs_error_no_memory();
	gather_known(&pass, threads);
	for (size_t i = 0; i < n_segments && !pass.out_of_memory; i++)
		if (segments[i].is_writable)
			look_at_segment(&pass, &segments[i]);
	hs_array_free(&pass.known);
	free(pass.met);
	return pass.out_of_memory ? hs_error_no_memory() : NULL;
}
