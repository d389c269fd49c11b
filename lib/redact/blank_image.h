/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image of the same segments and pages as another, of zeros, into which parts of the other are copied. Threads may copy at once, as
 * long as they copy different words or the same.
 */
#ifndef HS_BLANK_IMAGE_H
#define HS_BLANK_IMAGE_H

#include "image.h"

struct blank_image {
	const struct hs_image *source;     /* borrowed */
	const struct hs_segment *segments; /* the source's */
	size_t n_segments;
	uint8_t **data;                    /* by index of the segments: the copy's bytes */
	size_t *by_data;                   /* indices of segments by ascending address of the source's bytes */
	struct hs_image *image;            /* sealed; owns what `data` points to */
};

struct hs_error *blank_image_init(struct blank_image *blank, const struct hs_image *source) HS_MUST_CHECK;
/* The image, which the caller owns from now on. */
struct hs_image *blank_image_take(struct blank_image *blank);
/* Legal for one that is zeroed. */
void blank_image_deinit(struct blank_image *blank);

/* The copy's bytes of [address, address + bytes), or NULL when a part of it was not captured. */
void *blank_at(const struct blank_image *blank, hs_addr address, size_t bytes);
/* The copy's bytes for those at `local` in the source; NULL: it is not in the image. */
uint8_t *blank_at_local(const struct blank_image *blank, const void *local);

/* Copies the range; false if a part of it was not captured. */
bool blank_keep(const struct blank_image *blank, hs_addr address, size_t bytes);
/* The same for a C string of at most `max_bytes`, with its NUL. */
bool blank_keep_string(const struct blank_image *blank, hs_addr address, size_t max_bytes);

#endif
