/* SPDX-License-Identifier: Apache-2.0 */
/* Which generation of the collector an object is in: how many collections it has outlived, which is a kind of age. */
#ifndef HS_GENERATION_H
#define HS_GENERATION_H

#include "cpython.h"

enum hs_generation {
	HS_GENERATION_0, /* young */
	HS_GENERATION_1,
	HS_GENERATION_2, /* old */
	HS_GENERATION_PERMANENT,
	HS_GENERATION_NONE, /* not asked for an untracked one; on no list while a collection is moving it */
};

/*
 * Finds the generations of `n` tracked objects (of their PyObjects), ascending by address: one walk along lists of every interpreter.
 * ret[i] is that of addresses[i]. Lists that are broken or run in a circle end there.
 */
void hs_generations_find(const struct hs_cpython *py, const hs_addr *addresses, size_t n, enum hs_generation *ret);

/* "0", "1", "2", "permanent"; NULL for HS_GENERATION_NONE. */
const char *hs_generation_name(enum hs_generation generation);

#endif
