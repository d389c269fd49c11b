/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing among the shipped tables: which ones come into question for an interpreter, and in which order. */
#ifndef HS_TABLE_SOURCE_H
#define HS_TABLE_SOURCE_H

#include <stdbool.h>

#include "array.h"
#include "error.h"
#include "table.h"

/* A shipped table that may fit. */
struct hs_table_candidate {
	const struct hs_shipped_table *shipped;
	char name[64];
	bool is_exact;    /* of that very version */
	bool is_same_binary; /* written from a binary with that build-id */
	unsigned distance; /* order: 0 fits best */
};

HS_ARRAY_TYPE(hs_table_candidates, struct hs_table_candidate);

/*
 * The tables of the minor version of `version_hex`, best first: same build-id, same version, then by distance of the
 * micro version. `without` is a glob of names to leave out, or NULL. The caller frees *ret.
 */
struct hs_error *hs_table_candidates_find(uint32_t version_hex, const char *build_id, const char *without,
					  struct hs_table_candidates *ret) HS_MUST_CHECK;

/* Puts the table's offsets and sizes into `layout` (version and symbols stay) and says so in its source and warnings. */
struct hs_error *hs_table_candidate_apply(const struct hs_table_candidate *candidate, struct hs_layout *layout) HS_MUST_CHECK;

/*
 * Replaces one struct of `layout` by that of the nearest other table in which it has `bytes` bytes; `ret_name` (64 bytes)
 * is that table's. Only neighbouring minor versions count. False when there is none.
 */
bool hs_table_replace_struct(enum hs_struct_id structure, uint32_t bytes, const char *without, struct hs_layout *layout,
			     char ret_name[64]);

/* The same for the members that point to objects: of the nearest table where the struct goes with that type's size. */
bool hs_table_replace_members(enum hs_members_id id, uint64_t basicsize, uint64_t itemsize, const char *without, struct hs_layout *layout,
			      char ret_name[64]);

static inline void hs_table_candidates_free(struct hs_table_candidates *candidates)
{
	hs_array_free(candidates);
}

#endif
