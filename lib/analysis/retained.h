/* SPDX-License-Identifier: Apache-2.0 */
/* What a node retains: itself and all that it dominates, which would go with it. Sums over the dominator tree. */
#ifndef HS_RETAINED_H
#define HS_RETAINED_H

#include "dominators.h"
#include "sizes.h"

/* By the numbers of the tree. A node without references retains itself alone. */
struct hs_retained {
	const struct hs_dominators *tree; /* borrowed */
	const struct hs_sizes *sizes;     /* borrowed: what each node occupies itself */
	uint32_t *units;                  /* sums in units of `sizes`, if all of them together fit … */
	uint64_t *wide_units;             /* … else these; the other is NULL */
	uint32_t *counts;                 /* nodes, virtual ones left out */
	size_t narrow_bytes;              /* of `units` and `counts`, as they were asked for */
};

/* Takes the spare arrays of the tree, which is borrowed. Free it with hs_retained_deinit, whatever it returned. Errors: NO_MEMORY. */
struct hs_error *hs_retained_init(struct hs_retained *retained, struct hs_dominators *tree, const struct hs_sizes *sizes) HS_MUST_CHECK;
void hs_retained_deinit(struct hs_retained *retained);

/* By a number of the tree. */
static inline uint64_t hs_retained_by_number(const struct hs_retained *retained, uint32_t number)
{
	return (retained->units ? retained->units[number] : retained->wide_units[number]) * (uint64_t)retained->sizes->unit_bytes;
}

/* 0 for what is not in the tree. The node may be a virtual one: n for all, n + 1 for what no root reaches. */
uint64_t hs_retained_bytes(const struct hs_retained *retained, uint32_t node);
uint32_t hs_retained_count(const struct hs_retained *retained, uint32_t node);

#endif
