/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc's arenas (malloc/malloc.c, struct malloc_state), found without symbols or debug information. The main one lies in libc's
 * data; each knows the next, in a circle.
 *
 *     | mutex flags | (fast chunks?) | fastbins × 10 | top | last remainder | bins: 127 × (first, last) | map | next | … | bytes
 *     ^ address                                                             ^ bins
 *
 * A bin that is empty points to itself, as though it were a chunk whose links these two words are.
 */
#ifndef HS_MALLOC_ARENA_H
#define HS_MALLOC_ARENA_H

#include "malloc_cached.h"

/*
 * Finds the arenas and fills chunks->arenas, the main one first. None is no error: another libc, another allocator, or a state that
 * contradicts itself. Errors: NO_MEMORY.
 */
struct hs_error *malloc_arenas_find(struct malloc_chunks *chunks) HS_MUST_CHECK;

/* Takes what the arenas' fastbins list out of the chunks in use. */
void malloc_take_fastbins(struct malloc_chunks *chunks, struct cached_budget *budget);

#endif
