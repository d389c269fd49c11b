/* SPDX-License-Identifier: Apache-2.0 */
/* Reads untouched pages of modules from their files. Knows nothing about stops. */
#include "file_pages.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bits.h"
#include "cleanup.h"

/* The part of a mapping that an extent holds, as bits of the extent. */
struct part {
	size_t begin;
	size_t end;
};

static struct part part_of(const struct hs_extent *extent, const struct hs_mapping *mapping)
{
	hs_addr start = mapping->start > extent->start ? mapping->start : extent->start;
	hs_addr end = mapping->end < extent->end ? mapping->end : extent->end;

	return (struct part){ (start - extent->start) >> HS_PAGE_SHIFT, (end - extent->start) >> HS_PAGE_SHIFT };
}

/* Reads [begin, end) of the extent's pages; those that the file holds, the last one maybe in part, become filled. */
static void fill_run(struct hs_extent *extent, size_t begin, size_t end, int fd, uint64_t file_offset, uint8_t *local)
{
	size_t wanted = (end - begin) << HS_PAGE_SHIFT, done = 0;

	while (done < wanted) {
		ssize_t n = pread(fd, local + done, wanted - done, (off_t)(file_offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	size_t n_filled = (done + HS_PAGE_BYTES - 1) >> HS_PAGE_SHIFT;
	memset(local + done, 0, (n_filled << HS_PAGE_SHIFT) - done); /* as the kernel shows the rest of a file's last page */
	hs_bits_set(extent->filled, begin, begin + n_filled);
}

static void fill_mapping(struct hs_extent *extent, const struct hs_process *process, const struct hs_mapping *mapping)
{
	struct part part = part_of(extent, mapping);
	HS_CLOSE int fd = -1;

	for (size_t bit = hs_bits_next(extent->of_file, part.begin, part.end, true); bit < part.end;) {
		size_t end = hs_bits_next(extent->of_file, bit, part.end, false);
		hs_addr address = extent->start + (bit << HS_PAGE_SHIFT);
		if (fd < 0) {
			struct hs_error *error = hs_process_open_mapping(process, mapping, &fd);
			hs_error_destroy(error);
			if (error)
				return;
		}
		fill_run(extent, bit, end, fd, mapping->file_offset + (address - mapping->start), hs_extent_at(extent, address));
		bit = hs_bits_next(extent->of_file, end, part.end, true);
	}
}

void hs_file_pages_fill(struct hs_plan *plan, const struct hs_process *process)
{
	const struct hs_mappings *mappings = &process->mappings;

	for (size_t i = 0; i < plan->extents.n; i++) {
		struct hs_extent *extent = &plan->extents.items[i];
		if (!extent->of_file)
			continue;
		for (size_t k = hs_mappings_find(mappings, extent->start); k < mappings->n && mappings->items[k].start < extent->end; k++)
			fill_mapping(extent, process, &mappings->items[k]);
	}
}

static void keep_mapping(struct hs_extent *extent, const struct hs_mapping *mapping, const struct hs_plan *earlier)
{
	size_t index = hs_plan_find(earlier, mapping->start);
	const struct hs_extent *old = index < earlier->extents.n ? &earlier->extents.items[index] : NULL;
	struct part part = part_of(extent, mapping);

	if (!old || !old->filled || mapping->start < old->start || mapping->end > old->end ||
	    hs_extent_at(old, mapping->start) != hs_extent_at(extent, mapping->start))
		return;
	for (size_t bit = hs_bits_next(extent->of_file, part.begin, part.end, true); bit < part.end;
	     bit = hs_bits_next(extent->of_file, bit + 1, part.end, true)) {
		size_t old_bit = (extent->start + (bit << HS_PAGE_SHIFT) - old->start) >> HS_PAGE_SHIFT;
		if (hs_bits_test(old->filled, old_bit))
			hs_bits_set(extent->filled, bit, bit + 1);
	}
}

void hs_file_pages_keep(struct hs_plan *plan, const struct hs_mappings *mappings, const struct hs_plan *earlier,
			const struct hs_mappings *earlier_mappings)
{
	for (size_t i = 0; i < plan->extents.n; i++) {
		struct hs_extent *extent = &plan->extents.items[i];
		if (!extent->of_file)
			continue;
		for (size_t k = hs_mappings_find(mappings, extent->start); k < mappings->n && mappings->items[k].start < extent->end; k++) {
			const struct hs_mapping *mapping = &mappings->items[k];
			size_t same = hs_mappings_find(earlier_mappings, mapping->start);
			if (same < earlier_mappings->n && hs_mapping_is_same(mapping, &earlier_mappings->items[same]))
				keep_mapping(extent, mapping, earlier);
		}
	}
}

void hs_file_pages_give_up(struct hs_extent *extent)
{
	size_t n_words = hs_bits_words((extent->end - extent->start) >> HS_PAGE_SHIFT);

	if (!extent->of_file)
		return;
	for (size_t word = 0; word < n_words; word++) {
		extent->present[word] |= extent->of_file[word] & ~extent->filled[word];
		extent->of_file[word] &= extent->filled[word];
	}
}
