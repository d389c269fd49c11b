/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the memory of the two allocators is used for, byte by byte: pymalloc's arenas and glibc's heaps, as a finished heap knows them.
 *
 *     arena   | pool in use: header, objects, blocks of nobody known, free blocks, rest | pool unused | … | never used |
 *     malloc  | chunk of Python's | chunk of others' | free | … | top |
 */
#ifndef HS_USAGE_H
#define HS_USAGE_H

#include "heap.h"

enum hs_use {
	HS_USE_POOL_OBJECTS,  /* blocks of objects, of what they own, of the runtime */
	HS_USE_POOL_FREELIST, /* freed objects that their type keeps for the next one */
	HS_USE_POOL_OTHER,    /* blocks in use by nobody known */
	HS_USE_POOL_OVERHEAD, /* headers, rests in which no block fits, arenas that start between pools */
	HS_USE_POOL_FREE,     /* free blocks in pools in use, those never handed out included */
	HS_USE_POOL_UNUSED,   /* pools without a block in use, and what no pool was carved out of yet */
	HS_USE_ARENA_UNUSED,  /* the same in arenas without any pool in use */
	HS_USE_MALLOC_PYTHON, /* chunks of objects, of what they own, of the runtime; headers included, as in all chunks */
	HS_USE_MALLOC_OTHER,
	HS_USE_MALLOC_FREE,
	HS_USE_MAPPED_PYTHON, /* the same in chunks that are mappings of their own */
	HS_USE_MAPPED_OTHER,
	HS_N_USES,
};

/* A part of the address space; the bytes add up to its length. Within a pool nothing is said of which lie where. */
struct hs_used_range {
	hs_addr start;
	hs_addr end; /* exclusive */
	uint64_t bytes[HS_N_USES];
};

#define HS_USAGE_BINS 10

struct hs_usage_figures {
	/* pymalloc, as sys._debugmallocstats() counts */
	uint64_t n_arenas, arena_bytes;
	uint64_t n_arenas_unused;    /* without a pool in use */
	uint64_t n_pools_used, n_pools_unused;
	uint64_t n_blocks_live, live_bytes;
	uint64_t available_bytes;    /* free blocks of pools in use */
	uint64_t header_bytes, quantization_bytes, alignment_bytes;
	/* Pools in use by how much of them is: [0] up to a tenth, … [9] more than nine tenths. */
	uint64_t pools_by_use[HS_USAGE_BINS];
	uint64_t n_freelist;
	/* glibc, as mallinfo2() counts; all 0 without it */
	bool has_glibc;
	uint64_t n_malloc_arenas;
	uint64_t system_bytes;       /* of all arenas */
	uint64_t malloc_used_bytes;  /* chunks in use without those in thread caches; the arenas' own headers */
	uint64_t malloc_free_bytes;  /* free to all: bins, fastbins, tops */
	uint64_t top_bytes;          /* of these, behind the last chunk of each arena */
	uint64_t tcache_bytes, fastbin_bytes;
	uint64_t n_mapped, mapped_bytes;
};

/*
 * Calls `each` for every range, ascending among arenas, then among malloc's heaps, then among mapped chunks; they do not overlap.
 * Memory of other allocators is in none of them. Fills *ret.
 */
void hs_heap_usage(const struct hs_heap *heap, void (*each)(void *context, const struct hs_used_range *range), void *context,
		   struct hs_usage_figures *ret);

/* What Python's own order takes of the bytes of objects. */
struct hs_overheads {
	uint64_t gc_head_bytes;     /* and pre-headers */
	uint64_t object_head_bytes; /* reference count and type */
	uint64_t list_spare_bytes;  /* room for items that are not there */
	uint64_t dict_spare_bytes;  /* room for entries that are not there (any more), in tables that no dicts share */
};

/* Looks at every object once. */
void hs_heap_overheads(const struct hs_heap *heap, struct hs_overheads *ret);

#endif
