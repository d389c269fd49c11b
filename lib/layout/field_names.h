/* SPDX-License-Identifier: Apache-2.0 */
/* fields.def as tables: the names and version ranges of every struct, member and symbol. */
#ifndef HS_FIELD_NAMES_H
#define HS_FIELD_NAMES_H

#include <stdbool.h>

#include "layout.h"

struct hs_struct_name {
	const char *name;
	const char *module;      /* NULL: in the runtime's binary */
	const char *dwarf_names; /* "a|b" */
	unsigned since, until;   /* minor versions of 3; until 0: still there */
};

struct hs_field_name {
	const char *name;
	enum hs_struct_id structure;
	unsigned since, until;
	const char *path;
};

struct hs_symbol_name {
	const char *name;
	unsigned since, until;
};

extern const struct hs_struct_name hs_struct_names[HS_N_STRUCTS];
extern const struct hs_field_name hs_field_names[HS_N_FIELDS];
extern const struct hs_symbol_name hs_symbol_names[HS_N_SYMBOLS];

/* True if 3.`minor` lies in the range. */
static inline bool hs_version_has(unsigned since, unsigned until, unsigned minor)
{
	return minor >= since && (!until || minor <= until);
}

/* A layout in which everything is absent or unknown; NULL when memory is out. The caller destroys it. */
struct hs_layout *hs_layout_create(void);
/* Adds a range; false when memory is out. */
bool hs_reserved_add(struct hs_reserved_ranges *ranges, enum hs_struct_id structure, uint32_t offset, uint32_t bytes);
/* Puts a member where it was found to be; what else the struct holds is then no longer known. */
void hs_layout_move(struct hs_layout *layout, enum hs_field_id field, int32_t offset);
/* Adds a warning for the user; without memory it is lost. */
void hs_layout_warn(struct hs_layout *layout, const char *format, ...) HS_PRINTF(2, 3);

/*
 * True when everything that this version requires is known. Otherwise *ret_struct and *ret_field name the first that
 * is not (*ret_field is NULL when the whole struct is missing).
 */
bool hs_layout_is_complete(const struct hs_layout *layout, const char **ret_struct, const char **ret_field);

#endif
