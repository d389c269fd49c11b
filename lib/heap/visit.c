/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visiting objects: their totals, the blocks that they claim as storage, the references that leave the pools. A block
 * or chunk that two objects claim counts for the first only.
 */
#include <stdatomic.h>

#include "heap_internal.h"
#include "malloc_chunk.h"
#include "workers.h"

#define POOLS_PER_CHUNK 64
#define TAG_BITS ((uint64_t)7) /* tagged references of frames, of xml.etree's text and tail: the two low bits */
#define UNUSED_TAG_BIT ((uint64_t)4)

/* Other threads may be claiming blocks meanwhile. */
static uint8_t block_state(const struct hs_heap *heap, const struct hs_pool *pool, uint32_t index)
{
	return atomic_load_explicit((_Atomic uint8_t *)&heap->blocks[pool->first_block + index], memory_order_relaxed);
}

static struct hs_type_totals *add_totals_slots(struct worker *worker, uint32_t type_index)
{
	static const struct hs_type_totals zero;

	if (!hs_array_reserve(&worker->totals, (size_t)type_index + 1)) {
		worker->out_of_memory = true;
		return NULL;
	}
	while (worker->totals.n <= type_index)
		worker->totals.items[worker->totals.n++] = zero;
	return &worker->totals.items[type_index];
}

struct hs_type_totals *hs_heap_totals_slot(struct worker *worker, uint32_t type_index)
{
	return type_index < worker->totals.n ? &worker->totals.items[type_index] : add_totals_slots(worker, type_index);
}

void hs_heap_add_candidate(struct worker *worker, hs_addr address, bool is_exact)
{
	/* no object stands there, and the marks tell no two addresses in a word apart */
	if (address & 7)
		return;
	/* a scan's word is only a guess: it must not hide a later exact reference to the same address */
	hs_addr *recent = &worker->recent[is_exact][address >> 3 & (RECENT_SLOTS - 1)];

	if (*recent == address)
		return;
	*recent = address;
	if (!address_marks_set(is_exact ? &worker->heap->met : &worker->heap->guessed, address))
		return;
	struct candidate *candidate = hs_array_append(&worker->candidates);
	if (!candidate) {
		worker->out_of_memory = true;
		return;
	}
	*candidate = (struct candidate){ .address = address, .is_exact = is_exact };
}

/* The pool block that starts exactly at `start` (behind debug hooks, if there are any), or false. */
static bool find_block(const struct hs_heap *heap, hs_addr start, const struct hs_pool **ret_pool, uint32_t *ret_index)
{
	const struct hs_pool *pool = hs_pool_of(heap->pymalloc, start);

	if (!pool)
		return false;
	hs_addr block = start - heap->hook_bytes;
	uint32_t index = block < pool->base ? UINT32_MAX : hs_pool_block_at(heap->pymalloc, pool, block);
	if (index >= pool->n_blocks || hs_pool_block_address(heap->pymalloc, pool, index) != block)
		return false;
	*ret_pool = pool;
	*ret_index = index;
	return true;
}

uint64_t hs_heap_storage_block_bytes(const struct hs_heap *heap, hs_addr start, uint64_t requested_bytes)
{
	const struct hs_pool *pool;
	uint32_t index;

	if (find_block(heap, start, &pool, &index))
		return pool->block_bytes;
	if (hs_pool_of(heap->pymalloc, start))
		return 0;
	return malloc_chunk_bytes(heap->chunks, start, requested_bytes);
}

void hs_heap_add_payload(struct worker *worker, hs_addr start)
{
	hs_addr *slot = hs_array_append(&worker->payloads);

	if (slot)
		*slot = start;
	else
		worker->out_of_memory = true;
}

static void claim_storage(void *context, hs_addr start, uint64_t bytes)
{
	struct worker *worker = context;
	struct hs_heap *heap = worker->heap;
	const struct hs_pool *pool;
	uint32_t index;

	if (!visit_budget_take(&worker->budget, &worker->visitor, 1))
		return;
	if (find_block(heap, start, &pool, &index)) {
		_Atomic uint8_t *state = (_Atomic uint8_t *)&heap->blocks[pool->first_block + index];
		if (worker->object_is_doubtful && atomic_load_explicit(state, memory_order_relaxed) & BLOCK_OBJECT)
			return;
		uint8_t before = atomic_fetch_or_explicit(state, BLOCK_CLAIMED, memory_order_relaxed);
		if (before & BLOCK_LIVE && !(before & BLOCK_CLAIMED)) {
			worker->storage_bytes += pool->block_bytes;
			worker->explained_pool_bytes += pool->block_bytes;
		}
		return;
	}
	uint64_t chunk = hs_heap_storage_block_bytes(heap, start, bytes);
	if (chunk >= PAYLOAD_MIN_BYTES && worker->object->type->kind->is_raw)
		hs_heap_add_payload(worker, start);
	if (chunk && address_marks_set(&heap->claimed, start)) {
		worker->storage_bytes += chunk;
		worker->chunk_bytes += chunk;
	}
}

