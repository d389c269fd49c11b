/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds of containers: maxlen of a deque, maxsize of an lru_cache, and what the instance around a container says of itself. That a class
 * of the program's keeps to its maxsize is not certain: so long as the container is not longer, it is taken at its word.
 */
#include <string.h>

#include "attribute.h"
#include "dict.h"
#include "lru_cache.h"
#include "number.h"
#include "reach_internal.h"
#include "repr.h"
#include "suspect_internal.h"

#define MAX_OUTWARDS 3 /* nodes from the container to the instance: its dict lies between */

static bool deque_bound(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret)
{
	int64_t most;

	if (strcmp(object->type->kind->tp_name, "collections.deque") || !HS_HAS(py->layout, dequeobject, maxlen))
		return false;
	most = (int64_t)HS_BODY(py, object, dequeobject, maxlen);
	*ret = (uint64_t)most;
	return most >= 0;
}

static bool instance_bound(const struct hs_process_heap *heap, const struct hs_object *object, uint64_t *ret)
{
	static const char *const names[] = { "maxsize", "_maxsize", "max_size", "_max_size", "maxlen", "max_entries", "_max_entries", "capacity",
					     "_capacity", "maximum", "max_items", "limit", "_limit", "_Cache__maxsize" };
	int64_t value;

	if (!path_shapes_is_instance(object->type))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		hs_addr attribute = hs_instance_attribute(heap->py, heap->types, object->address, names[i]);
		if (attribute && hs_int_value(heap->py, attribute, &value) && value > 0) {
			*ret = (uint64_t)value;
			return true;
		}
	}
	return false;
}

/* What a module that keeps the container as a global says next to it. */
static bool module_bound(const struct suspect_search *search, hs_node dict, uint64_t *ret)
{
	static const char *const names[] = { "_MAXCACHE", "MAXCACHE", "_MAX_CACHE_SIZE", "MAX_CACHE_SIZE", "CACHE_SIZE", "_CACHE_SIZE", "CACHE_LIMIT" };
	const struct hs_cpython *py = search->input->heap->py;
	int64_t value;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		hs_addr constant = hs_dict_find(py, hs_graph_address(search->input->graph, dict), names[i]);
		if (constant && hs_int_value(py, constant, &value) && value > 0) {
			*ret = (uint64_t)value;
			return true;
		}
	}
	return false;
}

bool suspect_bound_of(const struct suspect_search *search, const struct hs_path *path, hs_node container, uint64_t *ret_limit, uint64_t *ret_filled)
{
	const struct hs_process_heap *heap = search->input->heap;
	struct hs_heap_object entry;
	struct hs_lru_cache cache;
	uint64_t length;

	if (!hs_graph_object(search->input->graph, container, &entry))
		return false;
	if (hs_object_fill(heap->py, &entry.object, &length))
		*ret_filled = length;
	if (deque_bound(heap->py, &entry.object, ret_limit))
		return true;
	for (uint32_t i = 1; path && i <= MAX_OUTWARDS && i < path->n; i++) {
		if (!hs_graph_object(search->input->graph, path->nodes[path->n - 1 - i], &entry))
			continue;
		if (hs_lru_cache_read(heap->py, &entry.object, &cache)) {
			*ret_limit = (uint64_t)cache.max_size;
			return cache.max_size >= 0;
		}
		if (instance_bound(heap, &entry.object, ret_limit))
			return *ret_filled <= *ret_limit;
		if (i == 1 && search->input->reach->classes[path->nodes[path->n - 2]] == CLASS_MODULE_DICT)
			return module_bound(search, path->nodes[path->n - 2], ret_limit) && *ret_filled <= *ret_limit;
	}
	return false;
}
