/* SPDX-License-Identifier: Apache-2.0 */
/* By type, how many of the objects of now were there at an earlier sample: what grows, and what only comes and goes. */
#ifndef HS_TURNOVER_H
#define HS_TURNOVER_H

#include "sample.h"

/* All types of one name. */
struct hs_turnover {
	char *name; /* owned; the target's bytes */
	uint64_t count;
	uint64_t n_lived;
	uint64_t n_unknown; /* look the same, as another would */
};

HS_ARRAY_TYPE(hs_turnover_list, struct hs_turnover);

/*
 * `lived`: what hs_sample_mark_lived() made of the heap. By name. *ret is zeroed before; the caller releases it, whatever this returned. Errors:
 * NO_MEMORY.
 */
struct hs_error *hs_turnover_count(const struct hs_process_heap *heap, const uint8_t *lived, struct hs_turnover_list *ret) HS_MUST_CHECK;
void hs_turnover_release(struct hs_turnover_list *list);
/* NULL: there are no such objects. Logarithmic. */
const struct hs_turnover *hs_turnover_named(const struct hs_turnover_list *list, const char *name);

#endif
