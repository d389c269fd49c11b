/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard library's C types that define __sizeof__ (Modules/_io, _struct.c, _pickle.c, _elementtree.c, _decimal,
 * itertoolsmodule.c, _ctypes). What they own and refer to is found by scanning their bodies; only sizes are special.
 */
#include "stdlib_types.h"

#include "dict.h"

#define MAX_COUNT ((uint64_t)1 << 40)
#define MAX_STRING ((size_t)1 << 20)
#define WORD 8

static uint64_t plus(uint64_t size, uint64_t n, uint64_t each)
{
	return size == HS_SIZE_UNKNOWN || n > MAX_COUNT ? HS_SIZE_UNKNOWN : size + n * each;
}

static uint64_t ob_size_at(const struct hs_cpython *py, hs_addr object)
{
	return object ? hs_image_word(py->image, object + (uint32_t)HS_OFFSET(py->layout, PyVarObject, ob_size)) : 0;
}

/* strlen + 1, or 0 for NULL. */
static uint64_t string_bytes(const struct hs_cpython *py, hs_addr string)
{
	size_t n;

	return string && hs_image_string(py->image, string, MAX_STRING, &n) ? n + 1 : 0;
}

/* sys.getsizeof of the bytes object at `address`. */
static uint64_t bytes_object_size(const struct hs_cpython *py, hs_addr address)
{
	return plus((uint64_t)HS_OFFSET(py->layout, PyBytesObject, ob_sval) + 1, ob_size_at(py, address), 1);
}

/* The buffer counts unless somebody else holds it as well. */
uint64_t hs_bytesio_size(const struct hs_cpython *py, const struct hs_object *object)
{
	hs_addr buffer = HS_BODY(py, object, bytesio, buf);
	uint64_t size = object->type->basicsize;

	if (buffer && hs_image_word(py->image, buffer + (uint32_t)HS_OFFSET(py->layout, PyObject, ob_refcnt)) == 1)
		size = plus(size, 1, bytes_object_size(py, buffer));
	return size;
}

uint64_t hs_buffered_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n = HS_BODY(py, object, buffered, buffer) ? HS_BODY(py, object, buffered, buffer_size) : 0;

	return plus(object->type->basicsize, n, 1);
}

void hs_buffered_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	hs_addr buffer = HS_BODY(py, object, buffered, buffer);

	if (buffer)
		visitor->storage(visitor->context, buffer, HS_BODY(py, object, buffered, buffer_size));
}

/* The codes end with one whose definition is NULL; that one counts too. */
uint64_t hs_struct_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t code_bytes = HS_SIZEOF(py->layout, formatcode);
	hs_addr code = HS_BODY(py, object, PyStructObject, s_codes);
	uint64_t n = 1;

	if (!code_bytes)
		return HS_SIZE_UNKNOWN;
	while (n < MAX_STRING && hs_image_word(py->image, code + (uint32_t)HS_OFFSET(py->layout, formatcode, fmtdef))) {
		code += code_bytes;
		n++;
	}
	return plus(object->type->basicsize, n, code_bytes);
}

uint64_t hs_pickler_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	hs_addr memo = HS_BODY(py, object, PicklerObject, memo);
	hs_addr output = HS_BODY(py, object, PicklerObject, output_buffer);
	uint64_t size = object->type->basicsize;

	if (memo) {
		uint64_t n = hs_image_word(py->image, memo + (uint32_t)HS_OFFSET(layout, PyMemoTable, mt_allocated));
		size = plus(size + HS_SIZEOF(layout, PyMemoTable), n, HS_SIZEOF(layout, PyMemoEntry));
	}
	return output ? plus(size, 1, bytes_object_size(py, output)) : size;
}

uint64_t hs_unpickler_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t size = object->type->basicsize;

	if (HS_BODY(py, object, UnpicklerObject, memo))
		size = plus(size, HS_BODY(py, object, UnpicklerObject, memo_size), WORD);
	if (HS_BODY(py, object, UnpicklerObject, marks))
		size = plus(size, HS_BODY(py, object, UnpicklerObject, marks_size), WORD);
	size = plus(size, string_bytes(py, HS_BODY(py, object, UnpicklerObject, input_line)), 1);
	size = plus(size, string_bytes(py, HS_BODY(py, object, UnpicklerObject, encoding)), 1);
	return plus(size, string_bytes(py, HS_BODY(py, object, UnpicklerObject, errors)), 1);
}

