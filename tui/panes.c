/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing out the lines of the screen. */
#include "panes.h"

#include <string.h>

#define MANY_LINES 20 /* a screen of so many has room for all warnings */

bool hs_panes_fit(const struct hs_state *state)
{
	return state->width >= HS_MIN_WIDTH && state->height >= HS_MIN_HEIGHT;
}

static unsigned wanted_lines(const struct hs_state *state, unsigned section)
{
	size_t n = state->order[section].n;

	return n < 1 ? 1 : n < state->height ? (unsigned)n : state->height;
}

/*
 * Every section gets what it wants, as far as that is not more than its share; what some do not want is shared by the others.
 * What is left at the end is the last one's.
 */
static void share_out(const struct hs_state *state, unsigned n_lines, struct hs_panes *ret)
{
	unsigned n_open = ret->n_panes, left = n_lines;
	bool is_done[HS_PAGE_SECTIONS] = { false };

	for (bool has_changed = true; has_changed && n_open;) {
		unsigned share = left / n_open;
		has_changed = false;
		for (unsigned i = 0; i < ret->n_panes; i++) {
			unsigned wanted = wanted_lines(state, i);
			if (is_done[i] || wanted > share)
				continue;
			ret->panes[i].n_lines = wanted;
			left -= wanted;
			n_open--;
			is_done[i] = has_changed = true;
		}
	}
	for (unsigned i = 0; i < ret->n_panes; i++) {
		if (is_done[i])
			continue;
		ret->panes[i].n_lines = left / n_open;
		left -= left / n_open--;
	}
	if (ret->n_panes)
		ret->panes[ret->n_panes - 1].n_lines += left;
}

static void place_panes(const struct hs_state *state, const struct hs_page *page, struct hs_panes *ret)
{
	unsigned line = ret->body;
	unsigned n_body = ret->n_body;

	ret->has_note = page->note;
	ret->note = line;
	line += ret->has_note;
	n_body -= ret->has_note;
	if (n_body < 2 * page->n_sections)
		return;
	ret->n_panes = page->n_sections;
	share_out(state, n_body - ret->n_panes, ret);
	for (unsigned i = 0; i < ret->n_panes; i++) {
		ret->panes[i].heading = line++;
		ret->panes[i].top = line;
		line += ret->panes[i].n_lines;
	}
}

void hs_panes_make(const struct hs_state *state, const struct hs_data *data, struct hs_panes *ret)
{
	unsigned line = HS_HEADER_LINES;

	memset(ret, 0, sizeof(*ret));
	ret->footer = state->height ? state->height - 1 : 0;
	if (!hs_panes_fit(state))
		return;
	ret->warnings = line;
	ret->n_warnings = state->height >= MANY_LINES || !data->header.n_warnings ? data->header.n_warnings : 1;
	line += ret->n_warnings;
	ret->has_banner = data->header.banner[0];
	ret->banner = line;
	line += ret->has_banner;
	ret->tabs = line++;
	ret->body = line;
	ret->n_body = ret->footer - ret->body;
	if (data->page && state->n_sections == data->page->n_sections)
		place_panes(state, data->page, ret);
}
