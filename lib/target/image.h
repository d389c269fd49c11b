/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image: the bytes of a target as of one stop, by remote address. Everything after the copy reads through it,
 * whether it came from a live process, a core file or a test's byte buffers. Reads are bounds-checked, take O(1)
 * and make no system call. A page that was not captured is never read as zeros: a read that touches it fails.
 *
 *   remote    0x7f12a0000000                    0x7f12a0400000
 *             |<------------- segment ------------>|
 *   local     data ──► [page][page][ hole ][page] …      present: one bit per page
 */
#ifndef HS_IMAGE_H
#define HS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "error.h"

#define HS_PAGE_SHIFT 12
#define HS_PAGE_BYTES ((size_t)1 << HS_PAGE_SHIFT)

/* One mapping of the target, page-aligned; `data` holds end - start bytes, holes included. */
struct hs_segment {
	hs_addr start;
	hs_addr end;             /* exclusive */
	const uint8_t *data;     /* borrowed from the image */
	const uint64_t *present; /* bit i: page i was captured; NULL: all pages were */
	bool is_writable;        /* in the target */
	bool is_anonymous;       /* no file behind it (heap, stacks, [anon:…]) */
	const uint64_t *not_own; /* bit i: page i takes no memory: it is the kernel's of zeros, or a file's; NULL: none is known */
};

struct hs_image;

/* An empty image. The caller owns it. */
struct hs_error *hs_image_create(struct hs_image **ret) HS_MUST_CHECK;
/* Frees the image and every buffer given to it. NULL is legal. */
void hs_image_destroy(struct hs_image *image);

/*
 * Adds a segment. `data` (and `present`, may be NULL) are borrowed: they must outlive the image, or be released by
 * `release(release_context)`, which hs_image_destroy() calls (NULL: nothing to release). Segments may be added in
 * any order before hs_image_seal(); they must not overlap.
 */
struct hs_error *hs_image_add_segment(struct hs_image *image, const struct hs_segment *segment,
				      void (*release)(void *), void *release_context) HS_MUST_CHECK;
/* Sorts the segments and builds the address index; no segment can be added afterwards. */
struct hs_error *hs_image_seal(struct hs_image *image) HS_MUST_CHECK;

/*
 * Static storage: .data, .bss and the like of binaries, where nothing lies that an allocator returned. Ranges are added
 * before the image is sealed, in any order.
 */
struct hs_static_range {
	hs_addr start;
	hs_addr end; /* exclusive */
};
struct hs_error *hs_image_add_static(struct hs_image *image, hs_addr start, hs_addr end) HS_MUST_CHECK;
bool hs_image_is_static(const struct hs_image *image, hs_addr address);
/*
 * Most of a redacted image is zeros: what stands for values (text, digits, bytes) was never written. Who shows values asks, and says
 * so in their place.
 */
void hs_image_set_redacted(struct hs_image *image);
bool hs_image_is_redacted(const struct hs_image *image);
/* By ascending address; borrowed. */
const struct hs_static_range *hs_image_static_ranges(const struct hs_image *image, size_t *ret_n);

/* The sealed image's segments, by ascending address; borrowed. */
const struct hs_segment *hs_image_segments(const struct hs_image *image, size_t *ret_n);
/* Bytes of all segments, holes included: no honest structure of the target is larger. */
uint64_t hs_image_mapped_bytes(const struct hs_image *image);
/* Bytes of the pages that were captured. */
size_t hs_image_captured_bytes(const struct hs_image *image);

/* The segment that holds `address`, or NULL. O(1). */
const struct hs_segment *hs_image_find(const struct hs_image *image, hs_addr address);

/* True if every page of [offset, offset + bytes) of the segment was captured; bytes >= 1, inside the segment. */
static inline bool hs_segment_is_present(const struct hs_segment *segment, size_t offset, size_t bytes)
{
	if (!segment->present)
		return true;
	size_t last = (offset + bytes - 1) >> HS_PAGE_SHIFT;
	for (size_t page = offset >> HS_PAGE_SHIFT; page <= last; page++)
		if (!(segment->present[page / 64] >> (page % 64) & 1))
			return false;
	return true;
}

/*
 * The local bytes of [address, address + bytes), or NULL when a part of it is not in the image. Borrowed until the
 * image is destroyed. The pointer has the alignment that the address has.
 */
static inline const void *hs_image_at(const struct hs_image *image, hs_addr address, size_t bytes)
{
	const struct hs_segment *segment = hs_image_find(image, address);

	if (!segment || bytes > segment->end - address)
		return NULL;
	size_t offset = address - segment->start;
	if (bytes && !hs_segment_is_present(segment, offset, bytes))
		return NULL;
	return segment->data + offset;
}

/* The first address of [at, end) that is in the image, looked for in the segment of `at`; `end` if there is none. */
hs_addr hs_image_next_present(const struct hs_image *image, hs_addr at, hs_addr end);

/* What is in the image of a range: bytes in a row, borrowed until the image is destroyed. */
struct hs_image_piece {
	hs_addr address;
	const void *data;
	size_t bytes;
};

/*
 * The next of [*at, end) that is in the image, and *at behind it; false when there is no more in the segment of *at. For large blocks of
 * which some pages were never written to.
 */
bool hs_image_next_piece(const struct hs_image *image, hs_addr *at, hs_addr end, struct hs_image_piece *ret);

static inline bool hs_image_read(const struct hs_image *image, hs_addr address, void *ret, size_t bytes)
{
	const void *at = hs_image_at(image, address, bytes);

	if (!at)
		return false;
	memcpy(ret, at, bytes);
	return true;
}

static inline bool hs_image_u64(const struct hs_image *image, hs_addr address, uint64_t *ret)
{
	return hs_image_read(image, address, ret, sizeof(*ret));
}

/* The word at `address`, or 0 when it is not captured: for pointers and counts, where 0 leads nowhere either way. */
static inline uint64_t hs_image_word(const struct hs_image *image, hs_addr address)
{
	uint64_t value = 0;

	return hs_image_u64(image, address, &value) ? value : 0;
}

static inline bool hs_image_u32(const struct hs_image *image, hs_addr address, uint32_t *ret)
{
	return hs_image_read(image, address, ret, sizeof(*ret));
}

/*
 * The NUL-terminated string at `address`, of at most `max_bytes` bytes without the NUL; NULL when it is not in the
 * image or longer. Borrowed. *ret_bytes is its length. The bytes are the target's: escape them before printing.
 */
const char *hs_image_string(const struct hs_image *image, hs_addr address, size_t max_bytes, size_t *ret_bytes);

#endif
