/* SPDX-License-Identifier: Apache-2.0 */
/* One update in the making; private to the files that make it. */
#ifndef HS_UPDATE_H
#define HS_UPDATE_H

#include "keys.h"
#include "state.h"

struct hs_update {
	struct hs_state *state;
	const struct hs_data *data;
	struct hs_spot *spot;
	struct hs_effects effects;
	bool is_reordered; /* filter, order or tags are others */
};

/* requests.c */
void hs_update_request(struct hs_update *update, enum hs_request request);

/* places.c. `parent`: the spot that leads there; -1: none. */
void hs_spot_init(struct hs_spot *spot, const struct hs_page_place *place, int parent);
void hs_update_go(struct hs_update *update, const struct hs_page_place *place, int parent);
/* To a spot that was visited already; nowhere if there is none of that index. */
void hs_update_go_to_spot(struct hs_update *update, int spot);
/* To a view, which is found as it was left. */
void hs_update_view(struct hs_update *update, enum hs_view_id view);
/* To the view so many tabs further. */
void hs_update_turn_view(struct hs_update *update, unsigned step);

/* selection.c */
void hs_update_select(struct hs_update *update, unsigned section, size_t row);
/* Up or down, over the ends of sections. */
void hs_update_move(struct hs_update *update, long n_rows);
/* After rows have changed. */
void hs_update_follow(struct hs_update *update);
void hs_update_scroll(struct hs_update *update);

#endif
