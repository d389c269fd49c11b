/* SPDX-License-Identifier: Apache-2.0 */
/* The views: what each is called, how it is sorted at first, what it draws. */
#ifndef HS_VIEW_H
#define HS_VIEW_H

#include "canvas.h"
#include "panes.h"
#include "state.h"

struct hs_view {
	const char *name;    /* for :view; lower case */
	const char *title;   /* in the row of tabs */
	const char *sort;    /* name of the column that it is sorted by at first; NULL: rows stay as they come */
	const char *empty;   /* what is said when it has no rows */
	/* Draws the page of the data, which there is, below the tabs. */
	void (*draw)(const struct hs_state *state, const struct hs_data *data, const struct hs_panes *panes, struct hs_canvas *canvas);
};

extern const struct hs_view hs_views[HS_N_VIEWS];

/* The view of that name, or that begins with it; HS_N_VIEWS: none. Only of those that have a tab. */
enum hs_view_id hs_view_find(const char *name);
/* The n-th tab, from 0; HS_N_VIEWS: there are not so many. */
enum hs_view_id hs_view_tab(unsigned n);
unsigned hs_view_tabs(void);

#endif
