/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a struct's entries to a member by its path. Depth and breadth are bounded: DWARF of a hostile file may
 * contain cycles.
 */
#include "dwarf_member.h"

#include <dwarf.h>
#include <string.h>

#define PEEL_MAX 32
#define NESTING_MAX 16

const char *hs_dwarf_name(Dwarf_Die *die, const struct hs_dwarf_bounds *bounds)
{
	const char *name = dwarf_diename(die);

	for (size_t i = 0; name && i < bounds->n; i++)
		if (name >= bounds->sections[i].start && name < bounds->sections[i].end)
			return memchr(name, '\0', (size_t)(bounds->sections[i].end - name)) ? name : NULL;
	return name;
}

bool hs_dwarf_peel(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Die current = *die;

	for (int i = 0; i < PEEL_MAX; i++) {
		Dwarf_Attribute attribute;

		switch (dwarf_tag(&current)) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_class_type:
			if (dwarf_hasattr(&current, DW_AT_declaration))
				return false;
			*ret = current;
			return true;
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_atomic_type:
			if (!dwarf_attr_integrate(&current, DW_AT_type, &attribute) ||
			    !dwarf_formref_die(&attribute, &current))
				return false;
			break;
		default:
			return false;
		}
	}
	return false;
}

static bool attribute_u64(Dwarf_Die *die, unsigned name, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word word;

	if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &word) != 0)
		return false;
	*ret = word;
	return true;
}

static bool member_type(Dwarf_Die *member, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(member, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, ret);
}

/*
 * Elements of an array, over all its dimensions; 0: open-ended. Counted here because libdw wants the language of the
 * unit for the lower bound, which the partial units that dwz makes do not state. In C it is 0.
 */
static uint64_t element_count(Dwarf_Die *array)
{
	uint64_t n = 1, bound;
	Dwarf_Die die;

	for (int status = dwarf_child(array, &die); status == 0; status = dwarf_siblingof(&die, &die)) {
		if (dwarf_tag(&die) != DW_TAG_subrange_type)
			continue;
		if (!attribute_u64(&die, DW_AT_count, &bound)) {
			if (!attribute_u64(&die, DW_AT_upper_bound, &bound) || bound == UINT64_MAX)
				return 0;
			bound++;
		}
		if (__builtin_mul_overflow(n, bound, &n))
			return 0;
	}
	return n;
}

/* 0: open-ended or unknown. */
static uint64_t member_bytes(Dwarf_Die *member)
{
	Dwarf_Die type;
	Dwarf_Word bytes;
	uint64_t n = 1;

	if (!member_type(member, &type))
		return 0;
	for (int depth = 0; depth < PEEL_MAX; depth++) {
		int tag = dwarf_tag(&type);

		if (tag == DW_TAG_array_type)
			n = __builtin_mul_overflow(n, element_count(&type), &n) ? 0 : n;
		else if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type && tag != DW_TAG_atomic_type)
			break;
		if (!member_type(&type, &type))
			return 0;
	}
	if (dwarf_aggregate_size(&type, &bytes) != 0 || __builtin_mul_overflow(n, bytes, &n))
		return 0;
	return n;
}

/*
 * A bit-field in the two notations that compilers use:
 *   DWARF 4+    data_bit_offset: bits from the start of the struct to the lowest bit
 *   DWARF 2, 3  data_member_location: the storage unit; bit_offset: from its *highest* bit down to the field's highest
 */
static bool place_bit_field(Dwarf_Die *die, uint64_t base, uint64_t width, struct hs_dwarf_member *ret)
{
	uint64_t unit_bytes = 0, location = 0, lowest;

	if (!attribute_u64(die, DW_AT_byte_size, &unit_bytes))
		unit_bytes = member_bytes(die);
	if (!unit_bytes || unit_bytes > 8 || width > 8 * unit_bytes || width > 31)
		return false;
	if (attribute_u64(die, DW_AT_data_bit_offset, &lowest)) {
		location = lowest / (8 * unit_bytes) * unit_bytes;
		lowest -= 8 * location;
	} else {
		uint64_t from_top = 0;

		attribute_u64(die, DW_AT_data_member_location, &location);
		if (!attribute_u64(die, DW_AT_bit_offset, &from_top) || from_top + width > 8 * unit_bytes)
			return false;
		lowest = 8 * unit_bytes - from_top - width;
	}
	if (lowest + width > 8 * unit_bytes || base + location > INT32_MAX)
		return false;
	ret->offset = (uint32_t)(base + location);
	ret->bytes = (uint32_t)unit_bytes;
	ret->bit_offset = (uint8_t)lowest;
	ret->bit_width = (uint8_t)width;
	return true;
}

static bool place_member(Dwarf_Die *die, uint64_t base, struct hs_dwarf_member *ret)
{
	uint64_t width, location = 0;

	if (attribute_u64(die, DW_AT_bit_size, &width))
		return place_bit_field(die, base, width, ret);
	attribute_u64(die, DW_AT_data_member_location, &location); /* unions leave it out: 0 */
	if (location > INT32_MAX || base + location > INT32_MAX)
		return false;
	uint64_t bytes = member_bytes(die);
	ret->offset = (uint32_t)(base + location);
	ret->bytes = bytes > UINT32_MAX ? 0 : (uint32_t)bytes;
	ret->bit_offset = 0;
	ret->bit_width = 0;
	return true;
}

