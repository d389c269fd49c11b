/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a type says about its fields: members.def names those of C structs; tp_members names those that Python shows;
 * tp_dictoffset and tp_weaklistoffset say where classes made by Python put what they add.
 */
#include "type_fields.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "dict.h"
#include "kind.h"
#include "members.h"

#define WORD 8
#define MEMBER_DEFS_MAX 1024
#define FIELDS_MAX 4096
#define NAME_MAX_BYTES 1024
#define STATIC_TYPES_MAX 4096
#define TPFLAGS_BASE_EXC_SUBCLASS ((uint64_t)1 << 30)
/* PyMemberDef.type (Include/structmember.h; descrobject.h from 3.12) */
#define T_OBJECT 6
#define T_OBJECT_EX 16

static const struct {
	const char *tp_names, *member, *name;
	bool of_exceptions;
} names[] = {
#define HS_MEMBER_NAME(tp_names, member, name) { tp_names, member, name, false },
#define HS_EXCEPTION_MEMBER_NAME(member, name) { "", member, name, true },
#include "member_names.def"
};

/* One entry of tp_members that is an object. */
struct shown_member {
	uint64_t offset;
	const char *name; /* in the image */
};

HS_ARRAY_TYPE(shown_members, struct shown_member);

static uint64_t type_word(const struct hs_cpython *py, hs_addr type, enum hs_field_id field)
{
	int32_t offset = py->layout->fields[field].offset;

	return offset == HS_ABSENT ? 0 : hs_image_word(py->image, type + (uint32_t)offset);
}

#define TYPE_WORD(py, type, member) type_word((py), (type), HS_FIELD_PyTypeObject_##member)

/* tp_members ends with an entry without a name. */
static bool read_shown_members(const struct hs_cpython *py, hs_addr type, struct shown_members *ret)
{
	hs_addr at = TYPE_WORD(py, type, tp_members);
	uint32_t entry_bytes = HS_SIZEOF(py->layout, PyMemberDef);

	for (unsigned i = 0; at && entry_bytes && i < MEMBER_DEFS_MAX; i++, at += entry_bytes) {
		size_t bytes;
		uint32_t its_type = 0;
		hs_addr name_at = hs_image_word(py->image, at + (uint32_t)HS_OFFSET(py->layout, PyMemberDef, name));
		const char *name = name_at ? hs_image_string(py->image, name_at, NAME_MAX_BYTES, &bytes) : NULL;

		if (!name)
			return true;
		hs_image_u32(py->image, at + (uint32_t)HS_OFFSET(py->layout, PyMemberDef, type), &its_type);
		if (its_type != T_OBJECT && its_type != T_OBJECT_EX)
			continue;
		struct shown_member *shown = hs_array_append(ret);
		if (!shown)
			return false;
		shown->offset = hs_image_word(py->image, at + (uint32_t)HS_OFFSET(py->layout, PyMemberDef, offset));
		shown->name = name;
	}
	return true;
}

static bool add_field(struct hs_type *type, struct hs_type_field field)
{
	struct hs_type_field *slot;

	/* more fields than words, or outside of an instance: a table of another release, or a hostile tp_members */
	if ((uint64_t)field.offset + (uint64_t)field.n * WORD > type->basicsize || type->fields.n >= type->basicsize / WORD ||
	    type->fields.n >= FIELDS_MAX)
		return true;
	slot = hs_array_append(&type->fields);
	if (slot)
		*slot = field;
	return slot != NULL;
}

static bool is_among(const char *list, const char *name, size_t bytes)
{
	while (*list) {
		size_t its_bytes = strcspn(list, "|");

		if (its_bytes == bytes && !memcmp(list, name, bytes))
			return true;
		list += its_bytes + (list[its_bytes] == '|');
	}
	return false;
}

/* Python's name for a member: what the type itself says, then the table, then C's. */
static const char *name_of(const struct hs_cpython *py, const struct hs_type *type, enum hs_members_id id, const struct hs_member *member,
			   const struct shown_members *shown)
{
	const char *own = strrchr(member->name, '.') ? strrchr(member->name, '.') + 1 : member->name;
	const char *tp_names = hs_members_names[id].tp_names;

	if (member->offset == TYPE_WORD(py, type->address, tp_dictoffset))
		return "__dict__";
	if (member->offset == TYPE_WORD(py, type->address, tp_weaklistoffset))
		return "__weakref__";
	for (size_t i = 0; i < shown->n; i++)
		if (shown->items[i].offset == member->offset)
			return shown->items[i].name;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].member, own) && (names[i].of_exceptions ? (type->flags & TPFLAGS_BASE_EXC_SUBCLASS) != 0
						      : !names[i].tp_names[0] || is_among(names[i].tp_names, tp_names, strcspn(tp_names, "|"))))
			return names[i].name;
	return own;
}

