/* SPDX-License-Identifier: Apache-2.0 */
/* Type objects: besides the members in rules.def their names, the members that they show, the shared keys of their instances. */
#include "redact_internal.h"
#include "type_object.h"

#define MAX_MEMBERS 4096

/* PyMemberDef: an array that ends with an entry without a name. Of the words of each, the documentation is not kept. */
static void keep_members(struct redaction *redaction, hs_addr member)
{
	uint32_t bytes = HS_SIZEOF(redaction->layout, PyMemberDef);

	for (unsigned i = 0; bytes && i < MAX_MEMBERS; i++, member += bytes) {
		hs_addr name = REDACT_WORD(redaction, member, PyMemberDef, name);
		if (!name)
			return;
		KEEP_FIELD(redaction, member, PyMemberDef, name);
		KEEP_FIELD(redaction, member, PyMemberDef, type);
		KEEP_FIELD(redaction, member, PyMemberDef, offset);
		redact_name_string(redaction, name);
	}
}

/* 3.13+: behind the type object, as far from its start as PyObject_GetTypeData has it (type_object.c). */
static void keep_ctypes_info(struct redaction *redaction, const struct hs_object *object)
{
	const struct hs_type *solid_base = object->type->solid_base;
	hs_addr info;

	if (!strcmp(object->type->kind->tp_name, "type") || !HS_HAS(redaction->layout, StgInfo, format) || !solid_base->base_type)
		return;
	info = object->address + ((solid_base->base_type->basicsize + 15) & ~15u);
	KEEP_FIELD(redaction, info, StgInfo, initialized);
	KEEP_FIELD(redaction, info, StgInfo, length);
	KEEP_FIELD(redaction, info, StgInfo, elements);
	KEEP_FIELD(redaction, info, StgInfo, format);
	KEEP_FIELD(redaction, info, StgInfo, ndim);
	redact_blank_string(redaction, REDACT_WORD(redaction, info, StgInfo, format));
}

static void keep_heap_type(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr type = object->address;

	KEEP_FIELD(redaction, type, PyHeapTypeObject, ht_cached_keys);
	KEEP_FIELD(redaction, type, PyHeapTypeObject, ht_tpname);
	redact_keys(redaction, HS_BODY(redaction->py, object, PyHeapTypeObject, ht_cached_keys));
	redact_name_string(redaction, HS_BODY(redaction->py, object, PyHeapTypeObject, ht_tpname));
	/* of the text only how long it is, which tells what its block was asked for */
	redact_blank_string(redaction, HS_BODY(redaction->py, object, PyTypeObject, tp_doc));
	keep_ctypes_info(redaction, object);
}

void redact_type_object(struct redaction *redaction, const struct hs_object *object)
{
	if (hs_type_object_is_heap(redaction->py, object))
		keep_heap_type(redaction, object);
	redact_name_string(redaction, HS_BODY(redaction->py, object, PyTypeObject, tp_name));
	keep_members(redaction, HS_BODY(redaction->py, object, PyTypeObject, tp_members));
}
