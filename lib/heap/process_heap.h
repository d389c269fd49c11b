/* SPDX-License-Identifier: Apache-2.0 */
/* All that is decoded of one image: the CPython in it, its types, its objects; opened and closed as one. */
#ifndef HS_PROCESS_HEAP_H
#define HS_PROCESS_HEAP_H

#include "heap.h"

struct hs_process_heap {
	struct hs_cpython *py;
	struct hs_types *types;
	struct hs_heap *heap;
};

/*
 * Enumerates the objects of the CPython in `image`, which is borrowed like `layout` until the heap is closed. The target need
 * not be stopped. The caller owns *ret. Errors: BAD_DATA when the runtime's structures contradict themselves, NO_MEMORY.
 */
struct hs_error *hs_process_heap_open(const struct hs_image *image, const struct hs_layout *layout, const struct hs_heap_options *options,
				      struct hs_process_heap **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_process_heap_close(struct hs_process_heap *process_heap);

#endif