static bool add_member(const struct hs_cpython *py, struct hs_type *type, enum hs_members_id id, const struct hs_member *member,
		       const struct shown_members *shown)
{
	struct hs_type_field field = { .offset = member->offset, .n = member->n, .kind = HS_EDGE_FIELD };

	switch (hs_member_rule_of(py->layout, id, member)) {
	case HS_MEMBER_BORROWED:
		return true;
	case HS_MEMBER_WEAK:
		field.relation = HS_WEAK;
		break;
	case HS_MEMBER_UNVISITED:
		field.relation = HS_OWNED;
		break;
	case HS_MEMBER_TAGGED:
		field.tag_mask = 3;
		field.relation = HS_STRONG;
		break;
	case HS_MEMBER_MIXED:
		field.relation = HS_STRONG | HS_SCANNED;
		break;
	case HS_MEMBER_OWNED:
		field.relation = HS_STRONG;
		break;
	}
	/* a type may have a tp_traverse for those based on it without being collected itself: ctypes */
	if (!TYPE_WORD(py, type->address, tp_traverse))
		field.relation &= (uint8_t)~HS_VISITED;
	field.name = name_of(py, type, id, member, shown);
	return add_field(type, field);
}

/* The fields of a C type: its struct's, or those of its base. */
static bool describe_c_type(const struct hs_cpython *py, struct hs_type *type, enum hs_members_id id)
{
	struct shown_members shown = { 0 };
	size_t n;
	const struct hs_member *members = hs_layout_members(py->layout, id, &n);
	bool is_done = read_shown_members(py, type->address, &shown);

	for (size_t i = 0; is_done && i < n; i++)
		is_done = add_member(py, type, id, &members[i], &shown);
	hs_array_free(&shown);
	type->described_bytes = type->basicsize;
	return is_done;
}

static bool inherit_fields(struct hs_type *type)
{
	const struct hs_type *base = type->base_type;

	if (!base)
		return true;
	for (size_t i = 0; i < base->fields.n; i++)
		if (!add_field(type, base->fields.items[i]))
			return false;
	return true;
}

/* What a class statement adds: __slots__, __dict__, __weakref__. */
static bool describe_python_class(const struct hs_cpython *py, struct hs_type *type)
{
	const struct hs_type *base = type->base_type;
	uint64_t dict = TYPE_WORD(py, type->address, tp_dictoffset), weak = TYPE_WORD(py, type->address, tp_weaklistoffset);
	const uint8_t relation = HS_STRONG;
	struct shown_members shown = { 0 };
	bool is_done = read_shown_members(py, type->address, &shown);

	for (size_t i = 0; is_done && i < shown.n; i++)
		if (shown.items[i].offset >= type->c_bytes && shown.items[i].offset < type->basicsize)
			is_done = add_field(type, (struct hs_type_field){ .offset = (uint32_t)shown.items[i].offset, .n = 1, .relation = relation,
									  .kind = HS_EDGE_SLOT, .name = shown.items[i].name,
									  .is_behind_items = type->itemsize != 0 });
	hs_array_free(&shown);
	if (is_done && base && dict != TYPE_WORD(py, base->address, tp_dictoffset)) {
		if (dict >= type->c_bytes && dict < type->basicsize)
			is_done = add_field(type, (struct hs_type_field){ .offset = (uint32_t)dict, .n = 1, .relation = relation, .kind = HS_EDGE_FIELD,
									  .name = "__dict__" });
		/* up to 3.11, behind items: counted from the end */
		if ((int64_t)dict < 0 && !type->has_preheader)
			type->dict_from_end = (uint32_t)-(int64_t)dict;
	}
	if (is_done && base && weak != TYPE_WORD(py, base->address, tp_weaklistoffset) && weak >= type->c_bytes && weak < type->basicsize)
		is_done = add_field(type, (struct hs_type_field){ .offset = (uint32_t)weak, .n = 1, .relation = HS_WEAK, .kind = HS_EDGE_FIELD,
								  .name = "__weakref__" });
	return is_done;
}

static int64_t dict_number(const struct hs_cpython *py, hs_addr dict, const char *key)
{
	hs_addr number = dict ? hs_dict_find(py, dict, key) : 0;
	int32_t digit = HS_HAS(py->layout, PyLongObject, ob_digit) ? HS_OFFSET(py->layout, PyLongObject, ob_digit)
								    : HS_OFFSET(py->layout, PyLongObject, lv_digit);
	uint32_t value = 0;

	return number && hs_image_u32(py->image, number + (uint32_t)digit, &value) ? (int64_t)value : -1;
}

/*
 * Struct sequences (os.stat_result): tuples whose ob_size leaves out the items that only have names (Objects/structseq.c).
 * From 3.13 tp_basicsize counts those.
 */
