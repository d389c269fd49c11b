/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc's malloc chunks (malloc/malloc.c, malloc/arena.c), without debug information: heaps are walked from their start,
 * chunk by chunk, once; then every pointer that malloc returned is known.
 *
 *     p - 16: size of the chunk before, when that is free    p - 8: size of this chunk | A | M | P    p: user data
 *
 * The main heap starts where sbrk put it. Heaps of other threads start at multiples of 64 MiB with their own header.
 * Large chunks are mappings of their own.
 */
#ifndef HS_MALLOC_CHUNK_H
#define HS_MALLOC_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "array.h"
#include "error.h"
#include "heap_internal.h"
#include "image.h"

/* Addresses whose chunks were walked. */
struct walked_heap {
	hs_addr start;
	hs_addr end; /* exclusive: where the walk ended */
};

struct malloc_chunks {
	const struct hs_image *image;
	struct address_marks starts; /* user pointers of chunks in use */
	HS_ARRAY(struct walked_heap) heaps; /* by address */
};

/* Walks every heap in the image. Other allocators leave nothing to walk: then sizes are estimated from requests. */
struct hs_error *malloc_chunks_init(struct malloc_chunks *chunks, const struct hs_image *image) HS_MUST_CHECK;
void malloc_chunks_deinit(struct malloc_chunks *chunks);

/*
 * Bytes that the chunk of the pointer `start` occupies, header and debug hooks before `start` included;
 * `requested_bytes` is what was asked for, 0 when unknown. Returns 0 when no chunk in use starts there.
 */
uint64_t malloc_chunk_bytes(const struct malloc_chunks *chunks, hs_addr start, uint64_t requested_bytes);

/* True if a walk, or a mapping of its own, proves that a chunk in use starts there. */
bool malloc_chunk_is_proven(const struct malloc_chunks *chunks, hs_addr start);

#endif
