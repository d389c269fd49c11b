/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of the screen belong to what. Made of the state and the data alone, so that drawing, scrolling and clicks agree. */
#ifndef HS_PANES_H
#define HS_PANES_H

#include "state.h"

struct hs_pane {
	unsigned heading; /* line of its headings */
	unsigned top;     /* of its first row */
	unsigned n_lines; /* for rows; at least 1 */
};

struct hs_panes {
	unsigned warnings, n_warnings; /* first line of them; how many are shown */
	bool has_banner;
	unsigned banner;
	unsigned tabs;       /* line of the views' names */
	bool has_note;
	unsigned note;
	unsigned body, n_body; /* first line behind the tabs; lines from there to the footer */
	unsigned footer;
	struct hs_pane panes[HS_PAGE_SECTIONS];
	unsigned n_panes;    /* the page's sections; 0: there is no page, or no room */
};

/* Lines above the warnings: what the process is, its figures, the samples. */
#define HS_HEADER_LINES 3

void hs_panes_make(const struct hs_state *state, const struct hs_data *data, struct hs_panes *ret);

/* False: the screen is too small for anything. */
bool hs_panes_fit(const struct hs_state *state);

#endif
