/* SPDX-License-Identifier: Apache-2.0 */
/* Who refers weakly to an object, or to the objects of a type, as plain data; and the renderers, which are pure. */
#ifndef HS_WEAK_H
#define HS_WEAK_H

#include <stdio.h>

#include "array.h"
#include "document.h"
#include "object_row.h"
#include "path_groups.h"
#include "reach.h"
#include "terminal.h"
#include "type_match.h"
#include "weak_references.h"

/* An object that a row names. */
struct hs_weak_object {
	hs_addr address;  /* 0: there is none */
	const char *type; /* full name; borrowed */
	char repr[HS_REPR_BYTES];
};

/* One weak reference. */
struct hs_weak_row {
	hs_addr address;
	const char *type; /* full name of its own type; borrowed */
	enum hs_weak_role role;
	bool is_dead;
	struct hs_weak_object callback;
	struct hs_weak_object container; /* the dictionary or set that it is an entry of, the finalize object */
	struct hs_weak_object partner;   /* the key that the object stands under, the value that stands under the object */
	char calls[HS_REPR_BYTES];       /* what a callback or finalizer of the program's calls, by name; "": nothing, or the library itself */
	struct hs_weak_object arguments, keywords; /* of a finalizer */
	bool is_at_exit;
	char path[HS_EXPRESSION_BYTES];  /* to the reference, of very many merged; "": no root reaches it */
};

/* Weak references of one role that are held and that call alike. */
struct hs_weak_group {
	enum hs_weak_role role;
	const char *calls; /* as above; borrowed */
	const char *path;  /* merged; NULL: no root reaches them; borrowed */
	uint64_t count, n_dead;
};

struct hs_weak {
	struct hs_document document;
	bool is_type; /* of all objects of `match`, and of weak references of these types; else of `object` */
	struct hs_type_match match;
	struct hs_object_row object;
	bool has_finalizer;      /* its class has a __del__ */
	uint64_t n_references, n_dead, n_callbacks; /* callbacks of the program's own */
	uint64_t n_objects;      /* that are referred to */
	HS_ARRAY(struct hs_weak_row) rows;     /* of an object, by address */
	HS_ARRAY(struct hs_weak_group) groups; /* of a type, most references first */
	struct hs_path_labels labels;
	HS_ARRAY(char *) names;
	size_t n_shown;          /* rows or groups */
};

/* Each fills in all but `document`, `n_shown` and `match`; rows that are not shown have no path. Errors: NO_MEMORY, LIMIT. */
struct hs_error *hs_weak_object_gather(struct hs_weak *weak, const struct hs_object_source *source, struct hs_reach *reach, hs_node node) HS_MUST_CHECK;
struct hs_error *hs_weak_type_gather(struct hs_weak *weak, const struct hs_object_source *source, struct hs_reach *reach) HS_MUST_CHECK;
void hs_weak_deinit(struct hs_weak *weak);

void hs_weak_text(FILE *out, const struct hs_weak *weak, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_weak_json(FILE *out, const struct hs_weak *weak) HS_MUST_CHECK;

#endif
