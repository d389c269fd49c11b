/* SPDX-License-Identifier: Apache-2.0 */
/* Divides mappings into what is in the file and what is not. Knows neither ELF nor files. */
#include "snapshot_parts.h"

#include <string.h>

#include "cleanup.h"

/* Holes of untouched memory below this are worth less than another program header. */
#define MIN_CUT_PAGES 256

struct division {
	struct hs_snapshot_parts *parts;
	const struct hs_missing_list *missing;
	size_t next_missing; /* the first that may end above what is being divided */
};

void hs_snapshot_parts_free(struct hs_snapshot_parts *parts)
{
	hs_array_free(&parts->list);
}

/*
 * Of 64 pages, those that have bytes to be written. The kernel's page of zeros, of memory without a file, is as good as none: what is
 * not in the file reads as zeros.
 */
static uint64_t captured_pages(const struct hs_segment *segment, bool has_file, size_t word)
{
	uint64_t zeros = has_file || !segment->not_own ? 0 : segment->not_own[word];

	return (segment->present ? segment->present[word] : ~(uint64_t)0) & ~zeros;
}

/* The first page from `from` on that has bytes, or has none, as `wanted`; n_pages when there is none. */
static size_t next_page(const struct hs_segment *segment, bool has_file, size_t from, size_t n_pages, bool wanted)
{
	while (from < n_pages) {
		uint64_t pages = captured_pages(segment, has_file, from / 64);
		uint64_t rest = (wanted ? pages : ~pages) >> (from % 64);
		if (rest) {
			from += (size_t)__builtin_ctzll(rest);
			return from < n_pages ? from : n_pages;
		}
		from = (from / 64 + 1) * 64;
	}
	return n_pages;
}

/* The end of the run of pages from `from` on that all have bytes, or none. */
static size_t run_end(const struct hs_segment *segment, bool has_file, size_t from, size_t n_pages, bool *ret_is_present)
{
	*ret_is_present = captured_pages(segment, has_file, from / 64) >> (from % 64) & 1;
	return next_page(segment, has_file, from, n_pages, !*ret_is_present);
}

static bool is_missing(struct division *division, hs_addr start, hs_addr end)
{
	const struct hs_missing_list *missing = division->missing;

	while (division->next_missing < missing->n && missing->items[division->next_missing].end <= start)
		division->next_missing++;
	return division->next_missing < missing->n && missing->items[division->next_missing].start < end;
}

/* Continues the last part if it is of the same mapping and kind. */
static struct hs_error *add_part(struct division *division, size_t mapping, hs_addr start, hs_addr end, bool has_bytes)
{
	struct hs_snapshot_parts *parts = division->parts;
	struct hs_snapshot_part *last = parts->list.n ? &parts->list.items[parts->list.n - 1] : NULL;

	if (last && last->mapping == mapping && last->has_bytes == has_bytes && last->end == start) {
		last->end = end;
	} else {
		struct hs_snapshot_part *part = hs_array_append(&parts->list);
		if (!part)
			return hs_error_no_memory();
		*part = (struct hs_snapshot_part){ start, end, parts->data_bytes, (uint32_t)mapping, has_bytes };
	}
	if (has_bytes)
		parts->data_bytes += end - start;
	return NULL;
}

static struct hs_error *divide(struct division *division, size_t index, const struct hs_segment *segment)
{
	const struct hs_mapping *mapping = &division->parts->mappings->items[index];
	hs_addr end = mapping->end < segment->end ? mapping->end : segment->end;
	size_t n_pages = (end - segment->start) >> HS_PAGE_SHIFT;
	bool has_bytes = false;

	for (size_t page = (mapping->start - segment->start) >> HS_PAGE_SHIFT; page < n_pages;) {
		bool is_present;
		size_t next = run_end(segment, mapping->inode, page, n_pages, &is_present);
		hs_addr run_start = segment->start + (page << HS_PAGE_SHIFT), run_stop = segment->start + (next << HS_PAGE_SHIFT);
		/* a short hole between bytes stays in the file, unless it would not read as what was there */
		bool is_hole = !is_present && has_bytes && !mapping->inode && next < n_pages && next - page < MIN_CUT_PAGES &&
			       !is_missing(division, run_start, run_stop);
		has_bytes = is_present || is_hole;
		HS_TRY(add_part(division, index, run_start, run_stop, has_bytes));
		page = next;
	}
	return end < mapping->end ? add_part(division, index, end, mapping->end, false) : NULL;
}

struct hs_error *hs_snapshot_parts_make(const struct hs_capture *capture, struct hs_snapshot_parts *ret)
{
	HS_CLEANUP(hs_snapshot_parts_free) struct hs_snapshot_parts parts = { .image = capture->image, .mappings = &capture->process->mappings };
	struct division division = { .parts = &parts, .missing = &capture->missing };

	for (size_t i = 0; i < parts.mappings->n; i++) {
		const struct hs_mapping *mapping = &parts.mappings->items[i];
		const struct hs_segment *segment = hs_image_find(parts.image, mapping->start);
		if (segment)
			HS_TRY(divide(&division, i, segment));
		else
			HS_TRY(add_part(&division, i, mapping->start, mapping->end, false));
	}
	*ret = parts;
	parts = (struct hs_snapshot_parts){ 0 };
	return NULL;
}

/* The part with bytes that holds an offset of the data: the last one that begins at or before it. */
static const struct hs_snapshot_part *part_at(const struct hs_snapshot_parts *parts, uint64_t offset)
{
	size_t low = 0, high = parts->list.n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (parts->list.items[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	/* a part without bytes has the offset of the next one with some */
	return &parts->list.items[low];
}

static bool is_zero_page(const uint8_t *page)
{
	uint64_t first;

	memcpy(&first, page, sizeof(first));
	return !first && !memcmp(page, page + sizeof(first), HS_PAGE_BYTES - sizeof(first));
}

struct hs_snapshot_piece hs_snapshot_piece_at(const struct hs_snapshot_parts *parts, uint64_t at, uint64_t end)
{
	const struct hs_snapshot_part *part = part_at(parts, at);
	const struct hs_segment *segment = hs_image_find(parts->image, part->start);
	uint64_t part_bytes = part->end - part->start;
	size_t first = (part->start + (at - part->offset) - segment->start) >> HS_PAGE_SHIFT;

	if (end > part->offset + part_bytes)
		end = part->offset + part_bytes;
	size_t n_pages = first + ((end - at) >> HS_PAGE_SHIFT), next;
	const uint8_t *bytes = segment->data + (first << HS_PAGE_SHIFT);
	bool is_present;
	size_t stop = run_end(segment, parts->mappings->items[part->mapping].inode, first, n_pages, &is_present);
	if (!is_present)
		return (struct hs_snapshot_piece){ NULL, (stop - first) << HS_PAGE_SHIFT };
	bool is_zero = is_zero_page(bytes);
	for (next = first + 1; next < stop && is_zero_page(segment->data + (next << HS_PAGE_SHIFT)) == is_zero;)
		next++;
	return (struct hs_snapshot_piece){ is_zero ? NULL : bytes, (next - first) << HS_PAGE_SHIFT };
}
