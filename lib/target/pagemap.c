/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /proc/PID/pagemap: one 64-bit word a page. Knows nothing about what is done with the pages. */
#include "pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bits.h"
#include "permission.h"
#include "proc_file.h"

#define PAGE_PRESENT ((uint64_t)1 << 63)
#define PAGE_SWAPPED ((uint64_t)1 << 62)
#define PAGE_OF_FILE ((uint64_t)1 << 61) /* or of shared memory */
#define N_ENTRIES 8192

struct hs_error *hs_pagemap_open(pid_t tid, struct hs_pagemap *ret)
{
	char path[HS_PROC_PATH_BYTES];
	int fd = open(hs_proc_path(path, tid, "pagemap"), O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return hs_permission_error(tid, errno);
	ret->fd = fd;
	return NULL;
}

void hs_pagemap_close(struct hs_pagemap *pagemap)
{
	if (pagemap->fd >= 0)
		close(pagemap->fd);
	pagemap->fd = -1;
}

static void mark_entries(const uint64_t *entries, size_t n, enum hs_copy_mode mode, uint64_t *bits, size_t first_bit, size_t *n_swapped)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t entry = entries[i];
		if (!(entry & (PAGE_PRESENT | PAGE_SWAPPED)) || (mode == HS_COPY_WRITTEN && entry & PAGE_OF_FILE))
			continue;
		bits[(first_bit + i) / 64] |= (uint64_t)1 << ((first_bit + i) % 64);
		if (entry & PAGE_SWAPPED)
			(*n_swapped)++;
	}
}

static struct hs_error *mark(void *context, hs_addr start, hs_addr end, enum hs_copy_mode mode, uint64_t *bits, size_t first_bit,
			     size_t *n_swapped)
{
	const struct hs_pagemap *pagemap = context;
	uint64_t entries[N_ENTRIES];
	size_t n_pages = (end - start) >> HS_PAGE_SHIFT;

	if (pagemap->fd < 0) {
		hs_bits_set(bits, first_bit, first_bit + n_pages);
		return NULL;
	}
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
		mark_entries(entries, n, mode, bits, first_bit + page, n_swapped);
		page += n;
	}
	return NULL;
}

struct hs_page_source hs_pagemap_source(struct hs_pagemap *pagemap)
{
	return (struct hs_page_source){ mark, pagemap };
}
