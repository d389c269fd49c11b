/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set and frozenset: a hash table of {key, hash}, small ones inside the object (Objects/setobject.c). A deleted entry's
 * key is a dummy object of the runtime's.
 */
#include "set.h"

#define MAX_SLOTS ((uint64_t)1 << 40)

static bool table_is_inside(const struct hs_cpython *py, const struct hs_object *object, hs_addr table)
{
	return table == object->address + (uint32_t)HS_OFFSET(py->layout, PySetObject, smalltable);
}

uint64_t hs_set_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n_slots = HS_BODY(py, object, PySetObject, mask) + 1;

	if (n_slots > MAX_SLOTS)
		return HS_SIZE_UNKNOWN;
	if (table_is_inside(py, object, HS_BODY(py, object, PySetObject, table)))
		return object->type->basicsize;
	return object->type->basicsize + n_slots * HS_SIZEOF(py->layout, setentry);
}

static void visit_entries(const uint8_t *entries, uint64_t n, size_t entry_bytes, const struct hs_visitor *visitor)
{
	const struct hs_reference_run run = {
		.words = entries, .n = n, .stride = entry_bytes, .relation = HS_STRONG, .kind = HS_EDGE_ITEM,
	};

	if (n)
		visitor->references(visitor->context, &run);
}

/* Where entries were deleted: these are no references. */
static void visit_between_dummies(const struct hs_cpython *py, const uint8_t *entries, uint64_t n, size_t entry_bytes,
				  const struct hs_visitor *visitor)
{
	uint64_t first = 0, key;

	for (uint64_t i = 0; i < n; i++) {
		memcpy(&key, entries + i * entry_bytes, sizeof(key));
		if (key != py->set_dummy)
			continue;
		visit_entries(entries + first * entry_bytes, i - first, entry_bytes, visitor);
		first = i + 1;
	}
	visit_entries(entries + first * entry_bytes, n - first, entry_bytes, visitor);
}

void hs_set_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	size_t entry_bytes = HS_SIZEOF(py->layout, setentry);
	hs_addr table = HS_BODY(py, object, PySetObject, table);
	uint64_t n_slots = HS_BODY(py, object, PySetObject, mask) + 1;

	if (!table || n_slots > MAX_SLOTS)
		return;
	const uint8_t *entries = hs_image_at(py->image, table, n_slots * entry_bytes);
	if (!table_is_inside(py, object, table))
		visitor->storage(visitor->context, table, n_slots * entry_bytes);
	if (!entries)
		return;
	entries += HS_OFFSET(py->layout, setentry, key);
	if (HS_BODY(py, object, PySetObject, fill) == HS_BODY(py, object, PySetObject, used))
		visit_entries(entries, n_slots, entry_bytes, visitor);
	else
		visit_between_dummies(py, entries, n_slots, entry_bytes, visitor);
}
