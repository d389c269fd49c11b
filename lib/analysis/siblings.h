/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of one application side by side: what one of them has more or less of than the others, by place. Plain data; knows no heap.
 *
 *     app.EVENTS       1,200   1,180   12,345     the third differs: 11,145 more than the median
 *     app.EVENTS[*]    each of these is as long as those of the others: it says nothing new
 *     app.ROUTES         310     310      310
 */
#ifndef HS_SIBLINGS_H
#define HS_SIBLINGS_H

#include "census.h"
#include "places.h"

#define HS_MAX_SIBLINGS 64

/* One that differs. Values of all siblings stand in their order. */
struct hs_sibling_row {
	const char *path;  /* borrowed from the places; NULL: of a row of types */
	const char *type;  /* full name; borrowed */
	uint64_t *members; /* objects; owned, as the next two */
	uint64_t *lengths; /* of a row of types all 0 */
	uint64_t *bytes;   /* that containers retain; of a type, that its objects occupy */
	size_t outlier;    /* who differs most; of two siblings, who has more */
	uint64_t median_length, median_bytes; /* of two siblings: the smaller */
	int64_t excess_items, excess_bytes;   /* of the outlier, against the median */
};

struct hs_sibling_rows {
	HS_ARRAY(struct hs_sibling_row) list; /* most bytes apart first */
	size_t n_compared;
};

/*
 * Holders that differ, from the places of `n` processes (2 to HS_MAX_SIBLINGS), with names and what is retained. A container is told
 * by its length; by what it retains only if no container in it tells more. The caller releases *ret, which is zero to begin, whatever
 * this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_sibling_holders(const struct hs_path_places *const *places, size_t n, struct hs_sibling_rows *ret) HS_MUST_CHECK;
/* Types that differ, from censuses. Likewise. */
struct hs_error *hs_sibling_types(const struct hs_census *const *censuses, size_t n, struct hs_sibling_rows *ret) HS_MUST_CHECK;
void hs_sibling_rows_release(struct hs_sibling_rows *rows);

/*
 * Which of n values lies farthest from their median. True if it stands apart by `least`, and by half of the median and twice what the
 * others differ in the middle, or by a tenth of the median and eight times that. Of two values: if one is more than half as large again
 * as the other.
 */
bool hs_outlier_find(const uint64_t *values, size_t n, uint64_t least, size_t *ret_outlier, uint64_t *ret_median);

#endif
