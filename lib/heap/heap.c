/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the passes over a heap, and what comes out of them. */
#include "heap.h"

#include <stdlib.h>

#include "heap_internal.h"
#include "malloc_chunk.h"
#include "monotonic.h"
#include "roots.h"
#include "workers.h"

/*
 * PYTHONMALLOC=debug and pymalloc_debug put a hook before each block: its size, then the letter of its domain and seven
 * 0xFD. One look at a few blocks tells, because every block has it or none.
 */
static bool block_has_hook(const struct hs_pymalloc *pymalloc, const struct hs_pool *pool, uint32_t index)
{
	static const uint8_t forbidden[7] = { 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd };
	const uint8_t *block = pool->data + pymalloc->header_bytes + (size_t)index * pool->block_bytes;

	return pool->block_bytes > HS_DEBUG_HOOK_BYTES && (block[8] == 'o' || block[8] == 'm') &&
	       memcmp(block + 9, forbidden, sizeof(forbidden)) == 0;
}

static bool has_debug_hooks(const struct hs_pymalloc *pymalloc)
{
	unsigned n_seen = 0, n_hooked = 0;

	for (size_t i = 0; i < pymalloc->pools.n && n_seen < 64; i++) {
		const struct hs_pool *pool = &pymalloc->pools.items[i];
		struct hs_pool_bits free_blocks;
		hs_pool_free_blocks(pymalloc, pool, &free_blocks);
		for (uint32_t index = 0; index < pool->n_blocks && n_seen < 64; index++)
			if (!hs_pool_bit(&free_blocks, index)) {
				n_seen++;
				n_hooked += block_has_hook(pymalloc, pool, index);
			}
	}
	return n_hooked * 2 > n_seen;
}

static struct hs_error *allocate(struct hs_heap *heap)
{
	HS_TRY(hs_pymalloc_open(heap->py, &heap->pymalloc));
	heap->hook_bytes = has_debug_hooks(heap->pymalloc) ? HS_DEBUG_HOOK_BYTES : 0;
	heap->blocks = calloc((size_t)heap->pymalloc->n_blocks + 1, 1);
	heap->workers = aligned_alloc(WORKER_ALIGNMENT, heap->n_workers * sizeof(*heap->workers));
	heap->chunks = calloc(1, sizeof(*heap->chunks));
	for (unsigned i = 0; heap->workers && i < heap->n_workers; i++)
		hs_heap_worker_init(&heap->workers[i], heap);
	if (!heap->blocks || !heap->workers || !heap->chunks)
		return hs_error_no_memory();
	HS_TRY(malloc_chunks_init(heap->chunks, heap->py->image));
	HS_TRY(address_marks_init(&heap->met, heap->py->image));
	HS_TRY(address_marks_init(&heap->guessed, heap->py->image));
	HS_TRY(address_marks_init(&heap->accepted, heap->py->image));
	HS_TRY(address_marks_init(&heap->claimed, heap->py->image));
	/* the runtime's own structs are nobody's storage, though thread objects and others point to them */
	for (size_t i = 0; i < heap->py->interpreters.n; i++)
		address_marks_set(&heap->claimed, heap->py->interpreters.items[i].address);
	for (size_t i = 0; i < heap->py->threads.n; i++)
		address_marks_set(&heap->claimed, heap->py->threads.items[i]);
	return NULL;
}

static void add_totals(struct hs_type_totals *sum, const struct hs_type_totals *part)
{
	sum->count += part->count;
	sum->gc_tracked += part->gc_tracked;
	sum->bytes += part->bytes;
	sum->getsizeof_bytes += part->getsizeof_bytes;
}

static int compare_outside(const void *a, const void *b)
{
	const struct outside_object *left = a, *right = b;

	return left->address < right->address ? -1 : left->address > right->address;
}

/* What only the passes need: for a process without pools, as much as a quarter of its objects' memory. */
static void free_scratch(struct worker *worker)
{
	hs_array_free(&worker->candidates);
	hs_array_free(&worker->adoptions);
	hs_array_free(&worker->outside);
	hs_array_free(&worker->payloads);
	hs_array_free(&worker->mentions);
}

/* Sums up what the workers found; nothing of it depends on who found it. */
static struct hs_error *gather(struct hs_heap *heap)
{
	size_t n_types;

