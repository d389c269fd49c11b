/* SPDX-License-Identifier: Apache-2.0 */
/* fields.def asked of DWARF. Knows which names are wanted; how DWARF is read is debuginfo's affair. */
#include "dwarf_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dwarf_query.h"
#include "field_names.h"
#include "members.h"

/* One file's question, and which ids its parts stand for. */
struct question {
	struct hs_dwarf_query query;
	HS_ARRAY(struct hs_dwarf_member) members;
	size_t struct_ids[HS_N_ALL_STRUCTS]; /* as in members.h */
	enum hs_field_id field_ids[HS_N_FIELDS];
	enum hs_symbol_id symbol_ids[HS_N_SYMBOLS];
};

static void release_question(struct question **question)
{
	if (!*question)
		return;
	for (size_t i = 0; i < (*question)->query.structs.n; i++) {
		hs_array_free(&(*question)->query.structs.items[i].others);
		hs_array_free(&(*question)->query.structs.items[i].objects);
	}
	hs_array_free(&(*question)->query.structs);
	hs_array_free(&(*question)->query.variables);
	hs_array_free(&(*question)->members);
	free(*question);
}

static struct hs_error *ask_struct(struct question *question, enum hs_struct_id id, unsigned minor)
{
	struct hs_dwarf_struct *wanted = hs_array_append(&question->query.structs);

	if (!wanted)
		return hs_error_no_memory();
	question->struct_ids[question->query.structs.n - 1] = id;
	wanted->names = hs_struct_names[id].dwarf_names;
	wanted->members = question->members.items + question->members.n;
	for (size_t i = 0; i < HS_N_FIELDS; i++) {
		const struct hs_field_name *field = &hs_field_names[i];

		if (field->structure != id || !hs_version_has(field->since, field->until, minor))
			continue;
		question->field_ids[question->members.n] = (enum hs_field_id)i;
		/* Room for all fields was reserved: the array does not move. */
		struct hs_dwarf_member *member = hs_array_append(&question->members);
		if (!member)
			return hs_error_no_memory();
		member->path = field->path;
		wanted->n_members++;
	}
	return NULL;
}

static struct hs_error *ask_members(struct question *question, enum hs_members_id id)
{
	struct hs_dwarf_struct *wanted = hs_array_append(&question->query.structs);

	if (!wanted)
		return hs_error_no_memory();
	question->struct_ids[question->query.structs.n - 1] = HS_N_STRUCTS + (size_t)id;
	wanted->names = hs_members_names[id].dwarf_names;
	wanted->wants_objects = true;
	return NULL;
}

static struct hs_error *ask(struct question *question, const bool select[HS_N_ALL_STRUCTS], bool with_symbols,
			    const struct hs_layout *layout)
{
	if (!hs_array_reserve(&question->members, HS_N_FIELDS))
		return hs_error_no_memory();
	for (size_t i = 0; i < HS_N_STRUCTS; i++)
		if (select[i] && hs_version_has(hs_struct_names[i].since, hs_struct_names[i].until, layout->minor))
			HS_TRY(ask_struct(question, (enum hs_struct_id)i, layout->minor));
	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++)
		if (select[HS_N_STRUCTS + i])
			HS_TRY(ask_members(question, (enum hs_members_id)i));
	for (size_t i = 0; with_symbols && i < HS_N_SYMBOLS; i++) {
		const struct hs_symbol_name *name = &hs_symbol_names[i];

		if (layout->symbols[i] || !hs_version_has(name->since, name->until, layout->minor))
			continue;
		struct hs_dwarf_variable *variable = hs_array_append(&question->query.variables);
		if (!variable)
			return hs_error_no_memory();
		variable->name = name->name;
		question->symbol_ids[question->query.variables.n - 1] = (enum hs_symbol_id)i;
	}
	return NULL;
}

static struct hs_error *take_struct(const struct hs_dwarf_struct *answer, enum hs_struct_id id, struct hs_layout *layout)
{
	if (!answer->is_found)
		return NULL;
	layout->struct_bytes[id] = answer->bytes;
	for (size_t i = 0; i < answer->others.n; i++)
		if (!hs_reserved_add(&layout->reserved, id, answer->others.items[i].offset, answer->others.items[i].bytes))
			return hs_error_no_memory();
	return NULL;
}

static struct hs_error *take_members(const struct hs_dwarf_struct *answer, enum hs_members_id id, struct hs_layout *layout)
{
	struct hs_member *items HS_FREE = calloc(answer->objects.n + 1, sizeof(*items));

	if (!items)
		return hs_error_no_memory();
	for (size_t i = 0; i < answer->objects.n; i++) {
		const struct hs_dwarf_object_member *its = &answer->objects.items[i];

		items[i] = (struct hs_member){ .offset = its->offset, .n = its->n };
		snprintf(items[i].name, sizeof(items[i].name), "%s", its->name);
	}
	return hs_members_set(&layout->members, id, answer->bytes, items, answer->objects.n) ? NULL : hs_error_no_memory();
}

