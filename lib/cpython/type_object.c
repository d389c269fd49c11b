/* SPDX-License-Identifier: Apache-2.0 */
/* Type objects as objects: their size, their shared keys, what they refer to (Objects/typeobject.c). */
#include "type_object.h"

#include "dict.h"
#include "exact_type.h"
#include "members.h"
#include "type_fields.h"

#define WORD 8
#define MAX_TYPE_DOC ((size_t)1 << 24)
#define MAX_BASES (1u << 16)

bool hs_type_object_is_heap(const struct hs_cpython *py, const struct hs_object *object)
{
	return HS_BODY(py, object, PyTypeObject, tp_flags) & HS_TPFLAGS_HEAPTYPE;
}

uint64_t hs_type_size(const struct hs_cpython *py, const struct hs_object *object)
{
	struct hs_dict_keys keys;

	if (!hs_type_object_is_heap(py, object))
		return HS_SIZEOF(py->layout, PyTypeObject);
	uint64_t size = HS_SIZEOF(py->layout, PyHeapTypeObject);
	if (hs_dict_keys_read(py, HS_BODY(py, object, PyHeapTypeObject, ht_cached_keys), &keys))
		size += keys.bytes;
	return size;
}

uint64_t hs_type_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	if (!hs_type_object_is_heap(py, object))
		return HS_SIZEOF(py->layout, PyTypeObject);
	/* slot descriptions follow, ob_size of them, of itemsize bytes each */
	uint64_t n = (uint64_t)hs_ob_size(py, object);
	return n > 1u << 20 ? HS_SIZE_UNKNOWN : object->type->basicsize + n * object->type->itemsize;
}

/* A C string in a block of the type's own: the copied tp_name of a spec, the doc string. */
static void visit_string(const struct hs_cpython *py, hs_addr string, const struct hs_visitor *visitor)
{
	size_t bytes;

	if (string && hs_image_string(py->image, string, MAX_TYPE_DOC, &bytes))
		visitor->storage(visitor->context, string, bytes + 1);
}

/* Members of a type object that refer to objects; the collector visits those of heap types only. */
static const struct {
	enum hs_field_id field;
	const char *name;
	uint8_t relation; /* in a heap type */
	bool of_heap_types;
} members[] = {
	{ HS_FIELD_PyTypeObject_tp_base, "__base__", HS_STRONG, false },
	{ HS_FIELD_PyTypeObject_tp_dict, "__dict__", HS_STRONG, false },
	{ HS_FIELD_PyTypeObject_tp_bases, "__bases__", HS_STRONG, false },
	{ HS_FIELD_PyTypeObject_tp_mro, "__mro__", HS_STRONG, false },
	{ HS_FIELD_PyTypeObject_tp_cache, "tp_cache", HS_STRONG, false },
	{ HS_FIELD_PyTypeObject_tp_subclasses, "__subclasses__", HS_OWNED, false },
	{ HS_FIELD_PyTypeObject_tp_weaklist, "__weakref__", HS_WEAK, false },
	{ HS_FIELD_PyHeapTypeObject_ht_name, "__name__", HS_OWNED, true },
	{ HS_FIELD_PyHeapTypeObject_ht_qualname, "__qualname__", HS_OWNED, true },
	{ HS_FIELD_PyHeapTypeObject_ht_slots, "ht_slots", HS_OWNED, true },
	{ HS_FIELD_PyHeapTypeObject_ht_module, "ht_module", HS_STRONG, true },
};

/* A static type owns no base that its initialiser names. */
static unsigned relation_in_static(const struct hs_cpython *py, enum hs_field_id field, uint64_t word, unsigned relation)
{
	if (field == HS_FIELD_PyTypeObject_tp_base &&
	    !(py->layout->features.static_types_own_object && word == HS_ADDRESS_OF(py->layout, PyBaseObject_Type)))
		return HS_ALIAS;
	return relation & ~(unsigned)HS_VISITED;
}

static void visit_members(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	bool is_heap = hs_type_object_is_heap(py, object), has_state = hs_type_static_state(py, object->address, 0) != 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		int32_t offset = py->layout->fields[members[i].field].offset;
		uint64_t word = hs_body_u64(object, offset);

		/* 3.12+: there it is an index */
		if (!word || (members[i].of_heap_types && !is_heap) || (has_state && members[i].field == HS_FIELD_PyTypeObject_tp_subclasses))
			continue;
		hs_visit_field(visitor, object->body + offset, members[i].name,
			       is_heap ? members[i].relation : relation_in_static(py, members[i].field, word, members[i].relation));
	}
}

/* 3.12+: what each interpreter keeps of a static type. */
static void visit_static_states(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;

	for (size_t i = 0; i < py->interpreters.n; i++) {
		hs_addr state = hs_type_static_state(py, object->address, i);
		const uint8_t *words = state ? hs_image_at(py->image, state, HS_SIZEOF(layout, managed_static_type_state)) : NULL;

		if (!words)
			continue;
		hs_visit_field(visitor, words + HS_OFFSET(layout, managed_static_type_state, tp_dict), "__dict__", HS_OWNED);
		hs_visit_field(visitor, words + HS_OFFSET(layout, managed_static_type_state, tp_subclasses), "__subclasses__", HS_OWNED);
		hs_visit_field(visitor, words + HS_OFFSET(layout, managed_static_type_state, tp_weaklist), "__weakref__", HS_WEAK);
	}
}

