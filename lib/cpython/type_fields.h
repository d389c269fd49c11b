/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the instances of a type keep references at fixed places: members of the C struct, what classes made by Python
 * add to it. Made once a type; a visit only reads the words.
 */
#ifndef HS_TYPE_FIELDS_H
#define HS_TYPE_FIELDS_H

#include "cpython.h"
#include "type.h"

/*
 * Fills in what `type`, whose other members are known, tells about its fields and its class; its base has done so before.
 * False when memory is out.
 */
bool hs_type_describe(const struct hs_cpython *py, struct hs_type *type, const char *tp_name, size_t name_bytes);
void hs_type_fields_release(struct hs_type *type);

/* tp_dict, wherever this version keeps it; 0: none. */
hs_addr hs_type_dict(const struct hs_cpython *py, hs_addr type);
/*
 * The state that interpreter `index` keeps of the static builtin type at `type` (3.12+: struct managed_static_type_state);
 * 0: none.
 */
hs_addr hs_type_static_state(const struct hs_cpython *py, hs_addr type, size_t index);

#endif
