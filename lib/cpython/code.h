/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of code, frame and the generator family; see kind.h for what they return. */
#ifndef HS_CODE_H
#define HS_CODE_H

#include "kind.h"

uint64_t hs_code_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_code_extent(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_frame_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_frame_extent(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_generator_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_generator_extent(const struct hs_cpython *py, const struct hs_object *object);
/* Words of the whole block: locals and value stack are references, which may be stale beyond the stack's top. */
void hs_frame_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
