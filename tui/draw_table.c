/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: columns shared out over the width of the screen, figures as people read them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "draw.h"
#include "figures.h"
#include "view.h"

#define MAX_HISTORY 64 /* values that are looked at */

static const char *rate(char *ret, int64_t thousandths)
{
	double value = (double)thousandths / 1000;

	if (!thousandths)
		return strcpy(ret, "0");
	if (value < 99.95 && value > -99.95)
		snprintf(ret, HS_FIGURE_BYTES, "%+.1f", value);
	else
		hs_text_count_change(ret, thousandths / 1000);
	return strcat(ret, "/s"); /* no figure comes near the end of the room */
}

static const char *figure_of(const struct hs_column *column, const struct hs_value *value, char *ret)
{
	uint64_t number = value->number < 0 ? 0 : (uint64_t)value->number;

	if (value->text)
		return value->text;
	switch (column->kind) {
	case HS_COLUMN_COUNT:
		return hs_text_count(ret, number);
	case HS_COLUMN_COUNT_CHANGE:
		return hs_text_count_change(ret, value->number);
	case HS_COLUMN_SIZE:
		return hs_text_size(ret, number);
	case HS_COLUMN_SIZE_CHANGE:
		return hs_text_size_change(ret, value->number);
	case HS_COLUMN_RATE:
		return rate(ret, value->number);
	case HS_COLUMN_SHARE:
		snprintf(ret, HS_FIGURE_BYTES, "%" PRIu64 ".%" PRIu64 " %%", number / 10, number % 10);
		return ret;
	case HS_COLUMN_ADDRESS:
		snprintf(ret, HS_FIGURE_BYTES, "0x%" PRIx64, (uint64_t)value->number);
		return ret;
	default:
		return "";
	}
}

static enum hs_cell_style style_of(const struct hs_row *row, unsigned kind)
{
	static const enum hs_cell_style styles[] = {
		[HS_ROW_PLAIN] = HS_CELL_PLAIN, [HS_ROW_STRONG] = HS_CELL_STRONG, [HS_ROW_DIM] = HS_CELL_DIM, [HS_ROW_GROWTH] = HS_CELL_GROWTH,
		[HS_ROW_CHANGE] = HS_CELL_CHANGE, [HS_ROW_WARNING] = HS_CELL_WARNING,
	};

	if ((row->mark == HS_ROW_GROWTH || row->mark == HS_ROW_CHANGE) && kind != HS_COLUMN_COUNT_CHANGE && kind != HS_COLUMN_SIZE_CHANGE &&
	    kind != HS_COLUMN_RATE && kind != HS_COLUMN_HISTORY)
		return HS_CELL_PLAIN; /* what changed is coloured, not the whole row */
	return styles[row->mark];
}

struct row_drawing {
	struct hs_canvas *canvas;
	const struct hs_section *section;
	const struct hs_column_layout *layout;
	const int64_t *largest; /* by column, of bars */
	const struct hs_data *data;
};

static const struct hs_live_row *live_row_of(const struct hs_data *data, uint64_t key)
{
	for (size_t i = 0; data->live_serial == data->page->serial && i < data->n_live; i++)
		if (data->live[i].key == key)
			return &data->live[i];
	return NULL;
}

/* What is only estimated, since the sample, is dim. */
static void draw_history(const struct row_drawing *drawing, unsigned i, const struct hs_row *row, unsigned y, enum hs_cell_style style)
{
	unsigned x = drawing->layout->x[i], width = drawing->layout->width[i];
	const struct hs_value *value = &row->values[i];
	const struct hs_live_row *live = live_row_of(drawing->data, row->key);
	uint64_t values[MAX_HISTORY];
	size_t n = (size_t)value->number, n_live = live && width > HS_LIVE_POINTS ? HS_LIVE_POINTS : 0, room = width < MAX_HISTORY ? width : MAX_HISTORY;

	if (n + n_live > room)
		n = room - n_live;
	for (size_t k = 0; k < n; k++)
		values[k] = value->series[(size_t)value->number - n + k];
	for (size_t k = 0; k < n_live; k++)
		values[n + k] = live->values[k];
	hs_canvas_sparkline(drawing->canvas, x, y, width, values, n + n_live, style);
	hs_canvas_restyle(drawing->canvas, x + width - (unsigned)n_live, y, (unsigned)n_live, HS_CELL_DIM);
}

