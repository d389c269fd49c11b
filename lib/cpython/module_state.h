/* SPDX-License-Identifier: Apache-2.0 */
/* Modules made by C: the struct that each keeps its objects in. A hook of its kind; see kind.h. */
#ifndef HS_MODULE_STATE_H
#define HS_MODULE_STATE_H

#include "kind.h"

void hs_module_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
