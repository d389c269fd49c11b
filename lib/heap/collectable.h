/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector of each interpreter would look at, and what it would be told: the objects that it tracks, the references
 * between them that their tp_traverse reports, and how many references to each are not among these.
 *
 * The objects of one collector are a domain. Out of every domain are objects that are not tracked, frozen (gc.freeze()) or immortal.
 */
#ifndef HS_COLLECTABLE_H
#define HS_COLLECTABLE_H

#include "graph.h"

/* A word of a C struct that nobody describes: tp_traverse may report it. */
struct hs_scanned_reference {
	hs_node source, target;
};

struct hs_collectable {
	hs_node n;         /* those of the graph */
	uint16_t *domains; /* by node: 0, of none; else 1 + the index of an interpreter that has this collector */
	/*
	 * By node of a domain: references that count and are not told to the collector. More told than counted wraps around: then
	 * something about the object is not understood, and it is held.
	 */
	uint32_t *held;
	/* By node: what it tells of its own domain, neighbours that are equal once; borrowed references of 3.14+ too, which count nothing. */
	struct hs_rows rows;
	hs_node *targets;
	uint64_t n_targets;
	struct hs_scanned_reference *scanned; /* within a domain, by source */
	size_t n_scanned;
	uint64_t n_not_followed; /* tables left out because containers share them by the thousand: not complete */
};

/*
 * Visits every tracked object again, with as many threads as the graph was built with; the result does not depend on it. Free it
 * with hs_collectable_deinit, whatever it returned. Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_collectable_init(struct hs_collectable *ret, const struct hs_graph *graph) HS_MUST_CHECK;
void hs_collectable_deinit(struct hs_collectable *collectable);


#endif
