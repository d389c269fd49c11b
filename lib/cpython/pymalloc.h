/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pymalloc's arenas and pools, as one dense index of blocks (Objects/obmalloc.c; the same shape in 3.8–3.15).
 *
 *   pool at `base`, a multiple of pool_bytes
 *   | header 48 |  block 0  |  block 1  | … |  block n-1  |  never used yet  |
 *                ^ first_block + 0, + 1, …: dense ids over all pools
 *
 * A block is free when it is on its pool's freeblock chain; else it is live.
 */
#ifndef HS_PYMALLOC_H
#define HS_PYMALLOC_H

#include "cpython.h"

struct hs_pool {
	hs_addr base;
	const uint8_t *data;  /* its bytes in the image; borrowed */
	uint32_t first_block; /* dense id of block 0 */
	uint16_t n_blocks;    /* blocks ever handed out, free ones included */
	uint16_t n_live;      /* as the pool's header counts */
	uint16_t block_bytes;
	uint16_t reciprocal;  /* see hs_pool_block_at */
};

/* A stretch of memory that pymalloc has from the system: arena_bytes of the layout's features. */
struct hs_arena {
	hs_addr address;
	hs_addr pools_end; /* pools were carved out up to here; what follows was never used */
	uint32_t index;    /* in its interpreter's table */
};

struct hs_pymalloc {
	HS_ARRAY(struct hs_pool) pools; /* by ascending address; those with blocks in use */
	HS_ARRAY(struct hs_arena) arenas; /* by ascending address */
	uint32_t **pool_map;            /* address >> 30 → table of (pool index + 1) by pool_bytes, NULL or 0: none */
	unsigned pool_shift;
	uint32_t header_bytes;
	uint32_t freeblock_offset;      /* of the pool header's member */
	uint32_t n_blocks;              /* of all pools: the end of the dense ids */
	uint64_t n_live;
	uint64_t live_bytes;
	uint32_t n_broken_pools;        /* headers that contradict themselves, or pages that are missing; not indexed */
};

/* Indexes the pools of all interpreters. The caller owns *ret. Errors: NO_MEMORY, BAD_DATA (an arena table out of bounds). */
struct hs_error *hs_pymalloc_open(const struct hs_cpython *py, struct hs_pymalloc **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_pymalloc_close(struct hs_pymalloc *pymalloc);

#define HS_POOL_MAP_SHIFT 30

/* The pool that holds `address`, or NULL. O(1). */
static inline const struct hs_pool *hs_pool_of(const struct hs_pymalloc *pymalloc, hs_addr address)
{
	if (address >> 47)
		return NULL;
	const uint32_t *table = pymalloc->pool_map[address >> HS_POOL_MAP_SHIFT];
	if (!table)
		return NULL;
	uint32_t entry = table[(address & (((hs_addr)1 << HS_POOL_MAP_SHIFT) - 1)) >> pymalloc->pool_shift];
	return entry ? &pymalloc->pools.items[entry - 1] : NULL;
}

/*
 * The index in its pool of the block that holds `address` (which lies in the pool), or n_blocks and more when it lies
 * in the header or in the part never used. Divides by multiplying: blocks are 16 … 512 bytes in steps of 16, offsets
 * below 16 KiB, so offset/16 < 1024 and ceil(65536 / (block_bytes/16)) is exact.
 */
static inline uint32_t hs_pool_block_at(const struct hs_pymalloc *pymalloc, const struct hs_pool *pool, hs_addr address)
{
	uint32_t offset = (uint32_t)(address - pool->base);

	if (offset < pymalloc->header_bytes)
		return UINT32_MAX;
	uint32_t unit = (offset - pymalloc->header_bytes) >> 4;
	/* 16-byte blocks: the reciprocal would be 65536, stored as 0 */
	return pool->reciprocal ? unit * pool->reciprocal >> 16 : unit;
}

static inline hs_addr hs_pool_block_address(const struct hs_pymalloc *pymalloc, const struct hs_pool *pool, uint32_t index)
{
	return pool->base + pymalloc->header_bytes + (hs_addr)index * pool->block_bytes;
}

/* A bit for each block of one pool. */
#define HS_POOL_MAX_BLOCKS 1024
struct hs_pool_bits {
	uint64_t words[HS_POOL_MAX_BLOCKS / 64];
};

/*
 * Sets the bit of every free block of `pool`, walking its freeblock chain (bounded). Returns how many there are, or -1
 * when the chain leaves the pool or runs in a circle.
 */
int hs_pool_free_blocks(const struct hs_pymalloc *pymalloc, const struct hs_pool *pool, struct hs_pool_bits *ret);

static inline bool hs_pool_bit(const struct hs_pool_bits *bits, uint32_t index)
{
	return bits->words[index / 64] >> (index % 64) & 1;
}

#endif
