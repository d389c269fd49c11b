/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of malloc chunks. Does not walk malloc's arenas: it is asked about pointers that CPython holds. */
#include "malloc_chunk.h"

#define CHUNK_FLAGS ((uint64_t)7)
#define CHUNK_IS_MMAPPED ((uint64_t)2)
#define CHUNK_MIN 32
#define CHUNK_OVERHEAD 8
#define HOOK_BYTES 16

static uint64_t chunk_for_request(uint64_t requested_bytes)
{
	uint64_t bytes = (requested_bytes + CHUNK_OVERHEAD + 15) & ~(uint64_t)15;

	return bytes < CHUNK_MIN ? CHUNK_MIN : bytes;
}

/*
 * Objects/obmalloc.c, PYTHONMALLOC=debug and malloc_debug: the size asked for, a letter for the domain, seven 0xFD. A large
 * block has two of them when pymalloc hands the request on to the raw domain, which has its own.
 */
static bool has_hook_before(const struct hs_image *image, hs_addr start)
{
	static const uint8_t forbidden[7] = { 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd };
	const uint8_t *tag = hs_image_at(image, start - sizeof(uint64_t), sizeof(uint64_t));

	return tag && (tag[0] == 'o' || tag[0] == 'm' || tag[0] == 'r') && memcmp(tag + 1, forbidden, sizeof(forbidden)) == 0;
}

static hs_addr skip_hooks(const struct hs_image *image, hs_addr start)
{
	for (unsigned i = 0; i < 2 && has_hook_before(image, start); i++)
		start -= HOOK_BYTES;
	return start;
}

uint64_t hs_malloc_chunk_bytes(const struct hs_image *image, hs_addr start, uint64_t requested_bytes)
{
	uint64_t header;

	start = skip_hooks(image, start);
	const struct hs_segment *segment = hs_image_find(image, start);

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
