/* SPDX-License-Identifier: Apache-2.0 */
/* What each request does to the state. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "order.h"
#include "panes.h"
#include "prompt.h"
#include "update.h"
#include "view.h"

static long page_rows(const struct hs_update *update)
{
	struct hs_panes panes;

	hs_panes_make(update->state, update->data, &panes);
	return update->spot->section < panes.n_panes && panes.panes[update->spot->section].n_lines > 1 ? panes.panes[update->spot->section].n_lines - 1 : 1;
}

static void on_up(struct hs_update *update)
{
	hs_update_move(update, -1);
}

static void on_down(struct hs_update *update)
{
	hs_update_move(update, 1);
}

static void on_page_up(struct hs_update *update)
{
	hs_update_move(update, -page_rows(update));
}

static void on_page_down(struct hs_update *update)
{
	hs_update_move(update, page_rows(update));
}

static void on_top(struct hs_update *update)
{
	hs_update_move(update, -(1L << 40));
}

static void on_bottom(struct hs_update *update)
{
	hs_update_move(update, 1L << 40);
}

static void on_enter(struct hs_update *update)
{
	const struct hs_row *row = hs_state_selected(update->state, update->data->page);

	if (!row)
		return;
	if (row->place)
		hs_update_go(update, row->place, update->state->spot);
	else
		hs_state_say(update->state, false, "nothing to go into here");
}

static void on_object(struct hs_update *update)
{
	const struct hs_row *row = hs_state_selected(update->state, update->data->page);
	struct hs_page_place place = { .view = HS_VIEW_OBJECT, .is_somewhere = true, .address = row ? row->address : 0 };

	if (place.address)
		hs_update_go(update, &place, update->state->spot);
	else
		hs_state_say(update->state, false, "this row is no object");
}

static void on_suspect(struct hs_update *update)
{
	struct hs_page_place place = { .view = HS_VIEW_OBJECT, .is_somewhere = true, .address = update->data->header.banner_address,
				       .name = "suspect 1" };

	if (place.address)
		hs_update_go(update, &place, update->state->spot);
	else if (update->data->header.file[0])
		hs_state_say(update->state, false, "one file shows no growth; view 2 tells what is large as leaks are");
	else
		hs_state_say(update->state, false, "nothing is suspected yet: that takes three samples");
}

static void on_back(struct hs_update *update)
{
	hs_update_go_to_spot(update, update->spot->parent);
}

static void on_earlier(struct hs_update *update)
{
	hs_update_go_to_spot(update, update->state->spot - 1);
}

static void on_later(struct hs_update *update)
{
	hs_update_go_to_spot(update, update->state->spot + 1);
}

static void on_next_view(struct hs_update *update)
{
	hs_update_turn_view(update, 1);
}

static void on_previous_view(struct hs_update *update)
{
	hs_update_turn_view(update, hs_view_tabs() - 1);
}

/* To the nearest column in that direction that can be sorted by. */
static void sort_aside(struct hs_update *update, int step)
{
	const struct hs_section *section = hs_page_sortable(update->data->page);
	int n = section ? (int)section->n_columns : 0, column = update->spot->sort < 0 ? 0 : update->spot->sort;

	for (int i = 0; i < n; i++) {
		column = (column + step + n) % n;
		if (section->columns[column].name)
			break;
	}
	if (n && section->columns[column].name) {
		update->spot->sort = column;
		update->spot->is_inverted = false;
		update->is_reordered = true;
	}
}

static void on_sort_left(struct hs_update *update)
{
	sort_aside(update, -1);
}

static void on_sort_right(struct hs_update *update)
{
	sort_aside(update, 1);
}

static void on_invert(struct hs_update *update)
{
	update->spot->is_inverted = !update->spot->is_inverted;
	update->is_reordered = true;
}

static void sort_by(struct hs_update *update, const char *const *names)
{
	const struct hs_section *section = hs_page_sortable(update->data->page);

	for (; section && *names; names++) {
		int column = hs_section_column(section, *names);
		if (column < 0)
			continue;
		update->spot->sort = column;
		update->spot->is_inverted = false;
		update->spot->is_following = false; /* who asks what grows wants to see it */
		update->is_reordered = true;
		return;
	}
}

static void on_sort_growth(struct hs_update *update)
{
	sort_by(update, (const char *const[]){ "growth", NULL });
}

static void on_sort_size(struct hs_update *update)
{
	sort_by(update, (const char *const[]){ "retained", "bytes", NULL });
}

static void on_filter(struct hs_update *update)
{
	hs_prompt_open(update, HS_MODE_FILTER, update->spot->filter);
}

static void on_search(struct hs_update *update)
{
	update->state->before_search = *update->spot;
	hs_prompt_open(update, HS_MODE_SEARCH, "");
}

static void search_again(struct hs_update *update, int direction)
{
	struct hs_state *state = update->state;

	if (!hs_order_search(state, update->data->page, state->search, direction, false))
		hs_state_say(state, true, state->search[0] ? "no row with '%s'" : "nothing was searched for yet%s", state->search);
}

static void on_search_next(struct hs_update *update)
{
	search_again(update, 1);
}

static void on_search_previous(struct hs_update *update)
{
	search_again(update, -1);
}

static void on_tag(struct hs_update *update)
{
	struct hs_state *state = update->state;
	const struct hs_row *row = hs_state_selected(state, update->data->page);

	if (!row)
		return;
	for (size_t i = 0; i < state->tags.n; i++)
		if (state->tags.items[i] == row->key) {
			state->tags.items[i] = state->tags.items[--state->tags.n];
			update->is_reordered = update->spot->only_tagged;
			return;
		}
	uint64_t *tag = hs_array_append(&state->tags);
	if (tag)
		*tag = row->key;
	hs_update_move(update, 1);
}

