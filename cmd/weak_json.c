/* SPDX-License-Identifier: Apache-2.0 */
/* Weak references as JSON. */
#include "json.h"
#include "weak.h"

static json_t *object_json(const struct hs_weak_object *object)
{
	if (!object->address)
		return json_null();
	json_t *ret = json_object();
	json_object_set_new(ret, "address", hs_json_address(object->address));
	json_object_set_new(ret, "type", hs_json_string(object->type));
	json_object_set_new(ret, "repr", json_string(object->repr));
	return ret;
}

static json_t *text_json(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *finalizer_json(const struct hs_weak_row *row)
{
	if (row->role != HS_WEAK_ROLE_FINALIZER)
		return json_null();
	json_t *finalizer = json_object();
	json_object_set_new(finalizer, "args", object_json(&row->arguments));
	json_object_set_new(finalizer, "kwargs", object_json(&row->keywords));
	json_object_set_new(finalizer, "atexit", json_boolean(row->is_at_exit));
	return finalizer;
}

static json_t *row_json(const struct hs_weak_row *row)
{
	json_t *object = json_object();

	json_object_set_new(object, "address", hs_json_address(row->address));
	json_object_set_new(object, "type", hs_json_string(row->type));
	json_object_set_new(object, "role", json_string(hs_weak_role_name(row->role)));
	json_object_set_new(object, "dead", json_boolean(row->is_dead));
	json_object_set_new(object, "callback", object_json(&row->callback));
	json_object_set_new(object, "calls", text_json(row->calls));
	json_object_set_new(object, "container", object_json(&row->container));
	json_object_set_new(object, "partner", object_json(&row->partner));
	json_object_set_new(object, "finalizer", finalizer_json(row));
	json_object_set_new(object, "path", text_json(row->path));
	return object;
}

static json_t *group_json(const struct hs_weak_group *group)
{
	json_t *object = json_object();

	json_object_set_new(object, "role", json_string(hs_weak_role_name(group->role)));
	json_object_set_new(object, "calls", text_json(group->calls));
	json_object_set_new(object, "path", text_json(group->path));
	json_object_set_new(object, "count", hs_json_u64(group->count));
	json_object_set_new(object, "dead", hs_json_u64(group->n_dead));
	return object;
}

static void set_object(json_t *root, const struct hs_weak *weak)
{
	json_t *object = json_object(), *rows = json_array();

	json_object_set_new(object, "address", hs_json_address(weak->object.address));
	json_object_set_new(object, "type", hs_json_string(weak->object.type));
	json_object_set_new(object, "repr", json_string(weak->object.repr));
	json_object_set_new(object, "has_del", json_boolean(weak->has_finalizer));
	for (size_t i = 0; i < weak->rows.n && i < weak->n_shown; i++)
		json_array_append_new(rows, row_json(&weak->rows.items[i]));
	json_object_set_new(root, "object", object);
	json_object_set_new(root, "references", rows);
}

static void set_type(json_t *root, const struct hs_weak *weak)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < weak->groups.n && i < weak->n_shown; i++)
		json_array_append_new(groups, group_json(&weak->groups.items[i]));
	json_object_set_new(root, "type", hs_json_string(weak->match.name));
	json_object_set_new(root, "n_types", hs_json_u64(weak->match.n_types));
	json_object_set_new(root, "instances", hs_json_u64(weak->match.n_objects));
	json_object_set_new(root, "referred", hs_json_u64(weak->n_objects));
	json_object_set_new(root, "groups", groups);
}

struct hs_error *hs_weak_json(FILE *out, const struct hs_weak *weak)
{
	json_t *root = hs_document_json(&weak->document);

	if (weak->is_type)
		set_type(root, weak);
	else
		set_object(root, weak);
	json_object_set_new(root, "n_references", hs_json_u64(weak->n_references));
	json_object_set_new(root, "n_dead", hs_json_u64(weak->n_dead));
	json_object_set_new(root, "n_callbacks", hs_json_u64(weak->n_callbacks));
	return hs_json_write(out, root);
}
