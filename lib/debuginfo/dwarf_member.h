/* SPDX-License-Identifier: Apache-2.0 */
/* A member's place in a struct, out of DWARF. Internal to this folder. */
#ifndef HS_DWARF_MEMBER_H
#define HS_DWARF_MEMBER_H

#include <elfutils/libdw.h>
#include <stdbool.h>

#include "dwarf_query.h"

#include <stddef.h>

#define HS_DWARF_BOUNDS_MAX 12

/*
 * The buffers in which names lie. libdw does not check that a name ends before
 * its section does.
 */
struct hs_dwarf_bounds {
	struct {
		const char *start, *end;
	} sections[HS_DWARF_BOUNDS_MAX];
	size_t n;
};

/* The entry's name, NUL-terminated; NULL when it has none, or one that does not end. */
const char *hs_dwarf_name(Dwarf_Die *die, const struct hs_dwarf_bounds *bounds);

/* Goes from a typedef or a qualified type to the struct or union behind it; false if there is none (or only a declaration). */
bool hs_dwarf_peel(Dwarf_Die *die, Dwarf_Die *ret);

/* Finds `member->path` in the struct `die` and fills `member` in. */
bool hs_dwarf_find_member(Dwarf_Die *die, const struct hs_dwarf_bounds *bounds, struct hs_dwarf_member *member);

/*
 * Where the members of the struct `die` lie that are none of the `n` found ones; adjacent ones become one range. Parts
 * of a union that holds a wanted member are left out. False when memory is out.
 */
bool hs_dwarf_other_members(Dwarf_Die *die, const struct hs_dwarf_member *members, size_t n, struct hs_dwarf_ranges *ret);

#endif
