/* SPDX-License-Identifier: Apache-2.0 */
/* Type objects as objects: their size, their shared keys, what they refer to (Objects/typeobject.c). */
#include "type_object.h"

#include "dict.h"

#define MAX_TYPE_DOC ((size_t)1 << 24)

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

void hs_type_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint32_t head = HS_SIZEOF(py->layout, PyObject);
	uint64_t bytes = hs_type_extent(py, object);
	struct hs_dict_keys keys;

	if (bytes != HS_SIZE_UNKNOWN && bytes <= object->body_bytes)
		visitor->scan(visitor->context, object->body + head, (bytes - head) / 8, HS_SCAN_ALL);
	if (!hs_type_object_is_heap(py, object))
		return;
	visit_string(py, HS_BODY(py, object, PyHeapTypeObject, ht_tpname), visitor);
	visit_string(py, HS_BODY(py, object, PyTypeObject, tp_doc), visitor);
	if (hs_dict_keys_read(py, HS_BODY(py, object, PyHeapTypeObject, ht_cached_keys), &keys)) {
		/* the names of its instances' attributes belong to the table, which the collector does not look into */
		hs_dict_keys_visit(&keys, HS_OWNED, visitor);
		visitor->storage(visitor->context, keys.address, keys.bytes);
	}
}