static bool describe_struct_sequence(const struct hs_cpython *py, struct hs_type *type)
{
	hs_addr dict = hs_type_dict(py, type->address);
	int64_t n = dict_number(py, dict, "n_fields"), n_shown = dict_number(py, dict, "n_sequence_fields");
	uint64_t first = (uint64_t)HS_OFFSET(py->layout, PyTupleObject, ob_item);

	if (n < 0 || n_shown < 0 || n_shown > n || n > UINT16_MAX)
		return true;
	type->described_bytes = type->basicsize;
	if (n == n_shown)
		return true;
	struct hs_type_field *slot = hs_array_append(&type->fields);
	if (slot)
		*slot = (struct hs_type_field){ .offset = (uint32_t)(first + (uint64_t)n_shown * WORD), .n = (uint16_t)(n - n_shown),
						.relation = HS_STRONG, .kind = HS_EDGE_INDEX, .first = (uint16_t)n_shown };
	return slot != NULL;
}

static void describe_class_reference(const struct hs_cpython *py, struct hs_type *type, const char *tp_name, size_t name_bytes)
{
	const struct hs_type *base = type->base_type;

	type->owns_class = type->flags & HS_TPFLAGS_HEAPTYPE;
	if (!type->owns_class)
		return;
	/* subtype_traverse leaves the class to the tp_traverse of a heap type that it is based on (Objects/typeobject.c) */
	if (!type->is_python_class && base && TYPE_WORD(py, base->address, tp_traverse) == TYPE_WORD(py, type->address, tp_traverse))
		type->visits_class = base->visits_class;
	else if (!type->is_python_class)
		type->visits_class = hs_type_is_visited_by_instances(py->layout, tp_name, name_bytes);
	else
		type->visits_class = !py->layout->features.heap_types_are_visited || !base || !base->owns_class || base->visits_class ||
				     !TYPE_WORD(py, base->address, tp_traverse);
}

bool hs_type_describe(const struct hs_cpython *py, struct hs_type *type, const char *tp_name, size_t name_bytes)
{
	const struct hs_type *base = type->base_type;
	enum hs_members_id id = HS_N_MEMBERS_STRUCTS;

	type->relation_mask = (uint8_t)(type->has_gc ? 0xff : ~HS_VISITED);
	describe_class_reference(py, type, tp_name, name_bytes);
	type->described_bytes = base ? base->described_bytes : HS_SIZEOF(py->layout, PyObject);
	/* a struct that adds nothing but room for the first item (datetime.IsoCalendarDate) */
	if (base && base->itemsize && base->described_bytes == base->basicsize && type->basicsize == base->basicsize + base->itemsize &&
	    !type->is_python_class)
		type->described_bytes = type->basicsize;
	if (type->solid_base == type && type->kind->visit)
		type->described_bytes = type->basicsize;
	type->c_bytes = type->is_python_class && base ? base->c_bytes : type->basicsize;
	if (base)
		type->dict_from_end = base->dict_from_end;
	if (!type->is_python_class)
		id = hs_members_of_type(py->layout, tp_name, name_bytes, type->basicsize, type->itemsize, &type->is_unfit);
	if (id != HS_N_MEMBERS_STRUCTS)
		return describe_c_type(py, type, id);
	if (!inherit_fields(type))
		return false;
	if (type->is_python_class)
		return describe_python_class(py, type);
	return type->solid_base == type || strcmp(type->kind->tp_name, "tuple") || describe_struct_sequence(py, type);
}

void hs_type_fields_release(struct hs_type *type)
{
	hs_array_free(&type->fields);
}

/* 3.13+: extensions' types have an array of their own, and the same indices; so a state names its type. */
static hs_addr state_in(const struct hs_cpython *py, hs_addr type, hs_addr interpreter, int32_t array, uint64_t number)
{
	const struct hs_layout *layout = py->layout;
	hs_addr state = interpreter + (uint32_t)array + (number - 1) * HS_SIZEOF(layout, managed_static_type_state);

	if (array == HS_ABSENT || hs_image_word(py->image, state + (uint32_t)HS_OFFSET(layout, managed_static_type_state, type)) != type)
		return 0;
	return state;
}

hs_addr hs_type_static_state(const struct hs_cpython *py, hs_addr type, size_t index)
{
	const struct hs_layout *layout = py->layout;
	uint64_t number = TYPE_WORD(py, type, tp_subclasses);
	const int32_t arrays[] = {
		HS_OFFSET(layout, PyInterpreterState, static_builtin_types), HS_OFFSET(layout, PyInterpreterState, static_builtin_types_13),
		HS_OFFSET(layout, PyInterpreterState, static_extension_types),
	};
	hs_addr state = 0;

	/* a heap type's own tp_subclasses is a dict; here it is 1 + an index */
	if (!layout->features.has_static_builtin_state || index >= py->interpreters.n || !number || number > STATIC_TYPES_MAX)
		return 0;
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]) && !state; i++)
		state = state_in(py, type, py->interpreters.items[index].address, arrays[i], number);
	return state;
}

hs_addr hs_type_dict(const struct hs_cpython *py, hs_addr type)
{
	hs_addr state = hs_type_static_state(py, type, 0);

	return state ? hs_image_word(py->image, state + (uint32_t)HS_OFFSET(py->layout, managed_static_type_state, tp_dict))
		     : TYPE_WORD(py, type, tp_dict);
}
