/* SPDX-License-Identifier: Apache-2.0 */
/* One object, who refers to it and what it refers to, as plain data; and the renderers, which are pure. */
#ifndef HS_REFS_H
#define HS_REFS_H

#include <stdio.h>

#include "array.h"
#include "document.h"
#include "object_row.h"
#include "reference_name.h"
#include "root.h"
#include "root_place.h"
#include "terminal.h"

/* A reference, and the object at its other end. */
struct hs_ref {
	unsigned depth;    /* 1: to or from the object itself; deeper ones follow the one that they belong to */
	bool is_again;     /* the other end is shown with its own references elsewhere: here it is without */
	uint8_t kind;      /* enum hs_edge_kind */
	unsigned relation; /* enum hs_relation */
	uint64_t count;    /* equal neighbours */
	bool has_name;
	bool is_python;    /* Python can evaluate `step` */
	char name[HS_REFERENCE_NAME_BYTES];
	char step[HS_REFERENCE_NAME_BYTES]; /* as Python spells it: ".user", "[17]" */
	hs_addr address;   /* of the other end */
	const char *type;  /* full name; borrowed */
	char repr[HS_REPR_BYTES];
};

/* A root that refers to the object. */
struct hs_ref_root {
	enum hs_root_kind kind;
	uint8_t edge_kind;
	bool is_owned;
	char name[HS_REFERENCE_NAME_BYTES]; /* "": none */
	struct hs_root_place place;
};

HS_ARRAY_TYPE(hs_ref_list, struct hs_ref);

struct hs_refs {
	struct hs_document document;
	struct hs_object_row object;
	struct hs_ref_list fields;    /* what it consists of: attributes, slots, items; those of its instance dict, too */
	struct hs_ref_list referrers;
	struct hs_ref_list referents;
	HS_ARRAY(struct hs_ref_root) roots;
	uint64_t n_fields, n_referrers, n_referents; /* at depth 1, shown or not */
};

struct hs_refs_options {
	unsigned depth; /* >= 1 */
	size_t n_max;   /* references shown of one object */
};

#define HS_REFS_MAX_DEPTH 32
#define HS_REFS_MAX_SHOWN 100000 /* in each direction, whatever the depth */

/* Fills in all but `document`. Errors: NO_MEMORY. */
struct hs_error *hs_refs_gather(struct hs_refs *refs, const struct hs_object_source *source, hs_node node,
				const struct hs_refs_options *options) HS_MUST_CHECK;
void hs_refs_deinit(struct hs_refs *refs);

/* How it differs from a reference that the object's count knows: "(weak)"; "": it does not. */
const char *hs_ref_note(const struct hs_ref *ref);

void hs_refs_text(FILE *out, const struct hs_refs *refs, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_refs_json(FILE *out, const struct hs_refs *refs) HS_MUST_CHECK;

#endif
