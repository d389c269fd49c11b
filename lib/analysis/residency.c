/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing two tellers of the same memory together: page tables by mapping, the copy by page. */
#include "residency.h"

static bool is_own(const struct hs_segment *segment, size_t page)
{
	if (segment->present && !(segment->present[page / 64] >> (page % 64) & 1))
		return false;
	return !segment->not_own || !(segment->not_own[page / 64] >> (page % 64) & 1);
}

/* Bytes of [start, end), which lies in the segment, on pages that were copied because they were the target's own. */
static uint64_t own_bytes(const struct hs_segment *segment, hs_addr start, hs_addr end)
{
	uint64_t bytes = 0;

	for (hs_addr at = start; at < end;) {
		hs_addr next = (at | (HS_PAGE_BYTES - 1)) + 1;
		if (next > end)
			next = end;
		if (is_own(segment, (at - segment->start) >> HS_PAGE_SHIFT))
			bytes += next - at;
		at = next;
	}
	return bytes;
}

static size_t segment_from(const struct hs_segment *segments, size_t n, hs_addr address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (segments[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The same of any range. */
static uint64_t copied_bytes(const struct hs_image *image, hs_addr start, hs_addr end)
{
	size_t n;
	const struct hs_segment *segments = hs_image_segments(image, &n);
	uint64_t bytes = 0;

	for (size_t i = segment_from(segments, n, start); i < n && segments[i].start < end; i++) {
		hs_addr from = segments[i].start > start ? segments[i].start : start;
		bytes += own_bytes(&segments[i], from, segments[i].end < end ? segments[i].end : end);
	}
	return bytes;
}

/* What is in memory and in swap together was to be copied; of each page the same part is in swap. */
static struct hs_resident_mapping mapping_of(const struct hs_image *image, const struct hs_mapping_use *use)
{
	uint64_t copied = copied_bytes(image, use->start, use->end), rest = use->end - use->start - copied;
	double all = (double)use->rss_bytes + (double)use->swap_bytes, in_memory = all > 0 ? (double)use->rss_bytes / all : 0;
	struct hs_resident_mapping mapping = { .start = use->start, .end = use->end, .copied = in_memory };

	if (all < (double)copied)
		mapping.copied *= all / (double)copied;
	else if (rest)
		mapping.not_copied = (all - (double)copied) / (double)rest * in_memory;
	return mapping;
}

struct hs_error *hs_residency_init(struct hs_residency *ret, const struct hs_capture *capture)
{
	*ret = (struct hs_residency){ .image = capture->image };
	for (size_t i = 0; i < capture->uses.n; i++) {
		struct hs_resident_mapping *slot = hs_array_append(&ret->mappings);
		if (!slot)
			return hs_error_no_memory();
		*slot = mapping_of(capture->image, &capture->uses.items[i]);
		ret->rss_bytes += capture->uses.items[i].rss_bytes;
		ret->swap_bytes += capture->uses.items[i].swap_bytes;
	}
	return NULL;
}

void hs_residency_deinit(struct hs_residency *residency)
{
	hs_array_free(&residency->mappings);
}

double hs_resident_bytes(const struct hs_residency *residency, hs_addr start, hs_addr end, double *by_mapping)
{
	size_t low = 0, high = residency->mappings.n;
	double bytes = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (residency->mappings.items[middle].end > start)
			high = middle;
		else
			low = middle + 1;
	}
	for (; low < residency->mappings.n && residency->mappings.items[low].start < end; low++) {
		const struct hs_resident_mapping *mapping = &residency->mappings.items[low];
		hs_addr from = mapping->start > start ? mapping->start : start, to = mapping->end < end ? mapping->end : end;
		uint64_t copied = copied_bytes(residency->image, from, to);
		double part = (double)copied * mapping->copied + (double)(to - from - copied) * mapping->not_copied;
		bytes += part;
		if (by_mapping)
			by_mapping[low] += part;
	}
	return bytes;
}
