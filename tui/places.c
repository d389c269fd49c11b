/* SPDX-License-Identifier: Apache-2.0 */
/* Going from place to place, and back. */
#include "update.h"

#include <string.h>

#include "view.h"

void hs_spot_init(struct hs_spot *spot, const struct hs_page_place *place, int parent)
{
	*spot = (struct hs_spot){ .place = *place, .parent = parent, .sort = -2 };
}

/* Room for one more spot: the oldest is forgotten. */
static void forget_first(struct hs_state *state)
{
	memmove(state->spots, state->spots + 1, (HS_SPOTS - 1) * sizeof(*state->spots));
	state->n_spots--;
	state->spot--;
	for (int i = 0; i < state->n_spots; i++)
		state->spots[i].parent -= state->spots[i].parent >= 0;
}

void hs_update_go(struct hs_update *update, const struct hs_page_place *place, int parent)
{
	struct hs_state *state = update->state;
	struct hs_page_place wanted = *place; /* it may be the page's, or a spot's, which moves */

	state->n_spots = state->spot + 1;
	if (state->n_spots == HS_SPOTS) {
		forget_first(state);
		parent -= parent >= 0;
	}
	state->spot = state->n_spots++;
	update->spot = &state->spots[state->spot];
	hs_spot_init(update->spot, &wanted, parent);
	update->effects.flags |= HS_EFFECT_GO;
}

/* A view is found as it was left. */
void hs_update_view(struct hs_update *update, enum hs_view_id view)
{
	struct hs_state *state = update->state;
	struct hs_page_place place = { .view = (uint8_t)view, .is_somewhere = true };
	struct hs_spot last = { 0 };
	bool was_there = false;

	for (int i = 0; i < state->n_spots; i++)
		if (state->spots[i].place.view == view && state->spots[i].parent < 0) {
			last = state->spots[i];
			was_there = true;
		}
	if (update->spot->place.view == view && update->spot->parent < 0)
		return;
	hs_update_go(update, was_there ? &last.place : &place, -1);
	if (was_there) {
		*update->spot = last;
		update->spot->parent = -1;
	}
}

void hs_update_go_to_spot(struct hs_update *update, int spot)
{
	if (spot < 0 || spot >= update->state->n_spots)
		return;
	update->state->spot = spot;
	update->spot = &update->state->spots[spot];
	update->effects.flags |= HS_EFFECT_GO;
}

/* The view that the present place was come to from. */
static enum hs_view_id outer_view(const struct hs_update *update)
{
	const struct hs_spot *spot = update->spot;

	while (spot->parent >= 0)
		spot = &update->state->spots[spot->parent];
	return spot->place.view;
}

void hs_update_turn_view(struct hs_update *update, unsigned step)
{
	unsigned n = hs_view_tabs(), tab = 0;

	while (tab < n && hs_view_tab(tab) != outer_view(update))
		tab++;
	hs_update_view(update, hs_view_tab((tab + step) % n));
}
