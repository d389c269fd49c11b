/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of a page are shown, in which order; finding text in them. */
#ifndef HS_ORDER_H
#define HS_ORDER_H

#include "state.h"

/* Filters and sorts all sections of the page anew. `page` may be NULL. */
void hs_order_make(struct hs_state *state, const struct hs_page *page);

/* Does one of the row's texts hold that text? Upper and lower case are the same. */
bool hs_row_has_text(const struct hs_section *section, const struct hs_row *row, const char *text);

/*
 * Moves the selection to the next row with that text, `direction` 1 or -1, the present one last, or first with `from_here`. False, and
 * nothing moves: there is none.
 */
bool hs_order_search(struct hs_state *state, const struct hs_page *page, const char *text, int direction, bool from_here);

/* The section whose rows can be sorted; NULL: none. */
const struct hs_section *hs_page_sortable(const struct hs_page *page);
/* Its column of that name; -1: none. */
int hs_section_column(const struct hs_section *section, const char *name);

#endif
