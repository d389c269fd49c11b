/* SPDX-License-Identifier: Apache-2.0 */
/* Telling raw bytes from tables of references by samples. Knows nothing of Python's objects. */
#include "payload.h"

#include "bits.h"
#include "cleanup.h"
#include "mapped_chunks.h"
#include "page_sample.h"
#include "pagemap.h"

#define N_SAMPLED_PAGES 32

static void free_ranges(struct hs_address_ranges *ranges)
{
	hs_array_free(ranges);
}

/* The pages of the range that exist, as one extent. */
static struct hs_error *list_pages(const struct hs_process *process, const struct hs_address_range *range, struct hs_extent *ret)
{
	struct hs_pagemap pagemap;
	size_t n_swapped = 0;

	ret->start = range->start & ~(hs_addr)(HS_PAGE_BYTES - 1);
	ret->end = range->end;
	size_t n_words = hs_bits_words((ret->end - ret->start) >> HS_PAGE_SHIFT);
	ret->present = calloc(n_words, sizeof(*ret->present));
	ret->zero = calloc(n_words, sizeof(*ret->zero));
	if (!ret->present || !ret->zero)
		return hs_error_no_memory();
	HS_TRY(hs_pagemap_open(process->memory_tid, &pagemap));
	struct hs_page_source source = hs_pagemap_source(&pagemap);
	struct hs_error *error = source.mark(source.context, ret->start, ret->end, HS_COPY_PRESENT, ret, &n_swapped);
	hs_pagemap_close(&pagemap);
	return error;
}

static void free_extent(struct hs_extent *extent)
{
	free(extent->present);
	free(extent->zero);
}

static struct hs_error *looks_raw(const struct hs_process *process, const struct hs_address_range *range, bool *ret)
{
	HS_CLEANUP(free_extent) struct hs_extent extent = { 0 };
	bool has_address = false;

	HS_TRY(list_pages(process, range, &extent));
	size_t n_pages = (extent.end - extent.start) >> HS_PAGE_SHIFT;
	size_t stride = n_pages / N_SAMPLED_PAGES ? n_pages / N_SAMPLED_PAGES : 1;
	/* the first page may hold an object's header, and is copied anyway */
	for (size_t page = 1; page < n_pages && !has_address; page += stride) {
		bool exists = extent.present[page / 64] >> (page % 64) & 1;
		if (exists)
			HS_TRY(hs_page_has_address(process, extent.start + (page << HS_PAGE_SHIFT), page, &has_address));
	}
	*ret = !has_address;
	return NULL;
}

struct hs_error *hs_payloads_find(const struct hs_process *process, size_t min_bytes, struct hs_address_ranges *ret)
{
	HS_CLEANUP(free_ranges) struct hs_address_ranges chunks = { 0 };

	HS_TRY(hs_mapped_chunks_find(process, min_bytes, &chunks));
	for (size_t i = 0; i < chunks.n; i++) {
		bool is_raw = false;
		HS_TRY(looks_raw(process, &chunks.items[i], &is_raw));
		if (!is_raw)
			continue;
		struct hs_address_range *slot = hs_array_append(ret);
		if (!slot)
			return hs_error_no_memory();
		*slot = chunks.items[i];
	}
	return NULL;
}
