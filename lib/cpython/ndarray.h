/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hook of numpy.ndarray; see kind.h for what it reports. */
#ifndef HS_NDARRAY_H
#define HS_NDARRAY_H

#include "kind.h"

void hs_ndarray_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
