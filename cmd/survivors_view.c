/* SPDX-License-Identifier: Apache-2.0 */
/* Survivors by type and path. */
#include "survivors_view.h"

#include <stdlib.h>

#include "cleanup.h"
#include "json.h"
#include "table.h"
#include "text.h"
#include "type.h"

static const struct hs_table_column columns[] = { { "count", false }, { "bytes", false }, { "TYPE", true }, { "AT", true } };
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

void hs_survivors_put(FILE *out, const struct hs_survivors *survivors, size_t n_max, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = N_COLUMNS };
	char count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];

	hs_text_bold(out, style);
	fputs("SURVIVORS", out);
	hs_text_plain(out, style);
	fprintf(out, "  %s objects, %s came between old and new and are still there\n", hs_text_count(count, survivors->count),
		hs_text_size(size, survivors->bytes));
	for (size_t i = 0; i < survivors->list.n && i < n_max; i++) {
		const struct hs_survivor_group *group = &survivors->list.items[i];
		hs_table_add(&table, "%s", hs_text_count(count, group->count));
		hs_table_add(&table, "%s", hs_text_size(size, group->bytes));
		hs_table_add_text(&table, hs_type_short_name(group->type), style);
		hs_table_add_text(&table, group->path ? group->path : "(nothing leads to them)", style);
	}
	if (survivors->list.n)
		hs_table_put(out, &table, 0, style);
	if (survivors->list.n > n_max)
		fprintf(out, "%s %s more places (all: -f json)\n", hs_text_ellipsis(style), hs_text_count(count, survivors->list.n - n_max));
	if (survivors->n_unknown)
		fprintf(out, "%s more objects look the same as others would: nobody can tell\n", hs_text_count(count, survivors->n_unknown));
	fputc('\n', out);
}

json_t *hs_survivors_json(const struct hs_survivors *survivors)
{
	json_t *root = json_object(), *list = json_array();

	for (size_t i = 0; i < survivors->list.n; i++) {
		const struct hs_survivor_group *group = &survivors->list.items[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "type", hs_json_string(group->type));
		json_object_set_new(entry, "path", hs_json_string(group->path));
		json_object_set_new(entry, "count", hs_json_u64(group->count));
		json_object_set_new(entry, "bytes", hs_json_u64(group->bytes));
		json_array_append_new(list, entry);
	}
	json_object_set_new(root, "count", hs_json_u64(survivors->count));
	json_object_set_new(root, "bytes", hs_json_u64(survivors->bytes));
	json_object_set_new(root, "unknown", hs_json_u64(survivors->n_unknown));
	json_object_set_new(root, "places", list);
	return root;
}
