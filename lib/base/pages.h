/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large arrays straight from the kernel: zeroed, backed by memory only where they are touched, given back at once when
 * freed. In pages of the usual size: a virtual machine may have to fetch a huge one from its host at every first touch.
 */
#ifndef HS_PAGES_H
#define HS_PAGES_H

#include <stddef.h>

/* `bytes` zeroed bytes, aligned to a page; NULL when memory is out. 0 bytes are legal. */
void *hs_pages_alloc(size_t bytes);
/* The same for `n` elements of `element_bytes`, which may be too many to multiply. */
void *hs_pages_alloc_array(size_t n, size_t element_bytes);
/*
 * Backs the first `bytes` with memory in one call. For what will be written nearly everywhere: a fault a page costs three times as
 * much, and two of them, the second with an interrupt of every other processor, where an element is read before it is written.
 */
void hs_pages_populate(void *pages, size_t bytes);
/* Grows what was asked for with `old_bytes`, keeping what is in it; the rest is zeroed. NULL: memory is out, nothing has changed. */
void *hs_pages_grow(void *pages, size_t old_bytes, size_t new_bytes);
/* `bytes` as it was asked for. NULL is legal. */
void hs_pages_free(void *pages, size_t bytes);

#endif
