/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a struct that point to Python objects, out of DWARF. Internal to this folder. */
#ifndef HS_DWARF_OBJECTS_H
#define HS_DWARF_OBJECTS_H

#include "dwarf_member.h"

/* True if the struct is PyObject's, or its first member is such a struct. */
bool hs_dwarf_is_object(Dwarf_Die *structure, const struct hs_dwarf_bounds *bounds);

/*
 * Fills *ret with the members of `structure` whose type is a pointer to such a struct, by ascending offset; nested
 * structs are gone through, their members named with dots. *ret_n_opaque counts pointers to structs of which this unit
 * has a declaration only. False when memory is out.
 */
bool hs_dwarf_object_members(Dwarf_Die *structure, const struct hs_dwarf_bounds *bounds, struct hs_dwarf_object_members *ret,
			     unsigned *ret_n_opaque);

#endif
