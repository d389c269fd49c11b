/* SPDX-License-Identifier: Apache-2.0 */
/* Workers side by side, as text and as JSON; README.md documents every member. */
#include <jansson.h>
#include <stdlib.h>

#include "cleanup.h"
#include "cmd_siblings.h"
#include "json.h"
#include "table.h"
#include "text.h"
#include "type.h"

static const struct hs_table_column who_columns[] = { { "#", false }, { "SOURCE", true },  { "pid", false }, { "up", false },
						      { "RSS", false }, { "Python", false }, { "objects", false } };
static const struct hs_table_column holder_columns[] = { { "items", false }, { "median", false }, { "retains", false },
							 { "more", false },  { "#", false },      { "TYPE", true }, { "HOLDER", true } };
static const struct hs_table_column type_columns[] = { { "count", false }, { "bytes", false }, { "median", false }, { "more", false },
						       { "#", false },     { "TYPE", true } };
#define N_COLUMNS(columns) (sizeof(columns) / sizeof((columns)[0]))

static void put_who(FILE *out, const struct hs_siblings *siblings, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = who_columns, .n_columns = N_COLUMNS(who_columns) };
	char figure[HS_FIGURE_BYTES];

	for (size_t i = 0; i < siblings->n; i++) {
		const struct hs_invocation *one = &siblings->list[i].invocation;
		const struct hs_process *process = one->capture->process;
		hs_table_add(&table, "%zu", i + 1);
		hs_table_add_text(&table, one->source.name, style);
		hs_table_add(&table, "%d", (int)process->pid);
		hs_table_add(&table, "%s", process->uptime_ms ? hs_text_age(figure, process->uptime_ms) : "-");
		hs_table_add(&table, "%s", process->rss_bytes ? hs_text_size(figure, process->rss_bytes) : "-");
		hs_table_add(&table, "%s", hs_text_size(figure, one->census->in_use_bytes));
		hs_table_add(&table, "%s", hs_text_count(figure, one->census->n_objects));
	}
	hs_table_put(out, &table, 0, style);
}

static void put_warnings(FILE *out, const struct hs_siblings *siblings, const struct hs_style *style)
{
	for (size_t i = 0; i < siblings->n_warnings; i++) {
		HS_FREE char *safe = hs_text_safe(siblings->warnings[i], style);
		struct hs_text_line line = hs_text_line_begin(out, style, "warning", hs_text_warn);
		hs_text_line_words(&line, safe ? safe : "?");
		hs_text_line_end(&line);
	}
}

static void put_heading(FILE *out, const char *heading, const struct hs_style *style)
{
	fputc('\n', out);
	hs_text_bold(out, style);
	fputs(heading, out);
	hs_text_plain(out, style);
	fputc('\n', out);
}

static void put_holders(FILE *out, const struct hs_siblings *siblings, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = holder_columns, .n_columns = N_COLUMNS(holder_columns) };
	const struct hs_sibling_rows *rows = &siblings->holders;
	char figure[HS_FIGURE_BYTES];

	if (!rows->list.n) {
		fprintf(out, "\nno holder differs: of %s containers, none of them has far more or fewer items than its like\n",
			hs_text_count(figure, rows->n_compared));
		return;
	}
	put_heading(out, "HOLDERS THAT DIFFER", style);
	for (size_t i = 0; i < rows->list.n && i < siblings->n_shown; i++) {
		const struct hs_sibling_row *row = &rows->list.items[i];
		hs_table_add(&table, "%s", hs_text_count(figure, row->lengths[row->outlier]));
		hs_table_add(&table, "%s", hs_text_count(figure, row->median_length));
		hs_table_add(&table, "%s", hs_text_size(figure, row->bytes[row->outlier]));
		hs_table_add(&table, "%s", hs_text_size_change(figure, row->excess_bytes));
		hs_table_add(&table, "%zu", row->outlier + 1);
		hs_table_add_text(&table, hs_type_short_name(row->type), style);
		hs_table_add_text(&table, row->path, style);
	}
	hs_table_put(out, &table, 0, style);
	if (rows->list.n > siblings->n_shown)
		fprintf(out, "%s %s more (-n)\n", hs_text_ellipsis(style), hs_text_count(figure, rows->list.n - siblings->n_shown));
}

