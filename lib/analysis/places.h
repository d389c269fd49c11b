/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the objects of one moment are, in words that hold for another process, too: by path, indices and keys taken as one, and by type.
 *
 *     __main__.EVENTS      list    1 object,     180 items
 *     __main__.EVENTS[*]   dict    180 objects,  720 items
 *
 * A place is known by a hash of these words, so that those of a moment take a few MiB. Variables of a function that runs are told apart by
 * the function's name, not by the line that it is at.
 */
#ifndef HS_PLACES_H
#define HS_PLACES_H

#include "address_index.h"
#include "array.h"
#include "object_graph.h"
#include "reach.h"

struct hs_path_place {
	uint64_t key;
	uint64_t count;
	uint64_t bytes;          /* of the objects themselves */
	uint64_t n_containers;   /* of them, those whose length can change (sample.h) … */
	uint64_t length;         /* … and what these have, together */
	uint64_t retained_bytes; /* by these; 0 unless wanted */
	char *path;              /* an expression, safe to print; NULL: not wanted, or no container; owned, as the next */
	char *type;              /* full name; the target's bytes */
};

struct hs_path_places {
	HS_ARRAY(struct hs_path_place) list;
	struct hs_address_index index; /* keys → numbers in `list` */
};

struct hs_places_options {
	bool wants_names;                      /* of containers */
	const struct hs_object_graph *holders; /* to tell what containers retain; NULL: not wanted */
	uint32_t *of;                          /* to be filled by node: the number of its place; UINT32_MAX: no object. NULL: not wanted */
};

/* The caller releases *ret, which is zero to begin, whatever this returned. Errors: NO_MEMORY, LIMIT. */
struct hs_error *hs_path_places_find(const struct hs_process_heap *heap, const struct hs_graph *graph, struct hs_reach *reach,
				const struct hs_places_options *options, struct hs_path_places *ret) HS_MUST_CHECK;
void hs_path_places_release(struct hs_path_places *places);

/* NULL: nothing is there. */
const struct hs_path_place *hs_place_of_key(const struct hs_path_places *places, uint64_t key);

#endif
