/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for headers of malloc's own mappings at the start of pages, and leaps over what a header covers. Any chunk that
 * starts in a window half as long as the smallest one wanted covers the next half as well: one page there that refers to the
 * target's memory, and no chunk of raw bytes starts here. So a heap of small objects costs a look or two a window, not one a page.
 */
#include "mapped_chunks.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "bits.h"
#include "page_sample.h"
#include "pagemap.h"
#include "plan.h"

#define IS_MMAPPED 2
#define SIZE_FLAGS 7
#define CHUNK_HEADER_BYTES 16
#define MAX_WINDOW_PAGES 512 /* of the IOV_MAX (1024) pieces that one call takes */
#define MAX_LEAP_PAGES ((size_t)1 << 18)

struct header {
	uint64_t previous_size;
	uint64_t size_and_flags;
};

/* The bytes of the chunk that starts at `address`, or 0. glibc 2.43 leaves the header out of the size. */
static uint64_t chunk_bytes(const struct header *header, hs_addr address, hs_addr end)
{
	uint64_t bytes = header->size_and_flags & ~(uint64_t)SIZE_FLAGS;

	if ((bytes & (HS_PAGE_BYTES - 1)) == HS_PAGE_BYTES - CHUNK_HEADER_BYTES)
		bytes += CHUNK_HEADER_BYTES;
	if (header->previous_size || (header->size_and_flags & SIZE_FLAGS) != IS_MMAPPED)
		return 0;
	if ((bytes + sizeof(*header)) % HS_PAGE_BYTES == 0)
		bytes += sizeof(*header);
	return bytes && !(bytes & (HS_PAGE_BYTES - 1)) && bytes <= end - address ? bytes : 0;
}

/* Reads the first words of each present page of a window; *ret_n of them, with their page numbers. */
static struct hs_error *read_headers(pid_t tid, const struct hs_extent *window, struct header *headers, size_t *pages, size_t *ret_n)
{
	struct iovec remote[MAX_WINDOW_PAGES], local = { headers, 0 };
	size_t n_bits = (window->end - window->start) >> HS_PAGE_SHIFT, n = 0;

	for (size_t bit = hs_bits_next(window->present, 0, n_bits, true); bit < n_bits;
	     bit = hs_bits_next(window->present, bit + 1, n_bits, true)) {
		remote[n] = (struct iovec){ (void *)(uintptr_t)(window->start + (bit << HS_PAGE_SHIFT)), sizeof(*headers) };
		pages[n++] = bit;
	}
	local.iov_len = n * sizeof(*headers);
	ssize_t bytes = n ? process_vm_readv(tid, &local, 1, remote, n, 0) : 0;
	if (bytes < 0 && errno == ESRCH)
		return hs_error_new(HS_ERROR_GONE, "PID %d has exited", (int)tid);
	/* What cannot be read (the mapping has changed, the call is forbidden) holds no chunk that we would know of. */
	*ret_n = bytes < 0 ? 0 : (size_t)bytes / sizeof(*headers);
	return NULL;
}

struct search {
	const struct hs_process *process;
	struct hs_page_source source;
	size_t window_bytes;
	struct hs_address_ranges *ret;
	size_t leap_pages; /* the next look over pages that do not exist; the further, the longer there were none */
};

/* True in *ret if the page exists and refers to the target's memory: then it is no page of raw bytes. */
static struct hs_error *refers_to_memory(const struct search *search, hs_addr page, bool *ret)
{
	uint64_t present = 0, zero = 0;
	struct hs_extent extent = { .start = page, .end = page + HS_PAGE_BYTES, .present = &present, .zero = &zero };
	size_t n_swapped = 0;

	*ret = false;
	HS_TRY(search->source.mark(search->source.context, extent.start, extent.end, HS_COPY_PRESENT, &extent, &n_swapped));
	return present ? hs_page_has_address(search->process, page, page >> HS_PAGE_SHIFT, ret) : NULL;
}

/* True in *ret if no raw chunk starts in the window, because what it would cover refers to memory. */
static struct hs_error *is_of_objects(const struct search *search, const struct hs_extent *window, hs_addr end, bool *ret)
{
	static const size_t pages_behind[] = { 0, 37, 91 }; /* arenas have pages that were never touched at regular distances */

	*ret = false;
	for (size_t i = 0; i < sizeof(pages_behind) / sizeof(pages_behind[0]) && !*ret; i++) {
		hs_addr page = window->end - HS_PAGE_BYTES + pages_behind[i] * HS_PAGE_BYTES;
		if (pages_behind[i] * HS_PAGE_BYTES < search->window_bytes && page < end)
			HS_TRY(refers_to_memory(search, page, ret));
	}
	return NULL;
}

/*
 * What was only reserved may be many times what exists: where a window had no page, *address goes on to the next page there is. Each look
 * is twice as far as the one before, so that no more is looked at in vain than was passed over.
 */
static struct hs_error *leap(struct search *search, hs_addr end, hs_addr *address)
{
	uint64_t present[MAX_LEAP_PAGES / 64], zero[MAX_LEAP_PAGES / 64];
	struct hs_extent range = { .start = *address, .end = end, .present = present, .zero = zero };
	size_t n_pages = (end - *address) >> HS_PAGE_SHIFT, n_swapped = 0;

