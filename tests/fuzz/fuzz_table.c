/* SPDX-License-Identifier: Apache-2.0 */
/* Layout tables and cache entries under arbitrary bytes: what is accepted lies within bounds, and comes back when written again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "field_names.h"
#include "table.h"
#include "version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_fields(const struct hs_field *fields)
{
	for (size_t i = 0; i < HS_N_FIELDS; i++)
		if (fields[i].offset != HS_ABSENT && (fields[i].offset < 0 || fields[i].bit_offset + fields[i].bit_width > 64))
			abort();
}

static void read_table(const char *text, size_t bytes)
{
	static struct hs_table table;
	struct hs_error *error = hs_table_parse(text, bytes, false, &table);

	if (error) {
		hs_error_destroy(error);
		return;
	}
	check_fields(table.fields);
	if (table.version_hex >> 24 != 3 || strlen(table.name) >= sizeof(table.name))
		abort();
	hs_table_release(&table);
}

static void read_cache_entry(const char *text, size_t bytes)
{
	struct hs_layout *layout = hs_layout_create();

	if (!layout)
		abort();
	hs_version_set(layout, 0x030b02f0);
	layout->runtime_base = layout->runtime_start = 0x400000;
	layout->runtime_end = 0x900000;
	if (hs_cache_parse(text, bytes, layout)) {
		check_fields(layout->fields);
		for (size_t i = 0; i < HS_N_SYMBOLS; i++)
			if (layout->symbols[i] && (layout->symbols[i] < layout->runtime_start || layout->symbols[i] >= layout->runtime_end))
				abort();
	}
	hs_layout_destroy(layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	read_table((const char *)data, bytes);
	read_cache_entry((const char *)data, bytes);
	return 0;
}
