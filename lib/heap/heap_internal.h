/* SPDX-License-Identifier: Apache-2.0 */
/* What the passes over a heap share: the state of each pool block, marks outside the pools, a worker's scratch space. */
#ifndef HS_HEAP_INTERNAL_H
#define HS_HEAP_INTERNAL_H

#include "heap.h"

/*
 * One byte a pool block. The passes that run in threads set bits with atomic operations; none clears a bit while
 * others run.
 *
 *   bit   0     1       2-3                      4        5        6         7
 *         live  object  header words / 2 (0…2)   claimed  adopted  doubtful  adopts
 *                       3: no header, a leaf
 *
 * A leaf refers to nothing and owns no other block: the sweep has counted it, nobody needs to visit it.
 * An object is doubtful when its refcount is also a mapped address: then its block may as well be an array of pointers.
 * One that adopts is the owner of entries of hs_heap.adopted.
 */
#define BLOCK_LIVE 1u
#define BLOCK_OBJECT 2u
#define BLOCK_HEADER_SHIFT 2
#define BLOCK_HEADER_MASK (3u << BLOCK_HEADER_SHIFT)
#define BLOCK_LEAF BLOCK_HEADER_MASK
#define BLOCK_CLAIMED 16u
#define BLOCK_ADOPTED 32u
#define BLOCK_DOUBTFUL 64u
#define BLOCK_ADOPTS 128u

static inline bool block_is_leaf(uint8_t state)
{
	return (state & BLOCK_HEADER_MASK) == BLOCK_LEAF;
}

/* True if one of the eight blocks whose states begin at `state` is in use, but no object and not claimed. */
static inline bool any_of_eight_is_nobodys(const uint8_t *state)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t states;

	memcpy(&states, state, sizeof(states));
	return states & ~(states >> __builtin_ctz(BLOCK_OBJECT)) & ~(states >> __builtin_ctz(BLOCK_CLAIMED)) & ones;
}

/* Bytes of the headers before the object in a block of this state. */
static inline uint32_t block_header_bytes(uint8_t state)
{
	return block_is_leaf(state) ? 0 : (uint32_t)(state & BLOCK_HEADER_MASK) << (4 - BLOCK_HEADER_SHIFT);
}

/* One bit for each 8 bytes of the image, in lazily backed memory: which addresses outside the pools were met. */
struct address_marks {
	uint64_t *words;
	size_t mapped_bytes;
	uint64_t *segment_first_bit; /* by index of hs_image_segments */
	const struct hs_segment *segments;
	const struct hs_image *image;
};

struct hs_error *address_marks_init(struct address_marks *marks, const struct hs_image *image) HS_MUST_CHECK;
void address_marks_deinit(struct address_marks *marks);
/* Marks the address; true if this call was the first to do so. False outside the image. Thread-safe. */
bool address_marks_set(struct address_marks *marks, hs_addr address);
/* Takes the mark back; true if there was one. */
bool address_marks_clear(struct address_marks *marks, hs_addr address);
bool address_marks_has(const struct address_marks *marks, hs_addr address);

/* An address that may be an object outside the pools. */
struct candidate {
	hs_addr address;
	bool is_exact; /* a word that CPython itself reads as a reference; else met by a scan */
};

/*
 * A word of a C object, or of what it adopted, that points to the start of a live block or chunk which is no object.
 * Chunks are followed two steps from their owner and no further: beyond lie the structures of other libraries.
 */
struct adoption {
	hs_addr block;
	hs_addr owner;
	uint32_t owner_type; /* hs_type.index; NO_TYPE: the runtime itself */
	uint32_t depth;      /* malloc chunks between the owner and this block */
};

/* A block that an object adopted: nothing but the pass that found it knows whose it is. */
struct adopted_block {
	hs_addr owner; /* an object's address */
	hs_addr start; /* of the block, as its allocator returned it */
	uint64_t bytes;
};

