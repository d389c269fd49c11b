/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a type as plain data, and their renderers, which are pure. */
#ifndef HS_OBJECTS_H
#define HS_OBJECTS_H

#include <stdio.h>

#include "array.h"
#include "document.h"
#include "object_filter.h"
#include "object_row.h"
#include "terminal.h"
#include "type_match.h"

#define HS_OBJECTS_MAX_FILTERS 16
#define HS_OBJECTS_ALL SIZE_MAX

struct hs_objects {
	struct hs_document document;
	const char *asked;        /* the type as the user named it */
	struct hs_type_match match;
	uint64_t n_matching;      /* objects that fulfil all conditions … */
	uint64_t bytes;           /* … and what they occupy */
	HS_ARRAY(struct hs_object_row) rows; /* the first of them, in the order asked for; owned */
};

struct hs_objects_selection {
	const struct hs_object_filter *filters;
	size_t n_filters;
	enum hs_object_field sort; /* largest first; HS_OBJECT_ADDRESS: smallest first */
	size_t n_max;
};

/* Fills in all but `document`. Errors: LOOKUP (no such type), NO_MEMORY. */
struct hs_error *hs_objects_select(struct hs_objects *objects, const struct hs_object_source *source, const char *type,
				   const struct hs_objects_selection *selection) HS_MUST_CHECK;
void hs_objects_deinit(struct hs_objects *objects);

void hs_objects_text(FILE *out, const struct hs_objects *objects, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_objects_json(FILE *out, const struct hs_objects *objects) HS_MUST_CHECK;

#endif
