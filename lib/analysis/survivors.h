/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of three moments of one process: what came between the first two and is still there at the third. What comes and goes is not among it,
 * nor is what was there all the time.
 *
 *     first    second   third
 *              NEW ──── NEW     a survivor, if it is proven to be the same, and proven or likely not to be older
 */
#ifndef HS_SURVIVORS_H
#define HS_SURVIVORS_H

#include "array.h"
#include "reach.h"
#include "sample.h"

/* Survivors of one type at one path, indices and keys taken as one. */
struct hs_survivor_group {
	char *type; /* full name; owned; the target's bytes */
	char *path; /* safe to print; owned; NULL: nothing leads to them */
	uint64_t count, bytes;
};

struct hs_survivors {
	HS_ARRAY(struct hs_survivor_group) list; /* most bytes first */
	uint64_t count, bytes; /* of all */
	uint64_t n_unknown;    /* objects that may be survivors: others would look the same */
};

/*
 * `first`, `second`: samples with identities. The rest is of the third moment. A mutable object that has changed looks new: such objects
 * count only of types that became more from the first moment to the second. The caller releases *ret, which is zero to begin, whatever this
 * returned. Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_survivors_find(const struct hs_sample *first, const struct hs_sample *second, const struct hs_process_heap *heap,
				   const struct hs_graph *graph, struct hs_reach *reach, struct hs_survivors *ret) HS_MUST_CHECK;
void hs_survivors_release(struct hs_survivors *survivors);

#endif
