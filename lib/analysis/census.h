/* SPDX-License-Identifier: Apache-2.0 */
/* The census: how many objects of which type fill the process, and how many bytes they occupy. */
#ifndef HS_CENSUS_H
#define HS_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "capture.h"
#include "error.h"
#include "image.h"
#include "layout.h"
#include "process_heap.h"

/* All types of one name. */
struct hs_census_type {
	char *name;               /* "builtins.dict", "app.Session": module.qualname; the target's bytes, NUL-terminated: escape before printing */
	uint64_t n_types;         /* type objects of this name that have instances */
	uint64_t count;
	uint64_t gc_tracked;
	uint64_t bytes;           /* allocator bytes occupied: blocks, malloc chunks, out-of-line storage; each block once */
	uint64_t getsizeof_bytes; /* what sys.getsizeof would add up to */
};

struct hs_census {
	HS_ARRAY(struct hs_census_type) types;  /* by descending bytes, then name */
	uint64_t n_objects;
	uint64_t bytes;
	uint64_t in_use_bytes;     /* live pymalloc blocks + malloc chunks in use by Python */
	uint64_t explained_bytes;  /* of these, attributed to an object */
	unsigned n_interpreters;
	bool has_unproven_skips;   /* a range of `skipped` is not proven to hold raw bytes only: capture once more, whole */
	uint64_t n_inconsistent;   /* pools and objects that contradict themselves: a stop may have caught them being changed */
	bool is_complete;          /* false: a list or table was broken, or memory was missing; `warnings` say what */
	HS_ARRAY(char *) warnings; /* owned */
};

struct hs_census_options {
	unsigned n_workers; /* 0: as many as this process may use */
	const struct hs_address_ranges *skipped; /* what the capture left out as raw payloads, by their malloc blocks; NULL: nothing */
};

/*
 * Counts every object of every interpreter in the image. Nothing is stopped: only the image is read.
 * Errors: BAD_DATA when the runtime's structures contradict themselves, NO_MEMORY.
 */
struct hs_error *hs_census_take(const struct hs_image *image, const struct hs_layout *layout,
				const struct hs_census_options *options, struct hs_census **ret) HS_MUST_CHECK;
/*
 * The same of a heap that is open already, and stays so. `skipped`: as above. Errors: NO_MEMORY.
 */
struct hs_error *hs_census_of(const struct hs_process_heap *heap, const struct hs_address_ranges *skipped, struct hs_census **ret) HS_MUST_CHECK;
/*
 * Adds up rows of one name, whose other names are freed, and sorts by descending bytes, then name. Returns how many rows are left.
 */
size_t hs_census_types_merge(struct hs_census_type *types, size_t n_types);
/* NULL is legal. */
void hs_census_destroy(struct hs_census *census);

#endif
