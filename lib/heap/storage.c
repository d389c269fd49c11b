/* SPDX-License-Identifier: Apache-2.0 */
/* What one object owns besides its block, asked of a finished pass: nothing is claimed, nothing followed. */
#include "heap_internal.h"

struct summing {
	const struct hs_heap *heap;
	uint64_t bytes;
};

static void add_storage(void *context, hs_addr start, uint64_t bytes)
{
	struct summing *summing = context;

	summing->bytes += hs_heap_storage_block_bytes(summing->heap, start, bytes);
}

uint64_t hs_heap_storage_of(const struct hs_heap *heap, const struct hs_object *object)
{
	struct summing summing = { .heap = heap };
	const struct hs_visitor visitor = hs_visitor_of_storage(add_storage, &summing);

	hs_object_visit(heap->py, object, &visitor);
	return summing.bytes;
}
