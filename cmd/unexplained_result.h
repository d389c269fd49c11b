/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with more references than were found, added up by type: as plain data, as a part of a text, as JSON. */
#ifndef HS_UNEXPLAINED_RESULT_H
#define HS_UNEXPLAINED_RESULT_H

#include <jansson.h>
#include <stdio.h>

#include "array.h"
#include "capture.h"
#include "object_row.h"
#include "terminal.h"
#include "unexplained.h"

struct hs_unexplained_row {
	const char *type; /* full name; borrowed */
	enum hs_unexplained_place place;
	uint64_t count;   /* objects */
	bool is_of_imports; /* nothing names them, they are types or of a type made in C, and few: imports lose as many, once */
	/* of the first of them */
	hs_addr address;
	uint64_t refcount, n_found;
	hs_addr where;    /* of a word outside of objects that names it; 0: none, or a register */
	size_t first;     /* all: [first, first + count) of the result's addresses */
};

struct hs_unexplained_result {
	HS_ARRAY(struct hs_unexplained_row) rows; /* lost references first, then by descending counts */
	HS_ARRAY(hs_addr) addresses;
};

/* Adds up what hs_unexplained_find listed. Errors: NO_MEMORY. */
struct hs_error *hs_unexplained_gather(struct hs_unexplained_result *result, const struct hs_object_source *source,
				       const struct hs_unexplained_list *list) HS_MUST_CHECK;
void hs_unexplained_result_deinit(struct hs_unexplained_result *result);

/*
 * An empty line, and the table without what running calls may hold, without types of which C code holds a few, and without what imports
 * lose, of which a line tells; nothing when nothing is left.
 */
void hs_unexplained_put_leaks(FILE *out, const struct hs_unexplained_result *result, size_t n_max, const struct hs_style *style);
/* A table of at most `n_max` rows; nothing when there are none. */
void hs_unexplained_put(FILE *out, const struct hs_unexplained_result *result, size_t n_max, const struct hs_style *style);
json_t *hs_unexplained_json(const struct hs_unexplained_result *result);

#endif
