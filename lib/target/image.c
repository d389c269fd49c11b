/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image: segments sorted by address, and a sparse table from each MiB of address space to the first segment that
 * reaches into it. Knows nothing about where the bytes came from.
 */
#include "image.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "array.h"
#include "bits.h"

#define GRANULE_SHIFT 20
#define ADDRESS_BITS 47 /* user addresses on x86-64 with four-level page tables */
#define N_GRANULES ((size_t)1 << (ADDRESS_BITS - GRANULE_SHIFT))

struct release {
	void (*function)(void *);
	void *context;
};

struct hs_image {
	HS_ARRAY(struct hs_segment) segments;
	HS_ARRAY(struct release) releases;
	HS_ARRAY(struct hs_static_range) statics;
	bool is_redacted;
	/* granule → index + 1 of the first segment with end > granule's start; 0: none. Lazily backed by pages. */
	uint32_t *first_segment;
};

struct hs_error *hs_image_create(struct hs_image **ret)
{
	struct hs_image *image = calloc(1, sizeof(*image));

	if (!image)
		return hs_error_no_memory();
	*ret = image;
	return NULL;
}

void hs_image_destroy(struct hs_image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->releases.n; i++)
		image->releases.items[i].function(image->releases.items[i].context);
	if (image->first_segment)
		munmap(image->first_segment, N_GRANULES * sizeof(*image->first_segment));
	hs_array_free(&image->segments);
	hs_array_free(&image->releases);
	hs_array_free(&image->statics);
	free(image);
}

struct hs_error *hs_image_add_segment(struct hs_image *image, const struct hs_segment *segment,
				      void (*release)(void *), void *release_context)
{
	if (image->first_segment || segment->start >= segment->end || segment->end > (hs_addr)1 << ADDRESS_BITS)
		return hs_error_at(HS_ERROR_INVALID, segment->start, "segment 0x%" HS_PRI_ADDR "-0x%" HS_PRI_ADDR " cannot be added",
				   segment->start, segment->end);
	if (!hs_array_reserve(&image->segments, image->segments.n + 1) ||
	    !hs_array_reserve(&image->releases, image->releases.n + 1))
		return hs_error_no_memory();
	image->segments.items[image->segments.n++] = *segment;
	if (release)
		image->releases.items[image->releases.n++] = (struct release){ release, release_context };
	return NULL;
}

