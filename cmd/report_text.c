/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as text. The reader learns in this order: is it safe (how long was the process paused), is it Python's
 * memory at all, what fills it, what to do next.
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "report.h"
#include "table.h"
#include "text.h"

enum column {
	COLUMN_COUNT,
	COLUMN_TRACKED,
	COLUMN_BYTES,
	COLUMN_SHARE,
	N_COLUMNS,
};

static const char *const headings[N_COLUMNS] = { "count", "tracked", "bytes", "share" };

#define GAP 2          /* blanks between columns */
#define MIN_NAME 12
#define WIDE_NAME 28   /* a bar is worth shortening names down to this */
#define MIN_BAR 8
#define MAX_BAR 30

struct row {
	char *name; /* safe to print */
	char cells[N_COLUMNS][HS_FIGURE_BYTES];
	uint64_t bytes;
};

struct table {
	HS_ARRAY(struct row) rows;
	bool is_shown[N_COLUMNS];
	unsigned widths[N_COLUMNS];
	unsigned name_width;
	unsigned bar_width; /* 0: no bars */
	uint64_t most_bytes;
	bool is_by_holder; /* how many of its objects the collector knows is not told */
};

static const char *or_unknown(const char *text)
{
	return text && *text ? text : "?";
}

static void put_memory(FILE *out, const struct hs_report *report, const struct hs_style *style)
{
	const struct hs_census *census = report->document.census;
	char size[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "memory", hs_text_dim);
	if (report->document.capture->origin == HS_FROM_CORE)
		hs_text_line_item(&line, "RSS not in a core");
	else
		hs_text_line_item(&line, "RSS %s", hs_text_size(size, report->document.process->rss_bytes));
	hs_text_line_item(&line, "objects %s (%s)", hs_text_size(size, census->bytes), hs_text_short_count(count, census->n_objects));
	hs_text_line_item(&line, "explained %s of %s in use", hs_text_percent(count, census->explained_bytes, census->in_use_bytes),
			  hs_text_size(size, census->in_use_bytes));
	hs_text_line_end(&line);
}

/* The name of a row; types of one name are counted together, and that is said. */
static char *row_name(const struct hs_census_type *type, const struct hs_style *style)
{
	HS_FREE char *safe = hs_text_safe(hs_type_short_name(type->name), style);
	char *name;

	if (!safe || type->n_types < 2)
		return hs_take(safe);
	return asprintf(&name, "%s %s%llu", safe, style->utf8 ? "\xc3\x97" : "x", (unsigned long long)type->n_types) < 0 ? NULL : name;
}

/* Takes over `name` (NULL: out of memory, shown as "?"). False when memory is out. */
static bool add_row(struct table *table, char *name, const struct hs_census_type *figures, const struct hs_census *census)
{
	struct row *row = hs_array_append(&table->rows);

	if (!row) {
		free(name);
		return false;
	}
	row->name = name;
	row->bytes = figures->bytes;
	hs_text_count(row->cells[COLUMN_COUNT], figures->count);
	hs_text_count(row->cells[COLUMN_TRACKED], figures->gc_tracked);
	hs_text_size(row->cells[COLUMN_BYTES], figures->bytes);
	hs_text_share(row->cells[COLUMN_SHARE], figures->bytes, census->bytes);
	return true;
}

static void add_figures(struct hs_census_type *sum, const struct hs_census_type *type)
{
	sum->count += type->count;
	sum->gc_tracked += type->gc_tracked;
	sum->bytes += type->bytes;
}

static char *total_name(const struct hs_report *report)
{
	char *name;
	size_t n = report->rows.n, n_all = report->is_by_holder ? report->holders.n : report->document.census->types.n;
	const char *what = report->is_by_holder ? "holder" : "type";
	char count[HS_FIGURE_BYTES], all[HS_FIGURE_BYTES];
	int bytes;

	hs_text_count(count, n);
	bytes = report->filter ? asprintf(&name, "total, %s of %s %ss", count, hs_text_count(all, n_all), what)
			       : asprintf(&name, "total, %s %s%s", count, what, n == 1 ? "" : "s");

	return bytes < 0 ? NULL : name;
}

