/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numpy.ndarray. Its head is part of numpy's stable C interface (numpy/ndarraytypes.h, tagPyArrayObject_fields; the same in
 * 1.x and 2.x), so no layout is needed:
 *
 *     PyObject_HEAD | data | nd (int) | dimensions | strides | base | descr | flags (int) | …
 *     descr: PyObject_HEAD | typeobj | kind (char) | …
 *
 * Arrays of objects ('O') hold references; of structs ('V') they may. Others hold bytes.
 */
#include "ndarray.h"

#define WORD 8
#define OWNS_DATA 0x4 /* NPY_ARRAY_OWNDATA */
#define MAX_DIMENSIONS 64
#define MAX_ITEMS ((uint64_t)1 << 40)

enum { DATA = 0, N_DIMENSIONS = 8, DIMENSIONS = 16, BASE = 32, DESCR = 40, FLAGS = 48 };

static uint64_t item_count(const struct hs_cpython *py, const struct hs_object *object, uint32_t head)
{
	uint32_t n_dimensions = hs_body_u32(object, head + N_DIMENSIONS);
	hs_addr dimensions = hs_body_u64(object, head + DIMENSIONS);
	uint64_t n = 1;

	for (uint32_t i = 0; i < n_dimensions && i < MAX_DIMENSIONS && n; i++) {
		uint64_t length = 0;
		hs_image_u64(py->image, dimensions + i * WORD, &length);
		n = length < MAX_ITEMS && n < MAX_ITEMS / (length + 1) ? n * length : 0;
	}
	return n;
}

void hs_ndarray_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint32_t head = HS_SIZEOF(py->layout, PyObject);
	hs_addr data = hs_body_u64(object, head + DATA);
	/* numpy's own type takes no part in collection */
	unsigned relation = object->type->solid_base->has_gc ? HS_STRONG : HS_OWNED;
	char kind = 0;

	hs_image_read(py->image, hs_body_u64(object, head + DESCR) + head + WORD, &kind, sizeof(kind));
	/* a type that only bears the name may have smaller instances */
	if (object->body_bytes < head + FLAGS + WORD)
		return;
	/* between them only flags; behind them what differs from release to release */
	visitor->scan(visitor->context, object->body + head + DIMENSIONS, 2, HS_SCAN_STORAGE);
	hs_visit_field(visitor, object->body + head + BASE, "base", relation);
	hs_visit_field(visitor, object->body + head + DESCR, "dtype", relation);
	visitor->scan(visitor->context, object->body + head + FLAGS, (object->body_bytes - head - FLAGS) / WORD, HS_SCAN_ALL);
	if (!data || !(hs_body_u32(object, head + FLAGS) & OWNS_DATA))
		return;
	if (kind == 'O' || kind == 'V') {
		uint64_t n = kind == 'O' ? item_count(py, object, head) : 0;
		const void *words = n ? hs_image_at(py->image, data, n * WORD) : NULL;
		const struct hs_reference_run run = {
			.words = words, .n = n, .stride = WORD, .relation = (uint8_t)relation, .kind = HS_EDGE_INDEX,
		};
		if (words) {
			visitor->storage(visitor->context, data, n * WORD);
			visitor->references(visitor->context, &run);
		} else {
			visitor->scan(visitor->context, &data, 1, HS_SCAN_ALL);
		}
	} else {
		visitor->storage(visitor->context, data, 0);
	}
}