/* What is left of a path, and where it is looked for. */
struct walk {
	const struct hs_dwarf_bounds *bounds;
	const char *path;
	size_t path_bytes;
	uint64_t base; /* offset of the struct at hand in the outermost one */
	int depth;
};

static bool find_path(Dwarf_Die *structure, struct walk walk, struct hs_dwarf_member *ret);

/* Goes on into the type of `member` with what is left of the path. */
static bool descend(Dwarf_Die *member, struct walk walk, struct hs_dwarf_member *ret)
{
	Dwarf_Die type, structure;
	uint64_t location = 0;

	if (walk.depth >= NESTING_MAX || !member_type(member, &type) || !hs_dwarf_peel(&type, &structure))
		return false;
	attribute_u64(member, DW_AT_data_member_location, &location);
	if (location > INT32_MAX)
		return false;
	walk.base += location;
	walk.depth++;
	return find_path(&structure, walk, ret);
}

static bool find_path(Dwarf_Die *structure, struct walk walk, struct hs_dwarf_member *ret)
{
	const char *dot = memchr(walk.path, '.', walk.path_bytes);
	size_t first_bytes = dot ? (size_t)(dot - walk.path) : walk.path_bytes;
	Dwarf_Die die;

	for (int status = dwarf_child(structure, &die); status == 0; status = dwarf_siblingof(&die, &die)) {
		if (dwarf_tag(&die) != DW_TAG_member)
			continue;
		const char *name = hs_dwarf_name(&die, walk.bounds);
		if (!name) {
			if (descend(&die, walk, ret))
				return true;
			continue;
		}
		if (strlen(name) != first_bytes || memcmp(name, walk.path, first_bytes))
			continue;
		if (!dot)
			return place_member(&die, walk.base, ret);
		walk.path_bytes -= first_bytes + 1;
		walk.path = dot + 1;
		return descend(&die, walk, ret);
	}
	return false;
}

bool hs_dwarf_find_member(Dwarf_Die *die, const struct hs_dwarf_bounds *bounds, struct hs_dwarf_member *member)
{
	for (const char *path = member->path; path; path = strchr(path, '|') ? strchr(path, '|') + 1 : NULL) {
		const struct walk walk = { .bounds = bounds, .path = path, .path_bytes = strcspn(path, "|") };

		if (find_path(die, walk, member)) {
			member->is_found = true;
			return true;
		}
	}
	return false;
}

/* How a member lies to those that were asked for. */
enum relation { APART, TOUCHES, CONTAINS };

static enum relation relate(uint64_t offset, uint64_t bytes, const struct hs_dwarf_member *members, size_t n)
{
	enum relation relation = APART;

	for (size_t i = 0; i < n; i++) {
		uint64_t start = members[i].offset, end = start + (members[i].bytes ? members[i].bytes : 1);

		if (!members[i].is_found || end <= offset || start >= offset + bytes)
			continue;
		if (start >= offset && end <= offset + bytes && members[i].bytes != bytes)
			return CONTAINS;
		relation = TOUCHES;
	}
	return relation;
}

static bool add_range(struct hs_dwarf_ranges *ranges, uint64_t offset, uint64_t bytes)
{
	struct hs_dwarf_range *last = ranges->n ? &ranges->items[ranges->n - 1] : NULL;

	if (last && offset >= last->offset && offset <= (uint64_t)last->offset + last->bytes) {
		if (offset + bytes > (uint64_t)last->offset + last->bytes)
			last->bytes = (uint32_t)(offset + bytes - last->offset);
		return true;
	}
	struct hs_dwarf_range *range = hs_array_append(ranges);
	if (range)
		*range = (struct hs_dwarf_range){ (uint32_t)offset, (uint32_t)bytes };
	return range != NULL;
}

struct others {
	const struct hs_dwarf_member *members;
	size_t n;
	struct hs_dwarf_ranges *ranges;
};

static bool add_others(Dwarf_Die *structure, uint64_t base, int depth, const struct others *others)
{
	Dwarf_Die die, type, inner;

	for (int status = dwarf_child(structure, &die); status == 0; status = dwarf_siblingof(&die, &die)) {
		struct hs_dwarf_member place;

		if (dwarf_tag(&die) != DW_TAG_member || !place_member(&die, base, &place) || !place.bytes)
			continue;
		enum relation relation = relate(place.offset, place.bytes, others->members, others->n);
		if (relation == APART && !add_range(others->ranges, place.offset, place.bytes))
			return false;
		/* In a union the others lie on top of the wanted one. */
		if (relation == CONTAINS && depth < NESTING_MAX && member_type(&die, &type) && hs_dwarf_peel(&type, &inner) &&
		    dwarf_tag(&inner) != DW_TAG_union_type && !add_others(&inner, place.offset, depth + 1, others))
			return false;
	}
	return true;
}

bool hs_dwarf_other_members(Dwarf_Die *die, const struct hs_dwarf_member *members, size_t n, struct hs_dwarf_ranges *ret)
{
	const struct others others = { members, n, ret };

	return dwarf_tag(die) == DW_TAG_union_type || add_others(die, 0, 0, &others);
}
