/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan that follows an earlier one. Pages that the earlier plan wanted are wanted again without being asked for: what
 * has left them since reads as zeros, which is then what the target would read. So a dense heap of 1 GiB is planned again in
 * well under a millisecond. Private to lib/target.
 */
#ifndef HS_REPLAN_H
#define HS_REPLAN_H

#include "error.h"
#include "plan.h"

/* Context of the page source: the earlier plan, and whom to ask for the rest. Both borrowed. */
struct hs_known_pages {
	const struct hs_plan *plan;
	struct hs_page_source rest;
};

struct hs_page_source hs_known_pages_source(struct hs_known_pages *known);

/* A plan of those pages of `plan` that `earlier` (NULL: nothing) does not want. The caller owns *ret. */
struct hs_error *hs_plan_new_pages(const struct hs_plan *plan, const struct hs_plan *earlier, struct hs_plan **ret) HS_MUST_CHECK;

#endif
