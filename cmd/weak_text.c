/* SPDX-License-Identifier: Apache-2.0 */
/* Weak references as text: what each is for, whom it calls, where it is held. */
#include <string.h>

#include "cleanup.h"
#include "table.h"
#include "text.h"
#include "weak.h"

static const char *const roles[HS_N_WEAK_ROLES] = {
	[HS_WEAK_ROLE_REF] = "ref", [HS_WEAK_ROLE_PROXY] = "proxy", [HS_WEAK_ROLE_CALLABLE_PROXY] = "callable proxy",
	[HS_WEAK_ROLE_VALUE] = "WeakValueDictionary", [HS_WEAK_ROLE_KEY] = "WeakKeyDictionary", [HS_WEAK_ROLE_ITEM] = "WeakSet",
	[HS_WEAK_ROLE_METHOD] = "WeakMethod", [HS_WEAK_ROLE_FINALIZER] = "finalizer", [HS_WEAK_ROLE_SUBCLASS] = "table of subclasses",
};

/* "calls app.close('u-8') , at exit at the latest", "value {…}", "key 'u-8'". */
static void add_detail(struct hs_table *table, const struct hs_weak_row *row, const struct hs_style *style)
{
	HS_FREE char *detail = NULL;
	int bytes = 0;

	if (row->role == HS_WEAK_ROLE_FINALIZER)
		bytes = asprintf(&detail, "calls %s%s%s%s%s", *row->calls ? row->calls : "?", row->arguments.address ? " with " : "", row->arguments.repr,
				 row->keywords.address ? " " : "", row->keywords.repr);
	else if (row->partner.address)
		bytes = asprintf(&detail, "%s %s", row->role == HS_WEAK_ROLE_VALUE ? "key" : "value", row->partner.repr);
	else if (*row->calls)
		bytes = asprintf(&detail, "calls %s", row->calls);
	else
		bytes = asprintf(&detail, "%s", row->is_dead ? "dead" : "-");
	if (bytes < 0)
		detail = NULL;
	hs_table_add_text(table, detail ? detail : "?", style);
}

static void put_rows(FILE *out, const struct hs_weak *weak, const struct hs_style *style)
{
	static const struct hs_table_column columns[] = { { "REFERENCE", true }, { "KIND", true }, { "HELD BY", true, .is_path = true } };
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = 3 };

	for (size_t i = 0; i < weak->rows.n && i < weak->n_shown; i++) {
		const struct hs_weak_row *row = &weak->rows.items[i];
		hs_table_add(&table, "0x%" HS_PRI_ADDR, row->address);
		hs_table_add(&table, "%s", roles[row->role]);
		hs_table_add_text(&table, *row->path ? row->path : "(no root reaches it)", style);
	}
	hs_table_put(out, &table, 0, style);
}

static void put_details(FILE *out, const struct hs_weak *weak, const struct hs_style *style)
{
	static const struct hs_table_column columns[] = { { "REFERENCE", true }, { "DETAIL", true } };
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = 2 };

	for (size_t i = 0; i < weak->rows.n && i < weak->n_shown; i++) {
		const struct hs_weak_row *row = &weak->rows.items[i];
		if (!row->partner.address && !*row->calls && row->role != HS_WEAK_ROLE_FINALIZER && !row->is_dead)
			continue;
		hs_table_add(&table, "0x%" HS_PRI_ADDR, row->address);
		add_detail(&table, row, style);
	}
	if (!table.cells.n)
		return;
	fputc('\n', out);
	hs_table_put(out, &table, 0, style);
}

#define MAX_CALLS 28 /* columns: more would take the room from the path */

