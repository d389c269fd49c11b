/* SPDX-License-Identifier: Apache-2.0 */
/* The two passes over what collectors look at: whose an object is, what it tells. */
#ifndef HS_COLLECTABLE_INTERNAL_H
#define HS_COLLECTABLE_INTERNAL_H

#include "collectable.h"

/* The object at a node, by the types that worker `worker` of the heap has cached. False when there is none. */
bool collectable_object(const struct hs_graph *graph, hs_node node, unsigned worker, struct hs_object *ret);

/* Fills in the rows and what was scanned, and takes what is told off `held`. */
struct hs_error *collectable_visit(struct hs_collectable *collectable, const struct hs_graph *graph) HS_MUST_CHECK;

#endif
