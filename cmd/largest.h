/* SPDX-License-Identifier: Apache-2.0 */
/* The objects that hold most: by what they retain, and containers by their own size; each with the path to it. No values. */
#ifndef HS_LARGEST_H
#define HS_LARGEST_H

#include "array.h"
#include "expression.h"
#include "object_row.h"
#include "reach.h"

#define HS_N_LARGEST 20
/* More are looked at than are listed: some are namespaces. hs_object_graph_options.n_largest of what is told here. */
#define HS_N_LARGEST_CANDIDATES (4 * HS_N_LARGEST)

struct hs_large_object {
	struct hs_object_row row; /* its repr is empty */
	char path[HS_EXPRESSION_BYTES]; /* "": nothing reaches it */
};

HS_ARRAY_TYPE(hs_large_objects, struct hs_large_object);

struct hs_largest {
	struct hs_large_objects retainers;  /* by what they retain */
	struct hs_large_objects containers; /* by their own bytes */
};

/* At most HS_N_LARGEST of each. Errors: NO_MEMORY, LIMIT. */
struct hs_error *hs_largest_find(struct hs_largest *largest, const struct hs_object_source *source, struct hs_reach *reach) HS_MUST_CHECK;
void hs_largest_deinit(struct hs_largest *largest);

#endif
