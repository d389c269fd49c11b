/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visiting one object for its references: which words of a scan count, which of its fields are weak, the blocks that it
 * adopted. What the rows are built by, and what hs_graph_each_edge reports.
 */
#ifndef HS_GRAPH_VISIT_H
#define HS_GRAPH_VISIT_H

#include "graph_internal.h"

/*
 * Where the object keeps the list of the weak references to it, inside the words that a visit scans; NULL when it has
 * none there. A scan must not take it for a reference.
 */
const void *graph_weak_word(const struct hs_cpython *py, const struct hs_object *object);

/* Scans the blocks that the object adopted, as hs_visitor.scan does. */
void graph_scan_adopted(const struct hs_heap *heap, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
