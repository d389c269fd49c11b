/* SPDX-License-Identifier: Apache-2.0 */
/* Reading arenas and pools. Knows blocks, not what is in them. */
#include "pymalloc.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ARENAS ((uint32_t)1 << 24)
#define N_MAP_TABLES ((size_t)1 << (47 - HS_POOL_MAP_SHIFT))
#define MAX_SIZE_CLASSES 32

static uint32_t read_u32(const uint8_t *data, int32_t offset)
{
	uint32_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

static uint64_t read_u64(const uint8_t *data, int32_t offset)
{
	uint64_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

/* Fills `pool` from its header; false when the header contradicts itself. A pool without live blocks has n_blocks 0. */
static bool read_pool(const struct hs_cpython *py, const struct hs_pymalloc *pymalloc, hs_addr base, uint32_t arena_index,
		      struct hs_pool *pool)
{
	const struct hs_layout *layout = py->layout;
	uint32_t pool_bytes = layout->features.pool_bytes;
	const uint8_t *header = hs_image_at(py->image, base, pymalloc->header_bytes);

	*pool = (struct hs_pool){ .base = base };
	if (!header)
		return false;
	uint32_t count = read_u32(header, HS_OFFSET(layout, pool_header, count));
	if (count == 0)
		return true;
	uint32_t size_class = read_u32(header, HS_OFFSET(layout, pool_header, szidx));
	uint32_t next_offset = read_u32(header, HS_OFFSET(layout, pool_header, nextoffset));
	if (size_class >= MAX_SIZE_CLASSES || read_u32(header, HS_OFFSET(layout, pool_header, arenaindex)) != arena_index)
		return false;
	uint32_t block_bytes = (size_class + 1) * 16;
	/* nextoffset is that of the first block never used; it passes the pool's end by less than one block */
	if (next_offset < pymalloc->header_bytes || next_offset >= pool_bytes + block_bytes ||
	    (next_offset - pymalloc->header_bytes) % block_bytes)
		return false;
	uint32_t n_blocks = (next_offset - pymalloc->header_bytes) / block_bytes;
	if (pymalloc->header_bytes + n_blocks * block_bytes > pool_bytes)
		n_blocks--;
	if (count > n_blocks)
		return false;
	/* The tail of the last block may lie on a page that was never touched: it holds nothing, and reads as zeros. */
	const struct hs_segment *segment = hs_image_find(py->image, base);
	if (pymalloc->header_bytes + n_blocks * block_bytes > segment->end - base)
		return false;
	pool->data = header;
	pool->n_blocks = (uint16_t)n_blocks;
	pool->n_live = (uint16_t)count;
	pool->block_bytes = (uint16_t)block_bytes;
	pool->reciprocal = (uint16_t)((65536 + size_class) / (size_class + 1));
	return true;
}

static struct hs_error *add_arena(const struct hs_cpython *py, struct hs_pymalloc *pymalloc, const uint8_t *arena, uint32_t index)
{
	const struct hs_layout *layout = py->layout;
	hs_addr pool_bytes = layout->features.pool_bytes;
	hs_addr address = read_u64(arena, HS_OFFSET(layout, arena_object, address));
	hs_addr end = read_u64(arena, HS_OFFSET(layout, arena_object, pool_address));
	hs_addr first = (address + pool_bytes - 1) & ~(pool_bytes - 1);

	if (!address)
		return NULL;
	if (address >> 47 || end < first || end > address + layout->features.arena_bytes) {
		pymalloc->n_broken_pools++;
		return NULL;
	}
	/* A stop can come between the arena's munmap and the table's update: then it is gone already. */
	if (!hs_image_find(py->image, address))
		return NULL;
	struct hs_arena *slot = hs_array_append(&pymalloc->arenas);
	if (!slot)
		return hs_error_no_memory();
	*slot = (struct hs_arena){ address, end, index };
	return NULL;
}

static struct hs_error *add_pools(const struct hs_cpython *py, struct hs_pymalloc *pymalloc, const struct hs_arena *arena)
{
	hs_addr pool_bytes = py->layout->features.pool_bytes;
	struct hs_pool pool;

	for (hs_addr base = (arena->address + pool_bytes - 1) & ~(pool_bytes - 1); base + pool_bytes <= arena->pools_end; base += pool_bytes) {
		if (!read_pool(py, pymalloc, base, arena->index, &pool)) {
			pymalloc->n_broken_pools++;
			continue;
		}
		if (!pool.n_blocks)
			continue;
		struct hs_pool *added = hs_array_append(&pymalloc->pools);
		if (!added)
			return hs_error_no_memory();
		*added = pool;
	}
	return NULL;
}

static struct hs_error *add_arenas(const struct hs_cpython *py, struct hs_pymalloc *pymalloc, const struct hs_interpreter *interpreter)
{
	size_t stride = HS_SIZEOF(py->layout, arena_object);

	if (interpreter->n_arenas > MAX_ARENAS)
		return hs_error_at(HS_ERROR_BAD_DATA, interpreter->arenas, "an arena table of %" PRIu32 " entries", interpreter->n_arenas);
	const uint8_t *table = hs_image_at(py->image, interpreter->arenas, interpreter->n_arenas * stride);
	if (!table)
		return hs_error_at(HS_ERROR_FAULT, interpreter->arenas, "the arena table at 0x%" HS_PRI_ADDR " is not in the image",
				   interpreter->arenas);
	for (uint32_t i = 0; i < interpreter->n_arenas; i++)
		HS_TRY(add_arena(py, pymalloc, table + i * stride, i));
	return NULL;
}

static bool is_known_table(const struct hs_cpython *py, size_t n_before, hs_addr arenas)
{
	for (size_t i = 0; i < n_before; i++)
		if (py->interpreters.items[i].arenas == arenas)
			return true;
	return false;
}

static int compare_pools(const void *a, const void *b)
{
	const struct hs_pool *left = a, *right = b;

	return left->base < right->base ? -1 : left->base > right->base;
}

static int compare_arenas(const void *a, const void *b)
{
	const struct hs_arena *left = a, *right = b;

	return left->address < right->address ? -1 : left->address > right->address;
}

static bool are_in_order(const struct hs_pymalloc *pymalloc)
{
	for (size_t i = 1; i < pymalloc->pools.n; i++)
		if (pymalloc->pools.items[i].base < pymalloc->pools.items[i - 1].base)
			return false;
	return true;
}

static struct hs_error *index_pools(struct hs_pymalloc *pymalloc)
{
	size_t per_table = (size_t)1 << (HS_POOL_MAP_SHIFT - pymalloc->pool_shift);
	uint64_t n_blocks = 0;

	/* arenas come by address: nothing is out of order unless they overlap, which only a hostile table says */
	if (!are_in_order(pymalloc))
		qsort(pymalloc->pools.items, pymalloc->pools.n, sizeof(*pymalloc->pools.items), compare_pools);
	for (size_t i = 0; i < pymalloc->pools.n; i++) {
		struct hs_pool *pool = &pymalloc->pools.items[i];
		uint32_t **table = &pymalloc->pool_map[pool->base >> HS_POOL_MAP_SHIFT];
		if (!*table && !(*table = calloc(per_table, sizeof(**table))))
			return hs_error_no_memory();
		uint32_t *entry = &(*table)[(pool->base & (((hs_addr)1 << HS_POOL_MAP_SHIFT) - 1)) >> pymalloc->pool_shift];
		if (*entry || n_blocks + pool->n_blocks > UINT32_MAX)
			return hs_error_at(HS_ERROR_BAD_DATA, pool->base, *entry ? "a pool belongs to two arenas" : "more than 2^32 blocks");
		*entry = (uint32_t)i + 1;
		pool->first_block = (uint32_t)n_blocks;
		n_blocks += pool->n_blocks;
		pymalloc->n_live += pool->n_live;
		pymalloc->live_bytes += (uint64_t)pool->n_live * pool->block_bytes;
	}
	pymalloc->n_blocks = (uint32_t)n_blocks;
	return NULL;
}

static struct hs_error *open_pools(const struct hs_cpython *py, struct hs_pymalloc *pymalloc)
{
	for (size_t i = 0; i < py->interpreters.n; i++) {
		const struct hs_interpreter *interpreter = &py->interpreters.items[i];
		if (interpreter->n_arenas && !is_known_table(py, i, interpreter->arenas))
			HS_TRY(add_arenas(py, pymalloc, interpreter));
	}
	if (pymalloc->arenas.n)
		qsort(pymalloc->arenas.items, pymalloc->arenas.n, sizeof(*pymalloc->arenas.items), compare_arenas);
	for (size_t i = 0; i < pymalloc->arenas.n; i++)
		HS_TRY(add_pools(py, pymalloc, &pymalloc->arenas.items[i]));
	return index_pools(pymalloc);
}

struct hs_error *hs_pymalloc_open(const struct hs_cpython *py, struct hs_pymalloc **ret)
{
	struct hs_pymalloc *pymalloc = calloc(1, sizeof(*pymalloc));

	if (!pymalloc)
		return hs_error_no_memory();
	pymalloc->pool_map = calloc(N_MAP_TABLES, sizeof(*pymalloc->pool_map));
	pymalloc->pool_shift = (unsigned)__builtin_ctz(py->layout->features.pool_bytes);
	/* the header is rounded up to the alignment of blocks (POOL_OVERHEAD) */
	pymalloc->header_bytes = (HS_SIZEOF(py->layout, pool_header) + 15) & ~15u;
	pymalloc->freeblock_offset = (uint32_t)HS_OFFSET(py->layout, pool_header, freeblock);
	struct hs_error *error = pymalloc->pool_map ? open_pools(py, pymalloc) : hs_error_no_memory();
	if (error) {
		hs_pymalloc_close(pymalloc);
		return error;
	}
	*ret = pymalloc;
	return NULL;
}

void hs_pymalloc_close(struct hs_pymalloc *pymalloc)
{
	if (!pymalloc)
		return;
	/* by the pools, not by the map: it is sparse, and reading all of it would touch a MiB */
	for (size_t i = 0; i < pymalloc->pools.n; i++) {
		uint32_t **table = &pymalloc->pool_map[pymalloc->pools.items[i].base >> HS_POOL_MAP_SHIFT];
		free(*table);
		*table = NULL;
	}
	free(pymalloc->pool_map);
	hs_array_free(&pymalloc->pools);
	hs_array_free(&pymalloc->arenas);
	free(pymalloc);
}

int hs_pool_free_blocks(const struct hs_pymalloc *pymalloc, const struct hs_pool *pool, struct hs_pool_bits *ret)
{
	hs_addr block = 0;
	int n = 0;

	memset(ret, 0, sizeof(*ret));
	memcpy(&block, pool->data + pymalloc->freeblock_offset, sizeof(block));
	while (block) {
		uint32_t index = hs_pool_block_at(pymalloc, pool, block);
		if (block < pool->base || index >= pool->n_blocks || hs_pool_block_address(pymalloc, pool, index) != block ||
		    hs_pool_bit(ret, index))
			return -1;
		ret->words[index / 64] |= (uint64_t)1 << (index % 64);
		n++;
		memcpy(&block, pool->data + (block - pool->base), sizeof(block));
	}
	return n;
}
