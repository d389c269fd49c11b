/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thread's cache of freed chunks (malloc/malloc.c, tcache_perthread_struct): a chunk itself, with a count and a list for
 * every size.
 *
 *     | count 0 | count 1 | … | entry 0 | entry 1 | … |        entry i: chunks of 32 + 16 i bytes
 *
 * Nothing that is known of a stripped process points to it, so every chunk of its size is looked at: the counts must agree with
 * the lists and the lists with the chunks in them, which no other data do.
 */
#include "malloc_cached.h"

#define N_SMALL_BINS 64
#define MAX_BINS 76
#define CHUNK_MIN 32
#define CHUNK_STEP 16
#define CHUNK_HEADER 16

/* The shapes of glibc 2.26–2.29, 2.30–2.41 and since 2.42. They differ in size: that is how they are told apart. */
static const struct shape {
	uint32_t chunk_bytes;
	uint32_t count_bytes;
	uint32_t n_bins;           /* from N_SMALL_BINS on, each for a range of sizes above those */
	bool counts_free_places;   /* the count goes down from a maximum, which is the same for all bins */
} shapes[] = {
	{ 0x250, 1, 64, false },
	{ 0x290, 2, 64, false },
	{ 0x300, 2, 76, true },
};

struct cache {
	const struct shape *shape;
	uint32_t counts[MAX_BINS];
	struct cached_list lists[MAX_BINS];
	uint32_t n_chunks[MAX_BINS]; /* in each list */
	uint32_t n_broken;           /* lists that do not end, or hold what they cannot */
	uint32_t n_sound;            /* of the others, those that are not empty */
};

static const struct shape *shape_of(uint64_t chunk_bytes)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].chunk_bytes == chunk_bytes)
			return &shapes[i];
	return NULL;
}

/* Counts and first entries. Entries that are no pointers show at once that this is something else. */
static bool read_cache(const uint8_t *data, const struct shape *shape, struct cache *ret)
{
	const uint8_t *entries = data + (((size_t)shape->n_bins * shape->count_bytes + 7) & ~(size_t)7);

	*ret = (struct cache){ .shape = shape };
	for (uint32_t bin = 0; bin < shape->n_bins; bin++) {
		uint16_t wide = 0;
		memcpy(&wide, data + (size_t)bin * shape->count_bytes, shape->count_bytes);
		ret->counts[bin] = wide;
		hs_addr first;
		memcpy(&first, entries + (size_t)bin * sizeof(first), sizeof(first));
		if (first & 15 || first >> 47)
			return false;
		uint64_t bytes = CHUNK_MIN + (uint64_t)bin * CHUNK_STEP;
		ret->lists[bin] = (struct cached_list){ first, bytes, bin < N_SMALL_BINS ? bytes : UINT64_MAX, 0, false };
	}
	return true;
}

/* Of a cache that counts down: what an empty list counts, which is the largest count. */
static uint32_t places_of(const struct cache *cache)
{
	uint32_t places = 0;

	for (uint32_t bin = 0; cache->shape->counts_free_places && bin < cache->shape->n_bins; bin++)
		if (cache->counts[bin] > places)
			places = cache->counts[bin];
	return places;
}

/*
 * True if the lists are as long as they are counted. One may be one off, or broken: a thread stopped in the midst of a change, or
 * a program that wrote into what it had freed.
 */
static bool is_sound(const struct malloc_chunks *chunks, struct cache *cache, bool is_mangled, struct cached_budget *budget)
{
	uint32_t places = places_of(cache), n_off = 0;

	cache->n_broken = cache->n_sound = 0;
	for (uint32_t bin = 0; bin < cache->shape->n_bins; bin++) {
		uint32_t counted = cache->shape->counts_free_places ? places - cache->counts[bin] : cache->counts[bin];
		cache->lists[bin].is_mangled = is_mangled;
		cache->n_chunks[bin] = 0;
		if (!cached_list_is_sound(chunks, &cache->lists[bin], counted + 1, budget, &cache->n_chunks[bin]))
			cache->n_broken++;
		else if (cache->n_chunks[bin] != counted)
			n_off += cache->n_chunks[bin] + 1 == counted || cache->n_chunks[bin] == counted + 1 ? 1 : 2;
		cache->n_sound += cache->n_chunks[bin] != 0;
		if (cache->n_broken + n_off > 1)
			return false;
	}
	return cache->n_sound > cache->n_broken + n_off;
}

static struct hs_error *take(struct malloc_chunks *chunks, struct cache *cache, hs_addr chunk)
{
	hs_addr *slot = hs_array_append(&chunks->tcaches);

	if (!slot)
		return hs_error_no_memory();
	*slot = chunk;
	for (uint32_t bin = 0; bin < cache->shape->n_bins; bin++) {
		chunks->figures.tcache_bytes += cached_list_take(chunks, &cache->lists[bin], cache->n_chunks[bin]);
		chunks->figures.n_tcache += cache->n_chunks[bin];
	}
	chunks->figures.n_tcaches++;
	return NULL;
}

static struct hs_error *look_at(struct malloc_chunks *chunks, hs_addr chunk, const struct shape *shape, struct cached_budget *budget)
{
	const uint8_t *data = hs_image_at(chunks->image, chunk, shape->chunk_bytes - CHUNK_HEADER);
	struct cache cache;

	if (!data || !read_cache(data, shape, &cache))
		return NULL;
	if (is_sound(chunks, &cache, true, budget) || is_sound(chunks, &cache, false, budget))
		return take(chunks, &cache, chunk);
	return NULL;
}

struct hs_error *malloc_take_thread_caches(struct malloc_chunks *chunks, struct cached_budget *budget)
{
	for (size_t i = 0; i < chunks->heaps.n; i++) {
		struct malloc_walk walk = malloc_walk_of(&chunks->heaps.items[i]);
		while (malloc_walk_next(chunks, &walk)) {
			const struct shape *shape = shape_of(walk.bytes);
			if (shape && walk.is_in_use)
				HS_TRY(look_at(chunks, walk.chunk, shape, budget));
		}
	}
	return NULL;
}
