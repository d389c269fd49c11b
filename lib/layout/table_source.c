/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shipped tables as a source of layouts. A distributor's patches can move members of the same version, so every table
 * of a version is a candidate, and the checks against the image decide.
 */
#include "table_source.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "field_names.h"
#include "members.h"

#define MICRO(version_hex) ((version_hex) >> 8 & 0xff)

static int compare_candidates(const void *a, const void *b)
{
	const struct hs_table_candidate *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Pre-releases count as far from everything but themselves: their structs were still moving. */
static unsigned distance_of(uint32_t a, uint32_t b)
{
	unsigned distance = MICRO(a) > MICRO(b) ? MICRO(a) - MICRO(b) : MICRO(b) - MICRO(a);

	return 2 + 2 * distance + ((a & 0xf0) != (b & 0xf0) ? 1000 : 0);
}

static void rate(struct hs_table_candidate *candidate, const struct hs_table *table, uint32_t version_hex, const char *build_id)
{
	snprintf(candidate->name, sizeof(candidate->name), "%s", table->name);
	candidate->is_exact = table->version_hex == version_hex;
	candidate->is_same_binary = build_id[0] && !strcmp(table->build_id, build_id);
	if (candidate->is_same_binary)
		candidate->distance = 0;
	else if (candidate->is_exact)
		candidate->distance = 1;
	else
		candidate->distance = distance_of(table->version_hex, version_hex);
}

struct hs_error *hs_table_candidates_find(uint32_t version_hex, const char *build_id, const char *without,
					  struct hs_table_candidates *ret)
{
	struct hs_table *table HS_FREE = malloc(sizeof(*table));

	if (!table || !hs_array_reserve(ret, hs_n_shipped_tables + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < hs_n_shipped_tables; i++) {
		HS_TRY(hs_table_parse(hs_shipped_tables[i].text, hs_shipped_tables[i].bytes, true, table)); /* owns nothing */
		if (table->version_hex >> 16 != version_hex >> 16 || (without && fnmatch(without, table->name, 0) == 0))
			continue;
		struct hs_table_candidate *candidate = hs_array_append(ret); /* reserved above */
		if (!candidate)
			return hs_error_no_memory();
		candidate->shipped = &hs_shipped_tables[i];
		rate(candidate, table, version_hex, build_id);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_candidates);
	return NULL;
}

struct hs_error *hs_table_candidate_apply(const struct hs_table_candidate *candidate, struct hs_layout *layout)
{
	struct hs_table *table HS_FREE = malloc(sizeof(*table));

	if (!table)
		return hs_error_no_memory();
	HS_TRY(hs_table_parse(candidate->shipped->text, candidate->shipped->bytes, false, table));
	memcpy(layout->fields, table->fields, sizeof(layout->fields));
	memcpy(layout->struct_bytes, table->struct_bytes, sizeof(layout->struct_bytes));
	hs_array_free(&layout->reserved);
	layout->reserved = table->reserved;
	hs_members_release(&layout->members);
	layout->members = table->members;
	snprintf(layout->source, sizeof(layout->source), "table %s", candidate->name);
	if (!candidate->is_exact)
		hs_layout_warn(layout, "no layout table of CPython %s is shipped: used the nearest, %s, and checked it against the process",
			       layout->version, candidate->name);
	return NULL;
}

static uint32_t version_distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* True if `table` has the struct at that size, with every member that this version needs. */
static bool has_struct(const struct hs_table *table, enum hs_struct_id structure, uint32_t bytes, unsigned minor)
{
	if (table->struct_bytes[structure] != bytes)
		return false;
	for (size_t i = 0; i < HS_N_FIELDS; i++)
		if (hs_field_names[i].structure == structure && table->fields[i].offset == HS_ABSENT &&
		    hs_version_has(hs_field_names[i].since, hs_field_names[i].until, minor))
			return false;
	return true;
}

/* Parses shipped table `index` if it is of a neighbouring minor version; false otherwise. The caller releases *ret. */
static bool read_neighbour(size_t index, const char *without, const struct hs_layout *layout, struct hs_table *ret)
{
	struct hs_error *error = hs_table_parse(hs_shipped_tables[index].text, hs_shipped_tables[index].bytes, false, ret);

	if (error) {
		hs_error_destroy(error);
		return false;
	}
	unsigned minor = ret->version_hex >> 16 & 0xff;
	if (minor + 1 >= layout->minor && minor <= layout->minor + 1 && !(without && fnmatch(without, ret->name, 0) == 0))
		return true;
	hs_table_release(ret);
	return false;
}

static void take_struct(const struct hs_table *table, enum hs_struct_id structure, struct hs_layout *layout)
{
	layout->struct_bytes[structure] = table->struct_bytes[structure];
	for (size_t i = 0; i < HS_N_FIELDS; i++) {
		if (hs_field_names[i].structure != structure)
			continue;
		hs_layout_move(layout, (enum hs_field_id)i, HS_ABSENT);
		layout->fields[i] = table->fields[i];
	}
}

bool hs_table_replace_struct(enum hs_struct_id structure, uint32_t bytes, const char *without, struct hs_layout *layout,
			     char ret_name[64])
{
	struct hs_table *table HS_FREE = malloc(sizeof(*table));
	uint32_t nearest = UINT32_MAX;

	for (size_t i = 0; table && i < hs_n_shipped_tables; i++) {
		if (!read_neighbour(i, without, layout, table))
			continue;
		uint32_t distance = version_distance(table->version_hex, layout->version_hex);
		if (distance < nearest && has_struct(table, structure, bytes, layout->minor)) {
			nearest = distance;
			take_struct(table, structure, layout);
			snprintf(ret_name, 64, "%s", table->name);
		}
		hs_table_release(table);
	}
	return nearest != UINT32_MAX;
}

static bool take_members(const struct hs_table *table, enum hs_members_id id, struct hs_layout *layout)
{
	uint32_t n = table->members.structs[id].n;

	return hs_members_set(&layout->members, id, table->members.structs[id].bytes,
			      n ? &table->members.items.items[table->members.structs[id].first] : NULL, n);
}

bool hs_table_replace_members(enum hs_members_id id, uint64_t basicsize, uint64_t itemsize, const char *without, struct hs_layout *layout,
			      char ret_name[64])
{
	struct hs_table *table HS_FREE = malloc(sizeof(*table));
	uint32_t nearest = UINT32_MAX;

	for (size_t i = 0; table && i < hs_n_shipped_tables; i++) {
		if (!read_neighbour(i, without, layout, table))
			continue;
		uint32_t distance = version_distance(table->version_hex, layout->version_hex);
		if (distance < nearest && table->members.structs[id].bytes &&
		    hs_members_size_fits(table->members.structs[id].bytes, basicsize, itemsize) && take_members(table, id, layout)) {
			nearest = distance;
			snprintf(ret_name, 64, "%s", table->name);
		}
		hs_table_release(table);
	}
	return nearest != UINT32_MAX;
}
