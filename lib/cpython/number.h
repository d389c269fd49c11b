/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of int (and bool); see kind.h for what they return. */
#ifndef HS_NUMBER_H
#define HS_NUMBER_H

#include "kind.h"

uint64_t hs_int_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_int_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_leaf_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
