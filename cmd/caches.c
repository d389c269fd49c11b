/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the caches among all objects; and the list as JSON. */
#include "caches.h"

#include <stdlib.h>

#include "callable_name.h"
#include "cleanup.h"
#include "json.h"
#include "type_fields.h"

#define MAX_HOLDERS 64 /* of a cache, that are looked at */

/* The dict is the namespace of a class. */
static bool is_of_class(const struct hs_object_source *source, hs_node dict)
{
	hs_addr address = hs_graph_address(source->graph, dict);
	size_t n;
	const hs_node *holders = hs_graph_sources(source->graph, dict, &n);

	for (size_t i = 0; holders && i < n && i < MAX_HOLDERS; i++) {
		const struct hs_type *type = hs_graph_type(source->graph, holders[i]);
		if (type && type->flags & HS_TPFLAGS_TYPE_SUBCLASS && hs_type_dict(source->heap->py, hs_graph_address(source->graph, holders[i])) == address)
			return true;
	}
	return false;
}

/* A static or class method has the cache inside: then no instance is its argument. */
static bool is_method(const struct hs_object_source *source, hs_node cache)
{
	size_t n;
	const hs_node *holders = hs_graph_sources(source->graph, cache, &n);

	for (size_t i = 0; holders && i < n && i < MAX_HOLDERS; i++)
		if (is_of_class(source, holders[i]))
			return true;
	return false;
}

static int compare_rows(const void *a, const void *b)
{
	const struct hs_cache_row *left = a, *right = b;
	bool left_bounded = left->cache.max_size >= 0, right_bounded = right->cache.max_size >= 0;

	if (left_bounded != right_bounded)
		return left_bounded ? 1 : -1;
	if (left->retained_bytes != right->retained_bytes)
		return left->retained_bytes > right->retained_bytes ? -1 : 1;
	return left->address < right->address ? -1 : left->address > right->address;
}

static struct hs_error *add_cache(struct hs_caches *caches, const struct hs_object_source *source, hs_node node)
{
	struct hs_heap_object entry;
	struct hs_lru_cache cache;

	if (!hs_graph_object(source->graph, node, &entry))
		return NULL;
	if (!hs_lru_cache_read(source->heap->py, &entry.object, &cache)) {
		caches->is_unknown = true;
		return NULL;
	}
	struct hs_cache_row *row = hs_array_append(&caches->rows);
	if (!row)
		return hs_error_no_memory();
	*row = (struct hs_cache_row){
		.address = entry.object.address, .cache = cache, .is_method = is_method(source, node),
		.retained_bytes = hs_object_graph_retained_bytes(source->holders, node),
	};
	hs_callable_name(source->heap, cache.function, row->function, sizeof(row->function));
	caches->n_unbounded += cache.max_size < 0;
	caches->retained_bytes += row->retained_bytes;
	return NULL;
}

struct hs_error *hs_caches_gather(struct hs_caches *caches, const struct hs_object_source *source)
{
	for (hs_node node = 0; node < hs_graph_node_count(source->graph); node++) {
		const struct hs_type *type = hs_graph_type(source->graph, node);
		if (type && hs_is_lru_cache(&(struct hs_object){ .type = type }))
			HS_TRY(add_cache(caches, source, node));
	}
	if (caches->rows.n)
		qsort(caches->rows.items, caches->rows.n, sizeof(*caches->rows.items), compare_rows);
	return NULL;
}

void hs_caches_deinit(struct hs_caches *caches)
{
	hs_array_free(&caches->rows);
}

static json_t *row_json(const struct hs_cache_row *row)
{
	json_t *object = json_object();

	json_object_set_new(object, "function", json_string(row->function));
	json_object_set_new(object, "address", hs_json_address(row->address));
	json_object_set_new(object, "hits", hs_json_u64(row->cache.hits));
	json_object_set_new(object, "misses", hs_json_u64(row->cache.misses));
	json_object_set_new(object, "maxsize", row->cache.max_size < 0 ? json_null() : hs_json_u64((uint64_t)row->cache.max_size));
	json_object_set_new(object, "currsize", hs_json_u64(row->cache.size));
	json_object_set_new(object, "typed", json_boolean(row->cache.is_typed));
	json_object_set_new(object, "retained_bytes", hs_json_u64(row->retained_bytes));
	json_object_set_new(object, "method", json_boolean(row->is_method));
	return object;
}

struct hs_error *hs_caches_json(FILE *out, const struct hs_caches *caches)
{
	json_t *root = hs_document_json(&caches->document), *rows = json_array();

	for (size_t i = 0; i < caches->n_shown && i < caches->rows.n; i++)
		json_array_append_new(rows, row_json(&caches->rows.items[i]));
	json_object_set_new(root, "n_caches", hs_json_u64(caches->rows.n));
	json_object_set_new(root, "caches", rows);
	return hs_json_write(out, root);
}
