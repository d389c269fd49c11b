/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of CPython's own structs that point to objects (members.def), and how those few count that are not simply
 * references of the object's own (member_rules.def).
 */
#ifndef HS_MEMBERS_H
#define HS_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

struct hs_members_name {
	const char *name;
	const char *module;      /* NULL: in the runtime's binary */
	const char *tp_names;    /* "a|b" */
	const char *dwarf_names; /* "a|b" */
};

extern const struct hs_members_name hs_members_names[HS_N_MEMBERS_STRUCTS];

/* Sets what is known of a struct; `items` are copied. False when memory is out. */
bool hs_members_set(struct hs_members *members, enum hs_members_id id, uint32_t bytes, const struct hs_member *items, size_t n);
void hs_members_release(struct hs_members *members);

/*
 * The struct of the instances of a C type, or HS_N_MEMBERS_STRUCTS: by its tp_name, if the layout knows that struct and
 * its size goes with tp_basicsize and tp_itemsize. *ret_is_unfit: it knows one of that name, of another size.
 */
enum hs_members_id hs_members_of_type(const struct hs_layout *layout, const char *tp_name, size_t name_bytes, uint64_t basicsize,
				      uint64_t itemsize, bool *ret_is_unfit);

/* The first struct that the type may have by its tp_name, whatever its size; HS_N_MEMBERS_STRUCTS: none. */
enum hs_members_id hs_members_by_name(const char *tp_name, size_t name_bytes);
/* True if a struct of `bytes` goes with a type of that tp_basicsize and tp_itemsize. */
bool hs_members_size_fits(uint32_t bytes, uint64_t basicsize, uint64_t itemsize);

/* The structs of fields.def and of members.def in one numbering: id of the former, then HS_N_STRUCTS + id of the latter. */
#define HS_N_ALL_STRUCTS (HS_N_STRUCTS + HS_N_MEMBERS_STRUCTS)

/* The extension module whose own file may hold the struct, or NULL. */
const char *hs_module_of(size_t structure);
/* True for the first struct of each extension module: for going through the modules. */
bool hs_is_first_of_module(size_t structure);

/* How a member counts. */
enum hs_member_rule {
	HS_MEMBER_OWNED,     /* counted in the target's refcount, and visited if the type takes part in collection */
	HS_MEMBER_UNVISITED, /* counted; tp_traverse leaves it out */
	HS_MEMBER_BORROWED,  /* neither: no reference at all, or another member's over again */
	HS_MEMBER_WEAK,      /* neither: the collector clears it */
	HS_MEMBER_MIXED,     /* as owned; small numbers stand there as well */
	HS_MEMBER_TAGGED,    /* as owned; the word's low bits are no part of the address */
};

enum hs_member_rule hs_member_rule_of(const struct hs_layout *layout, enum hs_members_id id, const struct hs_member *member);

/* Where a struct has its member of that name, which must be one reference; HS_ABSENT: nowhere known. */
int32_t hs_member_offset(const struct hs_layout *layout, enum hs_members_id id, const char *name);

/* What is not so with every module that keeps a struct of its own (its state). */
enum hs_module_rule {
	HS_MODULE_VISITS_LEAVES, /* its m_traverse reports str and int objects, too, though they take part in no cycle */
};

/* True if the rule is that of the module of that name. */
bool hs_module_has_rule(const struct hs_layout *layout, const char *module_name, enum hs_module_rule rule);

/* True if the instances of this C type, a heap type that takes part in collection, visit their type. */
bool hs_type_is_visited_by_instances(const struct hs_layout *layout, const char *tp_name, size_t name_bytes);

#endif
