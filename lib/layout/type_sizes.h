/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes that the process's own types state, against the structs of the layout. */
#ifndef HS_TYPE_SIZES_H
#define HS_TYPE_SIZES_H

#include "live.h"

/*
 * For the structs of extension modules whose size is not what the module's type says (a table of another release than
 * the module's): takes the struct from the shipped table in which it has that size, or forgets it. The user is told.
 * Without its struct an object is still counted, only what it holds is not read. `without` as in hs_layout_options.
 */
void hs_layout_mend_sizes(const struct hs_live *live, const char *without, struct hs_layout *layout);

#endif
