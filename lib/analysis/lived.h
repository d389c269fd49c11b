/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proves that an object has lived, besides how it looks. A str, a tuple, a record that was freed and made again with the same contents
 * at the same address looks as before; but then what holds it was made again, too.
 */
#ifndef HS_LIVED_H
#define HS_LIVED_H

#include <stdint.h>

#include "error.h"
#include "graph.h"

/*
 * `lived`: what hs_sample_mark_lived() made of the graph's heap, by node. What looks as before, and is held by objects of which none is
 * proven to have lived, becomes HS_LIVED_UNKNOWN; so does what only that holds. Instances of classes are left as they are: the next link of
 * a chain that grows at its head is held by a new one; unless each of their parts that is not shared by many proves nothing itself, so that
 * they are known by where these stand and nothing else. Linear in references. Errors: NO_MEMORY.
 */
struct hs_error *hs_lived_doubt(const struct hs_graph *graph, uint8_t *lived) HS_MUST_CHECK;

#endif
