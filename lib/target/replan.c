/* SPDX-License-Identifier: Apache-2.0 */
/* Planning the difference to an earlier plan. Sees plans and a page source, never a process. */
#include "replan.h"

#include <stdlib.h>

#include "bits.h"
#include "cleanup.h"

/* Fewer known pages than this between two gaps are asked for with them: one question costs as much as some 50 pages. */
#define MIN_KNOWN_PAGES 64

/*
 * The first run of at least MIN_KNOWN_PAGES known pages in [start, end), cut to it. False: none.
 */
static bool next_known_run(const struct hs_plan *plan, hs_addr start, hs_addr end, hs_addr *ret_start, hs_addr *ret_end)
{
	for (size_t i = hs_plan_find(plan, start); i < plan->extents.n && plan->extents.items[i].start < end; i++) {
		const struct hs_extent *extent = &plan->extents.items[i];
		size_t n_bits = ((end < extent->end ? end : extent->end) - extent->start) >> HS_PAGE_SHIFT;
		size_t bit = start > extent->start ? (start - extent->start) >> HS_PAGE_SHIFT : 0;
		while ((bit = hs_bits_next(extent->present, bit, n_bits, true)) < n_bits) {
			size_t run_end = hs_bits_next(extent->present, bit, n_bits, false);
			if (run_end - bit >= MIN_KNOWN_PAGES) {
				*ret_start = extent->start + (bit << HS_PAGE_SHIFT);
				*ret_end = extent->start + (run_end << HS_PAGE_SHIFT);
				return true;
			}
			bit = run_end;
		}
	}
	return false;
}

static struct hs_error *mark(void *context, hs_addr start, hs_addr end, enum hs_copy_mode mode, struct hs_extent *extent, size_t *n_swapped)
{
	const struct hs_known_pages *known = context;
	hs_addr run_start, run_end;

	while (start < end && next_known_run(known->plan, start, end, &run_start, &run_end)) {
		if (start < run_start)
			HS_TRY(known->rest.mark(known->rest.context, start, run_start, mode, extent, n_swapped));
		hs_bits_set(extent->present, (run_start - extent->start) >> HS_PAGE_SHIFT, (run_end - extent->start) >> HS_PAGE_SHIFT);
		start = run_end;
	}
	return start < end ? known->rest.mark(known->rest.context, start, end, mode, extent, n_swapped) : NULL;
}

struct hs_page_source hs_known_pages_source(struct hs_known_pages *known)
{
	return (struct hs_page_source){ mark, known };
}

static void remove_known(struct hs_extent *extent, const struct hs_plan *earlier)
{
	size_t i = hs_plan_find(earlier, extent->start);

	for (; i < earlier->extents.n && earlier->extents.items[i].start < extent->end; i++) {
		const struct hs_extent *old = &earlier->extents.items[i];
		hs_addr start = old->start > extent->start ? old->start : extent->start;
		size_t n_bits = ((old->end < extent->end ? old->end : extent->end) - old->start) >> HS_PAGE_SHIFT;
		size_t shift = start - old->start;
		for (size_t bit = hs_bits_next(old->present, shift >> HS_PAGE_SHIFT, n_bits, true); bit < n_bits;) {
			size_t end = hs_bits_next(old->present, bit, n_bits, false);
			hs_addr base = old->start - extent->start; /* may wrap: only sums with it are used */
			hs_bits_clear(extent->present, (base + (bit << HS_PAGE_SHIFT)) >> HS_PAGE_SHIFT,
				      (base + (end << HS_PAGE_SHIFT)) >> HS_PAGE_SHIFT);
			bit = hs_bits_next(old->present, end, n_bits, true);
		}
	}
}

struct hs_error *hs_plan_new_pages(const struct hs_plan *plan, const struct hs_plan *earlier, struct hs_plan **ret)
{
	HS_CLEANUP(hs_cleanup_plan) struct hs_plan *fresh;

	HS_TRY(hs_plan_copy(plan, &fresh));
	fresh->bytes = 0;
	for (size_t i = 0; i < fresh->extents.n; i++) {
		struct hs_extent *extent = &fresh->extents.items[i];
		if (earlier)
			remove_known(extent, earlier);
		extent->n_pages = hs_bits_count(extent->present, (extent->end - extent->start) >> HS_PAGE_SHIFT);
		fresh->bytes += extent->n_pages << HS_PAGE_SHIFT;
	}
	*ret = hs_take(fresh);
	return NULL;
}
