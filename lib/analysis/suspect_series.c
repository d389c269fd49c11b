/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of a long series. New objects are known of its last stretch alone, lengths and counts of all of it: what an item takes now is
 * what it took before.
 */
#include <stdlib.h>

#include "cleanup.h"
#include "suspect_internal.h"

#define MAX_TALLIED ((size_t)1 << 16)

/* What is in a container that grew, but not since the base: any part of it is like the rest. */
static void tally_all(const struct suspect_search *search, struct suspect_group *group, const struct hs_container_history *history)
{
	struct suspect_tally own = { 0 };
	double part = (double)history->slow_items / (double)history->length;
	size_t n;
	const hs_node *targets = hs_graph_targets(search->input->graph, history->node, &n);

	for (size_t i = 0; i < n && i < MAX_TALLIED; i++)
		suspect_tally_add(&own, hs_observed_group(&search->observed, targets[i]), 1,
				  (double)hs_object_graph_retained_bytes(search->input->holders, targets[i]));
	for (unsigned i = 0; i < own.n; i++)
		suspect_tally_add(&group->tally, own.types[i], (uint64_t)(part * (double)own.counts[i] + 0.5), part * own.bytes[i]);
}

double suspect_add_slow(struct suspect_search *search, struct suspect_group *group, const struct hs_container_history *history)
{
	double bytes = (double)hs_object_graph_retained_bytes(search->input->holders, history->node) * (double)history->slow_items /
		       (double)history->length;

	tally_all(search, group, history);
	group->exclusive += bytes;
	group->slow_bytes += bytes;
	group->slow_items += history->slow_items;
	return bytes;
}

static void multiply(struct hs_suspect *suspect, double factor)
{
	for (size_t i = 0; i < suspect->n_grows_by; i++) {
		suspect->grows_by[i].count = (uint64_t)(factor * (double)suspect->grows_by[i].count + 0.5);
		suspect->grows_by[i].bytes *= factor;
	}
}

static void stretch(struct hs_suspect *suspect, const struct suspect_group *group, double rise)
{
	struct hs_suspect_figures *figures = &suspect->figures;
	double slow = (double)group->slow_items, fast_bytes = figures->bytes - group->slow_bytes, fast = rise > slow ? rise - slow : 0;
	double slow_part = slow > rise ? rise / slow : 1;

	figures->bytes = group->slow_bytes * slow_part + (group->items ? fast_bytes * fast / (double)group->items : 0);
	figures->items = (uint64_t)rise;
	multiply(suspect, rise / ((double)group->items + slow));
}

void suspect_stretch_container(const struct suspect_search *search, struct hs_suspect *suspect, const struct suspect_group *group)
{
	int64_t rise = hs_observed_rise(&search->observed, suspect->lengths);

	suspect->figures.seconds = search->observed.whole_seconds;
	suspect->rests_on_floor = rise <= 0;
	if (rise > 0 && group->items + group->slow_items)
		stretch(suspect, group, (double)rise);
}

void suspect_stretch_type(const struct suspect_search *search, struct hs_suspect *suspect, uint32_t type)
{
	const struct hs_observed_growth *observed = &search->observed;
	HS_FREE uint64_t *counts = calloc(observed->input.n_samples, sizeof(*counts));
	double lately = observed->count_growth[type] > 0 ? (double)observed->count_growth[type] : 1;

	if (!counts)
		return;
	for (size_t i = 0; i < observed->input.n_samples; i++)
		counts[i] = hs_observed_count(observed, type, i);
	int64_t rise = hs_observed_rise(observed, counts);
	suspect->figures.seconds = observed->whole_seconds;
	suspect->rests_on_floor = rise <= 0;
	if (rise <= 0)
		return;
	double factor = (double)rise / lately;
	suspect->figures.bytes *= factor;
	suspect->figures.items = (uint64_t)(factor * (double)suspect->figures.items + 0.5);
	multiply(suspect, factor);
}
