/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which members of a struct refer to Python objects: C says so itself, by the type that they point to. Depth and
 * breadth are bounded: DWARF of a hostile file may contain cycles.
 */
#include "dwarf_objects.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEEL_MAX 32
#define FIRST_MAX 16
#define NESTING_MAX 6
#define MEMBERS_MAX 1024
#define ITEMS_MAX 4096

/* Structs of objects that much of CPython only knows by a declaration. */
static const char *const declared_objects[] = { "_object", "_typeobject", "_frame", "_longobject", "_PyWeakReference" };

static bool is_named(Dwarf_Die *die, const struct hs_dwarf_bounds *bounds, const char *name)
{
	const char *its = hs_dwarf_name(die, bounds);

	return its && !strcmp(its, name);
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, ret);
}

/* The type behind typedefs and qualifiers, whatever it is; false for void. */
static bool peel_names(Dwarf_Die *type)
{
	for (int i = 0; i < PEEL_MAX; i++) {
		int tag = dwarf_tag(type);

		if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type && tag != DW_TAG_atomic_type)
			return true;
		if (!type_of(type, type))
			return false;
	}
	return false;
}

/* The first member, if it lies at offset 0. */
static bool first_member(Dwarf_Die *structure, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word offset = 0;

	for (int status = dwarf_child(structure, ret); status == 0; status = dwarf_siblingof(ret, ret)) {
		if (dwarf_tag(ret) != DW_TAG_member)
			continue;
		if (dwarf_attr_integrate(ret, DW_AT_data_member_location, &attribute))
			dwarf_formudata(&attribute, &offset);
		return offset == 0;
	}
	return false;
}

bool hs_dwarf_is_object(Dwarf_Die *structure, const struct hs_dwarf_bounds *bounds)
{
	Dwarf_Die current = *structure, member, type;

	for (int i = 0; i < FIRST_MAX; i++) {
		if (is_named(&current, bounds, "_object"))
			return true;
		if (!first_member(&current, &member) || !type_of(&member, &type) || !hs_dwarf_peel(&type, &current) ||
		    dwarf_tag(&current) != DW_TAG_structure_type)
			return false;
	}
	return false;
}

/* What is being gathered, and where in the outermost struct. */
struct gathering {
	const struct hs_dwarf_bounds *bounds;
	struct hs_dwarf_object_members *members;
	unsigned n_opaque;
	bool is_out_of_memory;
};

struct place {
	uint64_t base;
	const char *prefix; /* "" or "outer." */
	int depth;
};

static void add_member(struct gathering *gathering, uint64_t offset, uint64_t n, const char *prefix, const char *name)
{
	struct hs_dwarf_object_member member = { .offset = (uint32_t)offset, .n = (uint16_t)n };

	if (offset > INT32_MAX || n == 0 || n > ITEMS_MAX || gathering->members->n >= MEMBERS_MAX || strpbrk(name, " \t@:") ||
	    (size_t)snprintf(member.name, sizeof(member.name), "%s%s", prefix, name) >= sizeof(member.name))
		return;
	struct hs_dwarf_object_member *slot = hs_array_append(gathering->members);
	if (slot)
		*slot = member;
	else
		gathering->is_out_of_memory = true;
}

/* True if `pointer`, a pointer type, leads to an object. */
static bool points_to_object(struct gathering *gathering, Dwarf_Die *pointer)
{
	Dwarf_Die target, structure;

	if (!type_of(pointer, &target) || !peel_names(&target) || dwarf_tag(&target) != DW_TAG_structure_type)
		return false;
	if (hs_dwarf_peel(&target, &structure))
		return hs_dwarf_is_object(&structure, gathering->bounds);
	for (size_t i = 0; i < sizeof(declared_objects) / sizeof(declared_objects[0]); i++)
		if (is_named(&target, gathering->bounds, declared_objects[i]))
			return true;
	gathering->n_opaque++;
	return false;
}

/* How many elements the array has, 0: open-ended or of several dimensions; *type becomes that of an element. */
static uint64_t peel_array(Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Word n = 0;
	Dwarf_Die range;

	for (int status = dwarf_child(type, &range); status == 0; status = dwarf_siblingof(&range, &range)) {
		if (dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		if (n)
			return 0;
		if (dwarf_attr_integrate(&range, DW_AT_count, &attribute) && dwarf_formudata(&attribute, &n) == 0)
			continue;
		if (!dwarf_attr_integrate(&range, DW_AT_upper_bound, &attribute) || dwarf_formudata(&attribute, &n) != 0 || n >= ITEMS_MAX)
			return 0;
		n++;
	}
	return type_of(type, type) && peel_names(type) ? n : 0;
}

static void gather(struct gathering *gathering, Dwarf_Die *structure, struct place place);

static void gather_member(struct gathering *gathering, Dwarf_Die *member, struct place place)
{
	const char *name = hs_dwarf_name(member, gathering->bounds);
	char prefix[HS_DWARF_OBJECT_NAME_BYTES];
	Dwarf_Attribute attribute;
	Dwarf_Word location = 0;
	Dwarf_Die type, structure;
	uint64_t n = 1;

	if (dwarf_attr_integrate(member, DW_AT_data_member_location, &attribute) && dwarf_formudata(&attribute, &location) != 0)
		return;
	if (location > INT32_MAX || !type_of(member, &type) || !peel_names(&type))
		return;
	if (dwarf_tag(&type) == DW_TAG_array_type) {
		n = peel_array(&type);
		if (dwarf_tag(&type) != DW_TAG_pointer_type)
			return;
	}
	if (dwarf_tag(&type) == DW_TAG_pointer_type) {
		if (name && points_to_object(gathering, &type))
			add_member(gathering, place.base + location, n, place.prefix, name);
		return;
	}
	/* the object's own head is none of its members */
	if (!hs_dwarf_peel(&type, &structure) || place.depth >= NESTING_MAX || is_named(&structure, gathering->bounds, "_object"))
		return;
	if ((size_t)snprintf(prefix, sizeof(prefix), "%s%s%s", place.prefix, name ? name : "", name ? "." : "") < sizeof(prefix))
		gather(gathering, &structure, (struct place){ place.base + location, prefix, place.depth + 1 });
}

static void gather(struct gathering *gathering, Dwarf_Die *structure, struct place place)
{
	Dwarf_Die die;

	for (int status = dwarf_child(structure, &die); status == 0; status = dwarf_siblingof(&die, &die))
		if (dwarf_tag(&die) == DW_TAG_member)
			gather_member(gathering, &die, place);
}

static int by_offset(const void *a, const void *b)
{
	const struct hs_dwarf_object_member *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->n == y->n ? 0 : x->n > y->n ? -1 : 1;
}

/* Members of a union lie on top of each other: the word is read once. */
static void drop_overlaps(struct hs_dwarf_object_members *members)
{
	size_t n = 0;
	uint64_t end = 0;

	for (size_t i = 0; i < members->n; i++) {
		if (members->items[i].offset < end)
			continue;
		end = (uint64_t)members->items[i].offset + 8u * members->items[i].n;
		members->items[n++] = members->items[i];
	}
	members->n = n;
}

bool hs_dwarf_object_members(Dwarf_Die *structure, const struct hs_dwarf_bounds *bounds, struct hs_dwarf_object_members *ret,
			     unsigned *ret_n_opaque)
{
	struct gathering gathering = { .bounds = bounds, .members = ret };

	gather(&gathering, structure, (struct place){ 0, "", 0 });
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_offset);
	drop_overlaps(ret);
	*ret_n_opaque = gathering.n_opaque;
	return !gathering.is_out_of_memory;
}
