/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which objects stood where: four bytes a pool block, twelve an object outside the pools.
 *
 *     pools         | base, first, block_bytes, n | …        by address
 *     fingerprints  | 0 | f | f | 0 | …                      of pool i from `first` on: one a block, 0 where no object is
 *     outside       | address | …      | f | …               by address
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "pages.h"
#include "sample_internal.h"

struct pool {
	hs_addr blocks; /* where the first one begins */
	uint32_t first;
	uint16_t block_bytes;
	uint16_t n;
};

struct hs_identities {
	struct pool *pools;
	size_t n_pools;
	hs_fingerprint *fingerprints; /* by place */
	hs_heap_place n_places;
	uint32_t n_blocks;            /* of them in pools; the outside follows */
	hs_addr *outside;
};

/* What was seen last of each type in one pool: objects that all look alike cannot be told apart. */
#define RECENT_SLOTS 64

struct recent {
	hs_addr pool;
	hs_addr types[RECENT_SLOTS];
	hs_fingerprint fingerprints[RECENT_SLOTS];
};

struct marker {
	const struct hs_process_heap *heap;
	const struct hs_pymalloc *pymalloc;
	struct hs_fingerprints fingerprints;
	struct recent *recent; /* by worker */
	struct hs_identities *identities; /* to fill; or NULL: */
	const struct hs_sample *sample;   /* to compare with */
	uint8_t *lived;
};

void sample_identities_destroy(struct hs_identities *identities)
{
	if (!identities)
		return;
	hs_pages_free(identities->fingerprints, identities->n_places * sizeof(*identities->fingerprints));
	free(identities->pools);
	free(identities->outside);
	free(identities);
}

static void destroy_identities(struct hs_identities **identities)
{
	sample_identities_destroy(*identities);
}

