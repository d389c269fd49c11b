/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resolved layout as text that goes with one image: what a snapshot keeps, so that it opens where there is neither the interpreter nor
 * its debug information. What is read back may be forged: it is parsed with bounds and validated against the image.
 */
#ifndef HS_LAYOUT_TEXT_H
#define HS_LAYOUT_TEXT_H

#include "error.h"
#include "image.h"
#include "layout.h"

/* Owned; NULL: no memory. */
char *hs_layout_text(const struct hs_layout *layout);

/*
 * The layout of `image` by such a text; the caller owns *ret. Errors: LOOKUP (malformed, or of a heapspy that knew other names), BAD_DATA
 * (it does not fit the image), UNSUPPORTED, NO_MEMORY.
 */
struct hs_error *hs_layout_of_text(const char *text, const struct hs_image *image, struct hs_layout **ret) HS_MUST_CHECK;

#endif
