/* SPDX-License-Identifier: Apache-2.0 */
/* The tables made of members.def and member_rules.def, and the lists of members of one layout. */
#include "members.h"

#include <string.h>

#include "field_names.h"

#define NAMES_OR(dwarf_names, name) ((dwarf_names) ? (dwarf_names) : (name))

/* The conditional on a literal NULL is the point here. */
#pragma GCC diagnostic ignored "-Waddress"

const struct hs_members_name hs_members_names[HS_N_MEMBERS_STRUCTS] = {
#define HS_MEMBERS(structure, module, tp_names, dwarf_names) { #structure, module, tp_names, NAMES_OR(dwarf_names, #structure) },
#include "members.def"
};

static const struct {
	enum hs_members_id structure;
	const char *member;
	unsigned since, until;
	enum hs_member_rule rule;
} rules[] = {
#define HS_MEMBER_RULE(structure, member, since, until, rule) { HS_MEMBERS_##structure, member, since, until, HS_MEMBER_##rule },
#include "member_rules.def"
};

static const struct {
	const char *tp_name;
	unsigned since, until;
} unvisited_classes[] = {
#define HS_CLASS_UNVISITED(tp_name, since, until) { tp_name, since, until },
#include "member_rules.def"
	{ NULL, 0, 0 },
};

static const struct {
	const char *names;
	enum hs_module_rule rule;
	unsigned since, until;
} module_rules[] = {
#define HS_MODULE_RULE(names, rule, since, until) { names, HS_MODULE_##rule, since, until },
#include "member_rules.def"
};

const char *hs_module_of(size_t structure)
{
	return structure < HS_N_STRUCTS ? hs_struct_names[structure].module : hs_members_names[structure - HS_N_STRUCTS].module;
}

bool hs_is_first_of_module(size_t structure)
{
	const char *module = hs_module_of(structure);

	for (size_t i = 0; module && i < structure; i++)
		if (hs_module_of(i) && !strcmp(hs_module_of(i), module))
			return false;
	return module != NULL;
}

bool hs_members_set(struct hs_members *members, enum hs_members_id id, uint32_t bytes, const struct hs_member *items, size_t n)
{
	if (!hs_array_reserve(&members->items, members->items.n + n + 1))
		return false;
	members->structs[id].bytes = bytes;
	members->structs[id].first = (uint32_t)members->items.n;
	members->structs[id].n = (uint32_t)n;
	if (n)
		memcpy(&members->items.items[members->items.n], items, n * sizeof(*items));
	members->items.n += n;
	return true;
}

void hs_members_release(struct hs_members *members)
{
	hs_array_free(&members->items);
}

const struct hs_member *hs_layout_members(const struct hs_layout *layout, enum hs_members_id id, size_t *ret_n)
{
	*ret_n = layout->members.structs[id].n;
	return *ret_n ? &layout->members.items.items[layout->members.structs[id].first] : NULL;
}

/* True if `name` is among "a|b". */
static bool is_among(const char *names, const char *name, size_t bytes)
{
	while (*names) {
		size_t its_bytes = strcspn(names, "|");

		if (its_bytes == bytes && !memcmp(names, name, bytes))
			return true;
		names += its_bytes + (names[its_bytes] == '|');
	}
	return false;
}

/* Where items follow, tp_basicsize leaves out the first one, or all of an array that the struct ends with. */
bool hs_members_size_fits(uint32_t bytes, uint64_t basicsize, uint64_t itemsize)
{
	return bytes == basicsize || (itemsize && basicsize < bytes && bytes - basicsize <= 8 + itemsize);
}

enum hs_members_id hs_members_by_name(const char *tp_name, size_t name_bytes)
{
	size_t id = 0;

	while (id < HS_N_MEMBERS_STRUCTS && !is_among(hs_members_names[id].tp_names, tp_name, name_bytes))
		id++;
	return (enum hs_members_id)id;
}

enum hs_members_id hs_members_of_type(const struct hs_layout *layout, const char *tp_name, size_t name_bytes, uint64_t basicsize,
				      uint64_t itemsize, bool *ret_is_unfit)
{
	*ret_is_unfit = false;
	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++) {
		uint32_t bytes = layout->members.structs[i].bytes;

		if (!bytes || !is_among(hs_members_names[i].tp_names, tp_name, name_bytes))
			continue;
		if (hs_members_size_fits(bytes, basicsize, itemsize)) {
			*ret_is_unfit = false;
			return (enum hs_members_id)i;
		}
		*ret_is_unfit = true;
	}
	return HS_N_MEMBERS_STRUCTS;
}

static bool ends_with(const char *name, const char *end)
{
	size_t bytes = strlen(name), end_bytes = strlen(end);

	return bytes >= end_bytes && !strcmp(name + bytes - end_bytes, end);
}

/* "a.b", or "a.*" for all that begin with "a." */
static bool fits(const char *pattern, const char *name)
{
	size_t bytes = strcspn(pattern, "*");

	return pattern[bytes] ? !strncmp(pattern, name, bytes) : !strcmp(pattern, name);
}

enum hs_member_rule hs_member_rule_of(const struct hs_layout *layout, enum hs_members_id id, const struct hs_member *member)
{
	if (ends_with(member->name, "weakreflist") || ends_with(member->name, "weaklist"))
		return HS_MEMBER_WEAK;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].structure == id && fits(rules[i].member, member->name) &&
		    hs_version_has(rules[i].since, rules[i].until, layout->minor))
			return rules[i].rule;
	return HS_MEMBER_OWNED;
}

int32_t hs_member_offset(const struct hs_layout *layout, enum hs_members_id id, const char *name)
{
	size_t n;
	const struct hs_member *members = hs_layout_members(layout, id, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(members[i].name, name))
			return (int32_t)members[i].offset;
	return HS_ABSENT;
}

bool hs_module_has_rule(const struct hs_layout *layout, const char *module_name, enum hs_module_rule rule)
{
	for (size_t i = 0; i < sizeof(module_rules) / sizeof(module_rules[0]); i++)
		if (module_rules[i].rule == rule && is_among(module_rules[i].names, module_name, strlen(module_name)) &&
		    hs_version_has(module_rules[i].since, module_rules[i].until, layout->minor))
			return true;
	return false;
}

bool hs_type_is_visited_by_instances(const struct hs_layout *layout, const char *tp_name, size_t name_bytes)
{
	if (!layout->features.heap_types_are_visited)
		return false;
	for (size_t i = 0; unvisited_classes[i].tp_name; i++)
		if (is_among(unvisited_classes[i].tp_name, tp_name, name_bytes) &&
		    hs_version_has(unvisited_classes[i].since, unvisited_classes[i].until, layout->minor))
			return false;
	return true;
}
