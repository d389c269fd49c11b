/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large blocks that malloc took from the kernel one by one, found in a running process by their headers. They are where
 * large raw payloads lie (the bytes of a bytearray, an array, a large str), which need not be copied. This file says where
 * such blocks seem to be; whose they are, and whether they hold references, only a decoder can tell.
 *
 * glibc (malloc/malloc.c, sysmalloc_mmap): a chunk of its own mapping starts on a page, is a number of pages long, and its
 * header is { 0, size | IS_MMAPPED }; since 2.43 the size is without that header. The kernel joins such mappings with their neighbours, arenas for example.
 *
 *     page                                                              page
 *     | 0 | size|2 | what malloc returned …                              |
 *                  ^ range.start                                         ^ range.end
 */
#ifndef HS_MAPPED_CHUNKS_H
#define HS_MAPPED_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "error.h"
#include "process.h"

/*
 * The chunks of at least `min_bytes`, ascending; appended to *ret, whose items the caller frees. A chunk whose pages hold
 * addresses of the target's own memory may be left out: it is no payload. Random data can look like a header: a range is a
 * candidate until a decoder confirms it. The target is not stopped, and no page is paged into it.
 * Errors: GONE, PERMISSION, NO_MEMORY.
 */
struct hs_error *hs_mapped_chunks_find(const struct hs_process *process, size_t min_bytes, struct hs_address_ranges *ret) HS_MUST_CHECK;

#endif
