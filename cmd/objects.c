/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects are listed, in which order; and the list as JSON. */
#include "objects.h"

#include <stdlib.h>

#include "cleanup.h"
#include "json.h"

/* An object that fulfils the conditions. */
struct hit {
	uint64_t key;
	hs_addr address;
	hs_node node;
};

HS_ARRAY_TYPE(hits, struct hit);

static void free_hits(struct hits *hits)
{
	hs_array_free(hits);
}

static int compare_hits(const void *a, const void *b)
{
	const struct hit *left = a, *right = b;

	if (left->key != right->key)
		return left->key > right->key ? -1 : 1;
	return left->address < right->address ? -1 : left->address > right->address;
}

static bool needs_repr(const struct hs_objects_selection *selection)
{
	for (size_t i = 0; i < selection->n_filters; i++)
		if (selection->filters[i].field == HS_OBJECT_REPR)
			return true;
	return false;
}

static bool fulfils(const struct hs_objects_selection *selection, const struct hs_object_row *row)
{
	for (size_t i = 0; i < selection->n_filters; i++)
		if (!hs_object_filter_fits(&selection->filters[i], row))
			return false;
	return true;
}

static struct hs_error *find_hits(struct hs_objects *objects, const struct hs_object_source *source,
				  const struct hs_objects_selection *selection, struct hits *ret)
{
	bool with_repr = needs_repr(selection);
	struct hs_object_row row;
	uint64_t key;

	for (hs_node node = 0; node < hs_graph_node_count(source->graph); node++) {
		if (!hs_type_is_meant(&objects->match, hs_graph_type(source->graph, node)))
			continue;
		if (!hs_object_row_of(source, node, with_repr, &row) || !fulfils(selection, &row))
			continue;
		struct hit *hit = hs_array_append(ret);
		if (!hit)
			return hs_error_no_memory();
		bool has_key = selection->sort != HS_OBJECT_ADDRESS && hs_object_row_value(&row, selection->sort, &key);
		*hit = (struct hit){ .key = has_key ? key : 0, .address = row.address, .node = node };
		objects->bytes += row.values[HS_OBJECT_BYTES];
	}
	return NULL;
}

struct hs_error *hs_objects_select(struct hs_objects *objects, const struct hs_object_source *source, const char *type,
				   const struct hs_objects_selection *selection)
{
	HS_CLEANUP(free_hits) struct hits hits = { 0 };

	objects->asked = type;
	HS_TRY(hs_type_match(source->heap, type, &objects->match));
	HS_TRY(find_hits(objects, source, selection, &hits));
	objects->n_matching = hits.n;
	if (hits.n)
		qsort(hits.items, hits.n, sizeof(*hits.items), compare_hits);
	for (size_t i = 0; i < hits.n && i < selection->n_max; i++) {
		struct hs_object_row *row = hs_array_append(&objects->rows);
		if (!row)
			return hs_error_no_memory();
		hs_object_row_of(source, hits.items[i].node, true, row);
	}
	return hs_object_rows_find_generations(source->heap->py, objects->rows.items, objects->rows.n);
}

void hs_objects_deinit(struct hs_objects *objects)
{
	hs_type_match_deinit(&objects->match);
	hs_array_free(&objects->rows);
}

struct hs_error *hs_objects_json(FILE *out, const struct hs_objects *objects)
{
	json_t *root = hs_document_json(&objects->document), *rows = json_array();

	for (size_t i = 0; i < objects->rows.n; i++)
		json_array_append_new(rows, hs_object_row_json(&objects->rows.items[i]));
	json_object_set_new(root, "type", hs_json_string(objects->match.name));
	json_object_set_new(root, "n_types", hs_json_u64(objects->match.n_types));
	json_object_set_new(root, "matching", hs_json_u64(objects->n_matching));
	json_object_set_new(root, "matching_bytes", hs_json_u64(objects->bytes));
	json_object_set_new(root, "objects", rows);
	return hs_json_write(out, root);
}
