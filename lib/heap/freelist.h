/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freed objects that their type keeps for the next one (floats, lists, dicts, tuples, frames …). Their blocks are in use as far as
 * pymalloc knows. No list is followed from its head, which moved with nearly every version; each block shows by itself:
 *
 *     up to 3.13   | 0 (reference count) | type, or the next one (floats) | …
 *     3.14+        | the next one        | type                           | …      the last: 0
 */
#ifndef HS_FREELIST_H
#define HS_FREELIST_H

#include "heap_internal.h"

/*
 * How many kept objects a block in use that holds none proves: itself, and the last one of its list if this is the last but one,
 * which by itself would show nothing. 0: none.
 */
uint32_t hs_freelist_members(const struct hs_heap *heap, const struct hs_pool *pool, uint32_t index);

#endif
