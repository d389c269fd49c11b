/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which texts are names: found from what they name, so that a str that merely reads like one is none. And the few ints that decoders
 * count with. The marks are by address; who writes a str or an int asks them.
 */
#include "attribute.h"
#include "dict.h"
#include "exact_type.h"
#include "members.h"
#include "number.h"
#include "redact_internal.h"
#include "type_fields.h"
#include "type_object.h"
#include "unicode.h"

#define WORD 8
#define MAX_NAMES ((uint64_t)1 << 20)
#define MAGIC_BYTES 4 /* of compiled modules */

void redact_mark_name(struct redaction *redaction, hs_addr str)
{
	if (str && !(str & 7))
		address_marks_set(&redaction->names, str);
}

void redact_mark_path(struct redaction *redaction, hs_addr str)
{
	if (str && !(str & 7))
		address_marks_set(&redaction->paths, str);
}

static void mark_number(struct redaction *redaction, hs_addr number)
{
	if (number && !(number & 7))
		address_marks_set(&redaction->numbers, number);
}

/* What several objects share is gone through once. */
static bool is_first_time(struct redaction *redaction, hs_addr address)
{
	return !(address & 7) && address_marks_set(&redaction->seen, address);
}

static void mark_tuple(struct redaction *redaction, hs_addr tuple)
{
	const struct hs_layout *layout = redaction->layout;

	if (!tuple || !is_first_time(redaction, tuple) || !hs_is_exactly(redaction->py, tuple, "tuple"))
		return;
	uint64_t n = hs_image_word(redaction->py->image, tuple + (uint32_t)HS_OFFSET(layout, PyVarObject, ob_size));
	for (uint64_t i = 0; i < n && i < MAX_NAMES && redact_take(redaction, WORD); i++)
		redact_mark_name(redaction, hs_image_word(redaction->py->image, tuple + (uint32_t)HS_OFFSET(layout, PyTupleObject, ob_item) + i * WORD));
}

static void mark_keys(struct redaction *redaction, const struct hs_dict_keys *keys)
{
	for (uint64_t i = 0; i < keys->n_entries && redact_take(redaction, keys->entry_bytes); i++) {
		hs_addr key;
		memcpy(&key, keys->entries + i * keys->entry_bytes + keys->key_offset, sizeof(key));
		redact_mark_name(redaction, key);
	}
}

/* All keys of a dict: those that are no str are not asked for. */
static void mark_dict_keys(struct redaction *redaction, hs_addr dict)
{
	struct hs_dict_keys keys;

	if (dict && is_first_time(redaction, dict) && hs_dict_keys_read(redaction->py, REDACT_WORD(redaction, dict, PyDictObject, ma_keys), &keys))
		mark_keys(redaction, &keys);
}

/* What a namespace says of itself: its module's names, and where its source is. */
static void mark_own_names(struct redaction *redaction, hs_addr dict)
{
	static const char *const names[] = { "__name__", "__module__", "__qualname__", "__package__" };

	struct hs_dict_keys keys;

	if (!dict || !hs_dict_keys_read(redaction->py, REDACT_WORD(redaction, dict, PyDictObject, ma_keys), &keys) ||
	    !redact_take(redaction, keys.n_entries * WORD))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		redact_mark_name(redaction, hs_dict_find(redaction->py, dict, names[i]));
	redact_mark_path(redaction, hs_dict_find(redaction->py, dict, "__file__"));
}

/* The table of a type's subclasses has their addresses for keys, as ints: those of types that are known. */
static void mark_subclass_ids(struct redaction *redaction, hs_addr type)
{
	const struct hs_cpython *py = redaction->py;
	hs_addr state = hs_type_static_state(py, type, 0), key, value;
	hs_addr table = state ? REDACT_WORD(redaction, state, managed_static_type_state, tp_subclasses)
			      : REDACT_WORD(redaction, type, PyTypeObject, tp_subclasses);
	struct hs_dict_cursor cursor = { 0 };
	int64_t address;

	if (!table || !is_first_time(redaction, table) || !hs_is_exactly(py, table, "dict"))
		return;
	while (hs_dict_next(py, table, &cursor, &key, &value))
		if (hs_int_value(py, key, &address) && known_object(redaction->heap, (hs_addr)address))
			mark_number(redaction, key);
}

static void mark_member(struct redaction *redaction, const struct hs_object *object, enum hs_members_id id, const char *member)
{
	int32_t offset = hs_member_offset(redaction->layout, id, member);

	if (offset != HS_ABSENT)
		redact_mark_name(redaction, hs_body_u64(object, offset));
}

void redact_code_names(struct redaction *redaction, const struct hs_object *object)
{
	static const char *const tuples[] = { "co_names", "co_varnames", "co_cellvars", "co_freevars", "co_localsplusnames" };
	hs_addr code = object->address;

	redact_mark_name(redaction, REDACT_WORD(redaction, code, PyCodeObject, co_name));
	redact_mark_name(redaction, REDACT_WORD(redaction, code, PyCodeObject, co_qualname));
	redact_mark_path(redaction, REDACT_WORD(redaction, code, PyCodeObject, co_filename));
	for (size_t i = 0; i < sizeof(tuples) / sizeof(tuples[0]); i++) {
		int32_t offset = hs_member_offset(redaction->layout, HS_MEMBERS_PyCodeObject, tuples[i]);
		if (offset != HS_ABSENT)
			mark_tuple(redaction, hs_body_u64(object, offset));
	}
}

void redact_function_names(struct redaction *redaction, const struct hs_object *object)
{
	mark_member(redaction, object, HS_MEMBERS_PyFunctionObject, "func_name");
	mark_member(redaction, object, HS_MEMBERS_PyFunctionObject, "func_qualname");
	mark_member(redaction, object, HS_MEMBERS_PyFunctionObject, "func_module");
}

