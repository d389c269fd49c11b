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

struct search {
	const struct hs_root_visit *visit;
	HS_ARRAY(hs_addr) types; /* ascending; those whose static instances are no types themselves */
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

static void report(const struct hs_root_visit *visit, enum hs_root_kind kind, hs_addr object)
{
	const struct hs_root root = { .kind = kind, .address = object, .relation = HS_OWNED, .edge_kind = HS_EDGE_FIELD };

	visit->callback(visit->context, &root);
}

/* Reports the static types, and collects those that may have other static instances. */
static bool report_types(struct search *search)
{
	const struct hs_root_visit *visit = search->visit;
	uint64_t budget = MAX_SUBCLASSES;
	size_t n;

	/* the list grows while it is gone through */
	for (size_t i = 0; i < (hs_types_all(visit->types, &n), n); i++) {
		const struct hs_type *type = hs_types_all(visit->types, &n)[i];
		meet_subclasses(visit, type->address, &budget);
		if (type->flags & HS_TPFLAGS_HEAPTYPE)
			continue;
		report(visit, HS_ROOT_TYPE, type->address);
		if (type->flags & HS_TPFLAGS_TYPE_SUBCLASS)
			continue;
		hs_addr *slot = hs_array_append(&search->types);
		if (!slot)
			return false;
		*slot = type->address;
	}
	return true;
}

static int compare_addresses(const void *a, const void *b)
{
	hs_addr left = *(const hs_addr *)a, right = *(const hs_addr *)b;

	return left < right ? -1 : left > right;
}

static bool report_objects(void *context, hs_addr start, hs_addr end)
{
	const struct search *search = context;
	const struct hs_cpython *py = search->visit->py;
	const uint32_t type_at = (uint32_t)HS_OFFSET(py->layout, PyObject, ob_type);
	const hs_addr first = search->types.items[0], last = search->types.items[search->types.n - 1];

	for (hs_addr at = (start + WORD - 1) & ~(hs_addr)(WORD - 1); at + HS_SIZEOF(py->layout, PyObject) <= end; at += WORD) {
		hs_addr type = hs_image_word(py->image, at + type_at);
		if (type < first || type > last ||
		    !bsearch(&type, search->types.items, search->types.n, sizeof(type), compare_addresses))
			continue;
		/* a pointer to a type stands behind another pointer more often than behind a count */
		uint64_t count = hs_image_word(py->image, at + (uint32_t)HS_OFFSET(py->layout, PyObject, ob_refcnt));
		if (hs_refcount_is_legal(py->layout->features.refcount, count) && !hs_image_find(py->image, count))
			report(search->visit, HS_ROOT_STATIC, at);
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

	if (!report_types(&search))
		return false;
	if (!search.types.n)
		return true;
	qsort(search.types.items, search.types.n, sizeof(*search.types.items), compare_addresses);
	hs_static_data_each(visit->py->image, report_objects, &search);
	return true;
}
