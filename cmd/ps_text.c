/* SPDX-License-Identifier: Apache-2.0 */
/* The list of Python processes as text and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "ps.h"
#include "text.h"

enum column {
	COLUMN_PID,
	COLUMN_PARENT,
	COLUMN_PYTHON,
	COLUMN_AGE,
	COLUMN_RSS,
	COLUMN_DIRTY,
	COLUMN_CHANGE,
	N_COLUMNS,
};

#define GAP 2
#define MIN_COMMAND 16
#define MIN_NAME 8

struct cells {
	char text[N_COLUMNS][HS_FIGURE_BYTES];
};

static struct cells headings(unsigned interval_ms)
{
	struct cells cells = { { "PID", "parent", "Python", "age", "RSS", "dirty", "" } };

	snprintf(cells.text[COLUMN_CHANGE], HS_FIGURE_BYTES, "in %g s", interval_ms / 1000.0);
	return cells;
}

static struct cells cells_of(const struct hs_ps_row *row)
{
	const struct hs_process_entry *entry = row->entry;
	struct cells cells;

	snprintf(cells.text[COLUMN_PID], HS_FIGURE_BYTES, "%d", (int)entry->pid);
	snprintf(cells.text[COLUMN_PARENT], HS_FIGURE_BYTES, "%d", (int)entry->parent);
	snprintf(cells.text[COLUMN_PYTHON], HS_FIGURE_BYTES, "%.15s", entry->python_version[0] ? entry->python_version : "?");
	hs_text_short_age(cells.text[COLUMN_AGE], entry->age_ms);
	hs_text_size(cells.text[COLUMN_RSS], entry->rss_bytes);
	if (row->has_dirty)
		hs_text_size(cells.text[COLUMN_DIRTY], row->dirty_bytes);
	else
		strcpy(cells.text[COLUMN_DIRTY], "?");
	if (row->has_change)
		hs_text_size_change(cells.text[COLUMN_CHANGE], row->dirty_change_bytes);
	else
		strcpy(cells.text[COLUMN_CHANGE], "?");
	return cells;
}

/* "│  └─ " before the name of a process in a tree; owned by the caller, NULL when memory is out. */
static char *branch_of(const struct hs_ps_row *row, const struct hs_style *style)
{
	static const char *const utf8[] = { "\xe2\x94\x82  ", "   ", "\xe2\x94\x9c\xe2\x94\x80 ", "\xe2\x94\x94\xe2\x94\x80 " };
	static const char *const ascii[] = { "|  ", "   ", "|- ", "`- " };
	const char *const *pieces = style->utf8 ? utf8 : ascii;
	char *branch = calloc(row->depth + 1, 16);

	for (unsigned depth = 1; branch && depth <= row->depth; depth++)
		strcat(branch, pieces[(depth == row->depth ? 2 : 0) + row->is_last[depth]]);
	return branch;
}

static const char *name_of(const struct hs_ps_row *row)
{
	const struct hs_process_entry *entry = row->entry;

	return entry->script && *entry->script ? entry->script : entry->comm;
}

static void put_row(FILE *out, const struct cells *cells, const unsigned widths[N_COLUMNS], const char *branch, const char *name,
		    const struct hs_style *style)
{
	unsigned used = 0, wanted = hs_text_width(name);

	for (int column = 0; column < N_COLUMNS; column++) {
		if (!widths[column])
			continue;
		fprintf(out, "%*s", (int)(widths[column] + (used ? GAP : 0)), cells->text[column]);
		used += widths[column] + (used ? GAP : 0);
	}
	fprintf(out, "%*s%s", GAP, "", branch);
	used += GAP + hs_text_width(branch);
	unsigned room = style->width > used + MIN_NAME ? style->width - used : MIN_NAME;
	hs_text_put_name(out, style, name, wanted < room ? wanted : room);
}

static void widen(unsigned widths[N_COLUMNS], const struct cells *cells)
{
	for (int column = 0; column < N_COLUMNS; column++) {
		unsigned width = (unsigned)strlen(cells->text[column]);
		widths[column] = width > widths[column] ? width : widths[column];
	}
}

