/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping the zeros, and going from an address or a byte of the source to its place in them. */
#include "blank_image.h"

#include <stdlib.h>

#include "pages.h"

/* What the image keeps: the bytes of all segments, then their bits. */
struct store {
	uint8_t *data;
	size_t data_bytes;
	uint64_t *bits;
};

static void release_store(void *context)
{
	struct store *store = context;

	if (store->data)
		hs_pages_free(store->data, store->data_bytes);
	free(store->bits);
	free(store);
}

static size_t bits_words(const struct hs_segment *segment)
{
	return (((segment->end - segment->start) >> HS_PAGE_SHIFT) + 63) / 64;
}

static struct store *make_store(const struct blank_image *blank)
{
	struct store *store = calloc(1, sizeof(*store));
	size_t n_words = 1;

	if (!store)
		return NULL;
	for (size_t i = 0; i < blank->n_segments; i++) {
		store->data_bytes += blank->segments[i].end - blank->segments[i].start;
		n_words += 2 * bits_words(&blank->segments[i]);
	}
	store->data = hs_pages_alloc(store->data_bytes);
	store->bits = malloc(n_words * sizeof(*store->bits));
	if (store->data && store->bits)
		return store;
	release_store(store);
	return NULL;
}

static const uint64_t *copy_bits(const uint64_t *bits, size_t n, uint64_t **at)
{
	if (!bits)
		return NULL;
	uint64_t *copy = memcpy(*at, bits, n * sizeof(*bits));
	*at += n;
	return copy;
}

static struct hs_error *add_segments(struct blank_image *blank, struct store *store)
{
	uint8_t *data = store->data;
	uint64_t *bits = store->bits;

	for (size_t i = 0; i < blank->n_segments; i++) {
		struct hs_segment segment = blank->segments[i];
		segment.present = copy_bits(segment.present, bits_words(&segment), &bits);
		segment.not_own = copy_bits(segment.not_own, bits_words(&segment), &bits);
		segment.data = blank->data[i] = data;
		data += segment.end - segment.start;
		struct hs_error *error = hs_image_add_segment(blank->image, &segment, i ? NULL : release_store, i ? NULL : store);
		if (error) {
			if (!i)
				release_store(store);
			return error;
		}
	}
	if (!blank->n_segments)
		release_store(store);
	return NULL;
}

static int compare_data(const void *a, const void *b, void *context)
{
	const struct hs_segment *segments = context;
	const uint8_t *left = segments[*(const size_t *)a].data, *right = segments[*(const size_t *)b].data;

	return left < right ? -1 : left > right;
}

static struct hs_error *fill(struct blank_image *blank)
{
	size_t n_statics;
	const struct hs_static_range *statics = hs_image_static_ranges(blank->source, &n_statics);

	blank->data = calloc(blank->n_segments + 1, sizeof(*blank->data));
	blank->by_data = calloc(blank->n_segments + 1, sizeof(*blank->by_data));
	struct store *store = blank->data && blank->by_data ? make_store(blank) : NULL;
	if (!store)
		return hs_error_no_memory();
	HS_TRY(add_segments(blank, store));
	for (size_t i = 0; i < n_statics; i++)
		HS_TRY(hs_image_add_static(blank->image, statics[i].start, statics[i].end));
	for (size_t i = 0; i < blank->n_segments; i++)
		blank->by_data[i] = i;
	if (blank->n_segments)
		qsort_r(blank->by_data, blank->n_segments, sizeof(*blank->by_data), compare_data, (void *)blank->segments);
	hs_image_set_redacted(blank->image);
	return hs_image_seal(blank->image);
}

struct hs_error *blank_image_init(struct blank_image *blank, const struct hs_image *source)
{
	*blank = (struct blank_image){ .source = source };
	blank->segments = hs_image_segments(source, &blank->n_segments);
	struct hs_error *error = hs_image_create(&blank->image);
	if (!error)
		error = fill(blank);
	if (error)
		blank_image_deinit(blank);
	return error;
}

struct hs_image *blank_image_take(struct blank_image *blank)
{
	struct hs_image *image = blank->image;

	blank->image = NULL;
	return image;
}

void blank_image_deinit(struct blank_image *blank)
{
	hs_image_destroy(blank->image);
	free(blank->data);
	free(blank->by_data);
	*blank = (struct blank_image){ 0 };
}

void *blank_at(const struct blank_image *blank, hs_addr address, size_t bytes)
{
	const struct hs_segment *segment = hs_image_find(blank->source, address);

	if (!segment || bytes > segment->end - address || (bytes && !hs_segment_is_present(segment, address - segment->start, bytes)))
		return NULL;
	return blank->data[segment - blank->segments] + (address - segment->start);
}

uint8_t *blank_at_local(const struct blank_image *blank, const void *local)
{
	const uint8_t *wanted = local;
	size_t low = 0, high = blank->n_segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (blank->segments[blank->by_data[middle]].data <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	size_t i = blank->by_data[low - 1];
	size_t offset = (size_t)(wanted - blank->segments[i].data);
	return offset < blank->segments[i].end - blank->segments[i].start ? blank->data[i] + offset : NULL;
}

bool blank_keep(const struct blank_image *blank, hs_addr address, size_t bytes)
{
	void *to = blank_at(blank, address, bytes);

	if (to)
		memcpy(to, hs_image_at(blank->source, address, bytes), bytes);
	return to != NULL;
}

bool blank_keep_string(const struct blank_image *blank, hs_addr address, size_t max_bytes)
{
	size_t bytes;

	return hs_image_string(blank->source, address, max_bytes, &bytes) && blank_keep(blank, address, bytes + 1);
}