static int compare_segments(const void *a, const void *b)
{
	const struct hs_segment *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

struct hs_error *hs_image_add_static(struct hs_image *image, hs_addr start, hs_addr end)
{
	struct hs_static_range *range = hs_array_append(&image->statics);

	if (!range)
		return hs_error_no_memory();
	*range = (struct hs_static_range){ start, end };
	return NULL;
}

static int compare_statics(const void *a, const void *b)
{
	const struct hs_static_range *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

bool hs_image_is_static(const struct hs_image *image, hs_addr address)
{
	size_t low = 0, high = image->statics.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct hs_static_range *range = &image->statics.items[middle];
		if (address < range->start)
			high = middle;
		else if (address >= range->end)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

const struct hs_static_range *hs_image_static_ranges(const struct hs_image *image, size_t *ret_n)
{
	*ret_n = image->statics.n;
	return image->statics.items;
}

void hs_image_set_redacted(struct hs_image *image)
{
	image->is_redacted = true;
}

bool hs_image_is_redacted(const struct hs_image *image)
{
	return image->is_redacted;
}

struct hs_error *hs_image_seal(struct hs_image *image)
{
	struct hs_segment *segments = image->segments.items;
	size_t n = image->segments.n;

	if (n)
		qsort(segments, n, sizeof(*segments), compare_segments);
	if (image->statics.n)
		qsort(image->statics.items, image->statics.n, sizeof(*image->statics.items), compare_statics);
	for (size_t i = 1; i < n; i++)
		if (segments[i].start < segments[i - 1].end)
			return hs_error_at(HS_ERROR_BAD_DATA, segments[i].start, "two mappings overlap at 0x%" HS_PRI_ADDR, segments[i].start);

	uint32_t *table = mmap(NULL, N_GRANULES * sizeof(*table), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED)
		return hs_error_no_memory();
	for (size_t i = n; i-- > 0;)
		for (size_t granule = segments[i].start >> GRANULE_SHIFT; granule <= (segments[i].end - 1) >> GRANULE_SHIFT; granule++)
			table[granule] = (uint32_t)i + 1;
	image->first_segment = table;
	return NULL;
}

const struct hs_segment *hs_image_segments(const struct hs_image *image, size_t *ret_n)
{
	*ret_n = image->segments.n;
	return image->segments.items;
}

uint64_t hs_image_mapped_bytes(const struct hs_image *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->segments.n; i++)
		bytes += image->segments.items[i].end - image->segments.items[i].start;
	return bytes;
}

static size_t present_pages(const struct hs_segment *segment)
{
	size_t n_pages = (segment->end - segment->start) >> HS_PAGE_SHIFT;
	size_t n_present = 0;

	if (!segment->present)
		return n_pages;
	for (size_t page = 0; page < n_pages; page++)
		n_present += segment->present[page / 64] >> (page % 64) & 1;
	return n_present;
}

size_t hs_image_captured_bytes(const struct hs_image *image)
{
	size_t n_pages = 0;

	for (size_t i = 0; i < image->segments.n; i++)
		n_pages += present_pages(&image->segments.items[i]);
	return n_pages << HS_PAGE_SHIFT;
}

const struct hs_segment *hs_image_find(const struct hs_image *image, hs_addr address)
{
	if (address >> ADDRESS_BITS)
		return NULL;
	uint32_t first = image->first_segment[address >> GRANULE_SHIFT];
	if (!first)
		return NULL;
	const struct hs_segment *segment = &image->segments.items[first - 1];
	const struct hs_segment *end = image->segments.items + image->segments.n;
	for (; segment < end && segment->start <= address; segment++)
		if (address < segment->end)
			return segment;
	return NULL;
}

/* Where the pages that are, or are not, in the image end; `end` at most. */
static hs_addr end_of_alike(const struct hs_segment *segment, hs_addr at, hs_addr end, bool is_present)
{
	if (!segment->present)
		return is_present && at < end ? end : at;
	size_t first = (at - segment->start) >> HS_PAGE_SHIFT, n_bits = (end - segment->start + HS_PAGE_BYTES - 1) >> HS_PAGE_SHIFT;
	size_t page = hs_bits_next(segment->present, first, n_bits, !is_present);
	if (page > first)
		at = segment->start + (page << HS_PAGE_SHIFT);
	return at < end ? at : end;
}

hs_addr hs_image_next_present(const struct hs_image *image, hs_addr at, hs_addr end)
{
	const struct hs_segment *segment = at < end ? hs_image_find(image, at) : NULL;

	if (!segment)
		return end;
	hs_addr limit = end > segment->end ? segment->end : end, start = end_of_alike(segment, at, limit, false);
	return start < limit ? start : end;
}

bool hs_image_next_piece(const struct hs_image *image, hs_addr *at, hs_addr end, struct hs_image_piece *ret)
{
	const struct hs_segment *segment = *at < end ? hs_image_find(image, *at) : NULL;

	if (!segment)
		return false;
	if (end > segment->end)
		end = segment->end;
	hs_addr start = end_of_alike(segment, *at, end, false);
	*at = end_of_alike(segment, start, end, true);
	if (*at == start)
		return false;
	*ret = (struct hs_image_piece){ start, segment->data + (start - segment->start), *at - start };
	return true;
}

const char *hs_image_string(const struct hs_image *image, hs_addr address, size_t max_bytes, size_t *ret_bytes)
{
	const struct hs_segment *segment = hs_image_find(image, address);

	if (!segment)
		return NULL;
	const char *text = (const char *)segment->data + (address - segment->start);
	size_t room = segment->end - address;
	if (room > max_bytes + 1)
		room = max_bytes + 1;
	for (size_t n = 0; n < room;) {
		size_t page_rest = HS_PAGE_BYTES - ((address + n) & (HS_PAGE_BYTES - 1));
		size_t piece = room - n < page_rest ? room - n : page_rest;
		if (!hs_segment_is_present(segment, address + n - segment->start, 1))
			return NULL;
		const char *nul = memchr(text + n, '\0', piece);
		if (nul) {
			*ret_bytes = (size_t)(nul - text);
			return text;
		}
		n += piece;
	}
	return NULL;
}
