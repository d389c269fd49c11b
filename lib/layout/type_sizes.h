/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes that the process's own types state, against the structs of the layout. */
#ifndef HS_TYPE_SIZES_H
#define HS_TYPE_SIZES_H

#include "live.h"

/*
 * Forgets the structs of extension modules whose size is not what the module's type says: a table of another release
 * than the module's. The user is told. Without its struct an object is still counted, only what it holds is not read.
 */
void hs_layout_forget_unfit(const struct hs_live *live, struct hs_layout *layout);

#endif
