/* SPDX-License-Identifier: Apache-2.0 */
/* What a node retains: itself and all that it dominates, which would go with it. Sums over the dominator tree. */
#ifndef HS_RETAINED_H
#define HS_RETAINED_H

#include "dominators.h"

/* By the numbers of the tree. A node without references retains itself alone. */
struct hs_retained {
	const struct hs_dominators *tree; /* borrowed */
	const uint32_t *units;            /* borrowed: what each node occupies itself … */
	uint32_t unit_bytes;              /* … times this */
	uint64_t *bytes;
	uint32_t *counts;                 /* nodes, virtual ones left out */
};

/* Free it with hs_retained_deinit, whatever it returned. Errors: NO_MEMORY. */
struct hs_error *hs_retained_init(struct hs_retained *retained, const struct hs_dominators *tree, const uint32_t *units, uint32_t unit_bytes) HS_MUST_CHECK;
void hs_retained_deinit(struct hs_retained *retained);

/* 0 for what is not in the tree. The node may be a virtual one: n for all, n + 1 for what no root reaches. */
uint64_t hs_retained_bytes(const struct hs_retained *retained, uint32_t node);
uint32_t hs_retained_count(const struct hs_retained *retained, uint32_t node);

#endif
