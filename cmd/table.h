/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of text: columns as wide as their widest cell, and a last one that takes what is left of the line. */
#ifndef HS_TABLE_H
#define HS_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "array.h"
#include "error.h"
#include "terminal.h"

#define HS_TABLE_MAX_COLUMNS 10

struct hs_table_column {
	const char *heading;
	bool is_left; /* text; else figures, aligned at the right */
	bool is_path; /* text of which both ends count: as the last column, it is cut in the middle */
	unsigned least; /* of the last column: what it gets at the cost of the text before it, if it needs that much; 0: a few */
	unsigned most; /* columns that it takes at most, what is longer being cut in the middle; 0: as many as its widest cell */
};

struct hs_table {
	const struct hs_table_column *columns; /* borrowed */
	unsigned n_columns;                    /* <= HS_TABLE_MAX_COLUMNS */
	HS_ARRAY(char *) cells;                /* row by row; owned */
	bool is_short;                         /* memory ran out */
	unsigned hidden;                       /* bit 1 << column: not shown, though its cells are there; never the last one */
};

/* Adds the next cell; `text` must be safe to print. */
void hs_table_add(struct hs_table *table, const char *format, ...) HS_PRINTF(2, 3);
/* The same with text of the target's, which is escaped. */
void hs_table_add_text(struct hs_table *table, const char *text, const struct hs_style *style);
/* Headings, then the rows, each indented by `indent` columns. */
void hs_table_put(FILE *out, const struct hs_table *table, unsigned indent, const struct hs_style *style);
void hs_table_deinit(struct hs_table *table);

#endif
