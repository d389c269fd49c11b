/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of PyTypeObject: `type` is an instance of itself and describes its own members, so most offsets can be read
 * back from the process (Objects/typeobject.c: type_members, PyType_Type).
 */
#include <string.h>

#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define OFFSET(structure, name) HS_OFFSET(live->layout, structure, name)
#define MEMBERS_MAX 64
#define STATIC_TYPES_MAX 4096

static struct hs_error *check_named(const struct hs_live *live, hs_addr type, const char *name)
{
	if (!type || !hs_live_is_type(live, type) || !hs_live_type_is_named(live, type, name))
		return hs_check_failed(type, "no type called \"%s\" at 0x%" HS_PRI_ADDR, name, type);
	return NULL;
}

static struct hs_error *check_items_are(const struct hs_live *live, hs_addr tuple, const char *what, const hs_addr *wanted, size_t n_wanted)
{
	hs_addr items;
	size_t n;

	if (!hs_live_items(live, tuple, &items, &n) || n != n_wanted)
		return hs_check_failed(tuple, "%s is no tuple of %zu", what, n_wanted);
	for (size_t i = 0; i < n; i++)
		if (hs_live_word(live, items + 8 * i, 0) != wanted[i])
			return hs_check_failed(items + 8 * i, "%s[%zu] is not the type that it should be", what, i);
	return NULL;
}

struct hs_error *hs_check_type(const struct hs_live *live)
{
	const hs_addr type = HS_ADDRESS_OF(live->layout, PyType_Type), object = HS_ADDRESS_OF(live->layout, PyBaseObject_Type);
	const hs_addr mro[] = { type, object };

	if (!type || !object)
		return hs_check_failed(0, "PyType_Type or PyBaseObject_Type was not found");
	if (FIELD(type, PyObject, ob_type) != type)
		return hs_check_failed(type, "PyType_Type is not an instance of itself");
	HS_TRY(check_named(live, type, "type"));
	HS_TRY(check_named(live, object, "object"));
	if (FIELD(type, PyTypeObject, tp_basicsize) != HS_SIZEOF(live->layout, PyHeapTypeObject))
		return hs_check_failed(type, "type.__basicsize__ is %" PRIu64 ", but PyHeapTypeObject has %u bytes",
				       FIELD(type, PyTypeObject, tp_basicsize), HS_SIZEOF(live->layout, PyHeapTypeObject));
	if (FIELD(object, PyTypeObject, tp_basicsize) != HS_SIZEOF(live->layout, PyObject))
		return hs_check_failed(object, "object.__basicsize__ is not the size of PyObject");
	if (FIELD(type, PyTypeObject, tp_itemsize) != HS_SIZEOF(live->layout, PyMemberDef) ||
	    FIELD(object, PyTypeObject, tp_itemsize) != 0)
		return hs_check_failed(type, "type.__itemsize__ is not the size of PyMemberDef");
	if (FIELD(type, PyTypeObject, tp_base) != object || FIELD(object, PyTypeObject, tp_base) != 0)
		return hs_check_failed(type, "type.__base__ is not object");
	HS_TRY(check_items_are(live, FIELD(type, PyTypeObject, tp_mro), "type.__mro__", mro, 2));
	HS_TRY(check_items_are(live, FIELD(type, PyTypeObject, tp_bases), "type.__bases__", &object, 1));
	return check_items_are(live, FIELD(object, PyTypeObject, tp_bases), "object.__bases__", NULL, 0);
}

struct hs_error *hs_check_none(const struct hs_live *live)
{
	hs_addr none = HS_ADDRESS_OF(live->layout, _Py_NoneStruct);
	int64_t count = (int64_t)FIELD(none, PyObject, ob_refcnt);

	if (!none || !hs_live_is(live, none, "NoneType"))
		return hs_check_failed(none, "None is no NoneType");
	/* A counter that is used all the time, or immortal. */
	return count > 0 ? NULL : hs_check_failed(none, "None's reference count is %" PRId64, count);
}