#define NO_TYPE UINT32_MAX
#define MAX_ADOPTED_DEPTH 2

HS_ARRAY_TYPE(candidates, struct candidate);
HS_ARRAY_TYPE(adoptions, struct adoption);
HS_ARRAY_TYPE(totals, struct hs_type_totals);

struct outside_object {
	hs_addr address;
};

#define RECENT_SLOTS 1024
#define PAYLOAD_MIN_BYTES ((uint64_t)1 << 20)

struct malloc_chunks;

/* Each on cache lines of its own: what one thread writes for every object must not slow the others down. */
#define WORKER_ALIGNMENT 128

/*
 * What one thread may visit. It is used up when containers share their tables by the thousand: then visiting each in full would take for
 * ever, and rows many times the memory of the target. What was left out is counted, and the result says that it is not complete.
 */
struct visit_budget {
	uint64_t n_words_left;
	uint64_t n_not_followed;
};

#define MAX_VISITS_PER_WORD 16 /* an honest heap's words are visited once, some twice */

static inline bool visit_budget_take(struct visit_budget *budget, struct hs_visitor *visitor, uint64_t n_words)
{
	if (budget->n_words_left < n_words) {
		visitor->is_over = true;
		budget->n_not_followed++;
		return false;
	}
	budget->n_words_left -= n_words;
	return true;
}

struct worker {
	_Alignas(WORKER_ALIGNMENT) struct hs_heap *heap;
	struct totals totals;          /* by type index */
	struct candidates candidates;  /* found, not yet looked at */
	struct adoptions adoptions;
	HS_ARRAY(struct outside_object) outside;
	struct hs_addresses payloads;  /* starts of large raw blocks, proven by their owners */
	struct hs_addresses mentions;  /* objects with a word that is, but for its tag, hs_heap.wanted */
	uint64_t n_unreadable;
	struct visit_budget budget;
	uint64_t chunk_bytes;
	uint64_t explained_pool_bytes;
	uint64_t runtime_bytes;
	bool out_of_memory;
	struct hs_type_cache types;
	hs_addr recent[2][RECENT_SLOTS]; /* addresses outside the pools that are marked already: guessed, met */
	struct hs_visitor visitor;     /* reports to this worker */
	/* the object being visited */
	const struct hs_object *object;
	uint64_t storage_bytes;
	bool scans_c_struct;           /* what is being scanned may point to malloc chunks that it owns */
	bool object_is_doubtful;       /* it must not claim what passed for an object */
};

struct hs_heap {
	const struct hs_cpython *py;
	struct hs_types *types;
	struct hs_pymalloc *pymalloc;
	struct malloc_chunks *chunks;
	uint8_t *blocks;               /* by dense block id */
	struct address_marks met;      /* outside the pools: exact references */
	struct address_marks guessed;  /* … words of scans */
	struct address_marks accepted; /* … objects */
	struct address_marks claimed;  /* malloc chunks counted as somebody's storage */
	unsigned n_workers;
	const struct hs_cancel *cancel;
	struct worker *workers;
	size_t n_types_added;          /* types looked at as objects so far */
	uint32_t hook_bytes;           /* before each block's data, with debug hooks; else 0 */
	HS_ARRAY(struct outside_object) outside; /* by address */
	struct hs_addresses payloads;  /* by address */
	HS_ARRAY(struct adopted_block) adopted; /* those of objects, by owner */
	hs_addr wanted;                /* 0: none */
	struct hs_addresses mentions;  /* of it, in the words of objects themselves, in no order; ghosts may be among them */
	struct totals totals;
	struct hs_heap_figures figures;
};

