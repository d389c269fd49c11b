/* SPDX-License-Identifier: Apache-2.0 */
/* Why objects are alive: paths from roots, of one object or merged of all of a type, as plain data; and their renderers. */
#ifndef HS_WHY_H
#define HS_WHY_H

#include <stdio.h>

#include "array.h"
#include "document.h"
#include "named_path.h"
#include "object_row.h"
#include "path_groups.h"
#include "reach.h"
#include "terminal.h"
#include "type_match.h"

struct hs_why {
	struct hs_document document;
	bool is_type;               /* of all objects of `match`; else of `object` */
	struct hs_type_match match;
	struct hs_object_row object;
	uint64_t n_objects;
	uint64_t n_unreached;       /* of these, by no root */
	HS_ARRAY(struct hs_named_path) paths; /* the cheapest, or the one with most objects, first */
	uint64_t n_paths;           /* there are so many; of one object: as were looked for */
};

/* The paths to one object. Errors: NO_MEMORY. */
struct hs_error *hs_why_object(struct hs_why *why, const struct hs_object_source *source, struct hs_reach *reach, hs_node node,
			       size_t n_max) HS_MUST_CHECK;
/* Those to all objects of the types that why->match means, merged. Errors: NO_MEMORY. */
struct hs_error *hs_why_type(struct hs_why *why, const struct hs_object_source *source, struct hs_reach *reach, size_t n_max) HS_MUST_CHECK;
void hs_why_deinit(struct hs_why *why);

/* One result, or those of several objects under the head of the first; n >= 1. */
void hs_why_text(FILE *out, const struct hs_why *results, size_t n, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_why_json(FILE *out, const struct hs_why *results, size_t n) HS_MUST_CHECK;

#endif