/* The members of `type` that Python code can ask for, and what they are called in PyTypeObject. */
static const struct {
	const char *name;
	enum hs_field_id field;
	bool is_required; /* in all versions */
} type_members[] = {
	{ "__basicsize__", HS_FIELD_PyTypeObject_tp_basicsize, true },
	{ "__itemsize__", HS_FIELD_PyTypeObject_tp_itemsize, true },
	{ "__flags__", HS_FIELD_PyTypeObject_tp_flags, true },
	{ "__weakrefoffset__", HS_FIELD_PyTypeObject_tp_weaklistoffset, true },
	{ "__base__", HS_FIELD_PyTypeObject_tp_base, true },
	{ "__dictoffset__", HS_FIELD_PyTypeObject_tp_dictoffset, true },
	{ "__mro__", HS_FIELD_PyTypeObject_tp_mro, false },
};

/* True if the PyMemberDef at `member` is called `name`. Its name is its first word (Include/structmember.h). */
static bool is_member(const struct hs_live *live, hs_addr member, const char *name)
{
	size_t bytes;
	const char *its_name = hs_image_string(live->image, hs_live_word(live, member, 0), 64, &bytes);

	return its_name && !strcmp(its_name, name);
}

static hs_addr find_member(const struct hs_live *live, const char *name)
{
	hs_addr member = FIELD(HS_ADDRESS_OF(live->layout, PyType_Type), PyTypeObject, tp_members);

	for (int i = 0; i < MEMBERS_MAX && hs_live_word(live, member, 0); i++, member += HS_SIZEOF(live->layout, PyMemberDef))
		if (is_member(live, member, name))
			return member;
	return 0;
}

struct hs_error *hs_check_type_members(const struct hs_live *live)
{
	const uint64_t kind_ssize = 19; /* T_PYSSIZET, Py_T_PYSSIZET */

	for (size_t i = 0; i < sizeof(type_members) / sizeof(type_members[0]); i++) {
		hs_addr member = find_member(live, type_members[i].name);

		if (!member && !type_members[i].is_required)
			continue;
		if (!member)
			return hs_check_failed(0, "type has no member %s", type_members[i].name);
		int64_t offset = (int64_t)FIELD(member, PyMemberDef, offset);
		if (offset != live->layout->fields[type_members[i].field].offset)
			return hs_check_failed(member, "type.%s is at %" PRId64 " according to type.__members__, not at %d",
					       type_members[i].name, offset, live->layout->fields[type_members[i].field].offset);
		if (i == 0 && FIELD(member, PyMemberDef, type) != kind_ssize)
			return hs_check_failed(member, "the kind of type.__basicsize__ is not Py_ssize_t");
	}
	return NULL;
}

static bool is_in_runtime(const struct hs_live *live, hs_addr address)
{
	return address >= live->layout->runtime_start && address < live->layout->runtime_end;
}

static struct hs_error *check_doc(const struct hs_live *live, hs_addr object)
{
	size_t bytes;
	const char *doc = hs_image_string(live->image, FIELD(object, PyTypeObject, tp_doc), 65536, &bytes);

	/* Empty in builds without doc strings. */
	if (!doc || (bytes && strncmp(doc, "object(", 7)))
		return hs_check_failed(object, "object.tp_doc is not its doc string");
	return NULL;
}

struct hs_error *hs_check_type_slots(const struct hs_live *live)
{
	const hs_addr type = HS_ADDRESS_OF(live->layout, PyType_Type), object = HS_ADDRESS_OF(live->layout, PyBaseObject_Type);
	hs_addr tuple = hs_live_type_of(live, FIELD(type, PyTypeObject, tp_mro));