/* The rows shown, then one for those that are not, then the total. */
static bool fill_rows(struct table *table, const struct hs_report *report, const struct hs_style *style)
{
	struct hs_census_type total = { 0 }, rest = { 0 };
	const struct hs_census *census = report->document.census;
	size_t n_rest = report->rows.n - report->n_shown;
	char *name, count[HS_FIGURE_BYTES];

	for (size_t i = 0; i < report->rows.n; i++) {
		const struct hs_census_type *type = report->rows.items[i];
		add_figures(&total, type);
		if (i >= report->n_shown)
			add_figures(&rest, type);
		else if (!add_row(table, row_name(type, style), type, census))
			return false;
		if (i < report->n_shown && type->bytes > table->most_bytes)
			table->most_bytes = type->bytes;
	}
	if (n_rest) {
		if (asprintf(&name, "%s %s more %s%s", hs_text_ellipsis(style), hs_text_count(count, n_rest),
			     report->is_by_holder ? "holder" : "type", n_rest == 1 ? "" : "s") < 0)
			name = NULL;
		if (!add_row(table, name, &rest, census))
			return false;
	}
	return add_row(table, total_name(report), &total, census);
}

static unsigned fixed_width(const struct table *table)
{
	unsigned width = 0;

	for (int column = 0; column < N_COLUMNS; column++)
		if (table->is_shown[column])
			width += GAP + table->widths[column];
	return width;
}

/* Shares the width out: figures first, then names, then bars; on a narrow screen the lesser columns go. */
static void lay_out(struct table *table, unsigned width)
{
	static const enum column dispensable[] = { COLUMN_TRACKED, COLUMN_SHARE };
	unsigned longest = (unsigned)strlen("TYPE");

	for (size_t i = 0; i < table->rows.n; i++) {
		unsigned name = hs_text_width(or_unknown(table->rows.items[i].name));
		longest = name > longest ? name : longest;
	}
	for (int column = 0; column < N_COLUMNS; column++) {
		table->is_shown[column] = column != COLUMN_TRACKED || !table->is_by_holder;
		table->widths[column] = (unsigned)strlen(headings[column]);
		for (size_t i = 0; i < table->rows.n; i++) {
			unsigned cell = (unsigned)strlen(table->rows.items[i].cells[column]);
			table->widths[column] = cell > table->widths[column] ? cell : table->widths[column];
		}
	}
	for (size_t i = 0; i < sizeof(dispensable) / sizeof(*dispensable); i++)
		if (fixed_width(table) + MIN_NAME > width)
			table->is_shown[dispensable[i]] = false;

	unsigned fixed = fixed_width(table);
	unsigned room = width > fixed + MIN_NAME ? width - fixed : MIN_NAME;
	unsigned wanted_name = longest < WIDE_NAME ? longest : WIDE_NAME;
	table->bar_width = room >= wanted_name + GAP + MIN_BAR ? room - wanted_name - GAP : 0;
	table->name_width = longest < room ? longest : room;
	if (table->bar_width) {
		/* Names beyond WIDE_NAME and bars beyond MIN_BAR grow in turn: names first. */
		table->name_width = longest + GAP + MIN_BAR <= room ? longest : room - GAP - MIN_BAR;
		table->bar_width = room - table->name_width - GAP;
		table->bar_width = table->bar_width < MAX_BAR ? table->bar_width : MAX_BAR;
	}
}

static void put_row(FILE *out, const struct table *table, const struct row *row, bool has_bar, const struct hs_style *style)
{
	if (table->is_by_holder) {
		unsigned used = hs_text_put_middle(out, style, or_unknown(row->name), table->name_width);
		fprintf(out, "%*s", used < table->name_width ? (int)(table->name_width - used) : 0, "");
	} else {
		hs_text_put_name(out, style, or_unknown(row->name), table->name_width);
	}
	for (int column = 0; column < N_COLUMNS; column++)
		if (table->is_shown[column])
			fprintf(out, "%*s", (int)(GAP + table->widths[column]), row->cells[column]);
	if (has_bar && table->bar_width && row->bytes) {
		fprintf(out, "%*s", GAP, "");
		hs_text_bar_colour(out, style);
		hs_text_put_bar(out, style, row->bytes, table->most_bytes, table->bar_width);
		hs_text_plain(out, style);
	}
}

static void put_table(FILE *out, const struct hs_report *report, const struct hs_style *style)
{
	struct table table = { .is_by_holder = report->is_by_holder };
	struct row heading = { .name = (char *)(report->is_by_holder ? "HOLDER" : "TYPE") };

	if (!fill_rows(&table, report, style))
		fputs("out of memory: the table is cut\n", out);
	lay_out(&table, style->width);
	for (int column = 0; column < N_COLUMNS; column++)
		strcpy(heading.cells[column], headings[column]);
	hs_text_bold(out, style);
	put_row(out, &table, &heading, false, style);
	hs_text_plain(out, style);
	fputc('\n', out);
	for (size_t i = 0; i < table.rows.n; i++) {
		put_row(out, &table, &table.rows.items[i], i < report->n_shown, style);
		fputc('\n', out);
		free(table.rows.items[i].name);
	}
	hs_array_free(&table.rows);
}

