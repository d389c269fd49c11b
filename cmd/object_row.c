/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering what commands tell about one object. */
#include "object_row.h"

#include <stdlib.h>

#include "cleanup.h"
#include "json.h"

bool hs_object_row_of(const struct hs_object_source *source, hs_node node, bool with_repr, struct hs_object_row *ret)
{
	const struct hs_process_heap *heap = source->heap;
	struct hs_heap_object entry;
	const struct hs_object *object = &entry.object;
	uint64_t value;

	if (!hs_graph_object(source->graph, node, &entry))
		return false;
	ret->address = object->address;
	ret->type = hs_type_full_name(heap->types, object->type);
	ret->known = 0;
	ret->is_tracked = entry.is_gc_tracked;
	ret->generation = HS_GENERATION_NONE;
	ret->repr[0] = '\0';
	hs_object_row_set(ret, HS_OBJECT_ADDRESS, object->address);
	hs_object_row_set(ret, HS_OBJECT_BYTES, hs_graph_bytes(source->graph, node));
	if (source->holders) {
		hs_object_row_set(ret, HS_OBJECT_RETAINED, hs_object_graph_retained_bytes(source->holders, node));
		ret->n_retained = hs_object_graph_retained_count(source->holders, node);
	}
	if (entry.getsizeof_bytes != HS_SIZE_UNKNOWN)
		hs_object_row_set(ret, HS_OBJECT_GETSIZEOF, entry.getsizeof_bytes);
	if (hs_object_length(heap->py, object, &value))
		hs_object_row_set(ret, HS_OBJECT_LENGTH, value);
	if (hs_object_refcount(heap->py, object, &value))
		hs_object_row_set(ret, HS_OBJECT_REFCOUNT, value);
	if (with_repr)
		hs_object_repr(heap->py, heap->types, object, &hs_repr_short, ret->repr, sizeof(ret->repr));
	return true;
}

struct hs_error *hs_object_rows_find_generations(const struct hs_cpython *py, struct hs_object_row *rows, size_t n)
{
	HS_FREE hs_addr *addresses = calloc(n + 1, sizeof(*addresses));
	HS_FREE enum hs_generation *generations = calloc(n + 1, sizeof(*generations));
	size_t n_tracked = 0;

	if (!addresses || !generations)
		return hs_error_no_memory();
	for (size_t i = 0; i < n; i++)
		if (rows[i].is_tracked)
			addresses[n_tracked++] = rows[i].address;
	if (!n_tracked)
		return NULL;
	qsort(addresses, n_tracked, sizeof(*addresses), hs_address_compare);
	hs_generations_find(py, addresses, n_tracked, generations);
	for (size_t i = 0; i < n; i++) {
		const hs_addr *found = bsearch(&rows[i].address, addresses, n_tracked, sizeof(*addresses), hs_address_compare);
		if (found)
			rows[i].generation = generations[found - addresses];
	}
	return NULL;
}

static void set_value(json_t *object, const char *key, const struct hs_object_row *row, enum hs_object_field field)
{
	uint64_t value;

	json_object_set_new(object, key, hs_object_row_value(row, field, &value) ? hs_json_u64(value) : json_null());
}

static json_t *generation_json(enum hs_generation generation)
{
	if (generation == HS_GENERATION_NONE)
		return json_null();
	return generation == HS_GENERATION_PERMANENT ? json_string("permanent") : json_integer(generation);
}

json_t *hs_object_row_json(const struct hs_object_row *row)
{
	json_t *object = json_object();

	json_object_set_new(object, "address", hs_json_address(row->address));
	json_object_set_new(object, "type", hs_json_string(row->type));
	set_value(object, "bytes", row, HS_OBJECT_BYTES);
	set_value(object, "getsizeof", row, HS_OBJECT_GETSIZEOF);
	set_value(object, "retained", row, HS_OBJECT_RETAINED);
	json_object_set_new(object, "retained_objects",
			    hs_object_row_value(row, HS_OBJECT_RETAINED, &(uint64_t){ 0 }) ? hs_json_u64(row->n_retained) : json_null());
	set_value(object, "len", row, HS_OBJECT_LENGTH);
	set_value(object, "refcount", row, HS_OBJECT_REFCOUNT);
	json_object_set_new(object, "tracked", json_boolean(row->is_tracked));
	json_object_set_new(object, "generation", generation_json(row->generation));
	json_object_set_new(object, "repr", json_string(row->repr));
	return object;
}
