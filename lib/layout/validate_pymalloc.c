/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of pymalloc's arenas and pools (Objects/obmalloc.c). A process that uses another allocator has no arenas, and
 * nothing to check.
 *
 *   arenas[i].address                     pool_address                            + arena_bytes
 *   |~~~|pool|pool|pool|pool|pool|pool|pool|   never used so far                        |~|
 *       aligned to pool_bytes
 */
#include "validate.h"

#include "discover_steps.h"
#include "pymalloc_state.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define OFFSET(structure, name) HS_OFFSET(live->layout, structure, name)
#define ARENAS_MAX 256  /* checked; there may be more */
#define MAXARENAS_MAX ((uint32_t)1 << 24)

static uint32_t pools_of(const struct hs_live *live, hs_addr address)
{
	uint32_t arena = live->layout->features.arena_bytes, pool = live->layout->features.pool_bytes;

	return address & (pool - 1) ? arena / pool - 1 : arena / pool;
}

/* Free pools: those on the list, and those never used. The list is followed a few steps only. */
static bool is_arena(const struct hs_live *live, hs_addr arena)
{
	const struct hs_features *features = &live->layout->features;
	hs_addr address = FIELD(arena, arena_object, address), next = FIELD(arena, arena_object, pool_address);
	hs_addr free_pool = FIELD(arena, arena_object, freepools);
	uint32_t n_pools = (uint32_t)FIELD(arena, arena_object, ntotalpools), n_free = (uint32_t)FIELD(arena, arena_object, nfreepools);
	uint64_t n_unused = (address + features->arena_bytes - next) / features->pool_bytes;

	if (next < address || next > address + features->arena_bytes || next & (features->pool_bytes - 1) ||
	    n_pools != pools_of(live, address) || n_free > n_pools)
		return false;
	/* A pool more or less, when the process was stopped in between. */
	if (n_unused > n_free + 1)
		return false;
	if (!free_pool)
		return n_free <= n_unused + 1;
	return free_pool >= address && free_pool < next && !(free_pool & (features->pool_bytes - 1)) &&
	       FIELD(free_pool, pool_header, count) == 0 && n_free + 1 > n_unused;
}

struct hs_error *hs_check_arenas(const struct hs_live *live)
{
	struct hs_pymalloc_state state;
	unsigned n_good = 0, n_bad = 0;

	if (!hs_pymalloc_state(live, &state)) {
		/* A stripped binary whose process uses another allocator has none that could be found. */
		if (!HS_HAS(live->layout, PyInterpreterState, obmalloc) && !hs_uses_pymalloc(live))
			return NULL;
		return hs_check_failed(0, "the table of arenas was not found");
	}
	if (!state.maxarenas && hs_uses_pymalloc(live))
		return hs_check_failed(state.arenas, "no arenas, although objects lie in pools");
	if ((state.maxarenas == 0) != (state.arenas == 0) || state.maxarenas > MAXARENAS_MAX)
		return hs_check_failed(state.arenas, "%u arenas in a table at 0x%" HS_PRI_ADDR, state.maxarenas, state.arenas);
	for (uint32_t i = 0; i < state.maxarenas && n_good + n_bad < ARENAS_MAX; i++) {
		hs_addr arena = state.arenas + i * (hs_addr)HS_SIZEOF(live->layout, arena_object);

		if (!hs_image_at(live->image, arena, HS_SIZEOF(live->layout, arena_object)))
			return hs_check_failed(arena, "the table of arenas is shorter than maxarenas says");
		if (!FIELD(arena, arena_object, address))
			continue;
		if (is_arena(live, arena))
			n_good++;
		else
			n_bad++;
	}
	/* One may be half changed. */
	if (n_bad > 1 || (state.maxarenas && !n_good))
		return hs_check_failed(state.arenas, "%u of %u arenas contradict themselves", n_bad, n_good + n_bad);
	return NULL;
}

static bool is_pool(const struct hs_live *live, hs_addr pool, uint32_t arena_index)
{
	const struct hs_features *features = &live->layout->features;
	uint32_t n_classes = features->small_request_bytes / 16, header = HS_SIZEOF(live->layout, pool_header);
	uint32_t class = (uint32_t)FIELD(pool, pool_header, szidx), count = (uint32_t)FIELD(pool, pool_header, count);
	uint32_t next_offset = (uint32_t)FIELD(pool, pool_header, nextoffset);
	hs_addr free_block = FIELD(pool, pool_header, freeblock), next = FIELD(pool, pool_header, nextpool);

	/* Any address may stand in the links of a full pool; a free pool is linked by nextpool only. */
	(void)next;
	if (FIELD(pool, pool_header, arenaindex) != arena_index || class >= n_classes)
		return false;
	uint32_t block = (class + 1) * 16;
	if (count > (features->pool_bytes - header) / block || next_offset < header || next_offset > features->pool_bytes ||
	    (next_offset - header) % block || count > (next_offset - header) / block)
		return false;
	return !free_block || (free_block > pool && free_block < pool + features->pool_bytes &&
			       (free_block - pool - header) % block == 0);
}

static void check_pools_of(const struct hs_live *live, hs_addr arena, uint32_t arena_index, unsigned *n_good, unsigned *n_bad)
{
	uint32_t pool_bytes = live->layout->features.pool_bytes;
	hs_addr address = FIELD(arena, arena_object, address), end = FIELD(arena, arena_object, pool_address);

	for (hs_addr pool = (address + pool_bytes - 1) & ~(hs_addr)(pool_bytes - 1); address && pool < end; pool += pool_bytes) {
		/* A free pool may never have been given a size class. */
		if (FIELD(pool, pool_header, count) == 0)
			continue;
		if (is_pool(live, pool, arena_index))
			++*n_good;
		else
			++*n_bad;
	}
}

struct hs_error *hs_check_pools(const struct hs_live *live)
{
	struct hs_pymalloc_state state;
	unsigned n_good = 0, n_bad = 0;

	if (!hs_pymalloc_state(live, &state))
		return NULL;
	for (uint32_t i = 0; i < state.maxarenas && n_good + n_bad < ARENAS_MAX; i++)
		check_pools_of(live, state.arenas + i * (hs_addr)HS_SIZEOF(live->layout, arena_object), i, &n_good, &n_bad);
	if (n_bad * 16 > n_good + 16 || (state.maxarenas && !n_good))
		return hs_check_failed(state.arenas, "%u of %u pools contradict themselves", n_bad, n_good + n_bad);
	return NULL;
}
