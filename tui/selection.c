/* SPDX-License-Identifier: Apache-2.0 */
/* The selected row: moving it, keeping it when rows change, and keeping it on the screen. */
#include "update.h"

#include "panes.h"

/* The selection has been moved by a person: it stays on its row from now on. */
void hs_update_select(struct hs_update *update, unsigned section, size_t row)
{
	struct hs_spot *spot = update->spot;

	spot->section = section;
	spot->row = row;
	const struct hs_row *selected = hs_state_selected(update->state, update->data->page);
	spot->selected = selected ? selected->key : 0;
	spot->is_following = selected;
}

/* Up or down over the ends of sections. */
void hs_update_move(struct hs_update *update, long n_rows)
{
	const struct hs_state *state = update->state;
	unsigned section = update->spot->section;
	long row = (long)update->spot->row + n_rows;

	if (section >= state->n_sections)
		return;
	while (row < 0 && section > 0)
		row += (long)state->order[--section].n;
	while (row >= (long)state->order[section].n && section + 1 < state->n_sections)
		row -= (long)state->order[section++].n;
	/* behind the last row of all: back over sections that are empty */
	while (section > 0 && !state->order[section].n)
		row = (long)state->order[--section].n;
	if (row >= (long)state->order[section].n)
		row = (long)state->order[section].n - 1;
	hs_update_select(update, section, row < 0 ? 0 : (size_t)row);
}

/* Finds the row that was selected where it is now; it may be in another place, or gone. */
void hs_update_follow(struct hs_update *update)
{
	const struct hs_page *page = update->data->page;
	struct hs_spot *spot = update->spot;

	if (!spot->is_following) {
		spot->section = page->first_section < update->state->n_sections ? page->first_section : 0;
		spot->row = 0;
		return;
	}
	for (unsigned i = 0; i < update->state->n_sections; i++) {
		/* the section that it was in comes first: an object may be in several */
		unsigned section = (spot->section + i) % update->state->n_sections;
		const struct hs_row_order *order = &update->state->order[section];
		for (size_t row = 0; row < order->n; row++)
			if (page->sections[section].rows.items[order->items[row]].key == spot->selected) {
				spot->section = section;
				spot->row = row;
				return;
			}
	}
	hs_update_move(update, 0); /* gone: what has come into its place */
}

/* Scrolls as little as shows the selected row, and no further than the last one. */
void hs_update_scroll(struct hs_update *update)
{
	struct hs_spot *spot = update->spot;
	struct hs_panes panes;

	hs_panes_make(update->state, update->data, &panes);
	for (unsigned i = 0; i < panes.n_panes; i++) {
		size_t n = update->state->order[i].n, n_lines = panes.panes[i].n_lines;
		if (i == spot->section && spot->row < spot->top[i])
			spot->top[i] = spot->row;
		if (i == spot->section && spot->row >= spot->top[i] + n_lines)
			spot->top[i] = spot->row - n_lines + 1;
		if (spot->top[i] + n_lines > n)
			spot->top[i] = n > n_lines ? n - n_lines : 0;
	}
}
