/* SPDX-License-Identifier: Apache-2.0 */
/* What comes with one more item of a container: so that its length alone tells, roughly, how many objects there are of which types. */
#ifndef HS_ITEM_TYPES_H
#define HS_ITEM_TYPES_H

#include "process_heap.h"

#define HS_ITEM_TYPES_MAX 16

struct hs_item_type {
	const struct hs_type *type;
	double per_item; /* objects, on average over the last items */
};

struct hs_item_types {
	struct hs_item_type items[HS_ITEM_TYPES_MAX];
	size_t n;
};

/*
 * Looks at the last items of a container of an open heap, of a dict at keys and values, and at what these hold: objects with many
 * references, and those that several items share, were there before. Bounded: some two thousand objects are looked at.
 */
void hs_item_types_find(const struct hs_process_heap *heap, const struct hs_object *container, struct hs_item_types *ret);

#endif
