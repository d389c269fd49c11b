/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of type objects themselves (instances of `type`); see kind.h for what they return. */
#ifndef HS_TYPE_OBJECT_H
#define HS_TYPE_OBJECT_H

#include "kind.h"

uint64_t hs_type_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_type_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_type_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

/* True if the object, whose kind is that of types, is a heap type; static ones have no GC head. */
bool hs_type_object_is_heap(const struct hs_cpython *py, const struct hs_object *object);

/* True if the type at `base` is in the method resolution order of the one at `type`: itself, or one that it inherits from. */
bool hs_type_inherits(const struct hs_cpython *py, hs_addr type, hs_addr base);

#endif