	if (n_pages > search->leap_pages)
		n_pages = search->leap_pages;
	range.end = *address + (n_pages << HS_PAGE_SHIFT);
	memset(present, 0, hs_bits_words(n_pages) * sizeof(*present));
	memset(zero, 0, hs_bits_words(n_pages) * sizeof(*zero));
	HS_TRY(search->source.mark(search->source.context, range.start, range.end, HS_COPY_PRESENT, &range, &n_swapped));
	size_t page = hs_bits_next(present, 0, n_pages, true);
	*address += page << HS_PAGE_SHIFT;
	if (search->leap_pages < MAX_LEAP_PAGES)
		search->leap_pages *= 2;
	return NULL;
}

/* Looks at one window; *address becomes where to go on: behind a chunk, or behind the window. *ret_bytes: of the chunk, or 0. */
static struct hs_error *search_window(struct search *search, hs_addr end, hs_addr *address, uint64_t *ret_bytes)
{
	uint64_t present[MAX_WINDOW_PAGES / 64] = { 0 }, zero[MAX_WINDOW_PAGES / 64] = { 0 };
	struct header headers[MAX_WINDOW_PAGES];
	size_t pages[MAX_WINDOW_PAGES], n = 0, n_swapped = 0;
	struct hs_extent window = { .start = *address, .end = end, .present = present, .zero = zero };
	bool has_objects;

	*ret_bytes = 0;
	if (end - *address > search->window_bytes)
		window.end = *address + search->window_bytes;
	*address = window.end;
	HS_TRY(is_of_objects(search, &window, end, &has_objects));
	if (has_objects)
		return NULL;
	HS_TRY(search->source.mark(search->source.context, window.start, window.end, HS_COPY_PRESENT, &window, &n_swapped));
	if (hs_bits_next(present, 0, (window.end - window.start) >> HS_PAGE_SHIFT, true) << HS_PAGE_SHIFT >= window.end - window.start)
		return leap(search, end, address);
	search->leap_pages = MAX_WINDOW_PAGES;
	HS_TRY(read_headers(search->process->memory_tid, &window, headers, pages, &n));
	for (size_t i = 0; i < n && !*ret_bytes; i++) {
		hs_addr start = window.start + (pages[i] << HS_PAGE_SHIFT);
		*ret_bytes = chunk_bytes(&headers[i], start, end);
		if (*ret_bytes)
			*address = start + *ret_bytes;
	}
	return NULL;
}

static struct hs_error *search_span(struct search *search, hs_addr start, hs_addr end, size_t min_bytes)
{
	hs_addr address = start;

	while (address < end) {
		uint64_t bytes;
		HS_TRY(search_window(search, end, &address, &bytes));
		if (bytes < min_bytes)
			continue;
		struct hs_address_range *range = hs_array_append(search->ret);
		if (!range)
			return hs_error_no_memory();
		*range = (struct hs_address_range){ address - bytes + CHUNK_HEADER_BYTES, address };
	}
	return NULL;
}

static bool can_hold_chunks(const struct hs_mapping *mapping)
{
	/* what is too large to be copied has nothing that could be left out */
	return !mapping->inode && !strncmp(mapping->permissions, "rw-p", 4) && mapping->end - mapping->start <= HS_PLAN_MAX_MAPPING_BYTES &&
	       (!mapping->path[0] || !strncmp(mapping->path, "[anon:", 6));
}

/* The end of the run of mappings that touch: advice for a part of a chunk (huge pages) splits its mapping. *index: its last one. */
static hs_addr end_of_span(const struct hs_mappings *mappings, size_t *index)
{
	while (*index + 1 < mappings->n && mappings->items[*index + 1].start == mappings->items[*index].end &&
	       can_hold_chunks(&mappings->items[*index + 1]))
		++*index;
	return mappings->items[*index].end;
}

struct hs_error *hs_mapped_chunks_find(const struct hs_process *process, size_t min_bytes, struct hs_address_ranges *ret)
{
	struct hs_pagemap pagemap;
	struct hs_error *error = NULL;

	if (min_bytes < 2 * HS_PAGE_BYTES)
		min_bytes = 2 * HS_PAGE_BYTES;
	HS_TRY(hs_pagemap_open(process->memory_tid, &pagemap));
	struct search search = { process, hs_pagemap_source(&pagemap), min_bytes / 2 & ~(HS_PAGE_BYTES - 1), ret, MAX_WINDOW_PAGES };
	if (search.window_bytes > MAX_WINDOW_PAGES * HS_PAGE_BYTES)
		search.window_bytes = MAX_WINDOW_PAGES * HS_PAGE_BYTES;
	for (size_t i = 0; i < process->mappings.n && !error; i++) {
		hs_addr start = process->mappings.items[i].start;
		if (!can_hold_chunks(&process->mappings.items[i]))
			continue;
		hs_addr end = end_of_span(&process->mappings, &i);
		if (end - start >= min_bytes)
			error = search_span(&search, start, end, min_bytes);
	}
	hs_pagemap_close(&pagemap);
	return error;
}
