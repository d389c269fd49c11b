/* SPDX-License-Identifier: Apache-2.0 */
/* The garbage collectors of a process as plain data, with what a reader should do about them; and the renderers, which are pure. */
#ifndef HS_GC_H
#define HS_GC_H

#include <stdio.h>

#include "array.h"
#include "collector.h"
#include "document.h"
#include "process_heap.h"
#include "terminal.h"

/* An object of gc.garbage or gc.callbacks. */
struct hs_gc_object {
	hs_addr address;
	const char *type; /* full name; borrowed from the types; the target's bytes. NULL: there is no object */
	char *repr;       /* safe to print; owned */
};

struct hs_gc_objects {
	uint64_t n; /* of the list */
	HS_ARRAY(struct hs_gc_object) shown; /* its first ones */
};

struct hs_gc_collector {
	struct hs_collector state;
	struct hs_gc_objects garbage, callbacks;
	HS_ARRAY(char *) notes; /* sentences without a full stop; owned */
};

struct hs_gc {
	struct hs_document document;
	HS_ARRAY(struct hs_gc_collector) collectors; /* the main interpreter's first */
};

/*
 * Reads all collectors, and at most `n_garbage` objects of each gc.garbage. Fills in all but `document`, which is borrowed from.
 * Errors: FAULT, NO_MEMORY.
 */
struct hs_error *hs_gc_gather(struct hs_gc *gc, const struct hs_process_heap *heap, size_t n_garbage) HS_MUST_CHECK;
void hs_gc_deinit(struct hs_gc *gc);

/* Adds what its figures mean for the reader. Errors: NO_MEMORY. */
struct hs_error *hs_gc_add_notes(struct hs_gc_collector *collector) HS_MUST_CHECK;

/* False: a list was broken, figures are lower bounds. */
bool hs_gc_is_complete(const struct hs_gc *gc);

/* The name of debug flag `bit`, "DEBUG_SAVEALL"; NULL: it has none. */
#define HS_GC_N_DEBUG_BITS 6
const char *hs_gc_debug_name(unsigned bit);

void hs_gc_text(FILE *out, const struct hs_gc *gc, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_gc_json(FILE *out, const struct hs_gc *gc) HS_MUST_CHECK;

#endif
