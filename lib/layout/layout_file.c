/* SPDX-License-Identifier: Apache-2.0 */
/* Dumping and checking tables of interpreters on disk. Where their files are is interpreter_files.c's affair. */
#include "layout_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dwarf_source.h"
#include "field_names.h"
#include "interpreter_files.h"
#include "members.h"
#include "table.h"
#include "version.h"

/* An interpreter on disk and what its DWARF says. */
struct subject {
	struct hs_interpreter_files files;
	struct hs_layout *layout;
	char distributor[32];
};

static void release_subject(struct subject *subject)
{
	hs_interpreter_files_release(&subject->files);
	hs_layout_destroy(subject->layout);
}

static struct hs_error *read_dwarf(struct subject *subject, const char *debug_dir)
{
	const char *const roots[] = { "", subject->files.root };
	struct hs_debug_search search = { .roots = roots, .n_roots = 2, .debug_dir = debug_dir, .use_debuginfod = true };
	const struct hs_module_finder modules = { hs_interpreter_files_module, &subject->files };
	bool is_found;

	struct hs_error *error = hs_dwarf_source_fill(&subject->files.runtime, &modules, &search, subject->layout, &is_found);
	if (!error && !is_found)
		error = hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "%s has no debug information, and no debug file was found%s%s%s",
						   subject->files.runtime.path, search.rejected ? " (rejected: " : "",
						   search.rejected ? search.rejected : "", search.rejected ? ")" : ""),
				      "install its debug files (packages python3.x-dbg, -dbgsym, -debuginfo), name their folder with --debug-dir, or a server "
				      "with DEBUGINFOD_URLS");
	free(search.rejected);
	return error;
}

static struct hs_error *read_subject(const char *python, const struct hs_layout_file_options *options, struct subject *subject)
{
	const char *structure, *field;

	subject->layout = hs_layout_create();
	if (!subject->layout)
		return hs_error_no_memory();
	HS_TRY(hs_interpreter_files_find(python, &subject->files));
	hs_mapped_file_symbols(&subject->files.runtime, subject->layout);
	HS_TRY(hs_version_find(&subject->files.runtime, NULL, subject->layout));
	hs_interpreter_files_find_modules(&subject->files, subject->layout->minor);
	HS_TRY(read_dwarf(subject, options->debug_dir));
	if (!hs_layout_is_complete(subject->layout, &structure, &field))
		return hs_error_new(HS_ERROR_LOOKUP, "the debug information of %s lacks %s%s%s", subject->files.runtime.path,
				    structure, field ? "." : "", field ? field : "");
	if (options->distributor)
		snprintf(subject->distributor, sizeof(subject->distributor), "%s", options->distributor);
	else
		hs_interpreter_files_distributor(&subject->files, subject->distributor, sizeof(subject->distributor));
	return NULL;
}

struct hs_error *hs_layout_dump(const char *python, const struct hs_layout_file_options *options, char **ret_text)
{
	struct subject subject HS_CLEANUP(release_subject) = { 0 };

	HS_TRY(read_subject(python, options, &subject));
	char *text = hs_table_format(subject.layout, subject.distributor, hs_elf_build_id_hex(subject.files.runtime.elf));
	if (!text)
		return hs_error_no_memory();
	*ret_text = text;
	return NULL;
}

static bool is_same_field(const struct hs_field *a, const struct hs_field *b)
{
	return a->offset == b->offset && a->bytes == b->bytes && a->bit_offset == b->bit_offset && a->bit_width == b->bit_width;
}

static unsigned compare_structs(const struct hs_table *table, const struct hs_layout *layout, FILE *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < HS_N_STRUCTS; i++) {
		if (table->struct_bytes[i] == layout->struct_bytes[i])
			continue;
		n++;
		fprintf(out, "%s: size of %s: table %u, DWARF %u\n", table->name, hs_struct_names[i].name,
			table->struct_bytes[i], layout->struct_bytes[i]);
	}
	return n;
}

static unsigned compare_fields(const struct hs_table *table, const struct hs_layout *layout, FILE *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < HS_N_FIELDS; i++) {
		const struct hs_field *ours = &table->fields[i], *its = &layout->fields[i];

		if (is_same_field(ours, its))
			continue;
		n++;
		fprintf(out, "%s: %s.%s: table @%d:%u/%u+%u, DWARF @%d:%u/%u+%u\n", table->name,
			hs_struct_names[hs_field_names[i].structure].name, hs_field_names[i].name, ours->offset, ours->bytes,
			ours->bit_offset, ours->bit_width, its->offset, its->bytes, its->bit_offset, its->bit_width);
	}
	return n;
}

