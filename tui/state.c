/* SPDX-License-Identifier: Apache-2.0 */
/* The state, and what an event does to it. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "keys.h"
#include "order.h"
#include "panes.h"
#include "prompt.h"
#include "update.h"
#include "view.h"

#define WHEEL_ROWS 3

void hs_state_say(struct hs_state *state, bool is_complaint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(state->message, sizeof(state->message), format, args);
	va_end(args);
	state->is_complaint = is_complaint;
}

bool hs_state_is_tagged(const struct hs_state *state, uint64_t key)
{
	for (size_t i = 0; i < state->tags.n; i++)
		if (state->tags.items[i] == key)
			return true;
	return false;
}

const struct hs_row *hs_state_selected(const struct hs_state *state, const struct hs_page *page)
{
	const struct hs_spot *spot = hs_state_spot(state);

	if (!page || spot->section >= state->n_sections || spot->row >= state->order[spot->section].n)
		return NULL;
	return &page->sections[spot->section].rows.items[state->order[spot->section].items[spot->row]];
}

void hs_state_init(struct hs_state *state, unsigned width, unsigned height)
{
	const struct hs_page_place types = { .view = HS_VIEW_TYPES, .is_somewhere = true };

	*state = (struct hs_state){ .width = width, .height = height, .n_spots = 1 };
	hs_spot_init(&state->spots[0], &types, -1);
}

void hs_state_deinit(struct hs_state *state)
{
	hs_array_free(&state->tags);
	for (unsigned i = 0; i < HS_PAGE_SECTIONS; i++)
		hs_array_free(&state->order[i]);
}

static void help_key(struct hs_update *update, uint32_t key)
{
	struct hs_state *state = update->state;

	switch (hs_keys_request(key, HS_VIEW_TYPES)) {
	case HS_REQUEST_UP:
		state->help_top -= state->help_top > 0;
		break;
	case HS_REQUEST_DOWN:
		state->help_top++;
		break;
	case HS_REQUEST_PAGE_UP:
		state->help_top -= state->help_top < state->height / 2 ? state->help_top : state->height / 2;
		break;
	case HS_REQUEST_PAGE_DOWN:
		state->help_top += state->height / 2;
		break;
	default:
		state->mode = HS_MODE_BROWSE;
	}
	if (state->help_top >= hs_n_bindings)
		state->help_top = hs_n_bindings - 1;
}

static void browse_key(struct hs_update *update, uint32_t key)
{
	enum hs_request request = hs_keys_request(key, update->spot->place.view);

	if (request)
		hs_update_request(update, request);
	else if (key >= '1' && key <= '9' && hs_view_tab(key - '1') != HS_N_VIEWS)
		hs_update_view(update, hs_view_tab(key - '1'));
}

static void on_key(struct hs_update *update, uint32_t key)
{
	update->state->message[0] = '\0';
	if (update->state->mode == HS_MODE_BROWSE)
		browse_key(update, key);
	else if (update->state->mode == HS_MODE_HELP)
		help_key(update, key);
	else
		hs_prompt_key(update, key);
}

/* On the heading of a column: sorts by it; once more: the other way round. */
static void click_heading(struct hs_update *update, const struct hs_section *section, unsigned x)
{
	struct hs_column_layout layout;

	hs_columns_lay_out(section, update->state->width, &layout);
	int column = hs_column_at(&layout, x);
	if (!section->is_sortable || column < 0 || !section->columns[column].name)
		return;
	update->spot->is_inverted = update->spot->sort == column && !update->spot->is_inverted;
	update->spot->sort = column;
	update->is_reordered = true;
}

/* On a row: selects it; on the selected one: goes in. */
static void on_click(struct hs_update *update, const struct hs_event *event)
{
	struct hs_panes panes;

	if (update->state->mode != HS_MODE_BROWSE)
		return;
	hs_panes_make(update->state, update->data, &panes);
	for (unsigned i = 0; i < panes.n_panes; i++) {
		const struct hs_pane *pane = &panes.panes[i];
		if (event->y == pane->heading)
			click_heading(update, &update->data->page->sections[i], event->x);
		if (event->y < pane->top || event->y >= pane->top + pane->n_lines)
			continue;
		size_t row = update->spot->top[i] + event->y - pane->top;
		if (row >= update->state->order[i].n)
			return;
		if (update->spot->section == i && update->spot->row == row && update->spot->is_following)
			hs_update_request(update, HS_REQUEST_ENTER);
		else
			hs_update_select(update, i, row);
		return;
	}
}

/* The order at first is the view's, as soon as a page says which columns there are. */
static void set_first_order(struct hs_update *update)
{
	const struct hs_section *section = hs_page_sortable(update->data->page);
	const char *name = hs_views[update->spot->place.view].sort;

	if (update->spot->sort == -2 && update->data->page)
		update->spot->sort = section && name ? hs_section_column(section, name) : -1;
}

static void settle(struct hs_update *update, bool is_other_data)
{
	bool is_other_place = update->effects.flags & HS_EFFECT_GO;

	if (is_other_place) {
		update->state->n_sections = 0; /* the page at hand is that of another place */
		return;
	}
	set_first_order(update);
	if (is_other_data || update->is_reordered) {
		hs_order_make(update->state, update->data->page);
		if (update->data->page && update->data->page->n_sections)
			hs_update_follow(update);
	}
	hs_update_scroll(update);
}

struct hs_effects hs_state_update(struct hs_state *state, const struct hs_data *data, const struct hs_event *event)
{
	struct hs_update update = { .state = state, .data = data, .spot = &state->spots[state->spot] };

	switch (event->kind) {
	case HS_EVENT_KEY:
		on_key(&update, event->key);
		break;
	case HS_EVENT_CLICK:
		on_click(&update, event);
		break;
	case HS_EVENT_WHEEL:
		if (state->mode == HS_MODE_BROWSE)
			hs_update_move(&update, event->key == HS_KEY_UP ? -WHEEL_ROWS : WHEEL_ROWS);
		break;
	case HS_EVENT_RESIZE:
		state->width = event->x;
		state->height = event->y;
		break;
	case HS_EVENT_DATA:
		break;
	}
	settle(&update, event->kind == HS_EVENT_DATA);
	return update.effects;
}
