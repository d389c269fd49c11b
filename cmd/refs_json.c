/* SPDX-License-Identifier: Apache-2.0 */
/* One object and its references as JSON: lists, nested as deep as they were followed. */
#include "cleanup.h"
#include "json.h"
#include "refs.h"

static json_t *ref_json(const struct hs_ref *ref, const char *other_end)
{
	json_t *object = json_object();

	json_object_set_new(object, other_end, hs_json_address(ref->address));
	json_object_set_new(object, "type", hs_json_string(ref->type));
	json_object_set_new(object, "kind", json_string(hs_edge_kind_name(ref->kind)));
	json_object_set_new(object, "name", ref->has_name ? json_string(ref->name) : json_null());
	json_object_set_new(object, "owned", json_boolean(ref->relation & HS_OWNED));
	json_object_set_new(object, "weak", json_boolean(ref->relation & HS_WEAK));
	json_object_set_new(object, "repr", json_string(ref->repr));
	return object;
}

/* The references of `list` from *next on that are at `depth`, each with those below it; moves *next behind them. */
static json_t *refs_json(const struct hs_ref_list *list, size_t *next, unsigned depth, const char *other_end, const char *below)
{
	json_t *array = json_array();

	while (*next < list->n && list->items[*next].depth == depth) {
		json_t *object = ref_json(&list->items[(*next)++], other_end);
		if (*next < list->n && list->items[*next].depth > depth)
			json_object_set_new(object, below, refs_json(list, next, depth + 1, other_end, below));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *fields_json(const struct hs_refs *refs)
{
	json_t *array = json_array();

	for (size_t i = 0; i < refs->fields.n; i++) {
		const struct hs_ref *field = &refs->fields.items[i];
		json_t *object = json_object();
		json_object_set_new(object, "kind", json_string(hs_edge_kind_name(field->kind)));
		json_object_set_new(object, "name", field->has_name ? json_string(field->name) : json_null());
		json_object_set_new(object, "to", hs_json_address(field->address));
		json_object_set_new(object, "type", hs_json_string(field->type));
		json_object_set_new(object, "repr", json_string(field->repr));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *roots_json(const struct hs_refs *refs)
{
	json_t *array = json_array();

	for (size_t i = 0; i < refs->roots.n; i++) {
		const struct hs_ref_root *root = &refs->roots.items[i];
		bool has_frame = *root->place.function;
		json_t *object = json_object();
		json_object_set_new(object, "root", json_string(hs_root_kind_name(root->kind)));
		json_object_set_new(object, "thread", root->place.thread ? hs_json_u64(root->place.thread) : json_null());
		json_object_set_new(object, "function", has_frame ? json_string(root->place.function) : json_null());
		json_object_set_new(object, "file", has_frame ? json_string(root->place.file) : json_null());
		json_object_set_new(object, "line", root->place.line > 0 ? json_integer(root->place.line) : json_null());
		json_object_set_new(object, "kind", json_string(hs_edge_kind_name(root->edge_kind)));
		json_object_set_new(object, "name", *root->name ? json_string(root->name) : json_null());
		json_object_set_new(object, "owned", json_boolean(root->is_owned));
		json_array_append_new(array, object);
	}
	return array;
}

struct hs_error *hs_refs_json(FILE *out, const struct hs_refs *refs)
{
	json_t *root = hs_document_json(&refs->document), *object = hs_object_row_json(&refs->object);
	size_t first_referrer = 0, first_referent = 0;

	json_object_set_new(object, "fields", fields_json(refs));
	json_object_set_new(root, "object", object);
	json_object_set_new(root, "n_fields", hs_json_u64(refs->n_fields));
	json_object_set_new(root, "n_referrers", hs_json_u64(refs->n_referrers));
	json_object_set_new(root, "n_referents", hs_json_u64(refs->n_referents));
	json_object_set_new(root, "roots", roots_json(refs));
	json_object_set_new(root, "referrers", refs_json(&refs->referrers, &first_referrer, 1, "from", "referrers"));
	json_object_set_new(root, "referents", refs_json(&refs->referents, &first_referent, 1, "to", "referents"));
	return hs_json_write(out, root);
}
