/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large arrays by mmap. By calloc with a sanitizer that knows the bounds of malloc's blocks only, or that takes no notice of what mremap
 * moves: memory that one thread gave back would be raced for by the next.
 */
#include "pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* the C library may be older than the kernel */
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BOUNDS_ARE_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BOUNDS_ARE_CHECKED 1
#endif
#endif

#ifdef BOUNDS_ARE_CHECKED

void *hs_pages_alloc(size_t bytes)
{
	return calloc(1, bytes ? bytes : 1);
}

void hs_pages_populate(void *pages, size_t bytes)
{
	(void)pages;
	(void)bytes;
}

void *hs_pages_grow(void *pages, size_t old_bytes, size_t new_bytes)
{
	char *grown = realloc(pages, new_bytes);

	if (grown)
		memset(grown + old_bytes, 0, new_bytes - old_bytes);
	return grown;
}

void hs_pages_free(void *pages, size_t bytes)
{
	(void)bytes;
	free(pages);
}

#else

void *hs_pages_alloc(size_t bytes)
{
	void *pages = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	/* what is copied or computed from a target's memory is nothing for a core file of ours */
	madvise(pages, bytes ? bytes : 1, MADV_DONTDUMP);
	return pages;
}

void hs_pages_populate(void *pages, size_t bytes)
{
	/* no more than a hint: before Linux 5.14 there is no such call, and the pages come when they are touched */
	if (bytes)
		madvise(pages, bytes, MADV_POPULATE_WRITE);
}

void *hs_pages_grow(void *pages, size_t old_bytes, size_t new_bytes)
{
	void *grown = mremap(pages, old_bytes ? old_bytes : 1, new_bytes, MREMAP_MAYMOVE);

	return grown == MAP_FAILED ? NULL : grown;
}

void hs_pages_free(void *pages, size_t bytes)
{
	if (pages)
		munmap(pages, bytes ? bytes : 1);
}

#endif

void *hs_pages_alloc_array(size_t n, size_t element_bytes)
{
	size_t bytes;

	return __builtin_mul_overflow(n, element_bytes, &bytes) ? NULL : hs_pages_alloc(bytes);
}
