/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for headers of malloc's own mappings at the start of every present page, and leaps over what a header covers. */
#include "mapped_chunks.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "bits.h"
#include "pagemap.h"

#define IS_MMAPPED 2
#define SIZE_FLAGS 7
#define CHUNK_HEADER_BYTES 16
#define WINDOW_PAGES 512 /* of the IOV_MAX (1024) pieces that one call takes */

struct header {
	uint64_t previous_size;
	uint64_t size_and_flags;
};

/* The bytes of the chunk that starts at `address`, or 0. */
static uint64_t chunk_bytes(const struct header *header, hs_addr address, hs_addr end)
{
	uint64_t bytes = header->size_and_flags & ~(uint64_t)SIZE_FLAGS;

	if (header->previous_size || (header->size_and_flags & SIZE_FLAGS) != IS_MMAPPED)
		return 0;
	return bytes && !(bytes & (HS_PAGE_BYTES - 1)) && bytes <= end - address ? bytes : 0;
}

/* Reads the first words of each present page of a window; *ret_n of them, with their page numbers. */
static struct hs_error *read_headers(pid_t tid, const struct hs_extent *window, struct header *headers, size_t *pages, size_t *ret_n)
{
	struct iovec remote[WINDOW_PAGES], local = { headers, 0 };
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

/* Looks at one window; *address becomes where to go on: behind a chunk, or behind the window. */
static struct hs_error *search_window(pid_t tid, const struct hs_page_source *source, hs_addr end, hs_addr *address, uint64_t *ret_bytes)
{
	uint64_t present[WINDOW_PAGES / 64] = { 0 }, zero[WINDOW_PAGES / 64] = { 0 };
	struct header headers[WINDOW_PAGES];
	size_t pages[WINDOW_PAGES], n = 0, n_swapped = 0;
	struct hs_extent window = { .start = *address, .end = end, .present = present, .zero = zero };

	if (end - *address > WINDOW_PAGES * HS_PAGE_BYTES)
		window.end = *address + WINDOW_PAGES * HS_PAGE_BYTES;
	HS_TRY(source->mark(source->context, window.start, window.end, HS_COPY_PRESENT, &window, &n_swapped));
	HS_TRY(read_headers(tid, &window, headers, pages, &n));
	*address = window.end;
	*ret_bytes = 0;
	for (size_t i = 0; i < n && !*ret_bytes; i++) {
		hs_addr start = window.start + (pages[i] << HS_PAGE_SHIFT);
		*ret_bytes = chunk_bytes(&headers[i], start, end);
		if (*ret_bytes)
			*address = start + *ret_bytes;
	}
	return NULL;
}

static struct hs_error *search_span(pid_t tid, const struct hs_page_source *source, hs_addr start, hs_addr end, size_t min_bytes,
				    struct hs_address_ranges *ret)
{
	hs_addr address = start;

	while (address < end) {
		uint64_t bytes;
		HS_TRY(search_window(tid, source, end, &address, &bytes));
		if (bytes < min_bytes)
			continue;
		struct hs_address_range *range = hs_array_append(ret);
		if (!range)
			return hs_error_no_memory();
		*range = (struct hs_address_range){ address - bytes + CHUNK_HEADER_BYTES, address };
	}
	return NULL;
}

static bool can_hold_chunks(const struct hs_mapping *mapping)
{
	return !mapping->inode && !strncmp(mapping->permissions, "rw-p", 4) &&
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

	if (min_bytes < HS_PAGE_BYTES)
		min_bytes = HS_PAGE_BYTES;
	HS_TRY(hs_pagemap_open(process->memory_tid, &pagemap));
	struct hs_page_source source = hs_pagemap_source(&pagemap);
	for (size_t i = 0; i < process->mappings.n && !error; i++) {
		hs_addr start = process->mappings.items[i].start;
		if (!can_hold_chunks(&process->mappings.items[i]))
			continue;
		hs_addr end = end_of_span(&process->mappings, &i);
		if (end - start >= min_bytes)
			error = search_span(process->memory_tid, &source, start, end, min_bytes, ret);
	}
	hs_pagemap_close(&pagemap);
	return error;
}