/* 3.13+: what ctypes keeps about a type, behind the type object. */
static const struct {
	enum hs_field_id field;
	const char *name;
} ctypes_members[] = {
	{ HS_FIELD_StgInfo_proto, "proto" },
	{ HS_FIELD_StgInfo_argtypes, "argtypes" },
	{ HS_FIELD_StgInfo_converters, "converters" },
	{ HS_FIELD_StgInfo_restype, "restype" },
	{ HS_FIELD_StgInfo_checker, "checker" },
	{ HS_FIELD_StgInfo_pointer_type, "pointer_type" },
	{ HS_FIELD_StgInfo_module, "module" },
};

static void visit_ctypes_info(const struct hs_cpython *py, const struct hs_object *object, uint64_t info, const struct hs_visitor *visitor)
{
	if (!hs_body_u32(object, (int64_t)info + HS_OFFSET(py->layout, StgInfo, initialized)))
		return;
	for (size_t i = 0; i < sizeof(ctypes_members) / sizeof(ctypes_members[0]); i++) {
		int32_t offset = py->layout->fields[ctypes_members[i].field].offset;
		if (offset != HS_ABSENT && info + (uint64_t)offset + WORD <= object->body_bytes)
			hs_visit_field(visitor, object->body + info + offset, ctypes_members[i].name, HS_STRONG);
	}
}

/*
 * Up to 3.12 ctypes' description of a type is the type's own dict, of a class of its own. It owns its members and reports none;
 * one is reported by the type, if its metatype has a tp_traverse of its own (Modules/_ctypes/_ctypes.c CDataType_traverse).
 */
static void visit_ctypes_dict(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	int32_t proto = hs_member_offset(py->layout, HS_MEMBERS_StgDictObject, "proto");
	int32_t traverse = HS_OFFSET(py->layout, PyTypeObject, tp_traverse);
	hs_addr dict = HS_BODY(py, object, PyTypeObject, tp_dict), type_type = HS_ADDRESS_OF(py->layout, PyType_Type);

	if (proto == HS_ABSENT || object->type->address == type_type || !hs_is_exactly(py, dict, "StgDict") ||
	    hs_image_word(py->image, object->type->address + (uint32_t)traverse) == hs_image_word(py->image, type_type + (uint32_t)traverse))
		return;
	const uint8_t *word = hs_image_at(py->image, dict + (uint32_t)proto, WORD);
	if (word)
		hs_visit_field(visitor, word, "proto", HS_VISITED);
}

/*
 * What a metatype made by C keeps behind the heap type: ctypes' description of a type, or a struct that nobody knows.
 *
 *     | PyHeapTypeObject | the metatype's own | PyMemberDef … |
 */
static void visit_metatype_part(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_type *solid_base = object->type->solid_base;
	uint64_t first = HS_SIZEOF(py->layout, PyHeapTypeObject), end = object->type->c_bytes;

	if (end > object->body_bytes || end < first + WORD)
		return;
	/* PyObject_GetTypeData: behind the base's instances, aligned to 16 */
	if (strcmp(object->type->kind->tp_name, "type") && HS_HAS(py->layout, StgInfo, proto) && solid_base->base_type) {
		visit_ctypes_info(py, object, (solid_base->base_type->basicsize + 15) & ~15u, visitor);
		return;
	}
	visitor->scan(visitor->context, object->body + first, (end - first) / WORD, HS_SCAN_ALL);
}

void hs_type_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint32_t head = HS_SIZEOF(py->layout, PyObject);
	uint64_t bytes = hs_type_extent(py, object);
	struct hs_dict_keys keys;

	if (bytes == HS_SIZE_UNKNOWN || bytes > object->body_bytes)
		return;
	visitor->scan(visitor->context, object->body + head, (bytes - head) / WORD, HS_SCAN_STORAGE);
	visit_members(py, object, visitor);
	if (!hs_type_object_is_heap(py, object)) {
		visit_static_states(py, object, visitor);
		return;
	}
	visit_metatype_part(py, object, visitor);
	visit_ctypes_dict(py, object, visitor);
	visit_string(py, HS_BODY(py, object, PyHeapTypeObject, ht_tpname), visitor);
	visit_string(py, HS_BODY(py, object, PyTypeObject, tp_doc), visitor);
	if (hs_dict_keys_read(py, HS_BODY(py, object, PyHeapTypeObject, ht_cached_keys), &keys)) {
		/* the names of its instances' attributes belong to the table, which the collector does not look into */
		hs_dict_keys_visit(&keys, HS_OWNED, visitor);
		visitor->storage(visitor->context, keys.address, keys.bytes);
	}
}

bool hs_type_inherits(const struct hs_cpython *py, hs_addr type, hs_addr base)
{
	hs_addr mro = hs_image_word(py->image, type + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_mro));

	if (!mro || !hs_is_exactly(py, mro, "tuple"))
		return false;
	uint64_t n = hs_image_word(py->image, mro + (uint32_t)HS_OFFSET(py->layout, PyVarObject, ob_size));
	for (uint64_t i = 0; i < n && i < MAX_BASES; i++)
		if (hs_image_word(py->image, mro + (uint32_t)HS_OFFSET(py->layout, PyTupleObject, ob_item) + i * WORD) == base)
			return true;
	return false;
}
