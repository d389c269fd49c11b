/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every object of a process, each once, with the memory that it occupies. Three enumerations meet here:
 *
 *   sweep     all live pymalloc blocks, whatever list they are on     → small objects, tracked or not
 *   closure   references and GC links that leave the pools            → large objects, static ones
 *   claims    blocks that known objects own as out-of-line storage    → no ghosts, and whose bytes are whose
 */
#ifndef HS_HEAP_H
#define HS_HEAP_H

#include "cancel.h"
#include "cpython.h"
#include "kind.h"
#include "pymalloc.h"
#include "type.h"

/* What the instances of one type add up to. */
struct hs_type_totals {
	uint64_t count;
	uint64_t gc_tracked;
	uint64_t bytes;           /* allocator bytes: own blocks and out-of-line storage, each block once */
	uint64_t getsizeof_bytes;
};

struct hs_heap_figures {
	uint64_t n_objects;
	uint64_t n_swept;          /* of them in pymalloc blocks */
	uint64_t n_ghosts;         /* candidates that turned out to be storage of other objects */
	uint64_t live_pool_bytes;  /* blocks handed out by pymalloc */
	uint64_t chunk_bytes;      /* malloc chunks that objects or their storage occupy */
	uint64_t explained_pool_bytes;
	uint64_t runtime_bytes;    /* of these, pool blocks that the runtime's own structs hold, no object */
	uint64_t n_unreadable;     /* objects that contradict themselves: their size is not counted */
	uint64_t n_not_followed;   /* tables of containers that were left out because thousands share them (visit.c) */
	uint32_t n_broken_pools;
	uint32_t n_pool_blocks;    /* looked at by the sweep, free ones included */
	uint64_t sweep_ns;         /* wall time of the sweep */
	uint64_t visit_ns;         /* … of the pass that visits what was swept */
};

struct hs_heap_options {
	unsigned n_workers; /* 0: as many as this process may use */
	const struct hs_cancel *cancel; /* asked while the heap is opened, and by all that is made of it; borrowed until that is gone; NULL: none */
	hs_addr wanted;     /* an object that will be asked for (hs_graph_index): who mentions it is noted in passing; 0: none */
};

struct hs_heap;

/*
 * Enumerates. `py` and `types` are borrowed until hs_heap_close; the target need not be stopped. The caller owns *ret.
 * Errors: NO_MEMORY, BAD_DATA, CANCELLED.
 */
struct hs_error *hs_heap_open(const struct hs_cpython *py, struct hs_types *types, const struct hs_heap_options *options,
			      struct hs_heap **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_heap_close(struct hs_heap *heap);
/* What it was opened with. */
const struct hs_cancel *hs_heap_cancel(const struct hs_heap *heap);

const struct hs_heap_figures *hs_heap_figures(const struct hs_heap *heap);
/* Totals by hs_type.index; *ret_n of them. Borrowed. */
const struct hs_type_totals *hs_heap_totals(const struct hs_heap *heap, size_t *ret_n);

/*
 * True if the malloc block that starts at `start`, of a MiB or more, belongs to an object that keeps nothing but raw bytes in
 * it: what was not captured of it can hide no reference.
 */
bool hs_heap_is_payload(const struct hs_heap *heap, hs_addr start);

/* One object, as hs_heap_for_each reports it. */
struct hs_heap_object {
	struct hs_object object;
	uint64_t block_bytes;   /* of its own block; 0: static storage */
	uint64_t storage_bytes; /* of the blocks that it owns besides */
	uint64_t getsizeof_bytes;
	bool is_gc_tracked;
	bool is_swept;          /* in a pymalloc block */
};

/* Calls `each` for every object, by ascending address within the pools, then outside them. One thread. */
void hs_heap_for_each(const struct hs_heap *heap, void (*each)(void *context, const struct hs_heap_object *object), void *context);

/*
 * Where an object stands in the order of all: the dense id of its pool block, or n_blocks + its number outside the pools. The nodes of a
 * graph of the same heap are the same numbers.
 */
typedef uint32_t hs_heap_place;
/* One more than the largest. */
hs_heap_place hs_heap_place_count(const struct hs_heap *heap);

/* One object of a walk: what costs nothing to know. */
struct hs_heap_item {
	struct hs_object object;
	uint64_t block_bytes;
	hs_heap_place place;
	unsigned worker; /* 0 … hs_heap_workers() - 1: names the caller's scratch space */
};

/*
 * Calls `each` for every object, in as many threads as the heap was opened with: those of one pool by ascending address and in one
 * thread, otherwise in no order.
 */
void hs_heap_walk(const struct hs_heap *heap, void (*each)(void *context, const struct hs_heap_item *item), void *context);
unsigned hs_heap_workers(const struct hs_heap *heap);
/* Bytes of the blocks that the object owns besides its own. */
uint64_t hs_heap_storage_bytes(const struct hs_heap *heap, const struct hs_object *object);
/* What the sweep went by. Borrowed. */
const struct hs_pymalloc *hs_heap_pymalloc(const struct hs_heap *heap);

#endif