	if (!is_in_runtime(live, FIELD(type, PyTypeObject, tp_dealloc)) || !is_in_runtime(live, FIELD(object, PyTypeObject, tp_dealloc)))
		return hs_check_failed(type, "tp_dealloc of type is no code of the runtime");
	/* object has no tp_traverse, tuple has one but no tp_clear behind it. */
	if (!is_in_runtime(live, FIELD(type, PyTypeObject, tp_traverse)) || FIELD(object, PyTypeObject, tp_traverse) ||
	    !is_in_runtime(live, FIELD(tuple, PyTypeObject, tp_traverse)))
		return hs_check_failed(type, "tp_traverse of type, object and tuple are not as they should be");
	HS_TRY(check_doc(live, object));
	/* type's own instances have their dict and weak references in these members. */
	if ((int64_t)FIELD(type, PyTypeObject, tp_dictoffset) != OFFSET(PyTypeObject, tp_dict) ||
	    (int64_t)FIELD(type, PyTypeObject, tp_weaklistoffset) != OFFSET(PyTypeObject, tp_weaklist))
		return hs_check_failed(type, "type's __dictoffset__ or __weakrefoffset__ contradict tp_dict, tp_weaklist");
	if (FIELD(object, PyTypeObject, tp_cache) || !FIELD(object, PyTypeObject, tp_subclasses))
		return hs_check_failed(object, "object.tp_cache is in use, or object.tp_subclasses is not");
	return NULL;
}

/* The class object refers to its subclass type weakly. */
static struct hs_error *check_weak_list(const struct hs_live *live, hs_addr weak)
{
	hs_addr type = hs_live_type_of(live, weak);
	size_t bytes;
	const char *name = hs_image_string(live->image, FIELD(type, PyTypeObject, tp_name), 64, &bytes);

	return name && !strncmp(name, "weakref", 7) ? NULL : hs_check_failed(weak, "type has no list of weak references");
}

static struct hs_error *check_own_state(const struct hs_live *live, hs_addr object)
{
	hs_addr doc = hs_live_dict_get(live, FIELD(object, PyTypeObject, tp_dict), "__repr__");

	if (!doc || !hs_live_is(live, doc, "wrapper_descriptor"))
		return hs_check_failed(object, "object.__dict__ has no __repr__");
	if (!hs_live_is(live, FIELD(object, PyTypeObject, tp_subclasses), "dict"))
		return hs_check_failed(object, "object.tp_subclasses is no dict");
	return check_weak_list(live, FIELD(HS_ADDRESS_OF(live->layout, PyType_Type), PyTypeObject, tp_weaklist));
}

/*
 * From 3.12 on the mutable parts of a static builtin type are in an array of the interpreter, at the index that
 * tp_subclasses holds plus 1 (Objects/typeobject.c: static_builtin_state_get, managed_static_type_index_get).
 */
static hs_addr state_of(const struct hs_live *live, hs_addr type)
{
	uint64_t index = FIELD(type, PyTypeObject, tp_subclasses);
	int32_t array = HS_HAS(live->layout, PyInterpreterState, static_builtin_types)
				? OFFSET(PyInterpreterState, static_builtin_types)
				: OFFSET(PyInterpreterState, static_builtin_types_13);

	if (!index || index > STATIC_TYPES_MAX || array < 0)
		return 0;
	return hs_live_main_interpreter(live) + (hs_addr)array + (index - 1) * HS_SIZEOF(live->layout, managed_static_type_state);
}

struct hs_error *hs_check_static_types(const struct hs_live *live)
{
	const hs_addr object = HS_ADDRESS_OF(live->layout, PyBaseObject_Type), type = HS_ADDRESS_OF(live->layout, PyType_Type);

	if (!live->layout->features.has_static_builtin_state)
		return check_own_state(live, object);
	hs_addr state = state_of(live, object), type_state = state_of(live, type);
	if (!state || !type_state)
		return hs_check_failed(object, "object has no state in the interpreter");
	hs_addr repr = hs_live_dict_get(live, FIELD(state, managed_static_type_state, tp_dict), "__repr__");
	if (!repr || !hs_live_is(live, repr, "wrapper_descriptor") ||
	    !hs_live_dict_get(live, FIELD(type_state, managed_static_type_state, tp_dict), "__call__"))
		return hs_check_failed(state, "the state of object in the interpreter holds no __dict__ with __repr__");
	if (!hs_live_is(live, FIELD(state, managed_static_type_state, tp_subclasses), "dict"))
		return hs_check_failed(state, "the state of object in the interpreter holds no dict of subclasses");
	return check_weak_list(live, FIELD(type_state, managed_static_type_state, tp_weaklist));
}
