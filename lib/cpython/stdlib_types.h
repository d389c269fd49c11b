/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of the standard library's C types that define __sizeof__; see kind.h for what they return. */
#ifndef HS_STDLIB_TYPES_H
#define HS_STDLIB_TYPES_H

#include "kind.h"

uint64_t hs_bytesio_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_buffered_size(const struct hs_cpython *py, const struct hs_object *object);
/* The buffer is its storage, and raw: what is left in it from its earlier use refers to nothing. */
void hs_buffered_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
uint64_t hs_struct_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_pickler_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_unpickler_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_element_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_decimal_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_product_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_permutations_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_combinations_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_stgdict_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_ctype_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_simplequeue_size(const struct hs_cpython *py, const struct hs_object *object);

#endif
