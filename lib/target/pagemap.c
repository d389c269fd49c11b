/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks /proc/PID/pagemap: by PAGEMAP_SCAN (Linux 6.7), which skips what is not there and reports runs, else by reading one
 * 64-bit word a page. Knows nothing about what is done with the pages.
 */
#include "pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bits.h"
#include "permission.h"
#include "proc_file.h"

#define ENTRY_PRESENT ((uint64_t)1 << 63)
#define ENTRY_SWAPPED ((uint64_t)1 << 62)
#define ENTRY_OF_FILE ((uint64_t)1 << 61) /* or of shared memory */
#define N_ENTRIES 8192

/* linux/fs.h of 6.7, which the host that builds heapspy may not have. */
struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct scan_request {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end; /* out: where the scan stopped */
	uint64_t regions;
	uint64_t n_regions;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_request)
#define SCAN_FILE ((uint64_t)1 << 2)
#define SCAN_PRESENT ((uint64_t)1 << 3)
#define SCAN_SWAPPED ((uint64_t)1 << 4)
#define SCAN_ZERO ((uint64_t)1 << 5)
#define N_REGIONS 1024

struct hs_error *hs_pagemap_open(pid_t tid, struct hs_pagemap *ret)
{
	char path[HS_PROC_PATH_BYTES];
	int fd = open(hs_proc_path(path, tid, "pagemap"), O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return hs_permission_error(tid, errno);
	*ret = (struct hs_pagemap){ .fd = fd, .can_scan = fd >= 0 };
	return NULL;
}

void hs_pagemap_close(struct hs_pagemap *pagemap)
{
	if (pagemap->fd >= 0)
		close(pagemap->fd);
	pagemap->fd = -1;
}

static void mark_regions(const struct scan_region *regions, size_t n, enum hs_copy_mode mode, struct hs_extent *extent, size_t *n_swapped)
{
	for (size_t i = 0; i < n; i++) {
		const struct scan_region *region = &regions[i];
		size_t begin = (region->start - extent->start) >> HS_PAGE_SHIFT;
		size_t end = (region->end - extent->start) >> HS_PAGE_SHIFT;
		if (mode == HS_COPY_WRITTEN && region->categories & SCAN_FILE)
			continue;
		hs_bits_set(region->categories & SCAN_ZERO ? extent->zero : extent->present, begin, end);
		if (region->categories & SCAN_SWAPPED)
			*n_swapped += end - begin;
	}
}

/* False when this kernel (or this kind of mapping) cannot be scanned. */
static bool scan(const struct hs_pagemap *pagemap, hs_addr start, hs_addr end, enum hs_copy_mode mode, struct hs_extent *extent,
		 size_t *n_swapped)
{
	struct scan_region regions[N_REGIONS];
	struct scan_request request = {
		.size = sizeof(request), .start = start, .end = end, .regions = (uintptr_t)regions, .n_regions = N_REGIONS,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED, .return_mask = SCAN_PRESENT | SCAN_SWAPPED | SCAN_ZERO,
	};

	/* the kernel looks at the descriptor of each page to tell: a cache miss a page, most of what the scan costs */
	if (mode == HS_COPY_WRITTEN)
		request.return_mask |= SCAN_FILE;

	while (request.start < end) {
		int n = ioctl(pagemap->fd, SCAN_IOCTL, &request);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || request.walk_end <= request.start || request.walk_end > end)
			return false;
		mark_regions(regions, (size_t)n, mode, extent, n_swapped);
		request.start = request.walk_end;
	}
	return true;
}

static void mark_entries(const uint64_t *entries, size_t n, enum hs_copy_mode mode, uint64_t *bits, size_t first_bit, size_t *n_swapped)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t entry = entries[i];
		if (!(entry & (ENTRY_PRESENT | ENTRY_SWAPPED)) || (mode == HS_COPY_WRITTEN && entry & ENTRY_OF_FILE))
			continue;
		bits[(first_bit + i) / 64] |= (uint64_t)1 << ((first_bit + i) % 64);
		if (entry & ENTRY_SWAPPED)
			(*n_swapped)++;
	}
}

static struct hs_error *read_entries(const struct hs_pagemap *pagemap, hs_addr start, hs_addr end, enum hs_copy_mode mode,
				     struct hs_extent *extent, size_t *n_swapped)
{
	uint64_t entries[N_ENTRIES];
	size_t first_bit = (start - extent->start) >> HS_PAGE_SHIFT;
	size_t n_pages = (end - start) >> HS_PAGE_SHIFT;

	for (size_t page = 0; page < n_pages;) {
		size_t n_wanted = n_pages - page < N_ENTRIES ? n_pages - page : N_ENTRIES;
		off_t offset = (off_t)(((start >> HS_PAGE_SHIFT) + page) * sizeof(*entries));
		ssize_t n_read = pread(pagemap->fd, entries, n_wanted * sizeof(*entries), offset);
		if (n_read < 0 && errno == EINTR)
			continue;
		if (n_read < 0)
			return hs_error_os(errno, "pagemap of the target");
		/* The mapping ended meanwhile (no stop yet), or the process did. */
		if ((size_t)n_read < sizeof(*entries))
			return NULL;
		size_t n = (size_t)n_read / sizeof(*entries);
		mark_entries(entries, n, mode, extent->present, first_bit + page, n_swapped);
		page += n;
	}
	return NULL;
}

static struct hs_error *mark(void *context, hs_addr start, hs_addr end, enum hs_copy_mode mode, struct hs_extent *extent, size_t *n_swapped)
{
	struct hs_pagemap *pagemap = context;

	if (pagemap->fd < 0) {
		hs_bits_set(extent->present, (start - extent->start) >> HS_PAGE_SHIFT, (end - extent->start) >> HS_PAGE_SHIFT);
		return NULL;
	}
	if (pagemap->can_scan && scan(pagemap, start, end, mode, extent, n_swapped))
		return NULL;
	pagemap->can_scan = false;
	return read_entries(pagemap, start, end, mode, extent, n_swapped);
}

struct hs_page_source hs_pagemap_source(struct hs_pagemap *pagemap)
{
	return (struct hs_page_source){ mark, pagemap };
}
