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
	bool is_threads; /* it follows a header at a multiple of 64 MiB */
};

/* An arena of glibc's: see malloc_arena.h. */
struct malloc_arena {
	hs_addr address;
	hs_addr end;           /* of what it keeps of itself */
	hs_addr top;           /* its last chunk, the header's address */
	hs_addr fastbins;      /* the first of ten words; 0: it has none (glibc ≥ 2.43) */
	uint64_t system_bytes; /* that it has from the kernel, as it says itself */
};

/* Freed chunks that look in use to their neighbours, as far as their lists were found (malloc_cached.h). */
struct malloc_figures {
	uint64_t n_tcaches;
	uint64_t n_tcache, tcache_bytes;
	uint64_t n_fastbin, fastbin_bytes;
};

struct malloc_chunks {
	const struct hs_image *image;
	struct address_marks starts; /* user pointers of chunks in use */
	uint64_t n_starts;           /* … that look so to their neighbours */
	HS_ARRAY(struct walked_heap) heaps; /* by address */
	HS_ARRAY(struct malloc_arena) arenas; /* the main one first; none: not glibc, or not to be believed */
	struct hs_addresses tcaches;  /* user pointers of the chunks that are threads' caches */
	struct malloc_figures figures;
};

/*
 * Walks every heap in the image, and leaves out of it what is free. Other allocators leave nothing to walk: then sizes are
 * estimated from requests.
 */
struct hs_error *malloc_chunks_init(struct malloc_chunks *chunks, const struct hs_image *image) HS_MUST_CHECK;
void malloc_chunks_deinit(struct malloc_chunks *chunks);

/*
 * Bytes that the chunk of the pointer `start` occupies, header and debug hooks before `start` included;
 * `requested_bytes` is what was asked for, 0 when unknown. Returns 0 when no chunk in use starts there.
 */
uint64_t malloc_chunk_bytes(const struct malloc_chunks *chunks, hs_addr start, uint64_t requested_bytes);

/* The chunks of a walked heap one after the other, free ones included. */
struct malloc_walk {
	hs_addr next, end;
	/* the present chunk */
	hs_addr chunk;    /* its user pointer */
	uint64_t bytes;   /* with its header */
	bool is_in_use;
};
struct malloc_walk malloc_walk_of(const struct walked_heap *heap);
/* False at the end. */
bool malloc_walk_next(const struct malloc_chunks *chunks, struct malloc_walk *walk);

/* True if a chunk that is a mapping of its own starts there. */
bool malloc_chunk_is_mapped(const struct malloc_chunks *chunks, hs_addr start);

/* True if a walk, or a mapping of its own, proves that a chunk in use starts there. */
bool malloc_chunk_is_proven(const struct malloc_chunks *chunks, hs_addr start);

#endif
