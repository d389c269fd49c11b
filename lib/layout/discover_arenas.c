/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for pymalloc's table of arenas. Every pool states the index of its arena, and the table at that index
 * states the arena's address:
 *
 *   object ──► pool = object & ~(pool_bytes - 1) ──► index = pool->arenaindex
 *   table[index].address <= pool < table[index].address + arena_bytes        for every sample: this is the table
 */
#include "discover_steps.h"

#include <string.h>

#include "pymalloc_state.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define OFFSET(structure, name) HS_OFFSET(live->layout, structure, name)
#define SAMPLES_MAX 64
#define NEAR_BYTES 512

/* A pool that is certainly one, because a function lies in it. */
struct sample {
	hs_addr pool;
	uint32_t arena_index;
};

struct samples {
	struct sample items[SAMPLES_MAX];
	size_t n;
	unsigned n_seen;  /* functions looked at */
	uint32_t max_index;
};

static bool is_pool_of(const struct hs_live *live, hs_addr pool, hs_addr block)
{
	const struct hs_features *features = &live->layout->features;
	uint32_t class = (uint32_t)FIELD(pool, pool_header, szidx), header = HS_SIZEOF(live->layout, pool_header);
	uint32_t count = (uint32_t)FIELD(pool, pool_header, count), next = (uint32_t)FIELD(pool, pool_header, nextoffset);

	return class < features->small_request_bytes / 16 && count && count <= features->pool_bytes / (16 * (class + 1)) &&
	       block >= pool + header && (block - pool - header) % (16 * (class + 1)) == 0 && block < pool + next &&
	       next <= features->pool_bytes;
}

static bool take_sample(const struct hs_live *live, hs_addr object, void *context)
{
	struct samples *samples = context;

	if (!hs_live_is(live, object, "function"))
		return true;
	samples->n_seen++;
	hs_addr block = object - HS_SIZEOF(live->layout, PyGC_Head);
	hs_addr pool = block & ~(hs_addr)(live->layout->features.pool_bytes - 1);
	if (!is_pool_of(live, pool, block))
		return samples->n_seen < 4 * SAMPLES_MAX;
	struct sample *sample = &samples->items[samples->n++];
	*sample = (struct sample){ pool, (uint32_t)FIELD(pool, pool_header, arenaindex) };
	if (sample->arena_index > samples->max_index)
		samples->max_index = sample->arena_index;
	return samples->n < SAMPLES_MAX && samples->n_seen < 4 * SAMPLES_MAX;
}

static void take_samples(const struct hs_live *live, struct samples *samples)
{
	memset(samples, 0, sizeof(*samples));
	hs_live_each_global(live, take_sample, samples);
}

bool hs_uses_pymalloc(const struct hs_live *live)
{
	struct samples samples;

	take_samples(live, &samples);
	return samples.n * 2 > samples.n_seen;
}

static bool is_table(const struct hs_live *live, hs_addr table, const struct samples *samples)
{
	const uint32_t arena_bytes = live->layout->features.arena_bytes;

	if (!table || table & 7)
		return false;
	for (size_t i = 0; i < samples->n; i++) {
		hs_addr entry = table + samples->items[i].arena_index * (hs_addr)HS_SIZEOF(live->layout, arena_object);
		hs_addr address = FIELD(entry, arena_object, address);

		if (!address || samples->items[i].pool < address || samples->items[i].pool - address >= arena_bytes)
			return false;
	}
	return samples->n > 0;
}

/* An entry that is in use is an arena whose first pool, if it has one, states this index; one that is not has no address. */
static bool is_whole_table(const struct hs_live *live, hs_addr table, uint32_t n)
{
	const struct hs_features *features = &live->layout->features;

	for (uint32_t i = 0; i < n; i++) {
		hs_addr entry = table + i * (hs_addr)HS_SIZEOF(live->layout, arena_object);
		hs_addr address = FIELD(entry, arena_object, address), next = FIELD(entry, arena_object, pool_address);

		if (!hs_image_at(live->image, entry, HS_SIZEOF(live->layout, arena_object)))
			return false;
		if (address && (next < address || next - address > features->arena_bytes || next & (features->pool_bytes - 1)))
			return false;
	}
	return true;
}

