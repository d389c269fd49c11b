/* SPDX-License-Identifier: Apache-2.0 */
/* The tables made of fields.def, and what follows from them alone: empty layouts, completeness. */
#include "field_names.h"

#include "format.h"
#include "members.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_OR(dwarf_names, name) ((dwarf_names) ? (dwarf_names) : (name))

/* The conditional on a literal NULL is the point here. */
#pragma GCC diagnostic ignored "-Waddress"

const struct hs_struct_name hs_struct_names[HS_N_STRUCTS] = {
#define HS_STRUCT(name, module, since, until, dwarf_names) { #name, module, NAMES_OR(dwarf_names, #name), since, until },
#include "fields.def"
};

const struct hs_field_name hs_field_names[HS_N_FIELDS] = {
#define HS_FIELD(structure, name, since, until, path) { #name, HS_STRUCT_##structure, since, until, path },
#include "fields.def"
};

const struct hs_symbol_name hs_symbol_names[HS_N_SYMBOLS] = {
#define HS_SYMBOL(name, since, until) { #name, since, until },
#include "fields.def"
};

struct hs_layout *hs_layout_create(void)
{
	struct hs_layout *layout = calloc(1, sizeof(*layout));

	if (!layout)
		return NULL;
	for (size_t i = 0; i < HS_N_FIELDS; i++)
		layout->fields[i].offset = HS_ABSENT;
	return layout;
}

void hs_layout_destroy(struct hs_layout *layout)
{
	if (!layout)
		return;
	for (size_t i = 0; i < layout->warnings.n; i++)
		free(layout->warnings.items[i]);
	hs_array_free(&layout->warnings);
	hs_array_free(&layout->reserved);
	hs_members_release(&layout->members);
	free(layout);
}

bool hs_reserved_add(struct hs_reserved_ranges *ranges, enum hs_struct_id structure, uint32_t offset, uint32_t bytes)
{
	struct hs_reserved *range = hs_array_append(ranges);

	if (range)
		*range = (struct hs_reserved){ structure, offset, bytes };
	return range != NULL;
}

void hs_layout_move(struct hs_layout *layout, enum hs_field_id field, int32_t offset)
{
	enum hs_struct_id structure = hs_field_names[field].structure;
	size_t n = 0;

	layout->fields[field].offset = offset;
	for (size_t i = 0; i < layout->reserved.n; i++)
		if (layout->reserved.items[i].structure != structure)
			layout->reserved.items[n++] = layout->reserved.items[i];
	layout->reserved.n = n;
}

void hs_layout_warn(struct hs_layout *layout, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = hs_vformat(format, args);
	va_end(args);
	if (!text)
		return;
	char **slot = hs_array_append(&layout->warnings);
	if (slot)
		*slot = text;
	else
		free(text);
}

bool hs_layout_is_complete(const struct hs_layout *layout, const char **ret_struct, const char **ret_field)
{
	for (size_t i = 0; i < HS_N_STRUCTS; i++) {
		const struct hs_struct_name *name = &hs_struct_names[i];

		if (!hs_version_has(name->since, name->until, layout->minor) || name->module || layout->struct_bytes[i])
			continue;
		*ret_struct = name->name;
		*ret_field = NULL;
		return false;
	}
	for (size_t i = 0; i < HS_N_FIELDS; i++) {
		const struct hs_field_name *name = &hs_field_names[i];

		/* A module's struct may be unknown as a whole, but not in parts. */
		if (!hs_version_has(name->since, name->until, layout->minor) || layout->fields[i].offset != HS_ABSENT ||
		    !layout->struct_bytes[name->structure])
			continue;
		*ret_struct = hs_struct_names[name->structure].name;
		*ret_field = name->name;
		return false;
	}
	return true;
}
