/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a report says of causes that it does not go into: the collector's state, memory that is not Python's, the process's own record of
 * allocations. Each is read in no time, and names the command that tells it in full.
 */
#ifndef HS_HINTS_H
#define HS_HINTS_H

#include <jansson.h>
#include <stdio.h>

#include "document.h"
#include "process_heap.h"
#include "terminal.h"

struct hs_hints {
	bool is_known;        /* false: the collector was not looked at */
	bool collector_is_off, saves_all, has_frozen; /* of the main interpreter's collector */
	uint64_t n_garbage;   /* len(gc.garbage) */
	bool is_tracing;      /* tracemalloc's */
	bool has_unreached;   /* set by the caller: a large object that no root reaches */
};

/* What cannot be read is not known. */
void hs_hints_gather(struct hs_hints *hints, const struct hs_process_heap *heap);

/* A line for each that matters; nothing for a process in which all is as usual. */
void hs_hints_put(FILE *out, const struct hs_hints *hints, const struct hs_document *document, const struct hs_style *style);
/* A new object; null when it is not known. */
json_t *hs_hints_json(const struct hs_hints *hints);

#endif
