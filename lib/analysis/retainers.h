/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes that hold most, out of a dominator tree. Whatever holds the holder of something large retains as much; who is worth
 * naming is the one below which it spreads out:
 *
 *     module → CACHE → { 10,000 small ones }        CACHE
 *     HEAD → node → node → node → …                 HEAD: each retains all behind it, and the chain as a whole is what is large
 */
#ifndef HS_RETAINERS_H
#define HS_RETAINERS_H

#include "retained.h"

struct hs_retainer {
	uint32_t node;
	uint64_t bytes;
};

/*
 * The up to `n_max` nodes that retain most, by descending bytes. Left out are those that retain little more than one node below them
 * does, unless a chain begins there: nodes of the same kind, or of two kinds in turn, none of which retains much by itself. `kind_of`
 * tells kinds apart by its result, NULL being none. The caller frees *ret. Errors: NO_MEMORY.
 */
struct hs_error *hs_retainers_find(const struct hs_retained *retained, const void *(*kind_of)(const void *context, uint32_t node),
				   const void *context, size_t n_max, struct hs_retainer **ret, size_t *ret_n) HS_MUST_CHECK;

#endif
