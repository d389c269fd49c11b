/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set and frozenset: a hash table of {key, hash}, small ones inside the object (Objects/setobject.c). A deleted entry's
 * key is a dummy object of the runtime's, which is a reference like any other to a reader.
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
	const struct hs_reference_run run = {
		.words = entries + HS_OFFSET(py->layout, setentry, key), .n = n_slots, .stride = entry_bytes,
		.relation = HS_STRONG, .kind = HS_EDGE_ITEM,
	};
	visitor->references(visitor->context, &run);
}
