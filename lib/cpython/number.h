/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of int (and bool); see kind.h for what they return. */
#ifndef HS_NUMBER_H
#define HS_NUMBER_H

#include "kind.h"

uint64_t hs_int_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_int_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_leaf_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

/* The value of the int object at `address`; false when it has more than 62 bits, or cannot be read. */
bool hs_int_value(const struct hs_cpython *py, hs_addr address, int64_t *ret);

#endif