/* The table starts with 16 entries and doubles (new_arena()). */
static bool is_table_length(uint32_t n)
{
	return n >= 16 && !(n & (n - 1)) && n <= 1u << 24;
}

/*
 * Of the numbers near the pointer that can be the table's length, the one that glibc's chunk header confirms; with
 * another malloc the largest that the entries do not contradict.
 */
static hs_addr find_length(const struct hs_live *live, hs_addr pointer, hs_addr table, uint32_t max_index)
{
	const uint32_t entry_bytes = HS_SIZEOF(live->layout, arena_object);
	uint64_t usable = (hs_live_word(live, table - 8, 0) & ~(uint64_t)7) - 8;
	hs_addr best = 0;
	uint32_t best_n = 0;

	for (hs_addr at = pointer - NEAR_BYTES; at < pointer + NEAR_BYTES; at += 4) {
		uint32_t n = hs_live_u32(live, at, 0);

		if (!is_table_length(n) || n <= max_index || !is_whole_table(live, table, n))
			continue;
		uint64_t wanted = (uint64_t)n * entry_bytes, slack = usable - wanted;
		if (usable >= wanted && slack < (wanted < (128 << 10) ? 32 : 4096 + 32))
			return at;
		if (n > best_n) {
			best = at;
			best_n = n;
		}
	}
	return best;
}

static bool search_segment(const struct hs_live *live, const struct hs_segment *segment, const struct samples *samples,
			   struct hs_layout *layout)
{
	for (hs_addr at = segment->start; at < segment->end; at += 8) {
		hs_addr table = hs_live_word(live, at, 0), length;

		if (!is_table(live, table, samples))
			continue;
		length = find_length(live, at, table, samples->max_index);
		if (!length)
			continue;
		HS_ADDRESS_OF(layout, arenas) = at;
		HS_ADDRESS_OF(layout, maxarenas) = length;
		return true;
	}
	return false;
}

/* Statics of the runtime's binary: in its .data and .bss. */
static bool search_statics(const struct hs_live *live, const struct samples *samples, struct hs_layout *layout)
{
	size_t n;
	const struct hs_segment *segments = hs_image_segments(live->image, &n);

	for (size_t i = 0; i < n; i++)
		if (segments[i].is_writable && segments[i].end > layout->runtime_start && segments[i].start < layout->runtime_end &&
		    search_segment(live, &segments[i], samples, layout))
			return true;
	return false;
}

/* The interpreter's member: the state itself (3.12), or a pointer to it (3.13+). */
static bool search_member(const struct hs_live *live, const struct samples *samples, struct hs_layout *layout)
{
	struct hs_field *member = &layout->fields[HS_FIELD_PyInterpreterState_obmalloc];
	const hs_addr main = hs_live_main_interpreter(live);
	const int32_t before = member->offset, arenas = OFFSET(obmalloc_state, arenas);
	const int32_t reach = (int32_t)HS_SIZEOF(layout, PyInterpreterState) + 4096;

	for (int32_t offset = 0; offset < reach; offset += 8) {
		hs_addr state = member->bytes == 8 ? hs_live_word(live, main, offset) : main + (hs_addr)offset;
		struct hs_pymalloc_state found;

		if (!state || !is_table(live, hs_live_word(live, state, arenas), samples))
			continue;
		member->offset = offset;
		if (hs_pymalloc_state(live, &found) && is_table_length(found.maxarenas) && found.maxarenas > samples->max_index)
			return true;
	}
	member->offset = before;
	return false;
}

bool hs_search_arenas(const struct hs_live *live, struct hs_layout *layout)
{
	struct samples samples;

	take_samples(live, &samples);
	if (samples.n * 2 <= samples.n_seen)
		return false;
	if (HS_HAS(layout, PyInterpreterState, obmalloc))
		return search_member(live, &samples, layout);
	return search_statics(live, &samples, layout);
}
