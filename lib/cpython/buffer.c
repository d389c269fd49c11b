/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that own a buffer of raw bytes (Objects/bytearrayobject.c, Modules/arraymodule.c, Modules/_ctypes). The bytes are not read. */
#include "buffer.h"

#define MAX_BYTES ((uint64_t)1 << 46)

/* From 3.15 the bytes stand in a bytes object of their own: a reference, whose size __sizeof__ counts as well. */
static bool buffer_is_object(const struct hs_cpython *py)
{
	return HS_HAS(py->layout, PyByteArrayObject, ob_bytes_object);
}

uint64_t hs_bytearray_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n = HS_BODY(py, object, PyByteArrayObject, ob_alloc);

	if (n > MAX_BYTES)
		return HS_SIZE_UNKNOWN;
	/* the header of the bytes object and its final NUL count as well, unless it is the empty one */
	if (buffer_is_object(py) && n)
		n += (uint64_t)HS_OFFSET(py->layout, PyBytesObject, ob_sval) + 1;
	return object->type->basicsize + n;
}

void hs_bytearray_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	hs_addr buffer = HS_BODY(py, object, PyByteArrayObject, ob_bytes);

	if (buffer_is_object(py)) {
		uint64_t reference = HS_BODY(py, object, PyByteArrayObject, ob_bytes_object);
		hs_visit_field(visitor, &reference, "ob_bytes_object", HS_OWNED);
	} else if (buffer) {
		visitor->storage(visitor->context, buffer, HS_BODY(py, object, PyByteArrayObject, ob_alloc));
	}
}

static uint64_t array_bytes(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	uint64_t n = HS_BODY(py, object, arrayobject, allocated);
	uint32_t item_bytes = 0;

	if (!HS_HAS(layout, arrayobject, ob_descr) ||
	    !hs_image_u32(py->image, HS_BODY(py, object, arrayobject, ob_descr) + (uint32_t)HS_OFFSET(layout, arraydescr, itemsize), &item_bytes) ||
	    item_bytes > 16 || n > MAX_BYTES)
		return HS_SIZE_UNKNOWN;
	return n * item_bytes;
}

uint64_t hs_array_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t bytes = array_bytes(py, object);

	return bytes == HS_SIZE_UNKNOWN ? bytes : object->type->basicsize + bytes;
}

void hs_array_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	hs_addr items = HS_BODY(py, object, arrayobject, ob_item);
	uint64_t bytes = array_bytes(py, object);

	if (items && bytes != HS_SIZE_UNKNOWN)
		visitor->storage(visitor->context, items, bytes);
}

/* ctypes: small values lie inside the object, others in a buffer that it frees; some point into foreign memory. */
void hs_cdata_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint32_t head = HS_SIZEOF(py->layout, PyObject), all_bytes = object->type->solid_base->basicsize;
	hs_addr buffer = HS_BODY(py, object, CDataObject, b_ptr);

	if (all_bytes > object->body_bytes)
		return;
	visitor->scan(visitor->context, object->body + head, (all_bytes - head) / 8, object->type->fields.n ? HS_SCAN_STORAGE : HS_SCAN_ALL);
	if (buffer && hs_body_u32(object, HS_OFFSET(py->layout, CDataObject, b_needsfree)) &&
	    (buffer < object->address || buffer >= object->address + all_bytes))
		visitor->storage(visitor->context, buffer, HS_BODY(py, object, CDataObject, b_size));
}