static void put_table(FILE *out, const struct hs_ps *ps, const struct hs_style *style)
{
	static const enum column dispensable[] = { COLUMN_PARENT, COLUMN_AGE, COLUMN_PYTHON };
	const struct cells heading = headings(ps->interval_ms);
	unsigned widths[N_COLUMNS] = { 0 }, used = MIN_COMMAND;

	widen(widths, &heading);
	for (size_t i = 0; i < ps->rows.n; i++) {
		const struct cells cells = cells_of(&ps->rows.items[i]);
		widen(widths, &cells);
	}
	if (!ps->interval_ms)
		widths[COLUMN_CHANGE] = 0;
	for (int column = 0; column < N_COLUMNS; column++)
		used += widths[column] + GAP;
	for (size_t i = 0; i < sizeof(dispensable) / sizeof(*dispensable) && used > style->width; i++) {
		used -= widths[dispensable[i]] + GAP;
		widths[dispensable[i]] = 0;
	}
	hs_text_bold(out, style);
	put_row(out, &heading, widths, "", "COMMAND", style);
	hs_text_plain(out, style);
	fputc('\n', out);
	for (size_t i = 0; i < ps->rows.n; i++) {
		const struct cells cells = cells_of(&ps->rows.items[i]);
		HS_FREE char *branch = branch_of(&ps->rows.items[i], style);
		HS_FREE char *name = hs_text_safe(name_of(&ps->rows.items[i]), style);
		put_row(out, &cells, widths, branch ? branch : "", name ? name : "?", style);
		fputc('\n', out);
	}
}

/* The process that a reader would look at first: what grew most, else what is largest. */
static pid_t most_interesting(const struct hs_ps *ps)
{
	const struct hs_ps_row *best = &ps->rows.items[0];

	for (size_t i = 1; i < ps->rows.n; i++) {
		const struct hs_ps_row *row = &ps->rows.items[i];
		int64_t grew = row->has_change ? row->dirty_change_bytes : 0, best_grew = best->has_change ? best->dirty_change_bytes : 0;
		if (grew > best_grew || (grew == best_grew && row->entry->rss_bytes > best->entry->rss_bytes))
			best = row;
	}
	return best->entry->pid;
}

void hs_ps_text(FILE *out, const struct hs_ps *ps, const struct hs_style *style)
{
	if (ps->rows.n)
		put_table(out, ps, style);
	else
		fputs("no Python process found\n", out);
	if (ps->n_unreadable)
		fprintf(out, "not examined: %zu process%s of other users; root sees them\n", ps->n_unreadable, ps->n_unreadable == 1 ? "" : "es");
	if (ps->rows.n)
		fprintf(out, "next: %s report %d\n", ps->program, (int)most_interesting(ps));
	else
		fprintf(out, "next: %s demo\n", ps->program);
}

static json_t *row_json(const struct hs_ps_row *row)
{
	const struct hs_process_entry *entry = row->entry;
	const char state[] = { entry->state, '\0' };
	json_t *object = json_object();

	json_object_set_new(object, "pid", json_integer(entry->pid));
	json_object_set_new(object, "parent", json_integer(entry->parent));
	json_object_set_new(object, "uid", json_integer(entry->uid));
	json_object_set_new(object, "start_time", hs_json_u64(entry->start_time));
	json_object_set_new(object, "python", entry->python_version[0] ? hs_json_string(entry->python_version) : json_null());
	json_object_set_new(object, "exe", hs_json_string(entry->exe_path));
	json_object_set_new(object, "command", hs_json_string(entry->script));
	json_object_set_new(object, "state", hs_json_string(state));
	json_object_set_new(object, "age_ms", hs_json_u64(entry->age_ms));
	json_object_set_new(object, "rss_bytes", hs_json_u64(entry->rss_bytes));
	json_object_set_new(object, "private_dirty_bytes", row->has_dirty ? hs_json_u64(row->dirty_bytes) : json_null());
	json_object_set_new(object, "private_dirty_change_bytes", row->has_change ? json_integer(row->dirty_change_bytes) : json_null());
	return object;
}

struct hs_error *hs_ps_json(FILE *out, const struct hs_ps *ps)
{
	json_t *root = hs_json_envelope("ps", ps->time, ps->host), *rows = json_array();

	for (size_t i = 0; i < ps->rows.n; i++)
		json_array_append_new(rows, row_json(&ps->rows.items[i]));
	json_object_set_new(root, "interval_ms", json_integer(ps->interval_ms));
	json_object_set_new(root, "not_examined", hs_json_u64(ps->n_unreadable));
	json_object_set_new(root, "processes", rows);
	return hs_json_write(out, root);
}
