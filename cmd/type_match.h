/* SPDX-License-Identifier: Apache-2.0 */
/* Which types of the target a user means by a name. */
#ifndef HS_TYPE_MATCH_H
#define HS_TYPE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "process_heap.h"

struct hs_type_match {
	char *name;       /* owned: the types' full name, or the glob that was given */
	uint64_t n_types; /* type objects that are meant and have instances */
	uint64_t n_objects;
	bool *is_meant;   /* owned; by hs_type.index, n_all of them */
	size_t n_all;
};

/*
 * `text` is a full name ("app.Session", "dict"), a glob ("app.*"), or the end of a full name behind a dot ("Session") that no other
 * type has. Errors: LOOKUP, with all that fit as hint, or the subclasses of a type that no object has, or the nearest names.
 */
struct hs_error *hs_type_match(const struct hs_process_heap *heap, const char *text, struct hs_type_match *ret) HS_MUST_CHECK;
void hs_type_match_deinit(struct hs_type_match *match);

static inline bool hs_type_is_meant(const struct hs_type_match *match, const struct hs_type *type)
{
	return type && type->index < match->n_all && match->is_meant[type->index];
}

/*
 * How far `text` is from `name`: letters to change, add or drop, upper and lower case being the same; UINT_MAX beyond `max`.
 */
unsigned hs_edit_distance(const char *text, const char *name, unsigned max);

#endif