static void follow_references(void *context, const struct hs_reference_run *run)
{
	struct worker *worker = context;
	const struct hs_pymalloc *pymalloc = worker->heap->pymalloc;
	const uint8_t *at = run->words;
	bool is_exact = !(run->relation & HS_SCANNED);

	if (!visit_budget_take(&worker->budget, &worker->visitor, run->n))
		return;
	for (size_t i = 0; i < run->n; i++, at += run->stride) {
		hs_addr address;
		memcpy(&address, at, sizeof(address));
		address &= ~TAG_BITS;
		if (address && !hs_pool_of(pymalloc, address))
			hs_heap_add_candidate(worker, address, is_exact);
	}
}

static void add_adoption(struct worker *worker, hs_addr block)
{
	struct adoption *adoption = hs_array_append(&worker->adoptions);

	if (!adoption) {
		worker->out_of_memory = true;
		return;
	}
	*adoption = (struct adoption){
		.block = block,
		.owner = worker->object ? worker->object->address : 0,
		.owner_type = worker->object ? worker->object->type->index : NO_TYPE,
	};
}

/*
 * A scanned word that points to a live block which is no object may make that block the object's storage. It may also
 * point past a GC head: to a dead object that is kept for reuse (a code object's frame up to 3.9, free lists).
 */
static void note_adoption(struct worker *worker, hs_addr word)
{
	struct hs_heap *heap = worker->heap;
	const struct hs_pool *pool;
	uint32_t index;

	if (find_block(heap, word, &pool, &index)) {
		uint8_t state = block_state(heap, pool, index);
		if ((state & (BLOCK_LIVE | BLOCK_OBJECT | BLOCK_CLAIMED)) == BLOCK_LIVE || state & BLOCK_DOUBTFUL)
			add_adoption(worker, word);
	} else if (find_block(heap, word - HS_GC_HEAD_BYTES, &pool, &index) &&
		   (block_state(heap, pool, index) & (BLOCK_LIVE | BLOCK_OBJECT | BLOCK_CLAIMED)) == BLOCK_LIVE) {
		add_adoption(worker, word - HS_GC_HEAD_BYTES);
	}
}

/* The same outside the pools: a chunk that a C object points to, unless it holds an object. */
static void note_chunk_adoption(struct worker *worker, hs_addr word)
{
	const struct hs_image *image = worker->heap->py->image;
	const struct hs_segment *segment = hs_image_find(image, word);

	if (!segment || !segment->is_writable || word & 15 || hs_image_is_static(image, word) ||
	    address_marks_has(&worker->heap->accepted, word))
		return;
	add_adoption(worker, word);
}

static void scan_words(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct worker *worker = context;
	const struct hs_pymalloc *pymalloc = worker->heap->pymalloc;
	const uint8_t *at = words;

	for (size_t i = 0; i < n; i++, at += sizeof(hs_addr)) {
		hs_addr word;
		memcpy(&word, at, sizeof(word));
		if (word < HS_PAGE_BYTES || word >> 47 || word & UNUSED_TAG_BIT)
			continue;
		word &= ~TAG_BITS;
		if (hs_pool_of(pymalloc, word)) {
			note_adoption(worker, word);
			continue;
		}
		if (what == HS_SCAN_ALL)
			hs_heap_add_candidate(worker, word, false);
		if (worker->scans_c_struct)
			note_chunk_adoption(worker, word);
	}
}

/* True the first time that the object being visited mentions what is wanted. */
static bool is_new_mention(const struct worker *worker)
{
	return !worker->mentions.n || worker->mentions.items[worker->mentions.n - 1] != worker->object->address;
}

static void note_mention(struct worker *worker, const void *words, size_t n, size_t stride)
{
	const uint8_t *at = words;

	for (size_t i = 0; i < n; i++, at += stride) {
		hs_addr word;
		memcpy(&word, at, sizeof(word));
		if ((word & ~TAG_BITS) != worker->heap->wanted)
			continue;
		hs_addr *slot = is_new_mention(worker) ? hs_array_append(&worker->mentions) : &worker->mentions.items[worker->mentions.n - 1];
		if (slot)
			*slot = worker->object->address;
		worker->out_of_memory |= !slot;
		return;
	}
}