uint64_t hs_element_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	hs_addr extra = HS_BODY(py, object, ElementObject, extra);
	uint64_t size = object->type->basicsize;

	if (!extra)
		return size;
	hs_addr children = hs_image_word(py->image, extra + (uint32_t)HS_OFFSET(layout, ElementObjectExtra, children));
	uint64_t n = hs_image_word(py->image, extra + (uint32_t)HS_OFFSET(layout, ElementObjectExtra, allocated));
	bool is_inside = children == extra + (uint32_t)HS_OFFSET(layout, ElementObjectExtra, few_children);
	return plus(size + HS_SIZEOF(layout, ElementObjectExtra), is_inside ? 0 : n, WORD);
}

/* libmpdec: digits lie outside the object unless they are static, shared or constant. */
uint64_t hs_decimal_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const uint32_t data_is_not_own = 0x20 | 0x40 | 0x80;
	uint32_t flags = hs_body_u32(object, HS_OFFSET(py->layout, PyDecObject, flags)) & 0xff;

	return plus(object->type->basicsize, flags & data_is_not_own ? 0 : HS_BODY(py, object, PyDecObject, alloc), WORD);
}

uint64_t hs_product_size(const struct hs_cpython *py, const struct hs_object *object)
{
	return plus(object->type->basicsize, ob_size_at(py, HS_BODY(py, object, productobject, pools)), WORD);
}

uint64_t hs_permutations_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t size = plus(object->type->basicsize, ob_size_at(py, HS_BODY(py, object, permutationsobject, pool)), WORD);

	return plus(size, HS_BODY(py, object, permutationsobject, r), WORD);
}

/* combinations_with_replacement has the same shape. */
uint64_t hs_combinations_size(const struct hs_cpython *py, const struct hs_object *object)
{
	return plus(object->type->basicsize, HS_BODY(py, object, combinationsobject, r), WORD);
}

/* What ctypes keeps about a type: up to 3.12 in a dict of its own, from 3.13 behind the type object. */
static uint64_t plus_ctypes_info(const struct hs_cpython *py, uint64_t size, uint64_t format, uint64_t n_dimensions, uint64_t elements,
				 uint64_t length)
{
	size = plus(size, string_bytes(py, format), 1);
	size = plus(size, n_dimensions & 0xffffffff, WORD);
	return elements ? plus(size, length + 1, WORD) : size;
}

uint64_t hs_stgdict_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t size = hs_dict_size(py, object);

	if (size == HS_SIZE_UNKNOWN || !HS_SIZEOF(py->layout, StgDictObject))
		return HS_SIZE_UNKNOWN;
	/* _PyDict_SizeOf counts the whole of tp_basicsize from 3.8 on, and StgDict adds its part once more */
	size += HS_SIZEOF(py->layout, StgDictObject) - HS_SIZEOF(py->layout, PyDictObject);
	return plus_ctypes_info(py, size, HS_BODY(py, object, StgDictObject, format), HS_BODY(py, object, StgDictObject, ndim),
				HS_BODY(py, object, StgDictObject, elements), HS_BODY(py, object, StgDictObject, length));
}

uint64_t hs_ctype_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_type *metatype = object->type;
	uint64_t size = plus(metatype->basicsize, (uint64_t)hs_ob_size(py, object), metatype->itemsize);
	/* PyObject_GetTypeData: behind the base's instances, aligned to 16 */
	int64_t info = metatype->solid_base->base_type ? (metatype->solid_base->base_type->basicsize + 15) & ~15 : 0;

	if (!info || !HS_HAS(py->layout, StgInfo, format))
		return HS_SIZE_UNKNOWN;
	if (!hs_body_u32(object, info + HS_OFFSET(py->layout, StgInfo, initialized)))
		return size;
	return plus_ctypes_info(py, size, hs_body_u64(object, info + HS_OFFSET(py->layout, StgInfo, format)),
				hs_body_u64(object, info + HS_OFFSET(py->layout, StgInfo, ndim)),
				hs_body_u64(object, info + HS_OFFSET(py->layout, StgInfo, elements)),
				hs_body_u64(object, info + HS_OFFSET(py->layout, StgInfo, length)));
}

/* 3.15 added __sizeof__: the ring buffer counts. */
uint64_t hs_simplequeue_size(const struct hs_cpython *py, const struct hs_object *object)
{
	if (!HS_HAS(py->layout, simplequeueobject, items_cap))
		return object->type->basicsize;
	return plus(object->type->basicsize, HS_BODY(py, object, simplequeueobject, items_cap), WORD);
}
