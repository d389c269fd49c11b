/* SPDX-License-Identifier: Apache-2.0 */
/* Where the main interpreter's table of arenas is, by the layout under test. */
#ifndef HS_PYMALLOC_STATE_H
#define HS_PYMALLOC_STATE_H

#include <stdbool.h>

#include "live.h"

struct hs_pymalloc_state {
	hs_addr arenas;      /* 0: no arenas (another allocator) */
	uint32_t maxarenas;
};

/*
 * Up to 3.11 two statics; 3.12: inside the interpreter; 3.13+: behind a pointer in it. False when it cannot be read:
 * a static's address is not known, or the memory is not in the image.
 */
bool hs_pymalloc_state(const struct hs_live *live, struct hs_pymalloc_state *ret);

#endif
