/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of malloc chunks. Does not walk malloc's arenas: it is asked about pointers that CPython holds. */
#include "malloc_chunk.h"

#define CHUNK_FLAGS ((uint64_t)7)
#define CHUNK_IS_MMAPPED ((uint64_t)2)
#define CHUNK_MIN 32
#define CHUNK_OVERHEAD 8

static uint64_t chunk_for_request(uint64_t requested_bytes)
{
	uint64_t bytes = (requested_bytes + CHUNK_OVERHEAD + 15) & ~(uint64_t)15;

	return bytes < CHUNK_MIN ? CHUNK_MIN : bytes;
}

uint64_t hs_malloc_chunk_bytes(const struct hs_image *image, hs_addr start, uint64_t requested_bytes)
{
	const struct hs_segment *segment = hs_image_find(image, start);
	uint64_t header;

	if (!segment || !segment->is_writable || hs_image_is_static(image, start) || start & 15 || start - segment->start < 2 * CHUNK_OVERHEAD)
		return 0;
	if (!hs_image_u64(image, start - CHUNK_OVERHEAD, &header))
		return chunk_for_request(requested_bytes);
	uint64_t bytes = header & ~CHUNK_FLAGS;
	uint64_t room = segment->end - (start - 2 * CHUNK_OVERHEAD);
	if (bytes < CHUNK_MIN || bytes & 15 || bytes > room || bytes < requested_bytes + CHUNK_OVERHEAD)
		return 0;
	/* a chunk of its own mapping is whole pages */
	if (header & CHUNK_IS_MMAPPED && bytes & (HS_PAGE_BYTES - 1))
		return 0;
	return bytes;
}
