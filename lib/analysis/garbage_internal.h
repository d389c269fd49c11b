/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of garbage.h share. Private to lib/analysis. */
#ifndef HS_GARBAGE_INTERNAL_H
#define HS_GARBAGE_INTERNAL_H

#include "garbage.h"

/* garbage_marks.c: fills in the marks of a list, whose nodes are those of the graph. */
struct hs_error *garbage_mark(const struct hs_garbage *garbage, struct hs_cycles *cycles, const uint64_t *uncollectable) HS_MUST_CHECK;

/* garbage_hidden.c: fills in `never` and `hidden`. `explained`: objects that other lists have. */
struct hs_error *garbage_find_hidden(struct hs_garbage *garbage, const uint64_t *explained) HS_MUST_CHECK;

#endif
