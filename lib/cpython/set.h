/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of set and frozenset; see kind.h for what they return. */
#ifndef HS_SET_H
#define HS_SET_H

#include "kind.h"

uint64_t hs_set_size(const struct hs_cpython *py, const struct hs_object *object);
void hs_set_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