static void on_only_tagged(struct hs_update *update)
{
	update->spot->only_tagged = !update->spot->only_tagged;
	update->is_reordered = true;
}

static void on_untag(struct hs_update *update)
{
	update->state->tags.n = 0;
	update->spot->only_tagged = false;
	update->is_reordered = true;
}

static void on_by_holder(struct hs_update *update)
{
	struct hs_spot *spot = update->spot;

	spot->place.by_holder = !spot->place.by_holder;
	spot->is_following = false;
	update->effects.flags |= HS_EFFECT_GO;
}

static void on_sample(struct hs_update *update)
{
	update->effects.flags |= HS_EFFECT_SAMPLE;
}

static void on_freeze(struct hs_update *update)
{
	update->state->is_frozen = !update->state->is_frozen;
	update->effects.flags |= HS_EFFECT_FREEZE;
}

static void on_longer(struct hs_update *update)
{
	update->effects.flags |= HS_EFFECT_INTERVAL;
	update->effects.steps = 1;
}

static void on_shorter(struct hs_update *update)
{
	update->effects.flags |= HS_EFFECT_INTERVAL;
	update->effects.steps = -1;
}

static void on_baseline(struct hs_update *update)
{
	update->effects.flags |= HS_EFFECT_BASELINE;
}

/* Whoever does not want to wait for a page goes back. */
static void on_cancel(struct hs_update *update)
{
	if (!update->data->page && !update->data->error)
		hs_update_go_to_spot(update, update->spot->parent);
	update->effects.flags |= HS_EFFECT_CANCEL;
}

static void on_command(struct hs_update *update)
{
	hs_prompt_open(update, HS_MODE_COMMAND, "");
}

static void on_write(struct hs_update *update)
{
	hs_prompt_open(update, HS_MODE_WRITE, update->state->suggested_file);
}

static void on_snapshot(struct hs_update *update)
{
	hs_prompt_open(update, HS_MODE_SNAPSHOT, update->state->suggested_snapshot);
}

static void on_copy(struct hs_update *update)
{
	const struct hs_row *row = hs_state_selected(update->state, update->data->page);

	if (!row || !row->address) {
		hs_state_say(update->state, true, "there is no address in this row");
		return;
	}
	update->effects.flags |= HS_EFFECT_COPY;
	snprintf(update->effects.text, sizeof(update->effects.text), "0x%" HS_PRI_ADDR, row->address);
}

static void on_redraw(struct hs_update *update)
{
	update->effects.flags |= HS_EFFECT_REDRAW;
}

static void on_help(struct hs_update *update)
{
	update->state->mode = HS_MODE_HELP;
	update->state->help_top = 0;
}

static void on_quit(struct hs_update *update)
{
	update->effects.flags |= HS_EFFECT_QUIT;
}

static void (*const handlers[])(struct hs_update *update) = {
	[HS_REQUEST_UP] = on_up,
	[HS_REQUEST_DOWN] = on_down,
	[HS_REQUEST_PAGE_UP] = on_page_up,
	[HS_REQUEST_PAGE_DOWN] = on_page_down,
	[HS_REQUEST_TOP] = on_top,
	[HS_REQUEST_BOTTOM] = on_bottom,
	[HS_REQUEST_ENTER] = on_enter,
	[HS_REQUEST_OBJECT] = on_object,
	[HS_REQUEST_SUSPECT] = on_suspect,
	[HS_REQUEST_BACK] = on_back,
	[HS_REQUEST_EARLIER] = on_earlier,
	[HS_REQUEST_LATER] = on_later,
	[HS_REQUEST_NEXT_VIEW] = on_next_view,
	[HS_REQUEST_PREVIOUS_VIEW] = on_previous_view,
	[HS_REQUEST_SORT_LEFT] = on_sort_left,
	[HS_REQUEST_SORT_RIGHT] = on_sort_right,
	[HS_REQUEST_INVERT] = on_invert,
	[HS_REQUEST_SORT_GROWTH] = on_sort_growth,
	[HS_REQUEST_SORT_SIZE] = on_sort_size,
	[HS_REQUEST_FILTER] = on_filter,
	[HS_REQUEST_SEARCH] = on_search,
	[HS_REQUEST_SEARCH_NEXT] = on_search_next,
	[HS_REQUEST_SEARCH_PREVIOUS] = on_search_previous,
	[HS_REQUEST_TAG] = on_tag,
	[HS_REQUEST_ONLY_TAGGED] = on_only_tagged,
	[HS_REQUEST_UNTAG] = on_untag,
	[HS_REQUEST_BY_HOLDER] = on_by_holder,
	[HS_REQUEST_SAMPLE] = on_sample,
	[HS_REQUEST_FREEZE] = on_freeze,
	[HS_REQUEST_LONGER] = on_longer,
	[HS_REQUEST_SHORTER] = on_shorter,
	[HS_REQUEST_BASELINE] = on_baseline,
	[HS_REQUEST_CANCEL] = on_cancel,
	[HS_REQUEST_COMMAND] = on_command,
	[HS_REQUEST_WRITE] = on_write,
	[HS_REQUEST_SNAPSHOT] = on_snapshot,
	[HS_REQUEST_COPY] = on_copy,
	[HS_REQUEST_REDRAW] = on_redraw,
	[HS_REQUEST_HELP] = on_help,
	[HS_REQUEST_QUIT] = on_quit,
};

void hs_update_request(struct hs_update *update, enum hs_request request)
{
	if (hs_request_is_live(request) && update->data->header.file[0])
		hs_state_say(update->state, true, "this is a file: it holds one sample, and no others come");
	else if (request && handlers[request])
		handlers[request](update);
}
