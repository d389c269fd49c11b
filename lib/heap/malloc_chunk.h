/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc's malloc chunks, as seen from a pointer that malloc returned (malloc/malloc.c):
 *
 *     p - 16: size of the chunk before, when that is free    p - 8: size of this chunk | A | M | P    p: user data
 */
#ifndef HS_MALLOC_CHUNK_H
#define HS_MALLOC_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "image.h"

/*
 * Bytes that the chunk of the pointer `start` occupies, header and debug hooks before `start` included; `requested_bytes` is what was asked for, 0 when
 * unknown. Returns 0 when no chunk can start there: static storage, or no sane header.
 * If the header was not captured, the size is that which glibc gives for the request.
 */
uint64_t hs_malloc_chunk_bytes(const struct hs_image *image, hs_addr start, uint64_t requested_bytes);

#endif
