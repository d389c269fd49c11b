/* SPDX-License-Identifier: Apache-2.0 */
/* Visiting one object of a fake heap, and keeping what the visit reports. */
#include <stdlib.h>
#include <string.h>

#include "fake_heap.h"

static void record_storage(void *context, hs_addr start, uint64_t bytes)
{
	struct fake_record *record = context;

	if (record->n_storage < FAKE_MAX_RECORDS) {
		record->storage[record->n_storage].start = start;
		record->storage[record->n_storage].bytes = bytes;
	}
	record->n_storage++;
}

static void record_references(void *context, const struct hs_reference_run *run)
{
	struct fake_record *record = context;
	const uint8_t *at = run->words;

	for (size_t i = 0; i < run->n; i++, at += run->stride) {
		hs_addr word;
		memcpy(&word, at, sizeof(word));
		if (!word)
			continue;
		if (record->n_references < FAKE_MAX_RECORDS)
			record->references[record->n_references] = word;
		record->n_references++;
	}
}

static void record_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct fake_record *record = context;
	const uint8_t *at = words;
	volatile uint8_t last = n ? at[n * 8 - 1] : 0;

	(void)last;
	(void)what;
	record->n_scanned += (unsigned)n;
}

struct hs_object fake_view(const struct fake_heap *heap, hs_addr address, size_t body_bytes)
{
	struct hs_object object = {
		.address = address,
		.body = fake_at(heap, address, body_bytes),
		.body_bytes = body_bytes,
		.type = hs_type_at(heap->types_seen, fake_get(heap, address + 8)),
	};

	if (!object.type)
		abort();
	object.head_bytes = hs_object_has_gc_head(heap->py, &object) || object.type->has_preheader ? object.type->header_bytes : 0;
	return object;
}

struct fake_record fake_visit(const struct fake_heap *heap, const struct hs_object *object)
{
	struct fake_record record = { 0 };
	const struct hs_visitor visitor = {
		.context = &record, .storage = record_storage, .references = record_references, .scan = record_scan, .skips_classes = true,
	};

	hs_object_visit(heap->py, object, &visitor);
	return record;
}
