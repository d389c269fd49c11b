/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a heap and what it borrows are opened and closed. */
#include "process_heap.h"

#include <stdlib.h>

#include "cleanup.h"

static void close_process_heap(struct hs_process_heap **process_heap)
{
	hs_process_heap_close(*process_heap);
}

struct hs_error *hs_process_heap_open(const struct hs_image *image, const struct hs_layout *layout, const struct hs_heap_options *options,
				      struct hs_process_heap **ret)
{
	HS_CLEANUP(close_process_heap) struct hs_process_heap *opened = calloc(1, sizeof(*opened));

	if (!opened)
		return hs_error_no_memory();
	HS_TRY(hs_cpython_open(image, layout, &opened->py));
	HS_TRY(hs_types_open(opened->py, &opened->types));
	HS_TRY(hs_heap_open(opened->py, opened->types, options, &opened->heap));
	*ret = hs_take(opened);
	return NULL;
}

void hs_process_heap_close(struct hs_process_heap *process_heap)
{
	if (!process_heap)
		return;
	hs_heap_close(process_heap->heap);
	hs_types_close(process_heap->types);
	hs_cpython_close(process_heap->py);
	free(process_heap);
}
