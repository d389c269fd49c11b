/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one pass over a file's top-level DWARF entries. Wanted names sit in a small hash table, so that the cost of an
 * entry that nobody wants is one tag and one name.
 */
#include "dwarf_query.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dwarf_member.h"
#include "dwarf_objects.h"
#include "elf_internal.h"

#define RANK_COMPLETE_BELOW 0x10000u /* rank = name index << 16 | members missing */
#define RANK_NONE UINT32_MAX

struct wanted_name {
	const char *name; /* not NUL-terminated */
	size_t bytes;
	size_t index;     /* of the struct or variable */
	unsigned rank;
	bool is_variable;
};

struct pass {
	struct hs_dwarf_query *query;
	HS_ARRAY(struct wanted_name) names;
	uint16_t *buckets; /* 1 + index into names; 0: empty */
	size_t n_buckets;  /* a power of two */
	struct hs_dwarf_member *scratch;
	struct hs_dwarf_bounds bounds;
	bool is_out_of_memory;
	size_t n_missing;  /* structs not complete under their first name, and variables */
};

static size_t hash_name(const char *name, size_t bytes)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ (uint8_t)name[i]) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32);
}

static struct hs_error *want_name(struct pass *pass, struct wanted_name name)
{
	struct wanted_name *slot = hs_array_append(&pass->names);

	if (!slot)
		return hs_error_no_memory();
	*slot = name;
	return NULL;
}

static struct hs_error *fill_buckets(struct pass *pass)
{
	if (pass->names.n >= UINT16_MAX)
		return hs_error_new(HS_ERROR_INVALID, "too many names wanted of one file");
	pass->n_buckets = 64;
	while (pass->n_buckets < 4 * pass->names.n)
		pass->n_buckets *= 2;
	pass->buckets = calloc(pass->n_buckets, sizeof(*pass->buckets));
	if (!pass->buckets)
		return hs_error_no_memory();
	for (size_t i = 0; i < pass->names.n; i++) {
		size_t at = hash_name(pass->names.items[i].name, pass->names.items[i].bytes);

		while (pass->buckets[at & (pass->n_buckets - 1)])
			at++;
		pass->buckets[at & (pass->n_buckets - 1)] = (uint16_t)(i + 1);
	}
	return NULL;
}

static struct hs_error *prepare(struct pass *pass)
{
	size_t most_members = 1;

	for (size_t i = 0; i < pass->query->structs.n; i++) {
		struct hs_dwarf_struct *wanted = &pass->query->structs.items[i];
		unsigned index = 0;

		wanted->rank = RANK_NONE;
		if (wanted->n_members > most_members)
			most_members = wanted->n_members;
		for (const char *name = wanted->names; *name; index++) {
			size_t bytes = strcspn(name, "|");

			HS_TRY(want_name(pass, (struct wanted_name){ name, bytes, i, index << 16, false }));
			name += bytes + (name[bytes] == '|');
		}
	}
	for (size_t i = 0; i < pass->query->variables.n; i++) {
		const char *name = pass->query->variables.items[i].name;

		HS_TRY(want_name(pass, (struct wanted_name){ name, strlen(name), i, 0, true }));
	}
	pass->n_missing = pass->query->structs.n + pass->query->variables.n;
	pass->scratch = calloc(most_members, sizeof(*pass->scratch));
	if (!pass->scratch)
		return hs_error_no_memory();
	return fill_buckets(pass);
}

/* A struct of which all members that point to objects are wanted. Units that know more of what they point to are better. */
static void consider_object(struct pass *pass, Dwarf_Die *structure, struct hs_dwarf_struct *wanted, unsigned rank)
{
	struct hs_dwarf_object_members members = { 0 };
	int bytes = dwarf_bytesize(structure);
	unsigned n_opaque = 0;

	if (bytes < 0 || !hs_dwarf_is_object(structure, &pass->bounds))
		return;
	pass->is_out_of_memory |= !hs_dwarf_object_members(structure, &pass->bounds, &members, &n_opaque);
	rank += n_opaque;
	if (rank >= wanted->rank) {
		hs_array_free(&members);
		return;
	}
	hs_array_free(&wanted->objects);
	wanted->objects = members;
	wanted->is_found = true;
	wanted->bytes = (uint32_t)bytes;
	wanted->rank = rank;
	if (rank == 0)
		pass->n_missing--;
}

static void consider_struct(struct pass *pass, Dwarf_Die *die, const struct wanted_name *name)
{
	struct hs_dwarf_struct *wanted = &pass->query->structs.items[name->index];
	unsigned rank = name->rank;
	Dwarf_Die structure;

	if (rank >= wanted->rank || !hs_dwarf_peel(die, &structure))
		return;
	if (wanted->wants_objects)
		return consider_object(pass, &structure, wanted, rank);
	int bytes = dwarf_bytesize(&structure);
	if (bytes < 0)
		return;
	for (size_t i = 0; i < wanted->n_members; i++) {
		pass->scratch[i] = (struct hs_dwarf_member){ .path = wanted->members[i].path };
		if (!hs_dwarf_find_member(&structure, &pass->bounds, &pass->scratch[i]))
			rank++;
	}
	if (rank >= wanted->rank)
		return;
	hs_array_free(&wanted->others);
	pass->is_out_of_memory |= !hs_dwarf_other_members(&structure, pass->scratch, wanted->n_members, &wanted->others);
	memcpy(wanted->members, pass->scratch, wanted->n_members * sizeof(*pass->scratch));
	wanted->is_found = true;
	wanted->bytes = (uint32_t)bytes;
	wanted->rank = rank;
	if (rank == 0)
		pass->n_missing--;
}