static const struct pool *find_pool(const struct hs_identities *identities, hs_addr address)
{
	size_t low = 0, high = identities->n_pools;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (identities->pools[middle].blocks <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &identities->pools[low - 1] : NULL;
}

static hs_fingerprint at_outside(const struct hs_identities *identities, hs_addr address)
{
	size_t low = 0, high = identities->n_places - identities->n_blocks, n = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (identities->outside[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && identities->outside[low] == address ? identities->fingerprints[identities->n_blocks + low] : 0;
}

hs_fingerprint sample_identities_at(const struct hs_identities *identities, hs_addr address)
{
	const struct pool *pool = find_pool(identities, address);

	if (pool && address - pool->blocks < (uint64_t)pool->n * pool->block_bytes)
		return identities->fingerprints[pool->first + (address - pool->blocks) / pool->block_bytes];
	return at_outside(identities, address);
}

/*
 * Marks a fingerprint that the last object of its type in the same pool had, too. Then the first of many alike is not marked: it is one of
 * a pool's worth.
 */
static hs_fingerprint take(struct marker *marker, const struct hs_heap_item *item)
{
	hs_fingerprint fingerprint = hs_fingerprint_take(&marker->fingerprints, &item->object);
	const struct hs_pool *pool = hs_pool_of(marker->pymalloc, item->object.address);
	struct recent *recent = &marker->recent[item->worker];
	size_t slot = (item->object.type->address >> 4) % RECENT_SLOTS;
	hs_addr base = pool ? pool->base : 0;

	if (recent->pool != base || !base)
		*recent = (struct recent){ .pool = base };
	bool is_common = recent->types[slot] == item->object.type->address && recent->fingerprints[slot] == fingerprint;
	recent->types[slot] = item->object.type->address;
	recent->fingerprints[slot] = fingerprint;
	return is_common ? hs_fingerprint_common(fingerprint) : fingerprint;
}

static void keep(void *context, const struct hs_heap_item *item)
{
	struct marker *marker = context;
	struct hs_identities *identities = marker->identities;

	identities->fingerprints[item->place] = take(marker, item);
	if (item->place >= identities->n_blocks)
		identities->outside[item->place - identities->n_blocks] = item->object.address;
}

static void list_pools(const struct hs_pymalloc *pymalloc, struct hs_identities *identities)
{
	for (size_t i = 0; i < pymalloc->pools.n; i++) {
		const struct hs_pool *pool = &pymalloc->pools.items[i];
		identities->pools[i] = (struct pool){
			.blocks = pool->base + pymalloc->header_bytes, .first = pool->first_block,
			.block_bytes = pool->block_bytes, .n = pool->n_blocks,
		};
	}
	identities->n_pools = pymalloc->pools.n;
}

static struct hs_error *marker_init(struct marker *marker, const struct hs_process_heap *heap)
{
	marker->heap = heap;
	marker->pymalloc = hs_heap_pymalloc(heap->heap);
	marker->fingerprints = hs_fingerprints_of(heap);
	marker->recent = calloc(hs_heap_workers(heap->heap), sizeof(*marker->recent));
	return marker->recent ? NULL : hs_error_no_memory();
}

struct hs_error *sample_identities_take(const struct hs_process_heap *heap, struct hs_identities **ret)
{
	HS_CLEANUP(destroy_identities) struct hs_identities *identities = calloc(1, sizeof(*identities));
	struct marker marker = { .identities = identities };

	if (!identities)
		return hs_error_no_memory();
	const struct hs_pymalloc *pymalloc = hs_heap_pymalloc(heap->heap);
	identities->n_places = hs_heap_place_count(heap->heap);
	identities->n_blocks = pymalloc->n_blocks;
	identities->pools = calloc(pymalloc->pools.n + 1, sizeof(*identities->pools));
	identities->outside = calloc((size_t)(identities->n_places - identities->n_blocks) + 1, sizeof(*identities->outside));
	identities->fingerprints = hs_pages_alloc_array(identities->n_places, sizeof(*identities->fingerprints));
	if (!identities->pools || !identities->outside || !identities->fingerprints)
		return hs_error_no_memory();
	list_pools(pymalloc, identities);
	HS_TRY(marker_init(&marker, heap));
	hs_heap_walk(heap->heap, keep, &marker);
	free(marker.recent);
	*ret = hs_take(identities);
	return NULL;
}

enum hs_lived hs_sample_has_lived(const struct hs_sample *sample, hs_addr address, hs_fingerprint now)
{
	if (!sample->identities)
		return HS_LIVED_UNKNOWN;
	return hs_fingerprint_compare(sample_identities_at(sample->identities, address), now);
}

enum hs_lived hs_sample_has_lived_object(const struct hs_sample *sample, const struct hs_fingerprints *fingerprints, const struct hs_object *object,
					 hs_fingerprint now)
{
	enum hs_lived lived = hs_sample_has_lived(sample, object->address, now);
	uint64_t length;

	if (lived == HS_LIVED || !sample_is_container(fingerprints->py, object, &length))
		return lived;
	const struct hs_sample_container *then = hs_sample_container_at(sample, object->address);
	if (then && then->type == object->type->address && hs_sample_kept(then, fingerprints, object) >= SAMPLE_KEPT)
		return HS_LIVED;
	return lived;
}

static void compare(void *context, const struct hs_heap_item *item)
{
	struct marker *marker = context;

	marker->lived[item->place] = (uint8_t)hs_sample_has_lived_object(marker->sample, &marker->fingerprints, &item->object, take(marker, item));
}

struct hs_error *hs_sample_mark_lived(const struct hs_sample *sample, const struct hs_process_heap *heap, uint8_t *ret)
{
	struct marker marker = { .sample = sample, .lived = ret };

	HS_TRY(marker_init(&marker, heap));
	hs_heap_walk(heap->heap, compare, &marker);
	free(marker.recent);
	return NULL;
}

size_t hs_sample_identity_bytes(const struct hs_sample *sample)
{
	const struct hs_identities *identities = sample->identities;

	if (!identities)
		return 0;
	return identities->n_places * sizeof(*identities->fingerprints) + (identities->n_places - identities->n_blocks) * sizeof(*identities->outside) +
	       identities->n_pools * sizeof(*identities->pools);
}

struct hs_error *hs_sample_mark_survivors(const struct hs_sample *first, const struct hs_sample *before, const struct hs_process_heap *heap, uint8_t *ret)
{
	hs_heap_place n = hs_heap_place_count(heap->heap);
	HS_FREE uint8_t *at_first = calloc((size_t)n + 1, sizeof(*at_first));

	if (!at_first)
		return hs_error_no_memory();
	HS_TRY(hs_sample_mark_lived(first, heap, at_first));
	HS_TRY(hs_sample_mark_lived(before, heap, ret));
	for (hs_heap_place i = 0; i < n; i++)
		if (ret[i] == HS_LIVED && at_first[i] != HS_LIVED_NOT)
			ret[i] = at_first[i] == HS_LIVED ? HS_LIVED_NOT : HS_LIVED_UNKNOWN;
	return NULL;
}
