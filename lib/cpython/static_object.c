/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that the compiler made: None, definitions of modules, small ints of some versions, static types. Each starts with a count
 * of one, the reference that nobody drops. They are found in the data of binaries by their type's address.
 */
#include "cleanup.h"
#include "dict.h"
#include "exact_type.h"
#include "root_state.h"
#include "static_data.h"
#include "type_fields.h"

#define WORD 8
#define MAX_SUBCLASSES ((uint64_t)1 << 24) /* of all types together */

HS_ARRAY_TYPE(addresses, hs_addr);

struct search {
	const struct hs_root_visit *visit;
	struct addresses types; /* ascending */
};

/* 3.12+: of a static type of the interpreter itself the table lies in the interpreter's state. */
static hs_addr subclasses_of(const struct hs_cpython *py, hs_addr type)
{
	hs_addr state = hs_type_static_state(py, type, 0);

	if (state)
		return hs_image_word(py->image, state + (uint32_t)HS_OFFSET(py->layout, managed_static_type_state, tp_subclasses));
	return hs_image_word(py->image, type + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_subclasses));
}

/*
 * Types without an instance have not been met: they are found by their bases, which know them weakly. A table of
 * __subclasses__ has weak references as its values, whose first member is the type.
 */
static void meet_subclasses(const struct hs_root_visit *visit, hs_addr type, uint64_t *budget)
{
	const struct hs_cpython *py = visit->py;
	hs_addr table = subclasses_of(py, type), key, reference;
	struct hs_dict_cursor cursor = { 0 };

	if (!table || !hs_is_exactly(py, table, "dict"))
		return;
	for (; *budget && hs_dict_next(py, table, &cursor, &key, &reference); --*budget) {
		hs_addr subclass = hs_image_word(py->image, reference + HS_SIZEOF(py->layout, PyObject));
		if (subclass)
			hs_type_at(visit->types, subclass);
	}
}

/* 3.12+: those that an interpreter keeps a dict for, which need have no instance and no base that knows them (types.builtins). */
static void meet_initialized(const struct hs_root_visit *visit)
{
	const struct hs_cpython *py = visit->py;
	static const enum hs_field_id arrays[] = {
		HS_FIELD_PyInterpreterState_static_builtin_types, HS_FIELD_PyInterpreterState_static_builtin_types_13,
		HS_FIELD_PyInterpreterState_static_extension_types,
	};
	uint32_t bytes = HS_SIZEOF(py->layout, managed_static_type_state);

	for (size_t i = 0; bytes && i < py->interpreters.n * (sizeof(arrays) / sizeof(arrays[0])); i++) {
		const struct hs_field *field = &py->layout->fields[arrays[i % (sizeof(arrays) / sizeof(arrays[0]))]];
		hs_addr start = py->interpreters.items[i / (sizeof(arrays) / sizeof(arrays[0]))].address + (uint32_t)field->offset;
		for (uint32_t at = 0; field->offset != HS_ABSENT && at + bytes <= field->bytes; at += bytes) {
			hs_addr type = hs_image_word(py->image, start + at + (uint32_t)HS_OFFSET(py->layout, managed_static_type_state, type));
			if (type)
				hs_type_at(visit->types, type);
		}
	}
}

static void report(const struct hs_root_visit *visit, enum hs_root_kind kind, hs_addr object)
{
	const struct hs_root root = { .kind = kind, .address = object, .relation = HS_OWNED, .edge_kind = HS_EDGE_FIELD };

	visit->callback(visit->context, &root);
}

/* Meets all types; the static ones come out by address: in which order threads met them says nothing. */
static bool find_static_types(const struct hs_root_visit *visit, struct addresses *ret)
{
	uint64_t budget = MAX_SUBCLASSES;
	size_t n;

	meet_initialized(visit);
	/* the list grows while it is gone through */
	for (size_t i = 0; i < (hs_types_all(visit->types, &n), n); i++) {
		const struct hs_type *type = hs_types_all(visit->types, &n)[i];
		meet_subclasses(visit, type->address, &budget);
		if (type->flags & HS_TPFLAGS_HEAPTYPE)
			continue;
		hs_addr *slot = hs_array_append(ret);
		if (!slot)
			return false;
		*slot = type->address;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), hs_address_compare);
	return true;
}

/* Reports the static types, and keeps those that may have other static instances. */
static void report_types(struct search *search)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < search->types.n; i++) {
		const struct hs_type *type = hs_type_at(search->visit->types, search->types.items[i]);
		report(search->visit, HS_ROOT_TYPE, search->types.items[i]);
		if (type && !(type->flags & HS_TPFLAGS_TYPE_SUBCLASS))
			search->types.items[n_kept++] = search->types.items[i];
	}
	search->types.n = n_kept;
}

/*
 * A pointer to a type stands behind another pointer more often than behind a count: to anything in a binary, or to a block of malloc.
 * What 3.11 counts static objects from, 999,999,999, may lie in the heap of an executable at a fixed address, and is odd.
 */
static bool is_pointer(const struct hs_image *image, uint64_t count)
{
	return hs_image_is_static(image, count) || (!(count & (2 * WORD - 1)) && hs_image_find(image, count));
}

/* An object whose type stands in this word. */
static void report_object(const struct search *search, hs_addr type, hs_addr object)
{
	const struct hs_cpython *py = search->visit->py;

	if (!bsearch(&type, search->types.items, search->types.n, sizeof(type), hs_address_compare))
		return;
	uint64_t count = hs_image_word(py->image, object + (uint32_t)HS_OFFSET(py->layout, PyObject, ob_refcnt));
	if (hs_refcount_is_legal(py->layout->features.refcount, count) && !is_pointer(py->image, count))
		report(search->visit, HS_ROOT_STATIC, object);
}

static bool report_objects(void *context, hs_addr start, hs_addr end)
{
	const struct search *search = context;
	const struct hs_cpython *py = search->visit->py;
	const uint32_t type_at = (uint32_t)HS_OFFSET(py->layout, PyObject, ob_type);
	const hs_addr first = search->types.items[0], last = search->types.items[search->types.n - 1];

	/* by pages: any of them may be missing */
	for (hs_addr at = ((start + WORD - 1) & ~(hs_addr)(WORD - 1)) + type_at; at < end;) {
		hs_addr page_end = (at | (HS_PAGE_BYTES - 1)) + 1;
		size_t bytes = (page_end < end ? page_end : end) - at;
		const uint8_t *words = hs_image_at(py->image, at, bytes);
		for (size_t offset = 0; words && offset + WORD <= bytes; offset += WORD) {
			hs_addr type;
			memcpy(&type, words + offset, sizeof(type));
			if (type >= first && type <= last)
				report_object(search, type, at + offset - type_at);
		}
		at = page_end;
	}
	return true;
}

static void release(struct search *search)
{
	hs_array_free(&search->types);
}

bool hs_root_visit_static_objects(const struct hs_root_visit *visit)
{
	HS_CLEANUP(release) struct search search = { .visit = visit };

	if (!find_static_types(visit, &search.types))
		return false;
	report_types(&search);
	if (search.types.n)
		hs_static_data_each(visit->py->image, report_objects, &search);
	return true;
}
