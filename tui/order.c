/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting, filtering, searching. Reads pages and changes nothing but the order and the selection. */
#include "order.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "columns.h"

bool hs_row_has_text(const struct hs_section *section, const struct hs_row *row, const char *text)
{
	for (unsigned i = 0; i < section->n_columns; i++)
		if (row->values[i].text && strcasestr(row->values[i].text, text))
			return true;
	return false;
}

const struct hs_section *hs_page_sortable(const struct hs_page *page)
{
	for (unsigned i = 0; page && i < page->n_sections; i++)
		if (page->sections[i].is_sortable)
			return &page->sections[i];
	return NULL;
}

int hs_section_column(const struct hs_section *section, const char *name)
{
	for (unsigned i = 0; section && i < section->n_columns; i++)
		if (section->columns[i].name && !strcasecmp(section->columns[i].name, name))
			return (int)i;
	return -1;
}

struct sorting {
	const struct hs_section *section;
	unsigned column;
	bool is_by_text;
	bool is_inverted;
};

static int compare_values(const struct sorting *sorting, const struct hs_value *a, const struct hs_value *b)
{
	if (a->is_known != b->is_known)
		return a->is_known ? -1 : 1; /* what is unknown is last, either way */
	int order = sorting->is_by_text ? strcmp(a->text ? a->text : "", b->text ? b->text : "") : (a->number < b->number) - (a->number > b->number);
	return sorting->is_inverted ? -order : order;
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = compare_values(sorting, &sorting->section->rows.items[a].values[sorting->column],
				   &sorting->section->rows.items[b].values[sorting->column]);

	return order ? order : (a > b) - (a < b);
}

static bool is_shown(const struct hs_state *state, const struct hs_spot *spot, const struct hs_section *section, const struct hs_row *row)
{
	if (spot->only_tagged && !hs_state_is_tagged(state, row->key))
		return false;
	return !spot->filter[0] || hs_row_has_text(section, row, spot->filter);
}

static void order_section(struct hs_state *state, const struct hs_section *section, struct hs_row_order *order)
{
	const struct hs_spot *spot = hs_state_spot(state);

	order->n = 0;
	if (!hs_array_reserve(order, section->rows.n))
		return;
	for (size_t i = 0; i < section->rows.n; i++)
		if (is_shown(state, spot, section, &section->rows.items[i]))
			order->items[order->n++] = (uint32_t)i;
	if (!section->is_sortable || spot->sort < 0 || (unsigned)spot->sort >= section->n_columns || order->n < 2)
		return;
	struct sorting sorting = { .section = section, .column = (unsigned)spot->sort, .is_by_text = hs_column_is_text(&section->columns[spot->sort]),
				   .is_inverted = spot->is_inverted };
	qsort_r(order->items, order->n, sizeof(*order->items), compare_rows, &sorting);
}

void hs_order_make(struct hs_state *state, const struct hs_page *page)
{
	state->n_sections = page ? page->n_sections : 0;
	for (unsigned i = 0; i < state->n_sections; i++)
		order_section(state, &page->sections[i], &state->order[i]);
}

/* Rows of all sections as one list, by the order shown. */
static size_t count_rows(const struct hs_state *state)
{
	size_t n = 0;

	for (unsigned i = 0; i < state->n_sections; i++)
		n += state->order[i].n;
	return n;
}

static void select_nth(struct hs_state *state, const struct hs_page *page, size_t nth)
{
	struct hs_spot *spot = &state->spots[state->spot];
	unsigned section = 0;

	while (section + 1 < state->n_sections && nth >= state->order[section].n)
		nth -= state->order[section++].n;
	spot->section = section;
	spot->row = nth;
	spot->is_following = true;
	spot->selected = page->sections[section].rows.items[state->order[section].items[nth]].key;
}

bool hs_order_search(struct hs_state *state, const struct hs_page *page, const char *text, int direction, bool from_here)
{
	const struct hs_spot *spot = hs_state_spot(state);
	size_t n = page ? count_rows(state) : 0, here = spot->row;

	if (!n || !text[0])
		return false;
	for (unsigned i = 0; i < spot->section && i < state->n_sections; i++)
		here += state->order[i].n;
	for (size_t step = from_here ? 0 : 1; step <= n; step++) {
		size_t nth = (here + (direction > 0 ? step : n * 2 - step)) % n, row = nth;
		unsigned section = 0;
		while (row >= state->order[section].n)
			row -= state->order[section++].n;
		const struct hs_section *shown = &page->sections[section];
		if (!hs_row_has_text(shown, &shown->rows.items[state->order[section].items[row]], text))
			continue;
		select_nth(state, page, nth);
		return true;
	}
	return false;
}
