/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the containers of one process again in another, by path and type: the earlier one's lengths are put down to the later one's
 * addresses, and what stands at a place that has no more objects than before counts as having been there.
 *
 *     then   EVENTS 100 items           ROOMS[*].history  3 lists, 30 items
 *     now    EVENTS 180 items at 0x7f…  ROOMS[*].history  4 lists, 90 items: three were there, with 10 each; the shortest is new
 *
 * Which of the items were there is unknown, only how many: all are new then, and count as far as their container grew (accumulation.h).
 */
#ifndef HS_PLACE_JOIN_H
#define HS_PLACE_JOIN_H

#include "places.h"
#include "sample.h"

/* The later moment, and the places of both. All borrowed. */
struct hs_place_join {
	const struct hs_path_places *then, *now;
	const uint32_t *of; /* by node: numbers in now->list */
	const struct hs_graph *graph;
	struct hs_reach *reach;
	const struct hs_sample *last; /* of the later moment */
};

/*
 * `earlier`: the sample of the earlier moment, whose containers are replaced by those of now, with the lengths of then; its identities are
 * dropped. ret_lived[node], of all nodes: an enum hs_lived. Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_place_join(const struct hs_place_join *join, struct hs_sample *earlier, uint8_t *ret_lived) HS_MUST_CHECK;

#endif