void redact_generator_names(struct redaction *redaction, const struct hs_object *object)
{
	redact_mark_name(redaction, HS_BODY(redaction->py, object, PyGenObject, gi_name));
	redact_mark_name(redaction, HS_BODY(redaction->py, object, PyGenObject, gi_qualname));
}

void redact_module_names(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr dict, values;

	hs_instance_attributes(redaction->py, object, &dict, &values);
	mark_member(redaction, object, HS_MEMBERS_PyModuleObject, "md_name");
	mark_dict_keys(redaction, dict);
	mark_own_names(redaction, dict);
}

void redact_type_names(struct redaction *redaction, const struct hs_object *object)
{
	static const char *const numbers[] = { "n_fields", "n_sequence_fields", "n_unnamed_fields", "__firstlineno__" };
	hs_addr dict = hs_type_dict(redaction->py, object->address);
	struct hs_dict_keys keys;

	mark_dict_keys(redaction, dict);
	mark_own_names(redaction, dict);
	for (size_t i = 0; dict && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		mark_number(redaction, hs_dict_find(redaction->py, dict, numbers[i]));
	mark_subclass_ids(redaction, object->address);
	if (!hs_type_object_is_heap(redaction->py, object))
		return;
	redact_mark_name(redaction, HS_BODY(redaction->py, object, PyHeapTypeObject, ht_name));
	redact_mark_name(redaction, HS_BODY(redaction->py, object, PyHeapTypeObject, ht_qualname));
	if (hs_dict_keys_read(redaction->py, HS_BODY(redaction->py, object, PyHeapTypeObject, ht_cached_keys), &keys))
		mark_keys(redaction, &keys);
}

/* Up to 3.11, an instance dict behind the items of an int or a tuple: the visitor knows where. */
static void mark_visited_dict(void *context, const struct hs_reference_run *run)
{
	hs_addr dict;

	if (run->kind != HS_EDGE_FIELD || !run->name || strcmp(run->name, "__dict__"))
		return;
	memcpy(&dict, run->words, sizeof(dict));
	mark_dict_keys(context, dict);
}

static void mark_instance(struct redaction *redaction, const struct hs_object *object)
{
	const struct hs_visitor visitor = hs_visitor_of_references(mark_visited_dict, redaction);
	hs_addr dict, values;

	if (object->type->dict_from_end) {
		hs_object_visit(redaction->py, object, &visitor);
		return;
	}
	hs_instance_attributes(redaction->py, object, &dict, &values);
	mark_dict_keys(redaction, dict);
}

static void mark_names_of(void *context, const struct hs_heap_item *item)
{
	struct redaction *redaction = context;
	const struct hs_type *type = item->object.type;
	const struct type_rule *rule = type_rule_of(&redaction->rules, type);

	if (type->flags & HS_TPFLAGS_TYPE_SUBCLASS) {
		redact_type_names(redaction, &item->object);
		return;
	}
	if (rule->names)
		rule->names(redaction, &item->object);
	if (rule->may_have_dict)
		mark_instance(redaction, &item->object);
}

/* threading._active has the threads by their identity, which is an address: that of a thread that is known is no secret. */
static void mark_thread_keys(struct redaction *redaction, hs_addr active)
{
	const struct hs_cpython *py = redaction->py;
	struct hs_dict_cursor cursor = { 0 };
	hs_addr key, value;
	int64_t ident;

	while (active && hs_dict_next(py, active, &cursor, &key, &value)) {
		if (!hs_int_value(py, key, &ident))
			continue;
		for (size_t i = 0; i < py->threads.n; i++)
			if (REDACT_WORD(redaction, py->threads.items[i], PyThreadState, thread_id) == (uint64_t)ident)
				mark_number(redaction, key);
		mark_number(redaction, hs_instance_attribute(py, redaction->heap->types, value, "_native_id"));
	}
}

/* What every interpreter of a version has alike, by which a layout is proven to be true for an image. */
static void keep_constants(struct redaction *redaction, hs_addr interpreter)
{
	static const char *const numbers[] = { "hexversion", "maxsize", "maxunicode" };
	const struct hs_cpython *py = redaction->py;
	hs_addr sys = REDACT_WORD(redaction, interpreter, PyInterpreterState, sysdict);
	hs_addr importer = hs_module_dict(py, redaction->heap->types, interpreter, "_frozen_importlib_external");
	hs_addr magic = importer ? hs_dict_find(py, importer, "MAGIC_NUMBER") : 0;

	if (!sys)
		return;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		mark_number(redaction, hs_dict_find(py, sys, numbers[i]));
	mark_tuple(redaction, hs_dict_find(py, sys, "builtin_module_names"));
	if (magic)
		blank_keep(&redaction->blank, magic + (uint32_t)HS_OFFSET(redaction->layout, PyBytesObject, ob_sval), MAGIC_BYTES);
}

struct hs_error *redact_find_names(struct redaction *redaction)
{
	const struct hs_cpython *py = redaction->py;

	hs_heap_walk(redaction->heap, mark_names_of, redaction);
	for (size_t i = 0; i < py->interpreters.n; i++) {
		hs_addr threading = hs_module_dict(py, redaction->heap->types, py->interpreters.items[i].address, "threading");
		mark_dict_keys(redaction, hs_modules(py, py->interpreters.items[i].address));
		keep_constants(redaction, py->interpreters.items[i].address);
		if (threading)
			mark_thread_keys(redaction, hs_dict_find(py, threading, "_active"));
	}
	if (!redaction->layout->features.trace_names_are_c_strings)
		redact_each_trace_name(redaction, redact_mark_path);
	return NULL;
}
