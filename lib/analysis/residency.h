/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of a range of addresses was in memory at the stop. The page tables told it for each mapping as a whole, the copy for
 * each page: where the two differ (pages left out of the copy, the kernel's page of zeros, swap), the mapping's figure holds, and
 * what is unknown is spread evenly over the pages in question. So the parts of a mapping add up to it, by construction.
 */
#ifndef HS_RESIDENCY_H
#define HS_RESIDENCY_H

#include "capture.h"

/* Of one mapping: what part of a page counts as in memory, if it was copied and if it was not. */
struct hs_resident_mapping {
	hs_addr start;
	hs_addr end;
	double copied, not_copied;
};

struct hs_residency {
	const struct hs_image *image;
	HS_ARRAY(struct hs_resident_mapping) mappings; /* by address */
	uint64_t rss_bytes; /* of all */
	uint64_t swap_bytes;
};

/* `capture` was taken with `wants_uses`; borrowed. Free *ret with hs_residency_deinit, whatever this returned. Errors: NO_MEMORY. */
struct hs_error *hs_residency_init(struct hs_residency *ret, const struct hs_capture *capture) HS_MUST_CHECK;
void hs_residency_deinit(struct hs_residency *residency);

/* Bytes of [start, end) that were in memory. Adds them to by_mapping[i] of the mappings in which they lie; NULL: nowhere. */
double hs_resident_bytes(const struct hs_residency *residency, hs_addr start, hs_addr end, double *by_mapping);

#endif
