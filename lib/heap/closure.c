/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects outside the pools: larger than pymalloc serves, or static. They are reached from references and GC links that
 * leave the pools, from the runtime's own structs, and from one another. Rounds over a work list; no recursion.
 */
#include "heap_internal.h"
#include "malloc_chunk.h"
#include "workers.h"

#define CANDIDATES_PER_CHUNK 256

static uint64_t outside_block_bytes(const struct hs_heap *heap, const struct hs_object *object)
{
	return malloc_chunk_bytes(heap->chunks, object->address - object->head_bytes, object->head_bytes + object->body_bytes);
}

bool hs_heap_outside_object(const struct hs_heap *heap, hs_addr address, struct hs_object *ret, uint64_t *ret_block_bytes)
{
	if (!hs_object_at(heap->py, heap->types, address, ret))
		return false;
	*ret_block_bytes = outside_block_bytes(heap, ret);
	/* items may go on behind ob_size: struct sequences hide their unnamed fields there */
	uint64_t usable = *ret_block_bytes - *ret_block_bytes % sizeof(uint64_t);
	if (usable && ret->type->itemsize && usable - sizeof(uint64_t) > ret->head_bytes + ret->body_bytes &&
	    hs_image_at(heap->py->image, address, usable - sizeof(uint64_t) - ret->head_bytes))
		ret->body_bytes = usable - sizeof(uint64_t) - ret->head_bytes;
	return true;
}

/*
 * A word met by a scan may point to what only looks like an object: a freed one whose refcount became the link of a
 * free list (3.14+), a struct that starts like one. So in a chunk its refcount must be no address of the target, and
 * its neighbours on the collector's list must know it.
 */
static bool guess_is_sound(const struct hs_heap *heap, const struct hs_object *object, uint64_t block_bytes)
{
	const struct hs_image *image = heap->py->image;
	uint64_t refcount = hs_body_u64(object, HS_OFFSET(heap->py->layout, PyObject, ob_refcnt));
	bool is_static = hs_image_is_static(image, object->address);

	/* static structs of pointers to objects and types (datetime's C interface) */
	if (hs_object_at(heap->py, heap->types, refcount, &(struct hs_object){ 0 }))
		return false;
	if (!is_static && (hs_image_find(image, refcount) || !block_bytes ||
			   !malloc_chunk_is_proven(heap->chunks, object->address - object->head_bytes)))
		return false;
	if (!hs_heap_is_tracked(object) || heap->py->is_collecting)
		return true;
	hs_addr head = object->address - HS_GC_HEAD_BYTES;
	uint64_t next = hs_body_u64(&(struct hs_object){ .body = object->body - HS_GC_HEAD_BYTES, .body_bytes = 8 }, 0);
	uint64_t back = 0;
	hs_image_u64(image, (next & HS_GC_POINTER_MASK) + sizeof(uint64_t), &back);
	return (back & HS_GC_POINTER_MASK) == head;
}

static void note_gc_links(struct worker *worker, const struct hs_object *object)
{
	struct hs_heap *heap = worker->heap;
	uint64_t links[2];

	if (!hs_heap_is_tracked(object))
		return;
	memcpy(links, object->body - HS_GC_HEAD_BYTES, sizeof(links));
	for (unsigned i = 0; i < (heap->py->is_collecting ? 1u : 2u); i++) {
		hs_addr link = links[i] & HS_GC_POINTER_MASK;
		if (link && !hs_pool_of(heap->pymalloc, link))
			hs_heap_add_candidate(worker, link + HS_GC_HEAD_BYTES, true);
	}
}

static void look_at(struct worker *worker, const struct candidate *candidate)
{
	struct hs_heap *heap = worker->heap;
	struct hs_object object;
	uint64_t block_bytes;

	if (hs_pool_of(heap->pymalloc, candidate->address) ||
	    !hs_heap_outside_object(heap, candidate->address, &object, &block_bytes) ||
	    (!candidate->is_exact && !guess_is_sound(heap, &object, block_bytes)) ||
	    !address_marks_set(&heap->accepted, candidate->address))
		return;
	struct outside_object *slot = hs_array_append(&worker->outside);
	if (!slot) {
		worker->out_of_memory = true;
		return;
	}
	slot->address = object.address;
	if (block_bytes) {
		address_marks_set(&heap->claimed, object.address - object.head_bytes);
		worker->chunk_bytes += block_bytes;
	}
	if (block_bytes >= PAYLOAD_MIN_BYTES && object.type->kind->is_raw)
		hs_heap_add_payload(worker, object.address - object.head_bytes);
	note_gc_links(worker, &object);
	hs_heap_visit_object(worker, &object, block_bytes, hs_heap_is_tracked(&object));
}

struct round {
	struct hs_heap *heap;
	struct candidates candidates;
};

static void look_at_range(void *context, size_t begin, size_t end, unsigned worker_index)
{
	struct round *round = context;

	for (size_t i = begin; i < end; i++)
		look_at(&round->heap->workers[worker_index], &round->candidates.items[i]);
}

/* A type that has instances is an object, whoever else refers to it. */
static void add_types(struct hs_heap *heap)
{
	size_t n;
	const struct hs_type *const *types = hs_types_all(heap->types, &n);

	for (; heap->n_types_added < n; heap->n_types_added++)
		hs_heap_add_candidate(&heap->workers[0], types[heap->n_types_added]->address, true);
}

void hs_heap_close_over(struct hs_heap *heap)
{
	struct round round = { .heap = heap };

	add_types(heap);
	while (gather_from_workers(heap, &round.candidates, candidates)) {
		hs_workers_run(look_at_range, &round, round.candidates.n, CANDIDATES_PER_CHUNK, heap->n_workers);
		add_types(heap);
	}
	hs_array_free(&round.candidates);
}