static struct hs_error *take_answers(const struct question *question, hs_addr bias, struct hs_layout *layout)
{
	for (size_t i = 0; i < question->query.structs.n; i++) {
		const struct hs_dwarf_struct *answer = &question->query.structs.items[i];
		size_t id = question->struct_ids[i];

		if (id < HS_N_STRUCTS)
			HS_TRY(take_struct(answer, (enum hs_struct_id)id, layout));
		else if (answer->is_found)
			HS_TRY(take_members(answer, (enum hs_members_id)(id - HS_N_STRUCTS), layout));
	}
	for (size_t i = 0; i < question->members.n; i++) {
		const struct hs_dwarf_member *member = &question->members.items[i];

		if (!member->is_found)
			continue;
		layout->fields[question->field_ids[i]] = (struct hs_field){
			.offset = (int32_t)member->offset,
			.bit_offset = member->bit_offset,
			.bit_width = member->bit_width,
			.bytes = member->bytes > UINT16_MAX ? 0 : (uint16_t)member->bytes,
		};
	}
	for (size_t i = 0; i < question->query.variables.n; i++)
		if (question->query.variables.items[i].is_found)
			layout->symbols[question->symbol_ids[i]] = question->query.variables.items[i].vaddr + bias;
	return NULL;
}

static void close_elf(struct hs_elf_file **file)
{
	hs_elf_close(*file);
}

static struct hs_error *fill_from(const struct hs_elf_file *dwarf_file, struct hs_debug_search *search,
				  const bool select[HS_N_ALL_STRUCTS], const hs_addr *bias, struct hs_layout *layout)
{
	struct hs_elf_file *alternate HS_CLEANUP(close_elf) = NULL;
	struct question *question HS_CLEANUP(release_question) = calloc(1, sizeof(*question));

	if (!question)
		return hs_error_no_memory();
	HS_TRY(ask(question, select, bias != NULL, layout));
	HS_TRY(hs_debug_file_find_alternate(dwarf_file, search, &alternate));
	HS_TRY(hs_dwarf_lookup(dwarf_file, alternate, &question->query));
	return take_answers(question, bias ? *bias : 0, layout);
}

/* Statics that the symbol table of a debug file has although the stripped file's has not. */
static void take_debug_symbols(const struct hs_elf_file *debug, hs_addr bias, struct hs_layout *layout)
{
	for (size_t i = 0; i < HS_N_SYMBOLS; i++) {
		const struct hs_symbol_name *name = &hs_symbol_names[i];
		hs_addr vaddr = 0;

		if (layout->symbols[i] || !hs_version_has(name->since, name->until, layout->minor))
			continue;
		hs_elf_find_symbols(debug, &name->name, 1, &vaddr);
		if (vaddr)
			layout->symbols[i] = vaddr + bias;
	}
}

/* Asks one file, or the debug file that was split off it. Symbols are looked up only when `bias` is not NULL. */
static struct hs_error *fill_file(const struct hs_mapped_file *file, struct hs_debug_search *search,
				  const bool select[HS_N_ALL_STRUCTS], const hs_addr *bias, struct hs_layout *layout,
				  bool *ret_found, char ret_source[256])
{
	struct hs_elf_file *debug HS_CLEANUP(close_elf) = NULL;

	*ret_found = false;
	search->file_path = file->path;
	if (file->elf && hs_elf_has_dwarf(file->elf)) {
		HS_TRY(fill_from(file->elf, search, select, bias, layout));
		snprintf(ret_source, 256, "DWARF");
		*ret_found = true;
		return NULL;
	}
	HS_TRY(file->elf ? hs_debug_file_find(file->elf, search, &debug)
			 : hs_debug_file_find_by_id(file->build_id_hex, search, &debug));
	if (!debug)
		return NULL;
	if (bias)
		take_debug_symbols(debug, *bias, layout);
	HS_TRY(fill_from(debug, search, select, bias, layout));
	const char *hex = hs_elf_build_id_hex(debug);
	if (hex[0])
		snprintf(ret_source, 256, "debug file (build-id %.6s…)", hex);
	else
		snprintf(ret_source, 256, "debug file (%.200s)", hs_elf_name(debug));
	*ret_found = true;
	return NULL;
}

/* The structs of extension modules in files of their own; select_runtime[] keeps the others. */
static struct hs_error *fill_modules(const struct hs_module_finder *modules, struct hs_debug_search *search,
				     struct hs_layout *layout, bool select_runtime[HS_N_ALL_STRUCTS])
{
	for (size_t i = 0; i < HS_N_ALL_STRUCTS; i++) {
		const char *module = hs_module_of(i);
		struct hs_mapped_file file HS_CLEANUP(hs_mapped_file_release) = { 0 };
		bool select[HS_N_ALL_STRUCTS] = { 0 }, is_found;
		char source[256];

		if (!hs_is_first_of_module(i))
			continue;
		modules->find(modules->context, module, &file);
		if (!file.elf)
			continue;
		for (size_t j = i; j < HS_N_ALL_STRUCTS; j++) {
			select[j] = hs_module_of(j) && !strcmp(hs_module_of(j), module);
			if (select[j])
				select_runtime[j] = false;
		}
		HS_TRY(fill_file(&file, search, select, NULL, layout, &is_found, source));
	}
	return NULL;
}

struct hs_error *hs_dwarf_source_fill(const struct hs_mapped_file *runtime, const struct hs_module_finder *modules,
				      struct hs_debug_search *search, struct hs_layout *layout, bool *ret_found)
{
	bool select[HS_N_ALL_STRUCTS];

	*ret_found = false;
	for (size_t i = 0; i < HS_N_ALL_STRUCTS; i++)
		select[i] = true;
	HS_TRY(fill_modules(modules, search, layout, select));
	return fill_file(runtime, search, select, &runtime->bias, layout, ret_found, layout->source);
}
