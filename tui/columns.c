/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing out the width of the screen. */
#include "columns.h"

#include <string.h>

#define GAP 1
/* Columns that take what is left want so much, or dispensable ones go: one alone, each of several. */
#define MIN_ALONE 24
#define MIN_TEXT 16

static unsigned taken_width(const struct hs_section *section, const struct hs_column_layout *layout, unsigned *ret_flexible)
{
	unsigned width = 0, n_flexible = 0;

	for (unsigned i = 0; i < layout->n_columns; i++) {
		if (!layout->is_shown[i])
			continue;
		width += GAP + section->columns[i].width;
		n_flexible += !section->columns[i].width;
	}
	*ret_flexible = n_flexible;
	return width;
}

/* The next to go on a screen that is too narrow; n_columns: none. */
static unsigned most_dispensable(const struct hs_section *section, const struct hs_column_layout *layout)
{
	unsigned found = layout->n_columns;

	for (unsigned i = 0; i < layout->n_columns; i++) {
		unsigned rank = section->columns[i].dispensable;
		if (layout->is_shown[i] && rank && (found == layout->n_columns || rank < section->columns[found].dispensable))
			found = i;
	}
	return found;
}

void hs_columns_lay_out(const struct hs_section *section, unsigned width, struct hs_column_layout *ret)
{
	unsigned n_flexible, taken, x = 0;

	memset(ret, 0, sizeof(*ret));
	ret->n_columns = section->n_columns < HS_LAYOUT_COLUMNS ? section->n_columns : HS_LAYOUT_COLUMNS;
	for (unsigned i = 0; i < ret->n_columns; i++)
		ret->is_shown[i] = true;
	for (;;) {
		taken = taken_width(section, ret, &n_flexible);
		unsigned column = most_dispensable(section, ret);
		if (taken + (n_flexible == 1 ? MIN_ALONE : n_flexible * MIN_TEXT) <= width || column == ret->n_columns)
			break;
		ret->is_shown[column] = false;
	}
	unsigned left = width > taken ? width - taken : 0;
	for (unsigned i = 0; i < ret->n_columns; i++) {
		if (!ret->is_shown[i])
			continue;
		unsigned own = section->columns[i].width;
		if (!own) {
			own = left / n_flexible;
			left -= own;
			n_flexible--;
		}
		ret->x[i] = x;
		ret->width[i] = own;
		x += own + GAP;
	}
}

int hs_column_at(const struct hs_column_layout *layout, unsigned x)
{
	for (unsigned i = 0; i < layout->n_columns; i++)
		if (layout->is_shown[i] && x >= layout->x[i] && x < layout->x[i] + layout->width[i])
			return (int)i;
	return -1;
}

bool hs_column_is_text(const struct hs_column *column)
{
	return column->kind == HS_COLUMN_TEXT || column->kind == HS_COLUMN_NAME || column->kind == HS_COLUMN_PATH;
}