static void note_and_follow_references(void *context, const struct hs_reference_run *run)
{
	note_mention(context, run->words, run->n, run->stride);
	follow_references(context, run);
}

static void note_and_scan_words(void *context, const void *words, size_t n, enum hs_scan what)
{
	note_mention(context, words, n, sizeof(hs_addr));
	scan_words(context, words, n, what);
}

void hs_heap_worker_init(struct worker *worker, struct hs_heap *heap)
{
	*worker = (struct worker){
		.heap = heap, .budget.n_words_left = MAX_VISITS_PER_WORD * hs_image_mapped_bytes(heap->py->image) / sizeof(hs_addr),
		.visitor = { .context = worker, .storage = claim_storage, .references = follow_references, .scan = scan_words, .skips_classes = true },
	};
	if (heap->wanted) {
		worker->visitor.references = note_and_follow_references;
		worker->visitor.scan = note_and_scan_words;
	}
}

void hs_heap_scan_root(struct worker *worker, const void *words, size_t n)
{
	worker->object = NULL;
	worker->scans_c_struct = false;
	scan_words(worker, words, n, HS_SCAN_ALL);
}

void hs_heap_scan_adopted(struct worker *worker, const void *words, size_t n)
{
	worker->object = NULL;
	worker->scans_c_struct = true;
	scan_words(worker, words, n, HS_SCAN_ALL);
}

bool hs_heap_is_tracked(const struct hs_object *object)
{
	uint64_t gc_next = 0;

	if (object->head_bytes >= HS_GC_HEAD_BYTES && object->type->has_gc)
		memcpy(&gc_next, object->body - HS_GC_HEAD_BYTES, sizeof(gc_next));
	return gc_next != 0;
}

void hs_heap_count_object(struct worker *worker, const struct hs_object *object, uint64_t bytes, bool is_tracked)
{
	uint64_t size = hs_object_getsizeof(worker->heap->py, object);
	struct hs_type_totals *totals = hs_heap_totals_slot(worker, object->type->index);

	if (!totals)
		return;
	if (size == HS_SIZE_UNKNOWN) {
		worker->n_unreadable++;
		size = 0;
	}
	totals->count++;
	totals->gc_tracked += is_tracked;
	totals->bytes += bytes;
	totals->getsizeof_bytes += size;
}

void hs_heap_visit_object(struct worker *worker, const struct hs_object *object, uint64_t block_bytes, bool is_tracked)
{
	worker->object = object;
	/* slots of Python classes hold objects only */
	worker->scans_c_struct = !object->type->is_python_class;
	worker->storage_bytes = 0;
	hs_object_visit(worker->heap->py, object, &worker->visitor);
	hs_heap_count_object(worker, object, block_bytes + worker->storage_bytes, is_tracked);
}

void hs_heap_pool_object(const struct hs_heap *heap, struct worker *worker, const struct hs_pool *pool, uint32_t index, uint8_t state,
			 struct hs_object *ret)
{
	uint32_t header = block_header_bytes(state);
	size_t offset = heap->pymalloc->header_bytes + (size_t)index * pool->block_bytes + heap->hook_bytes + header;
	uint64_t type_address;

	*ret = (struct hs_object){
		.address = pool->base + offset,
		.body = pool->data + offset,
		.body_bytes = pool->block_bytes - heap->hook_bytes - header,
		.head_bytes = header,
	};
	memcpy(&type_address, ret->body + HS_OFFSET(heap->py->layout, PyObject, ob_type), sizeof(type_address));
	ret->type = hs_type_cached(heap->types, &worker->types, type_address);
}

static void visit_pools(void *context, size_t begin, size_t end, unsigned worker_index)
{
	struct hs_heap *heap = context;
	struct worker *worker = &heap->workers[worker_index];

	for (size_t i = begin; i < end && !hs_is_cancelled(heap->cancel); i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			uint8_t state = block_state(heap, pool, index);
			struct hs_object object;
			if (!(state & BLOCK_OBJECT) || state & BLOCK_DOUBTFUL || block_is_leaf(state))
				continue;
			hs_heap_pool_object(heap, worker, pool, index, state, &object);
			worker->explained_pool_bytes += pool->block_bytes;
			hs_heap_visit_object(worker, &object, pool->block_bytes, hs_heap_is_tracked(&object));
		}
	}
}

void hs_heap_visit_pools(struct hs_heap *heap)
{
	hs_workers_run(visit_pools, heap, heap->pymalloc->pools.n, POOLS_PER_CHUNK, heap->n_workers);
}
