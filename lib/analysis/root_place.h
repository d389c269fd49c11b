/* SPDX-License-Identifier: Apache-2.0 */
/* Where a root is, in words: thread, function, file, line, variable. */
#ifndef HS_ROOT_PLACE_H
#define HS_ROOT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process_heap.h"
#include "root.h"

#define HS_PLACE_TEXT_BYTES 256

struct hs_root_place {
	uint64_t thread;  /* its identity as the system knows it, else as Python does; 0: none */
	int32_t line;     /* 0: unknown */
	char module[HS_PLACE_TEXT_BYTES];   /* whose code a frame runs; safe; "": unknown */
	char function[HS_PLACE_TEXT_BYTES]; /* its qualified name (up to 3.10 the name alone); safe; "": no frame's */
	char file[HS_PLACE_TEXT_BYTES];     /* as the code object has it; safe */
};

/* Only while the root is being visited. */
void hs_root_place_of(const struct hs_process_heap *heap, const struct hs_root *root, struct hs_root_place *ret);

/* The same of a frame alone; `thread` is left as it is. */
void hs_frame_place_of(const struct hs_process_heap *heap, const struct hs_frame *frame, struct hs_root_place *ret);

/* The root's own name, safe to print: a variable, a module, a field; false, and "", when it has none. */
bool hs_root_name(const struct hs_process_heap *heap, const struct hs_root *root, char *ret, size_t ret_bytes);

#endif
