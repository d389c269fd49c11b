/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects without a repr of their own here: "<app.Session id=3, user='u-3'>" when they have attributes or slots, else
 * "<_thread.lock at 0x7f…>". Instances of classes built on a builtin type show its value first: "<app.Row (1, 2)>".
 */
#include <string.h>

#include "dict.h"
#include "reference_name.h"
#include "repr_internal.h"

#define MAX_FIELDS 32

struct instance {
	struct hs_repr *repr;
	const struct hs_object *object;
	unsigned n;
	bool is_cut;
	hs_addr dict;
};

static void put_field(struct instance *instance, const char *name, hs_addr value)
{
	struct hs_repr *repr = instance->repr;

	if (instance->n >= repr->limits.items || repr->text.is_full) {
		instance->is_cut = true;
		return;
	}
	hs_bounded_text_put(&repr->text, instance->n ? ", " : " ");
	hs_bounded_text_put(&repr->text, name);
	hs_bounded_text_put(&repr->text, "=");
	hs_repr_put_at(repr, value);
	instance->n++;
}

/* Attributes and slots of the instance itself, and where its dict is. */
static void put_own_fields(void *context, const struct hs_reference_run *run)
{
	struct instance *instance = context;
	char name[HS_REFERENCE_NAME_BYTES];

	if (run->kind == HS_EDGE_FIELD && run->name && !strcmp(run->name, "__dict__"))
		instance->dict = hs_reference_target(run, 0);
	if (run->kind != HS_EDGE_ATTRIBUTE && run->kind != HS_EDGE_SLOT)
		return;
	for (size_t i = 0; i < run->n && i < MAX_FIELDS && !instance->is_cut; i++) {
		hs_addr value = hs_reference_target(run, i);
		if (!value)
			continue;
		hs_reference_name(instance->repr->py, instance->repr->types, instance->object, run, i, name, sizeof(name));
		put_field(instance, name, value);
	}
}

/* The items of its dict; values that lie in the instance itself were shown with it. */
static void put_dict_items(void *context, const struct hs_reference_run *run)
{
	struct instance *instance = context;
	struct hs_repr *repr = instance->repr;
	char name[HS_REFERENCE_NAME_BYTES];

	if (run->kind != HS_EDGE_VALUE || !run->names)
		return;
	for (size_t i = 0; i < run->n && i < MAX_FIELDS && !instance->is_cut; i++) {
		hs_addr value = hs_reference_target(run, i), key;
		if (!value)
			continue;
		memcpy(&key, (const uint8_t *)run->names + i * run->names_stride, sizeof(key));
		struct hs_repr key_text = *repr;
		key_text.text = hs_bounded_text(name, sizeof(name));
		hs_repr_put_text(&key_text, key);
		put_field(instance, name, value);
	}
}

static void put_fields(struct instance *instance)
{
	struct hs_repr *repr = instance->repr;
	const struct hs_visitor own = hs_visitor_of_references(put_own_fields, instance);
	const struct hs_visitor in_dict = hs_visitor_of_references(put_dict_items, instance);
	struct hs_object dict;

	repr->depth++;
	hs_object_visit(repr->py, instance->object, &own);
	if (!instance->n && instance->dict && hs_object_at(repr->py, repr->types, instance->dict, &dict))
		hs_dict_visit(repr->py, &dict, &in_dict);
	repr->depth--;
}

void hs_repr_put_instance(struct hs_repr *repr, const struct hs_object *object, hs_repr_writer *plain)
{
	struct instance instance = { .repr = repr, .object = object };
	size_t limit = hs_bounded_text_reserve(&repr->text, 1 + strlen(HS_ELLIPSIS) + 2);
	bool is_deep = repr->depth >= repr->limits.depth;

	hs_bounded_text_put(&repr->text, "<");
	hs_repr_put_type_name(repr, object->type);
	if (plain) {
		hs_bounded_text_put(&repr->text, " ");
		plain(repr, object);
	}
	if (!is_deep && object->type->is_python_class)
		put_fields(&instance);
	if (!plain && !instance.n && !is_deep)
		hs_bounded_text_printf(&repr->text, " at 0x%" HS_PRI_ADDR, object->address);
	hs_bounded_text_release(&repr->text, limit);
	if (instance.is_cut || repr->text.is_full || (is_deep && !plain)) {
		repr->text.is_full = false;
		hs_bounded_text_put(&repr->text, instance.n ? ", " : " ");
		hs_repr_put_ellipsis(repr);
	}
	hs_bounded_text_put(&repr->text, ">");
	repr->is_literal = false;
}