static bool is_same_member(const struct hs_member *a, const struct hs_member *b)
{
	return a->offset == b->offset && a->n == b->n && !strcmp(a->name, b->name);
}

/* Structs of which one of both knows nothing differ as a whole. */
static unsigned compare_members_of(const struct hs_table *table, const struct hs_layout *layout, size_t id, FILE *out)
{
	const char *name = hs_members_names[id].name;
	uint32_t bytes = table->members.structs[id].bytes, n = table->members.structs[id].n;
	size_t its_n;
	const struct hs_member *ours = n ? &table->members.items.items[table->members.structs[id].first] : NULL;
	const struct hs_member *its = hs_layout_members(layout, (enum hs_members_id)id, &its_n);

	if (bytes != layout->members.structs[id].bytes || n != its_n) {
		fprintf(out, "%s: members of %s: table %u in %u bytes, DWARF %zu in %u\n", table->name, name, n, bytes, its_n,
			layout->members.structs[id].bytes);
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (is_same_member(&ours[i], &its[i]))
			continue;
		fprintf(out, "%s: member of %s: table %s@%ux%u, DWARF %s@%ux%u\n", table->name, name, ours[i].name, ours[i].offset, ours[i].n,
			its[i].name, its[i].offset, its[i].n);
		return 1;
	}
	return 0;
}

static unsigned compare_members(const struct hs_table *table, const struct hs_layout *layout, FILE *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++)
		n += compare_members_of(table, layout, i, out);
	return n;
}

static unsigned count_fields(const struct hs_field *fields, const struct hs_members *members)
{
	unsigned n = 0;

	for (size_t i = 0; i < HS_N_FIELDS; i++)
		n += fields[i].offset != HS_ABSENT;
	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++)
		n += members->structs[i].n;
	return n;
}

/* Compares with one shipped table if it is of that version; returns false when it is not. */
static bool compare_table(const struct hs_shipped_table *shipped, const struct subject *subject, FILE *out, unsigned *ret_differences)
{
	struct hs_table *table HS_FREE = malloc(sizeof(*table));

	if (!table)
		return false;
	struct hs_error *error = hs_table_parse(shipped->text, shipped->bytes, false, table);
	if (error) {
		hs_error_destroy(error);
		return false;
	}
	bool is_of_version = table->version_hex == subject->layout->version_hex;
	if (is_of_version) {
		*ret_differences = compare_structs(table, subject->layout, out) + compare_fields(table, subject->layout, out) +
				   compare_members(table, subject->layout, out);
		fprintf(out, "%s: %u fields compared, %u differences\n", table->name, count_fields(subject->layout->fields, &subject->layout->members), *ret_differences);
	}
	hs_table_release(table);
	return is_of_version;
}

struct hs_error *hs_layout_check(const char *python, const struct hs_layout_file_options *options, char **ret_text,
				 unsigned *ret_differences)
{
	struct subject subject HS_CLEANUP(release_subject) = { 0 };
	char *text HS_FREE = NULL;
	size_t bytes;
	unsigned fewest = UINT32_MAX, n;

	HS_TRY(read_subject(python, options, &subject));
	FILE *out = open_memstream(&text, &bytes);
	if (!out)
		return hs_error_no_memory();
	for (size_t i = 0; i < hs_n_shipped_tables; i++)
		if (compare_table(&hs_shipped_tables[i], &subject, out, &n) && n < fewest)
			fewest = n;
	if (fclose(out) != 0)
		return hs_error_no_memory();
	if (fewest == UINT32_MAX)
		return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "no table of CPython %s is shipped", subject.layout->version),
				     "heapspy layout dump writes one; heapspy layout --help tells how to add it");
	*ret_text = hs_take(text);
	*ret_differences = fewest;
	return NULL;
}

char *hs_layout_list(void)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct hs_table *table HS_FREE = malloc(sizeof(*table));

	if (!out)
		return NULL;
	fprintf(out, "%-20s %6s  %s\n", "TABLE", "fields", "BUILD-ID");
	for (size_t i = 0; table && i < hs_n_shipped_tables; i++) {
		struct hs_error *error = hs_table_parse(hs_shipped_tables[i].text, hs_shipped_tables[i].bytes, false, table);

		if (!error) {
			fprintf(out, "%-20s %6u  %s\n", table->name, count_fields(table->fields, &table->members), table->build_id);
			hs_table_release(table);
		}
		hs_error_destroy(error);
	}
	if (fclose(out) != 0 || !table) {
		free(text);
		return NULL;
	}
	return text;
}
