/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All objects by what holds them: instances of a class with their dicts as one, builtin containers told apart by where they hang
 * ("list at app.Room.history", "dict at app.CACHE[*]"), the rest by type. Every object is in one row.
 */
#ifndef HS_HOLDERS_H
#define HS_HOLDERS_H

#include "census.h"
#include "expression.h"
#include "reach.h"

#define HS_HOLDER_LABEL_BYTES (HS_EXPRESSION_BYTES + 64) /* of a row's name, at most */

HS_ARRAY_TYPE(hs_holder_list, struct hs_census_type);

/*
 * Rows by descending bytes, then name; of each only name, n_types (1), count and bytes are set. Names are safe to print and show no
 * values. The caller frees *ret with hs_holders_free, whatever this returned. Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_holders_find(const struct hs_process_heap *heap, const struct hs_graph *graph, struct hs_reach *reach,
				 struct hs_holder_list *ret) HS_MUST_CHECK;
void hs_holders_free(struct hs_holder_list *holders);

#endif
