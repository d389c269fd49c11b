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

static void ignore_references(void *context, const struct hs_reference_run *run)
{
	(void)context;
	(void)run;
}

static void ignore_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	(void)context;
	(void)words;
	(void)n;
	(void)what;
}

uint64_t hs_heap_storage_of(const struct hs_heap *heap, const struct hs_object *object)
{
	struct summing summing = { .heap = heap };
	const struct hs_visitor visitor = {
		.context = &summing, .storage = add_storage, .references = ignore_references, .scan = ignore_scan,
	};

	hs_object_visit(heap->py, object, &visitor);
	return summing.bytes;
}
