/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of objects that own a buffer of raw bytes: bytearray, array, ctypes' data; see kind.h for what they return. */
#ifndef HS_BUFFER_H
#define HS_BUFFER_H

#include "kind.h"

uint64_t hs_bytearray_size(const struct hs_cpython *py, const struct hs_object *object);
void hs_bytearray_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
uint64_t hs_array_size(const struct hs_cpython *py, const struct hs_object *object);
void hs_array_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
void hs_cdata_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