static void put_groups(FILE *out, const struct hs_weak *weak, const struct hs_style *style)
{
	static const struct hs_table_column columns[] = {
		{ "count", false }, { "dead", false }, { "KIND", true }, { "CALLS", true, .most = MAX_CALLS }, { "HELD BY", true, .is_path = true },
	};
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = 5 };
	char figure[HS_FIGURE_BYTES];

	table.hidden = (weak->n_dead ? 0 : 1u << 1) | (weak->n_callbacks ? 0 : 1u << 3);
	for (size_t i = 0; i < weak->groups.n && i < weak->n_shown; i++) {
		const struct hs_weak_group *group = &weak->groups.items[i];
		hs_table_add(&table, "%s", hs_text_count(figure, group->count));
		hs_table_add(&table, "%s", hs_text_count(figure, group->n_dead));
		hs_table_add(&table, "%s", roles[group->role]);
		hs_table_add_text(&table, *group->calls ? group->calls : "-", style);
		hs_table_add_text(&table, group->path ? group->path : "(no root reaches them)", style);
	}
	hs_table_put(out, &table, 0, style);
}

static void put_figures(struct hs_text_line *line, const struct hs_weak *weak)
{
	char figure[HS_FIGURE_BYTES];

	hs_text_line_item(line, "%s weak reference%s", hs_text_count(figure, weak->n_references), weak->n_references == 1 ? "" : "s");
	if (weak->n_callbacks)
		hs_text_line_item(line, "%s with a callback", hs_text_count(figure, weak->n_callbacks));
	if (weak->n_dead)
		hs_text_line_item(line, "%s dead", hs_text_count(figure, weak->n_dead));
}

static void put_object(FILE *out, const struct hs_weak *weak, const struct hs_style *style)
{
	HS_FREE char *type = hs_text_safe(hs_type_short_name(weak->object.type), style);
	struct hs_text_line line = hs_text_line_begin(out, style, type ? type : "?", hs_text_bold);

	hs_text_line_item(&line, "0x%" HS_PRI_ADDR, weak->object.address);
	put_figures(&line, weak);
	if (weak->has_finalizer)
		hs_text_line_item(&line, "its class has a __del__");
	hs_text_line_end(&line);
	hs_text_put_line(out, style, 2, "%s", weak->object.repr);
	if (!weak->rows.n)
		return;
	fputc('\n', out);
	put_rows(out, weak, style);
	put_details(out, weak, style);
}

static void put_type(FILE *out, const struct hs_weak *weak, const struct hs_style *style)
{
	HS_FREE char *type = hs_text_safe(hs_type_short_name(weak->match.name), style);
	struct hs_text_line line = hs_text_line_begin(out, style, type ? type : "?", hs_text_bold);
	char figure[HS_FIGURE_BYTES];

	hs_text_line_item(&line, "%s object%s", hs_text_count(figure, weak->match.n_objects), weak->match.n_objects == 1 ? "" : "s");
	hs_text_line_item(&line, "%s referred to", hs_text_count(figure, weak->n_objects));
	put_figures(&line, weak);
	hs_text_line_end(&line);
	if (weak->groups.n)
		put_groups(out, weak, style);
}

void hs_weak_text(FILE *out, const struct hs_weak *weak, const struct hs_style *style)
{
	const struct hs_document *document = &weak->document;
	size_t n = weak->is_type ? weak->groups.n : weak->rows.n;
	char figure[HS_FIGURE_BYTES];

	hs_document_put_head(out, document, style);
	if (weak->is_type)
		put_type(out, weak, style);
	else
		put_object(out, weak, style);
	if (n > weak->n_shown)
		fprintf(out, "%s %s more (-n)\n", hs_text_ellipsis(style), hs_text_count(figure, n - weak->n_shown));
	HS_FREE char *name = weak->is_type ? hs_text_safe(hs_type_short_name(weak->match.name), style) : NULL;
	if (!weak->is_type)
		fprintf(out, "next: %s why %s 0x%" HS_PRI_ADDR "\n", document->program, document->source, weak->object.address);
	else
		fprintf(out, "next: %s objects %s '%s'\n", document->program, document->source,
			name && !strpbrk(name, "'\\") ? name : "TYPE");
}
