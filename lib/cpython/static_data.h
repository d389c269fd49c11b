/* SPDX-License-Identifier: Apache-2.0 */
/* Where the writable data of loaded binaries lies, as their own headers say. */
#ifndef HS_STATIC_DATA_H
#define HS_STATIC_DATA_H

#include "cpython.h"

/*
 * Calls `each` with every range of .data and .bss, ascending: what the image holds as static storage, cut where the binary ends
 * according to its program headers. The kernel joins adjacent anonymous mappings: a large block, an arena or a data stack may
 * stand right behind a .bss. Returns at the first `each` that returns false.
 */
void hs_static_data_each(const struct hs_image *image, bool (*each)(void *context, hs_addr start, hs_addr end), void *context);

#endif