/* A command that is complete as it stands, and shows what this output did not. */
static void put_next(FILE *out, const struct hs_report *report)
{
	const struct hs_document *document = &report->document;

	fprintf(out, "next: %s %s %s%s", document->program, document->command, document->source, report->is_by_holder ? " --by holder" : "");
	if (report->filter && !report->rows.n && hs_text_is_plain_word(report->filter))
		fprintf(out, " --filter '*%s*'\n", report->filter);
	else if (report->filter)
		fputc('\n', out);
	else if (report->n_shown < report->rows.n)
		fprintf(out, " -n %zu\n", report->n_shown < 50 ? (size_t)100 : report->rows.n);
	else
		fprintf(out, " -f json -o heap-%d.json\n", (int)document->process->pid);
}

#define N_LARGEST_SHOWN 8
#define N_UNEXPLAINED_SHOWN 4
#define ADDRESS_FROM_WIDTH 100 /* columns; on a narrower screen paths need them more */

/* A table that ends in the address of an object, if there is room, and the path to it. */
static struct hs_table largest_table(const struct hs_table_column *columns, unsigned n_columns, const struct hs_style *style)
{
	return (struct hs_table){ .columns = columns, .n_columns = n_columns, .hidden = style->width < ADDRESS_FROM_WIDTH ? 1u << (n_columns - 2) : 0 };
}

static void add_place(struct hs_table *table, const struct hs_large_object *large, const struct hs_style *style)
{
	hs_table_add(table, "0x%" HS_PRI_ADDR, large->row.address);
	hs_table_add_text(table, *large->path ? large->path : "(no root reaches it)", style);
}

static void put_retainers(FILE *out, const struct hs_large_objects *list, const struct hs_style *style)
{
	static const struct hs_table_column columns[] = { { "RETAINER", true }, { "retained", false }, { "ADDRESS", true }, { "PATH", true, .is_path = true } };
	HS_CLEANUP(hs_table_deinit) struct hs_table table = largest_table(columns, 4, style);
	char size[HS_FIGURE_BYTES];

	for (size_t i = 0; i < list->n && i < N_LARGEST_SHOWN; i++) {
		hs_table_add_text(&table, hs_type_short_name(list->items[i].row.type), style);
		hs_table_add(&table, "%s", hs_text_size(size, list->items[i].row.values[HS_OBJECT_RETAINED]));
		add_place(&table, &list->items[i], style);
	}
	hs_table_put(out, &table, 0, style);
}

static void put_containers(FILE *out, const struct hs_large_objects *list, const struct hs_style *style)
{
	static const struct hs_table_column columns[] = { { "CONTAINER", true }, { "len", false }, { "bytes", false }, { "ADDRESS", true }, { "PATH", true, .is_path = true } };
	HS_CLEANUP(hs_table_deinit) struct hs_table table = largest_table(columns, 5, style);
	char figure[HS_FIGURE_BYTES];

	for (size_t i = 0; i < list->n && i < N_LARGEST_SHOWN; i++) {
		hs_table_add_text(&table, hs_type_short_name(list->items[i].row.type), style);
		hs_table_add(&table, "%s", hs_text_count(figure, list->items[i].row.values[HS_OBJECT_LENGTH]));
		hs_table_add(&table, "%s", hs_text_size(figure, list->items[i].row.values[HS_OBJECT_BYTES]));
		add_place(&table, &list->items[i], style);
	}
	hs_table_put(out, &table, 0, style);
}

static void put_largest(FILE *out, const struct hs_report *report, const struct hs_style *style)
{
	fputc('\n', out);
	put_retainers(out, &report->largest.retainers, style);
	fputc('\n', out);
	put_containers(out, &report->largest.containers, style);
	hs_unexplained_put_leaks(out, &report->unexplained, N_UNEXPLAINED_SHOWN, style);
}

void hs_report_text(FILE *out, const struct hs_report *report, const struct hs_style *style)
{
	hs_document_put_identity(out, &report->document, style);
	put_memory(out, report, style);
	if (report->growth) {
		hs_growth_put_head(out, report->growth, style);
		hs_growth_put_suspects(out, report->growth, style);
		hs_growth_put_types(out, report->growth, style);
	} else {
		hs_document_put_pause(out, &report->document, style);
		hs_document_put_warnings(out, &report->document, style);
	}
	fputc('\n', out);
	put_table(out, report, style);
	if (report->has_largest)
		put_largest(out, report, style);
	hs_hints_put(out, &report->hints, &report->document, style);
	put_next(out, report);
}
