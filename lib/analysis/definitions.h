/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects by the place in the source that defines what they are, for processes in which nobody recorded allocations: instances by
 * the class statement, functions and suspended generators by their def, running calls by the line that they are at.
 */
#ifndef HS_DEFINITIONS_H
#define HS_DEFINITIONS_H

#include "process_heap.h"

struct hs_definition {
	const char *kind; /* "class", "function", "generator", "coroutine", "async_generator", "frame" */
	char *name;       /* "app.Session", "Session.load" (up to 3.10: "load"); the target's bytes, as is `file`. Owned */
	char *file;       /* "": unknown */
	uint32_t line;    /* 0: unknown. Of a class before 3.13: that of its first method in the file, if any */
	uint64_t count;   /* instances; functions made by that def; generators that wait; calls that run */
	uint64_t bytes;   /* that these occupy, with their own storage */
};

HS_ARRAY_TYPE(hs_definition_list, struct hs_definition);

/* By descending bytes. *ret is zeroed before; the caller releases it, whatever this returned. Errors: NO_MEMORY. */
struct hs_error *hs_definitions_of(const struct hs_process_heap *heap, struct hs_definition_list *ret) HS_MUST_CHECK;
/*
 * Where a class is defined: "app.py:12", "app.py" where the line is unknown; NUL-terminated, the target's bytes. False: no file is known.
 */
bool hs_class_definition(const struct hs_process_heap *heap, const struct hs_type *type, char *ret, size_t ret_bytes);
void hs_definitions_release(struct hs_definition_list *definitions);

#endif
