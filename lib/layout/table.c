/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing layouts as text. Knows nothing about where the text comes from. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field_names.h"
#include "members.h"
#include "version.h"

#define OBJECT_MEMBERS_MAX 96

/* Text that is being read; never beyond `end`. */
struct cursor {
	const char *at;
	const char *end;
};

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
}

/* The characters up to the first of `stops`, a blank or the end. */
static size_t read_word(struct cursor *cursor, const char *stops, const char **ret)
{
	*ret = cursor->at;
	while (cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\t' && !strchr(stops, *cursor->at))
		cursor->at++;
	return (size_t)(cursor->at - *ret);
}

static bool read_character(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

static bool read_number(struct cursor *cursor, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;
	const char *start = cursor->at;

	while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9' && value <= max)
		value = value * 10 + (uint64_t)(*cursor->at++ - '0');
	if (cursor->at == start || value > max)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool is_word(const char *name, const char *word, size_t bytes)
{
	return strlen(name) == bytes && !memcmp(name, word, bytes);
}

static size_t find_struct(const char *word, size_t bytes)
{
	size_t id = 0;

	while (id < HS_N_STRUCTS && !is_word(hs_struct_names[id].name, word, bytes))
		id++;
	return id;
}

static size_t find_field(size_t structure, const char *word, size_t bytes)
{
	size_t id = 0;

	while (id < HS_N_FIELDS && !(hs_field_names[id].structure == structure && is_word(hs_field_names[id].name, word, bytes)))
		id++;
	return id;
}

/* "ob_item@24:8" or "kind@32:4/2+3" */
static bool parse_member(struct cursor *cursor, size_t structure, struct hs_table *table)
{
	uint32_t offset, bytes, bit_offset = 0, bit_width = 0;
	const char *name;
	size_t name_bytes = read_word(cursor, "@", &name);

	if (!name_bytes || !read_character(cursor, '@') || !read_number(cursor, INT32_MAX, &offset) ||
	    !read_character(cursor, ':') || !read_number(cursor, INT32_MAX, &bytes))
		return false;
	if (is_word("-", name, name_bytes))
		return structure == HS_N_STRUCTS || hs_reserved_add(&table->reserved, (enum hs_struct_id)structure, offset, bytes);
	if (read_character(cursor, '/') && (!read_number(cursor, 63, &bit_offset) || !read_character(cursor, '+') ||
					    !read_number(cursor, 31, &bit_width) || bit_offset + bit_width > 64))
		return false;
	size_t id = find_field(structure, name, name_bytes);
	if (bytes > UINT16_MAX)
		return false;
	if (id < HS_N_FIELDS)
		table->fields[id] = (struct hs_field){
			.offset = (int32_t)offset,
			.bytes = (uint16_t)bytes,
			.bit_offset = (uint8_t)bit_offset,
			.bit_width = (uint8_t)bit_width,
		};
	return true;
}

/* "values@24x57" */
static bool parse_object_member(struct cursor *cursor, struct hs_member *ret)
{
	const char *name;
	size_t name_bytes = read_word(cursor, "@", &name);
	uint32_t offset, n = 1;

	if (!name_bytes || name_bytes >= sizeof(ret->name) || !read_character(cursor, '@') || !read_number(cursor, 1u << 28, &offset) ||
	    (read_character(cursor, 'x') && !read_number(cursor, UINT16_MAX, &n)))
		return false;
	*ret = (struct hs_member){ .offset = offset, .n = (uint16_t)n };
	memcpy(ret->name, name, name_bytes);
	return true;
}

/* What follows "members": "chainobject 32: source@16 active@24" */
static bool parse_members(struct cursor *cursor, struct hs_table *table)
{
	struct hs_member items[OBJECT_MEMBERS_MAX];
	size_t n = 0, id = 0, name_bytes;
	const char *name;
	uint32_t bytes;

	skip_blanks(cursor);
	name_bytes = read_word(cursor, ":", &name);
	skip_blanks(cursor);
	if (!name_bytes || !read_number(cursor, 1u << 28, &bytes) || !read_character(cursor, ':'))
		return false;
	for (skip_blanks(cursor); cursor->at < cursor->end; skip_blanks(cursor))
		if (n == OBJECT_MEMBERS_MAX || !parse_object_member(cursor, &items[n]) ||
		    (uint64_t)items[n].offset + 8u * items[n].n > bytes || items[n].offset < (n ? items[n - 1].offset + 8u * items[n - 1].n : 8u))
			return false;
		else
			n++;
	while (id < HS_N_MEMBERS_STRUCTS && !is_word(hs_members_names[id].name, name, name_bytes))
		id++;
	return id == HS_N_MEMBERS_STRUCTS || hs_members_set(&table->members, (enum hs_members_id)id, bytes, items, n);
}

bool hs_table_parse_struct(const char *line, size_t bytes, struct hs_table *table)
{
	struct cursor cursor = { line, line + bytes };
	const char *name;
	size_t name_bytes = read_word(&cursor, ":", &name);
	uint32_t its_bytes;

	skip_blanks(&cursor);
	if (is_word("members", name, name_bytes))
		return parse_members(&cursor, table);
	if (!name_bytes || !read_number(&cursor, 1u << 28, &its_bytes) || !read_character(&cursor, ':'))
		return false;
	size_t structure = find_struct(name, name_bytes);
	if (structure < HS_N_STRUCTS)
		table->struct_bytes[structure] = its_bytes;
	for (skip_blanks(&cursor); cursor.at < cursor.end; skip_blanks(&cursor))
		if (!parse_member(&cursor, structure, table))
			return false;
	return true;
}

static bool copy_word(char *ret, size_t ret_bytes, const char *word, size_t bytes)
{
	if (!bytes || bytes >= ret_bytes)
		return false;
	memcpy(ret, word, bytes);
	ret[bytes] = '\0';
	return true;
}

/* "layout 3.11.2 debian" */
static bool parse_heading(struct cursor *cursor, struct hs_table *table)
{
	const char *version, *distributor;
	size_t parsed = 0;

	skip_blanks(cursor);
	size_t version_bytes = read_word(cursor, "", &version);
	table->version_hex = hs_version_parse(version, version_bytes, &parsed);
	skip_blanks(cursor);
	size_t distributor_bytes = read_word(cursor, "", &distributor);
	if (!table->version_hex || parsed != version_bytes ||
	    !copy_word(table->distributor, sizeof(table->distributor), distributor, distributor_bytes))
		return false;
	snprintf(table->name, sizeof(table->name), "%.*s-%s", (int)version_bytes, version, table->distributor);
	return true;
}

static bool parse_line(struct cursor line, bool heading_only, struct hs_table *table)
{
	const struct cursor whole = line;
	const char *word;
	size_t bytes = read_word(&line, "", &word);

	if (!bytes || word[0] == '#')
		return true;
	if (is_word("layout", word, bytes))
		return parse_heading(&line, table);
	if (is_word("build-id", word, bytes)) {
		skip_blanks(&line);
		bytes = read_word(&line, "", &word);
		return copy_word(table->build_id, sizeof(table->build_id), word, bytes);
	}
	return heading_only ||
	       hs_table_parse_struct(whole.at, (size_t)(whole.end - whole.at), table);
}

void hs_table_release(struct hs_table *table)
{
	hs_array_free(&table->reserved);
	hs_members_release(&table->members);
}

struct hs_error *hs_table_parse(const char *text, size_t bytes, bool heading_only, struct hs_table *ret)
{
	struct hs_table table = { 0 };
	const char *end = text + bytes;
	unsigned number = 1;

	for (size_t i = 0; i < HS_N_FIELDS; i++)
		table.fields[i].offset = HS_ABSENT;
	for (const char *at = text; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct cursor line = { at, newline ? newline : end };

		if (!parse_line(line, heading_only, &table)) {
			hs_table_release(&table);
			return hs_error_new(HS_ERROR_BAD_DATA, "layout table: line %u is malformed", number);
		}
		at = newline ? newline + 1 : end;
	}
	if (!table.version_hex) {
		hs_table_release(&table);
		return hs_error_new(HS_ERROR_BAD_DATA, "layout table: no \"layout\" line");
	}
	*ret = table;
	return NULL;
}

static void write_struct(const struct hs_layout *layout, size_t structure, FILE *out)
{
	fprintf(out, "%s %u:", hs_struct_names[structure].name, layout->struct_bytes[structure]);
	for (size_t i = 0; i < HS_N_FIELDS; i++) {
		const struct hs_field *field = &layout->fields[i];

		if (hs_field_names[i].structure != structure || field->offset == HS_ABSENT)
			continue;
		fprintf(out, " %s@%d:%u", hs_field_names[i].name, field->offset, field->bytes);
		if (field->bit_width)
			fprintf(out, "/%u+%u", field->bit_offset, field->bit_width);
	}
	for (size_t i = 0; i < layout->reserved.n; i++)
		if (layout->reserved.items[i].structure == structure)
			fprintf(out, " -@%u:%u", layout->reserved.items[i].offset, layout->reserved.items[i].bytes);
	fputc('\n', out);
}

static void write_members(const struct hs_layout *layout, size_t id, FILE *out)
{
	size_t n;
	const struct hs_member *items = hs_layout_members(layout, (enum hs_members_id)id, &n);

	fprintf(out, "members %s %u:", hs_members_names[id].name, layout->members.structs[id].bytes);
	for (size_t i = 0; i < n && i < OBJECT_MEMBERS_MAX; i++) {
		fprintf(out, " %s@%u", items[i].name, items[i].offset);
		if (items[i].n > 1)
			fprintf(out, "x%u", items[i].n);
	}
	fputc('\n', out);
}

void hs_table_write_structs(const struct hs_layout *layout, FILE *out)
{
	for (size_t i = 0; i < HS_N_STRUCTS; i++)
		if (layout->struct_bytes[i])
			write_struct(layout, i, out);
	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++)
		if (layout->members.structs[i].bytes)
			write_members(layout, i, out);
}

char *hs_table_format(const struct hs_layout *layout, const char *distributor, const char *build_id)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	fprintf(out, "# SPDX-License-Identifier: Apache-2.0\n"
		     "# Written by `heapspy layout dump`. Members: name@offset:bytes, bit-fields: /lowest bit+width.\n"
		     "layout %s %s\n", layout->version, distributor);
	if (build_id[0])
		fprintf(out, "build-id %s\n", build_id);
	hs_table_write_structs(layout, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
