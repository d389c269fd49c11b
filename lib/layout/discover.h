/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding in the image what no file told: members that move within a minor version or by a distributor's patch, and
 * the statics of stripped binaries. Each search only accepts what proves itself (lists that link back, tables whose
 * entries describe themselves).
 */
#ifndef HS_DISCOVER_H
#define HS_DISCOVER_H

#include "image.h"
#include "layout.h"

/*
 * Completes and corrects `layout`, saying so in its source and warnings. What is right already stays as it is; what is
 * not found stays wrong, for the checks to name. `without` as in hs_layout_options.
 */
void hs_layout_discover(const struct hs_image *image, const char *without, struct hs_layout *layout);

#endif