static void put_types(FILE *out, const struct hs_siblings *siblings, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = type_columns, .n_columns = N_COLUMNS(type_columns) };
	const struct hs_sibling_rows *rows = &siblings->types;
	char figure[HS_FIGURE_BYTES];

	if (!rows->list.n)
		return;
	put_heading(out, "TYPES THAT DIFFER", style);
	for (size_t i = 0; i < rows->list.n && i < siblings->n_shown; i++) {
		const struct hs_sibling_row *row = &rows->list.items[i];
		hs_table_add(&table, "%s", hs_text_count(figure, row->members[row->outlier]));
		hs_table_add(&table, "%s", hs_text_size(figure, row->bytes[row->outlier]));
		hs_table_add(&table, "%s", hs_text_size(figure, row->median_bytes));
		hs_table_add(&table, "%s", hs_text_size_change(figure, row->excess_bytes));
		hs_table_add(&table, "%zu", row->outlier + 1);
		hs_table_add_text(&table, hs_type_short_name(row->type), style);
	}
	hs_table_put(out, &table, 0, style);
	if (rows->list.n > siblings->n_shown)
		fprintf(out, "%s %s more (-n)\n", hs_text_ellipsis(style), hs_text_count(figure, rows->list.n - siblings->n_shown));
}

void hs_siblings_text(FILE *out, const struct hs_siblings *siblings, const struct hs_style *style)
{
	put_who(out, siblings, style);
	fprintf(out, "looked at one after the other, within %.0f s%s\n", hs_siblings_seconds(siblings) + 1,
		siblings->n == 2 ? "; of two, the one with more is marked: which is out of line nobody can tell" : "");
	put_warnings(out, siblings, style);
	put_holders(out, siblings, style);
	put_types(out, siblings, style);
	if (siblings->holders.list.n)
		fprintf(out, "next: %s suspects %s\n", program_invocation_name,
			siblings->list[siblings->holders.list.items[0].outlier].invocation.source.word);
}

static json_t *figures_json(const uint64_t *figures, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, hs_json_u64(figures[i]));
	return list;
}

static json_t *rows_json(const struct hs_sibling_rows *rows, size_t n, bool is_of_holders)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->list.n; i++) {
		const struct hs_sibling_row *row = &rows->list.items[i];
		json_t *entry = json_object();
		if (is_of_holders)
			json_object_set_new(entry, "path", json_string(row->path));
		json_object_set_new(entry, "type", hs_json_string(row->type));
		json_object_set_new(entry, is_of_holders ? "members" : "count", figures_json(row->members, n));
		if (is_of_holders) {
			json_object_set_new(entry, "length", figures_json(row->lengths, n));
			json_object_set_new(entry, "median_length", hs_json_u64(row->median_length));
			json_object_set_new(entry, "excess_items", json_integer(row->excess_items));
		}
		json_object_set_new(entry, is_of_holders ? "retained_bytes" : "bytes", figures_json(row->bytes, n));
		json_object_set_new(entry, "median_bytes", hs_json_u64(row->median_bytes));
		json_object_set_new(entry, "excess_bytes", json_integer(row->excess_bytes));
		json_object_set_new(entry, "outlier", json_integer((json_int_t)row->outlier));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *sibling_json(const struct hs_sibling *sibling)
{
	const struct hs_invocation *one = &sibling->invocation;
	const struct hs_process *process = one->capture->process;
	json_t *entry = json_object();

	json_object_set_new(entry, "source", hs_json_string(one->source.name));
	json_object_set_new(entry, "time_utc", hs_json_time(one->capture->utc));
	json_object_set_new(entry, "host", *one->capture->host ? hs_json_string(one->capture->host) : json_null());
	json_object_set_new(entry, "boot_id", *process->boot_id ? hs_json_string(process->boot_id) : json_null());
	json_object_set_new(entry, "pid", json_integer(process->pid));
	json_object_set_new(entry, "start_time", process->start_time ? hs_json_u64(process->start_time) : json_null());
	json_object_set_new(entry, "python", hs_json_string(one->layout->version));
	json_object_set_new(entry, "rss_bytes", process->rss_bytes ? hs_json_u64(process->rss_bytes) : json_null());
	json_object_set_new(entry, "python_bytes", hs_json_u64(one->census->in_use_bytes));
	json_object_set_new(entry, "objects", hs_json_u64(one->census->n_objects));
	json_object_set_new(entry, "complete", json_boolean(one->census->is_complete));
	return entry;
}

struct hs_error *hs_siblings_json(FILE *out, const struct hs_siblings *siblings)
{
	char host[HS_HOST_BYTES];
	const struct hs_document document = hs_document_of(&siblings->list[siblings->n - 1].invocation, host);
	json_t *root = hs_json_envelope(document.command, document.time, document.host), *list = json_array(), *warnings = json_array();

	for (size_t i = 0; i < siblings->n; i++)
		json_array_append_new(list, sibling_json(&siblings->list[i]));
	for (size_t i = 0; i < siblings->n_warnings; i++)
		json_array_append_new(warnings, hs_json_string(siblings->warnings[i]));
	json_object_set_new(root, "complete", json_boolean(!siblings->status));
	json_object_set_new(root, "warnings", warnings);
	json_object_set_new(root, "siblings", list);
	json_object_set_new(root, "holders", rows_json(&siblings->holders, siblings->n, true));
	json_object_set_new(root, "types", rows_json(&siblings->types, siblings->n, false));
	return hs_json_write(out, root);
}
