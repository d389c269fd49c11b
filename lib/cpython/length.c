/* SPDX-License-Identifier: Apache-2.0 */
/* len() and the reference count of an object, out of its own words. */
#include <string.h>

#include "repr.h"
#include "unicode.h"

#define STATIC_REFCOUNT 900000000

static const char *const sized_by_ob_size[] = { "bytes", "bytearray", "tuple", "list", "collections.deque", "array.array", NULL };

static bool ndarray_length(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret)
{
	uint32_t head = HS_SIZEOF(py->layout, PyObject);

	return hs_body_u32(object, head + 8) && hs_image_u64(py->image, hs_body_u64(object, head + 16), ret);
}

bool hs_object_length(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret)
{
	const char *kind = object->type->kind->tp_name;
	const char *last = strrchr(kind, '.');
	struct hs_str_view view;

	for (size_t i = 0; sized_by_ob_size[i]; i++)
		if (!strcmp(sized_by_ob_size[i], kind)) {
			*ret = (uint64_t)hs_ob_size(py, object);
			return true;
		}
	if (!strcmp(kind, "dict") || !strcmp(kind, "frozendict") || !strcmp(last ? last : kind, ".OrderedDict")) {
		*ret = HS_BODY(py, object, PyDictObject, ma_used);
		return true;
	}
	if (!strcmp(kind, "set") || !strcmp(kind, "frozenset")) {
		*ret = HS_BODY(py, object, PySetObject, used);
		return true;
	}
	if (!strcmp(kind, "str") && hs_str_view(py, object->address, 0, &view)) {
		*ret = view.length;
		return true;
	}
	return !strcmp(kind, "numpy.ndarray") && ndarray_length(py, object, ret);
}

bool hs_object_fill(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret)
{
	const struct hs_layout *layout = py->layout;
	const char *kind = object->type->kind->tp_name;

	if (!strcmp(kind, "_io.BytesIO") && HS_HAS(layout, bytesio, string_size)) {
		*ret = HS_BODY(py, object, bytesio, string_size);
		return true;
	}
	if (!strcmp(kind, "_io.StringIO") && HS_HAS(layout, stringio, string_size)) {
		*ret = HS_BODY(py, object, stringio, string_size);
		return true;
	}
	if (!strcmp(kind, "_queue.SimpleQueue") && HS_HAS(layout, simplequeueobject, num_items)) {
		*ret = HS_BODY(py, object, simplequeueobject, num_items);
		return true;
	}
	return hs_object_length(py, object, ret);
}

/*
 * Include/refcount.h (3.14+), Include/object.h: an object whose 32-bit count is negative is immortal. In 3.11 static objects begin with
 * 999,999,999 references, which nobody has (pycore_object.h, _PyObject_IMMORTAL_REFCNT), and lose some in each interpreter that ends.
 */
bool hs_object_refcount(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret)
{
	uint64_t word = HS_BODY(py, object, PyObject, ob_refcnt);

	switch (py->layout->features.refcount) {
	case HS_REFCOUNT_PLAIN:
		*ret = word;
		return !py->layout->features.frozen_objects_own_nothing || word < STATIC_REFCOUNT;
	case HS_REFCOUNT_IMMORTAL_32:
	case HS_REFCOUNT_SPLIT:
		*ret = (uint32_t)word;
		return !(word & 0x80000000);
	}
	return false;
}
