/* SPDX-License-Identifier: Apache-2.0 */
/* One attribute of one object by its name, as object.__dict__ has it: for the few objects of the library that heapspy asks. */
#ifndef HS_ATTRIBUTE_H
#define HS_ATTRIBUTE_H

#include "kind.h"

/* The instance's dict, and where the values of its attributes start that no dict has; 0: none. */
void hs_instance_attributes(const struct hs_cpython *py, const struct hs_object *object, hs_addr *ret_dict, hs_addr *ret_values);
/* The value of instance attribute `name`; 0 when there is none. */
hs_addr hs_instance_attribute(const struct hs_cpython *py, struct hs_types *types, hs_addr object, const char *name);

/* The dict of the module `name` in the interpreter's sys.modules; 0 when it was not imported. */
hs_addr hs_module_dict(const struct hs_cpython *py, struct hs_types *types, hs_addr interpreter, const char *name);
/* The dict of the module object at `module`. */
hs_addr hs_module_own_dict(const struct hs_cpython *py, struct hs_types *types, hs_addr module);
/* The interpreter's sys.modules; 0 when it cannot be read. */
hs_addr hs_modules(const struct hs_cpython *py, hs_addr interpreter);

#endif