	gather_from_workers(heap, &heap->outside, outside);
	gather_from_workers(heap, &heap->payloads, payloads);
	gather_from_workers(heap, &heap->mentions, mentions);
	hs_types_all(heap->types, &n_types);
	for (size_t i = 0; i < n_types; i++)
		if (!hs_array_append(&heap->totals))
			return hs_error_no_memory();
	for (unsigned i = 0; i < heap->n_workers; i++) {
		struct worker *worker = &heap->workers[i];
		if (worker->out_of_memory)
			return hs_error_no_memory();
		for (size_t type = 0; type < worker->totals.n; type++)
			add_totals(&heap->totals.items[type], &worker->totals.items[type]);
		heap->figures.n_unreadable += worker->n_unreadable;
		heap->figures.n_not_followed += worker->budget.n_not_followed;
		heap->figures.chunk_bytes += worker->chunk_bytes;
		heap->figures.explained_pool_bytes += worker->explained_pool_bytes;
		heap->figures.runtime_bytes += worker->runtime_bytes;
		free_scratch(worker);
	}
	address_marks_deinit(&heap->met);
	address_marks_deinit(&heap->guessed);
	if (heap->outside.n)
		qsort(heap->outside.items, heap->outside.n, sizeof(*heap->outside.items), compare_outside);
	for (size_t type = 0; type < heap->totals.n; type++)
		heap->figures.n_objects += heap->totals.items[type].count;
	heap->figures.n_swept = heap->figures.n_objects - heap->outside.n;
	heap->figures.live_pool_bytes = heap->pymalloc->live_bytes;
	return NULL;
}

static struct hs_error *sweep_and_visit(struct hs_heap *heap)
{
	uint64_t begin = hs_monotonic_ns();

	hs_heap_sweep(heap);
	HS_TRY(hs_check_cancelled(heap->cancel));
	uint64_t swept = hs_monotonic_ns();
	hs_heap_visit_pools(heap);
	heap->figures.n_pool_blocks = heap->pymalloc->n_blocks;
	heap->figures.sweep_ns = swept - begin;
	heap->figures.visit_ns = hs_monotonic_ns() - swept;
	return hs_check_cancelled(heap->cancel);
}

static struct hs_error *enumerate(struct hs_heap *heap)
{
	HS_TRY(allocate(heap));
	HS_TRY(sweep_and_visit(heap));
	hs_heap_scan_roots(heap);
	hs_heap_close_over(heap);
	HS_TRY(hs_check_cancelled(heap->cancel));
	hs_heap_remove_ghosts(heap);
	hs_heap_close_over(heap);
	HS_TRY(hs_check_cancelled(heap->cancel));
	hs_heap_adopt_blocks(heap);
	return gather(heap);
}

struct hs_error *hs_heap_open(const struct hs_cpython *py, struct hs_types *types, const struct hs_heap_options *options,
			      struct hs_heap **ret)
{
	struct hs_heap *heap = calloc(1, sizeof(*heap));

	if (!heap)
		return hs_error_no_memory();
	heap->py = py;
	heap->types = types;
	/* that instances refer to their class is not reported: of a type, only a search of its own would find them */
	heap->wanted = options && options->wanted && !hs_type_at(types, options->wanted) ? options->wanted : 0;
	heap->n_workers = options && options->n_workers ? options->n_workers : hs_workers_default();
	heap->cancel = options ? options->cancel : NULL;
	struct hs_error *error = enumerate(heap);
	if (error) {
		hs_heap_close(heap);
		return error;
	}
	*ret = heap;
	return NULL;
}

const struct hs_cancel *hs_heap_cancel(const struct hs_heap *heap)
{
	return heap->cancel;
}

void hs_heap_close(struct hs_heap *heap)
{
	if (!heap)
		return;
	for (unsigned i = 0; heap->workers && i < heap->n_workers; i++) {
		hs_array_free(&heap->workers[i].totals);
		free_scratch(&heap->workers[i]);
	}
	free(heap->workers);
	free(heap->blocks);
	if (heap->chunks)
		malloc_chunks_deinit(heap->chunks);
	free(heap->chunks);
	address_marks_deinit(&heap->met);
	address_marks_deinit(&heap->guessed);
	address_marks_deinit(&heap->accepted);
	address_marks_deinit(&heap->claimed);
	hs_pymalloc_close(heap->pymalloc);
	hs_array_free(&heap->outside);
	hs_array_free(&heap->payloads);
	hs_array_free(&heap->adopted);
	hs_array_free(&heap->mentions);
	hs_array_free(&heap->totals);
	free(heap);
}

const struct hs_heap_figures *hs_heap_figures(const struct hs_heap *heap)
{
	return &heap->figures;
}

const struct hs_type_totals *hs_heap_totals(const struct hs_heap *heap, size_t *ret_n)
{
	*ret_n = heap->totals.n;
	return heap->totals.items;
}

bool hs_heap_is_payload(const struct hs_heap *heap, hs_addr start)
{
	for (size_t i = 0; i < heap->payloads.n; i++)
		if (heap->payloads.items[i] == start)
			return true;
	return false;
}
