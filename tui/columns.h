/* SPDX-License-Identifier: Apache-2.0 */
/* Where the columns of a table stand on a screen of some width. */
#ifndef HS_COLUMNS_H
#define HS_COLUMNS_H

#include "page.h"

#define HS_LAYOUT_COLUMNS 16

struct hs_column_layout {
	bool is_shown[HS_LAYOUT_COLUMNS];
	unsigned x[HS_LAYOUT_COLUMNS], width[HS_LAYOUT_COLUMNS];
	unsigned n_columns;
};

/* Columns of no width of their own share what the others leave; where that is too little, dispensable ones go. */
void hs_columns_lay_out(const struct hs_section *section, unsigned width, struct hs_column_layout *ret);
/* The column at `x`, or else -1. */
int hs_column_at(const struct hs_column_layout *layout, unsigned x);

/* A column of text, which begins at its left. */
bool hs_column_is_text(const struct hs_column *column);

#endif
