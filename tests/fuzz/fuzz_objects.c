/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole census over a heap whose bytes were changed: it may count wrongly or give up, but must not crash, hang or read
 * beside the image. The first byte of the input chooses the version of CPython and the allocator's hooks; then come changes,
 * each 12 bytes: what, where, the word.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"
#include "fake_heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define CHANGE_BYTES 12
#define MAX_CHANGES 64

static const char *const tables[] = { "3.11.7-upstream", "3.8.18-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))
#define N_HEAPS (2 * N_TABLES) /* without debug hooks, and with them */

struct change {
	uint8_t *at;
	uint64_t before;
};

/* How much of a region holds anything. */
static size_t used_bytes(const struct fake_heap *heap, unsigned region_id)
{
	const struct fake_region *region = &heap->regions[region_id];

	switch (region_id) {
	case FAKE_STATICS:
		return heap->next_static - region->start;
	case FAKE_CHUNKS:
		return heap->top_chunk - region->start;
	default:
		return 256;
	}
}

static uint8_t *place_of(const struct fake_heap *heap, uint8_t region_id, uint32_t offset)
{
	const struct fake_region *region = &heap->regions[region_id % FAKE_N_REGIONS];

	if (region_id % FAKE_N_REGIONS != FAKE_ARENA)
		return region->data + offset % used_bytes(heap, region_id % FAKE_N_REGIONS);
	hs_addr pool = region->start + (hs_addr)((offset >> 16) % heap->n_pools) * heap->layout->features.pool_bytes;
	uint32_t used = (uint32_t)FAKE_GET(heap, pool, pool_header, nextoffset);
	/* the pool's header may be changed already */
	return fake_at(heap, pool + (offset & 0xffff) % (used >= 64 && used <= heap->layout->features.pool_bytes - 8 ? used : 64), 8);
}

/* The new word: a value of its own, or one that leads somewhere. */
static uint64_t word_of(const struct fake_heap *heap, uint8_t how, uint64_t old, uint32_t value, uint16_t low)
{
	const struct fake_region *region = &heap->regions[value >> 30];

	switch (how >> 2 & 7) {
	case 0:
		return value;
	case 1:
		return (uint64_t)value << 32 | low;
	case 2:
		return region->start + (value & 0x3fffffff) % region->bytes;
	case 3:
		return (region->start + (value & 0x3fffffff) % region->bytes) & ~(uint64_t)15;
	case 4:
		return old + (uint64_t)(int64_t)(int16_t)low;
	case 5:
		return old ^ (uint64_t)1 << (value & 63);
	case 6:
		return 0 - (uint64_t)value;
	default:
		return (old & ~(uint64_t)0xff) | (value & 0xff);
	}
}

static size_t apply(const struct fake_heap *heap, const uint8_t *data, size_t bytes, struct change *changes)
{
	size_t n = 0;

	for (; bytes >= CHANGE_BYTES && n < MAX_CHANGES; data += CHANGE_BYTES, bytes -= CHANGE_BYTES) {
		uint32_t offset, value;
		uint16_t low;
		memcpy(&low, data + 2, sizeof(low));
		memcpy(&offset, data + 4, sizeof(offset));
		memcpy(&value, data + 8, sizeof(value));
		uint8_t *at = place_of(heap, data[0], data[1] & 1 ? offset : offset & ~7u);
		changes[n].at = at;
		memcpy(&changes[n].before, at, sizeof(uint64_t));
		n++;
		uint64_t word = word_of(heap, data[1], changes[n - 1].before, value, low);
		memcpy(at, &word, sizeof(word));
	}
	return n;
}

static void undo(const struct change *changes, size_t n)
{
	while (n--)
		memcpy(changes[n].at, &changes[n].before, sizeof(uint64_t));
}

static void take_census(const struct fake_heap *heap, unsigned n_workers)
{
	const struct hs_census_options options = { .n_workers = n_workers };
	struct hs_census *census = NULL;
	struct hs_error *error = hs_census_take(heap->image, heap->layout, &options, &census);

	if (!error == !census)
		abort();
	hs_error_destroy(error);
	hs_census_destroy(census);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct fake_heap *heaps[N_HEAPS];
	struct change changes[MAX_CHANGES];

	if (!bytes)
		return 0;
	struct fake_heap **heap = &heaps[data[0] % N_HEAPS];
	if (!*heap) {
		*heap = fake_heap_create(tables[data[0] % N_TABLES]);
		(*heap)->has_hooks = data[0] % N_HEAPS >= N_TABLES;
		fake_populate(*heap);
	}
	size_t n = apply(*heap, data + 1, bytes - 1, changes);
	take_census(*heap, 1);
	undo(changes, n);
	return 0;
}