static void consider_variable(struct pass *pass, Dwarf_Die *die, const struct wanted_name *name)
{
	struct hs_dwarf_variable *wanted = &pass->query->variables.items[name->index];
	Dwarf_Attribute attribute;
	Dwarf_Op *expression;
	size_t n;

	/* A declaration, or an abstract entry whose concrete one comes in another unit: it has no location. */
	if (wanted->is_found || !dwarf_attr_integrate(die, DW_AT_location, &attribute) ||
	    dwarf_getlocation(&attribute, &expression, &n) != 0 || n != 1)
		return;
	Dwarf_Word vaddr = expression[0].number;
	if (expression[0].atom == DW_OP_addrx || expression[0].atom == DW_OP_GNU_addr_index) {
		Dwarf_Attribute indexed;

		if (dwarf_getlocation_attr(&attribute, expression, &indexed) != 0 || dwarf_formaddr(&indexed, &vaddr) != 0)
			return;
	} else if (expression[0].atom != DW_OP_addr) {
		return;
	}
	wanted->is_found = true;
	wanted->vaddr = vaddr;
	pass->n_missing--;
}

static void consider(struct pass *pass, Dwarf_Die *die, bool is_variable)
{
	const char *name = hs_dwarf_name(die, &pass->bounds);

	if (!name)
		return;
	size_t bytes = strlen(name);
	for (size_t at = hash_name(name, bytes); pass->buckets[at & (pass->n_buckets - 1)]; at++) {
		const struct wanted_name *wanted = &pass->names.items[pass->buckets[at & (pass->n_buckets - 1)] - 1];

		if (wanted->is_variable != is_variable || wanted->bytes != bytes || memcmp(wanted->name, name, bytes))
			continue;
		if (is_variable)
			consider_variable(pass, die, wanted);
		else
			consider_struct(pass, die, wanted);
	}
}

static void scan_unit(struct pass *pass, Dwarf_Die *unit)
{
	Dwarf_Die die;

	for (int status = dwarf_child(unit, &die); status == 0 && pass->n_missing; status = dwarf_siblingof(&die, &die)) {
		switch (dwarf_tag(&die)) {
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_typedef:
			consider(pass, &die, false);
			break;
		case DW_TAG_variable:
			consider(pass, &die, true);
			break;
		default:
			break;
		}
	}
}

static void scan_units(struct pass *pass, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	while (pass->n_missing && dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		scan_unit(pass, &die);
}

/* libdw has uncompressed the sections in place: these are the buffers that it reads. */
static void add_bounds(struct pass *pass, const struct hs_elf_file *file)
{
	static const char *const names[] = { ".debug_info", ".zdebug_info", ".debug_str", ".zdebug_str",
					     ".debug_line_str", ".debug_types" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && pass->bounds.n < HS_DWARF_BOUNDS_MAX; i++) {
		GElf_Shdr header;
		Elf_Scn *section = hs_elf_find_section(file, names[i], &header);
		Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;

		if (!data || !data->d_buf)
			continue;
		pass->bounds.sections[pass->bounds.n].start = data->d_buf;
		pass->bounds.sections[pass->bounds.n++].end = (const char *)data->d_buf + data->d_size;
	}
}

static void end_dwarf(Dwarf **dwarf)
{
	if (*dwarf)
		dwarf_end(*dwarf);
}

static void release_pass(struct pass *pass)
{
	hs_array_free(&pass->names);
	free(pass->buckets);
	free(pass->scratch);
}

struct hs_error *hs_dwarf_lookup(const struct hs_elf_file *file, const struct hs_elf_file *alternate,
				 struct hs_dwarf_query *query)
{
	struct pass pass HS_CLEANUP(release_pass) = { .query = query };
	Dwarf *alternate_dwarf HS_CLEANUP(end_dwarf) = NULL;

	HS_TRY(prepare(&pass));
	Dwarf *dwarf HS_CLEANUP(end_dwarf) = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (!dwarf)
		return hs_error_new(HS_ERROR_BAD_DATA, "%s: unreadable DWARF: %s", file->name, dwarf_errmsg(-1));
	if (alternate) {
		alternate_dwarf = dwarf_begin_elf(alternate->elf, DWARF_C_READ, NULL);
		if (!alternate_dwarf)
			return hs_error_new(HS_ERROR_BAD_DATA, "%s: unreadable DWARF: %s", alternate->name, dwarf_errmsg(-1));
		dwarf_setalt(dwarf, alternate_dwarf);
		add_bounds(&pass, alternate);
	}
	add_bounds(&pass, file);
	scan_units(&pass, dwarf);
	/* Structs that several files share may stand in the alternate file only. */
	if (alternate_dwarf)
		scan_units(&pass, alternate_dwarf);
	return pass.is_out_of_memory ? hs_error_no_memory() : NULL;
}
