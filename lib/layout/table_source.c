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
	snprintf(layout->source, sizeof(layout->source), "table %s", candidate->name);
	if (!candidate->is_exact)
		hs_layout_warn(layout, "no layout table of CPython %s is shipped: used the nearest, %s, and checked it against the process",
			       layout->version, candidate->name);
	return NULL;
}
