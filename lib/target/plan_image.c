/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the destination and the plan over to an image. Knows nothing about where the bytes came from. */
#include "plan_image.h"

#include <stdlib.h>

#include "bits.h"
#include "cleanup.h"
#include "statics.h"

/* What the image's segments point into. */
struct store {
	struct hs_destination destination;
	struct hs_plan *plan;
};

static void release_store(void *context)
{
	struct store *store = context;

	hs_destination_release(&store->destination);
	hs_plan_destroy(store->plan);
	free(store);
}

/*
 * Pages that are in the destination without having been copied: those read from their file, and the kernel's page of
 * zeros, whose place was never touched and reads the same. From here on `zero` says which they all are.
 */
static void add_other_pages(struct hs_extent *extent)
{
	size_t n_words = hs_bits_words((extent->end - extent->start) >> HS_PAGE_SHIFT);

	for (size_t word = 0; word < n_words; word++) {
		uint64_t others = (extent->zero[word] | (extent->of_file ? extent->of_file[word] : 0)) & ~extent->present[word];
		extent->zero[word] = others;
		if (others)
			extent->present[word] |= others;
	}
}

/* hs_copied_bytes */
static const void *copied_at(void *context, hs_addr address, size_t bytes)
{
	struct store *store = context;
	size_t i = hs_plan_find(store->plan, address);
	const struct hs_extent *extent = i < store->plan->extents.n ? &store->plan->extents.items[i] : NULL;

	if (!extent || address < extent->start || bytes > extent->end - address)
		return NULL;
	return hs_bits_test(extent->present, (address - extent->start) >> HS_PAGE_SHIFT) ? hs_extent_at(extent, address) : NULL;
}

static struct hs_error *add_segments(struct hs_image *image, struct store *store)
{
	for (size_t i = 0; i < store->plan->extents.n; i++) {
		struct hs_extent *extent = &store->plan->extents.items[i];
		struct hs_segment segment = {
			.start = extent->start, .end = extent->end,
			.data = extent->local, .present = extent->present, .not_own = extent->zero,
			.is_writable = extent->is_writable, .is_anonymous = extent->is_anonymous,
		};
		add_other_pages(extent);
		/* The first segment carries what all of them point into. */
		struct hs_error *error = hs_image_add_segment(image, &segment, i ? NULL : release_store, i ? NULL : store);
		if (error && !i)
			release_store(store);
		HS_TRY(error);
	}
	return NULL;
}

static uint64_t copied_bytes(const struct hs_plan *plan)
{
	uint64_t n_pages = 0;

	for (size_t i = 0; i < plan->extents.n; i++) {
		const struct hs_extent *extent = &plan->extents.items[i];
		size_t n_bits = (extent->end - extent->start) >> HS_PAGE_SHIFT;
		n_pages += hs_bits_count(extent->present, n_bits) + (extent->of_file ? hs_bits_count(extent->of_file, n_bits) : 0);
	}
	return n_pages << HS_PAGE_SHIFT;
}

static void destroy_image(struct hs_image **image)
{
	hs_image_destroy(*image);
}

struct hs_error *hs_plan_image(struct hs_plan *plan, struct hs_destination *destination, const struct hs_mappings *mappings,
			       const struct hs_static_ranges *statics, struct hs_image **ret, uint64_t *ret_bytes)
{
	HS_CLEANUP(destroy_image) struct hs_image *image = NULL;
	struct store *store = malloc(sizeof(*store));
	const struct hs_copied_bytes copied = { copied_at, store };

	if (!store) {
		hs_plan_destroy(plan);
		return hs_error_no_memory();
	}
	*store = (struct store){ *destination, plan };
	*destination = (struct hs_destination){ 0 };
	uint64_t bytes = copied_bytes(plan);
	struct hs_error *error = hs_image_create(&image);
	if (error) {
		release_store(store);
		return error;
	}
	/* from the first segment on, the image owns the store */
	HS_TRY(add_segments(image, store));
	for (size_t i = 0; statics && i < statics->n; i++)
		HS_TRY(hs_image_add_static(image, statics->items[i].start, statics->items[i].end));
	if (!statics)
		HS_TRY(hs_statics_add(image, mappings, &copied));
	HS_TRY(hs_image_seal(image));
	*ret = hs_take(image);
	*ret_bytes = bytes;
	return NULL;
}