void hs_heap_worker_init(struct worker *worker, struct hs_heap *heap);
/* Pass 1: sets BLOCK_LIVE and BLOCK_OBJECT, collects GC neighbours outside the pools, counts leaves. */
void hs_heap_sweep(struct hs_heap *heap);
/* Pass 2: visits every swept object that is no leaf: totals, claims, candidates outside the pools. */
void hs_heap_visit_pools(struct hs_heap *heap);
/* Pass 3: looks at the candidates outside the pools and what they lead to, until no new one is found. */
void hs_heap_close_over(struct hs_heap *heap);
/* Pass 4: takes back the objects whose block is another's storage; visits the doubtful ones that are nobody's. */
void hs_heap_remove_ghosts(struct hs_heap *heap);
/* Pass 5: gives blocks that are no objects and nobody's known storage to the C objects that point to them. */
void hs_heap_adopt_blocks(struct hs_heap *heap);

/* The object in a pool's block, as its state byte says. */
void hs_heap_pool_object(const struct hs_heap *heap, struct worker *worker, const struct hs_pool *pool, uint32_t index, uint8_t state,
			 struct hs_object *ret);
/* Adds the object to the totals and reports what it refers to and owns to the worker. `block_bytes`: of its own block. */
void hs_heap_visit_object(struct worker *worker, const struct hs_object *object, uint64_t block_bytes, bool is_tracked);
/* Adds an object to the totals; `bytes`: of its own block and of what it claimed. */
void hs_heap_count_object(struct worker *worker, const struct hs_object *object, uint64_t bytes, bool is_tracked);
/* A word met outside any object: in the runtime's structs, thread states, C stacks. */
void hs_heap_scan_root(struct worker *worker, const void *words, size_t n);
/* Words of a block that an object has adopted; the adoptions that it adds have no owner yet. */
void hs_heap_scan_adopted(struct worker *worker, const void *words, size_t n);
/* Remembers that the block at `start` holds raw bytes only. */
void hs_heap_add_payload(struct worker *worker, hs_addr start);
void hs_heap_add_candidate(struct worker *worker, hs_addr address, bool is_exact);
struct hs_type_totals *hs_heap_totals_slot(struct worker *worker, uint32_t type_index);
bool hs_heap_is_tracked(const struct hs_object *object);
/* The object at an address outside the pools. *ret_block_bytes: what its own chunk occupies; 0: static storage. */
bool hs_heap_outside_object(const struct hs_heap *heap, hs_addr address, struct hs_object *ret, uint64_t *ret_block_bytes);
/* The blocks that the object adopted. *ret_n is 0 for nearly all. */
const struct adopted_block *hs_heap_adopted_by(const struct hs_heap *heap, hs_addr owner, size_t *ret_n);
uint64_t hs_heap_adopted_bytes(const struct hs_heap *heap, hs_addr owner);
/* Bytes of all blocks that the object owns besides its own, whoever else claims them. */
uint64_t hs_heap_storage_of(const struct hs_heap *heap, const struct hs_object *object);
/* Bytes of the pool block or malloc chunk that starts at `start` (as the allocator returned it); 0: neither. */
uint64_t hs_heap_storage_block_bytes(const struct hs_heap *heap, hs_addr start, uint64_t requested_bytes);

/*
 * Moves what every worker has in its array `member` into `round`, which is emptied first; false when there is nothing, or
 * when memory is out.
 */
#define gather_from_workers(heap, round, member)                                                        \
	({                                                                                              \
		(round)->n = 0;                                                                         \
		for (unsigned i_worker = 0; i_worker < (heap)->n_workers; i_worker++) {                 \
			__typeof__(&(heap)->workers[0].member) from = &(heap)->workers[i_worker].member; \
			if (!hs_array_reserve((round), (round)->n + from->n)) {                         \
				(heap)->workers[i_worker].out_of_memory = true;                         \
				(round)->n = 0;                                                         \
				break;                                                                  \
			}                                                                               \
			if (from->n)                                                                    \
				memcpy(&(round)->items[(round)->n], from->items, from->n * sizeof(*from->items)); \
			(round)->n += from->n;                                                          \
			from->n = 0;                                                                    \
		}                                                                                       \
		(round)->n != 0;                                                                        \
	})

#endif