static void draw_value(const struct row_drawing *drawing, unsigned i, const struct hs_row *row, unsigned y)
{
	static const enum hs_cut cuts[] = { [HS_COLUMN_TEXT] = HS_CUT_END, [HS_COLUMN_NAME] = HS_CUT_START, [HS_COLUMN_PATH] = HS_CUT_MIDDLE };
	const struct hs_column *column = &drawing->section->columns[i];
	const struct hs_value *value = &row->values[i];
	unsigned x = drawing->layout->x[i], width = drawing->layout->width[i], indent = i == 0 ? row->indent : 0;
	enum hs_cell_style style = style_of(row, column->kind);
	char figure[HS_FIGURE_BYTES];

	if (!value->is_known)
		return;
	if (hs_column_is_text(column))
		hs_canvas_put(drawing->canvas, x + indent, y, width > indent ? width - indent : 0, style, cuts[column->kind], value->text ? value->text : "");
	else if (column->kind == HS_COLUMN_BAR)
		hs_canvas_bar(drawing->canvas, x, y, width, value->number < 0 ? 0 : (uint64_t)value->number, (uint64_t)drawing->largest[i]);
	else if (column->kind == HS_COLUMN_HISTORY)
		draw_history(drawing, i, row, y, style);
	else
		hs_canvas_put_right(drawing->canvas, x + width, y, width, style, figure_of(column, value, figure));
}

static void draw_headings(const struct hs_state *state, const struct hs_section *section, const struct hs_column_layout *layout, unsigned y, struct hs_canvas *canvas)
{
	const struct hs_spot *spot = hs_state_spot(state);

	hs_canvas_restyle(canvas, 0, y, canvas->width, HS_CELL_HEADING);
	for (unsigned i = 0; i < layout->n_columns; i++) {
		const struct hs_column *column = &section->columns[i];
		bool is_sorted = section->is_sortable && spot->sort == (int)i;
		const char *heading = i == 0 && section->heading ? section->heading : column->heading;
		char text[160];
		if (!layout->is_shown[i])
			continue;
		const char *arrow = is_sorted ? spot->is_inverted != hs_column_is_text(column) ? "\xe2\x96\xb2" : "\xe2\x96\xbc" : "";
		snprintf(text, sizeof(text), "%s%s", heading, arrow);
		if (hs_column_is_text(column) || column->kind == HS_COLUMN_BAR)
			hs_canvas_put(canvas, layout->x[i], y, layout->width[i], HS_CELL_HEADING, HS_CUT_END, text);
		else
			hs_canvas_put_right(canvas, layout->x[i] + layout->width[i], y, layout->width[i], HS_CELL_HEADING, text);
	}
}

static void find_largest(const struct hs_section *section, const struct hs_column_layout *layout, int64_t *ret)
{
	for (unsigned i = 0; i < layout->n_columns; i++) {
		ret[i] = 0;
		for (size_t row = 0; section->columns[i].kind == HS_COLUMN_BAR && row < section->rows.n; row++)
			if (section->rows.items[row].values[i].number > ret[i])
				ret[i] = section->rows.items[row].values[i].number;
	}
}

static void draw_row(const struct hs_state *state, const struct row_drawing *drawing, const struct hs_row *row, unsigned y, bool is_selected)
{
	for (unsigned i = 0; i < drawing->layout->n_columns; i++)
		if (drawing->layout->is_shown[i])
			draw_value(drawing, i, row, y);
	if (hs_state_is_tagged(state, row->key))
		hs_canvas_restyle(drawing->canvas, 0, y, drawing->canvas->width, HS_CELL_TAGGED);
	if (is_selected)
		hs_canvas_restyle(drawing->canvas, 0, y, drawing->canvas->width, HS_CELL_SELECTED);
}

static void draw_section(const struct hs_state *state, const struct hs_data *data, unsigned index, const struct hs_pane *pane, struct hs_canvas *canvas)
{
	const struct hs_spot *spot = hs_state_spot(state);
	const struct hs_section *section = &data->page->sections[index];
	const struct hs_row_order *order = &state->order[index];
	int64_t largest[HS_LAYOUT_COLUMNS];
	struct hs_column_layout layout;

	hs_columns_lay_out(section, canvas->width, &layout);
	find_largest(section, &layout, largest);
	const struct row_drawing drawing = { .canvas = canvas, .section = section, .layout = &layout, .largest = largest, .data = data };
	draw_headings(state, section, &layout, pane->heading, canvas);
	for (unsigned line = 0; line < pane->n_lines && spot->top[index] + line < order->n; line++) {
		size_t row = spot->top[index] + line;
		draw_row(state, &drawing, &section->rows.items[order->items[row]], pane->top + line, spot->section == index && spot->row == row);
	}
	if (!order->n) {
		const char *why = spot->filter[0] ? "no row fits the filter" : spot->only_tagged ? "nothing is tagged" : hs_views[spot->place.view].empty;
		hs_canvas_put(canvas, 0, pane->top, canvas->width, HS_CELL_DIM, HS_CUT_END, data->page->n_sections > 1 ? "-" : why);
	}
}

void hs_draw_tables(const struct hs_state *state, const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas)
{
	if (panes->has_note)
		hs_canvas_put(canvas, 0, panes->note, canvas->width, HS_CELL_STRONG, HS_CUT_END, data->page->note);
	for (unsigned i = 0; i < panes->n_panes; i++)
		draw_section(state, data, i, &panes->panes[i], canvas);
}
