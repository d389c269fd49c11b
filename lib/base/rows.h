/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each row of a table of rows begins, in little more than 4 bytes a row: rows are grouped, a group has a 64-bit base
 * and each of its rows a 32-bit offset from it. A group of 2^32 - 1 entries and more cannot be written down.
 *
 *     bases     | 0                     | 9_000_000_007         | …      one for each 256 rows
 *     offsets   | 0 | 2 | 2 | 5 | …     | 0 | 1 | 1 | …                  one more than there are rows
 */
#ifndef HS_ROWS_H
#define HS_ROWS_H

#include <stddef.h>
#include <stdint.h>

#define HS_ROWS_SHIFT 8
#define HS_ROWS_PER_BASE (1u << HS_ROWS_SHIFT)

struct hs_rows {
	uint64_t *bases;
	uint32_t *offsets;
};

/* The first entry of row `row`; of row n, the end of the last. */
static inline uint64_t hs_row_begin(const struct hs_rows *rows, uint32_t row)
{
	return rows->bases[row >> HS_ROWS_SHIFT] + rows->offsets[row];
}

static inline uint64_t hs_row_end(const struct hs_rows *rows, uint32_t row)
{
	return hs_row_begin(rows, row + 1);
}

static inline size_t hs_rows_base_count(uint32_t n_rows)
{
	return (size_t)(n_rows >> HS_ROWS_SHIFT) + 1;
}

#endif
