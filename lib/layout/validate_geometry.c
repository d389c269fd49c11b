/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a layout must fulfil by itself, before any look at the process: every member lies within its struct, behind the
 * struct's first part (the object header, or the struct that it extends), and no two members share bytes.
 */
#include <string.h>

#include "field_names.h"
#include "validate.h"

#define BASE(structure, base) { HS_STRUCT_##structure, HS_STRUCT_##base }

/* What a struct starts with. */
static const struct {
	enum hs_struct_id structure, base;
} bases[] = {
	BASE(PyVarObject, PyObject),
	BASE(PyTypeObject, PyVarObject),
	BASE(PyHeapTypeObject, PyTypeObject),
	BASE(PyLongObject, PyObject),
	BASE(PyASCIIObject, PyObject),
	BASE(PyCompactUnicodeObject, PyASCIIObject),
	BASE(PyUnicodeObject, PyCompactUnicodeObject),
	BASE(PyBytesObject, PyVarObject),
	BASE(PyByteArrayObject, PyVarObject),
	BASE(PyListObject, PyVarObject),
	BASE(PyTupleObject, PyVarObject),
	BASE(PyDictObject, PyObject),
	BASE(PySetObject, PyObject),
	BASE(PyODictObject, PyDictObject),
	BASE(dequeobject, PyVarObject),
	BASE(arrayobject, PyVarObject),
	BASE(PyCodeObject, PyObject),
	BASE(PyFrameObject, PyObject),
	BASE(PyGenObject, PyObject),
	BASE(PyCoroObject, PyObject),
	BASE(PyAsyncGenObject, PyObject),
	BASE(PyCellObject, PyObject),
	BASE(lockobject, PyObject),
	BASE(rlockobject, PyObject),
	BASE(PyThreadStateImpl, PyThreadState),
};

static uint32_t base_bytes(const struct hs_layout *layout, enum hs_struct_id structure)
{
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (bases[i].structure == structure)
			return layout->struct_bytes[bases[i].base];
	return 0;
}

static const char *struct_name(enum hs_struct_id structure)
{
	return hs_struct_names[structure].name;
}

static struct hs_error *check_bounds(const struct hs_layout *layout, size_t id)
{
	const struct hs_field *field = &layout->fields[id];
	enum hs_struct_id structure = hs_field_names[id].structure;
	uint32_t bytes = layout->struct_bytes[structure];

	if (field->offset < 0 || (uint32_t)field->offset < base_bytes(layout, structure) ||
	    (uint32_t)field->offset > bytes || field->bytes > bytes - (uint32_t)field->offset)
		return hs_check_failed(0, "%s.%s at %d does not fit into its struct of %u bytes", struct_name(structure),
				       hs_field_names[id].name, field->offset, bytes);
	return NULL;
}

/* Bit-fields share their storage unit. */
static bool share_bytes(const struct hs_field *a, const struct hs_field *b)
{
	int32_t a_bytes = a->bytes ? a->bytes : 1, b_bytes = b->bytes ? b->bytes : 1;

	if (a->bit_width && b->bit_width && a->offset == b->offset && a->bytes == b->bytes)
		return a->bit_offset < b->bit_offset + b->bit_width && b->bit_offset < a->bit_offset + a->bit_width;
	return a->offset < b->offset + b_bytes && b->offset < a->offset + a_bytes;
}

static struct hs_error *check_overlap(const struct hs_layout *layout, size_t id)
{
	for (size_t other = id + 1; other < HS_N_FIELDS; other++) {
		if (hs_field_names[other].structure != hs_field_names[id].structure ||
		    layout->fields[other].offset == HS_ABSENT || !share_bytes(&layout->fields[id], &layout->fields[other]))
			continue;
		return hs_check_failed(0, "%s.%s at %d and .%s at %d share bytes", struct_name(hs_field_names[id].structure),
				       hs_field_names[id].name, layout->fields[id].offset, hs_field_names[other].name,
				       layout->fields[other].offset);
	}
	return NULL;
}

static struct hs_error *check_reserved(const struct hs_layout *layout, size_t id)
{
	const struct hs_field *field = &layout->fields[id];
	uint32_t start = (uint32_t)field->offset, end = start + (field->bytes ? field->bytes : 1);

	for (size_t i = 0; i < layout->reserved.n; i++) {
		const struct hs_reserved *range = &layout->reserved.items[i];

		if (range->structure != hs_field_names[id].structure || end <= range->offset || start >= range->offset + range->bytes)
			continue;
		return hs_check_failed(0, "%s.%s at %u lies where another member is", struct_name(range->structure),
				       hs_field_names[id].name, start);
	}
	return NULL;
}

struct hs_error *hs_check_geometry(const struct hs_live *live)
{
	const struct hs_layout *layout = live->layout;

	for (size_t i = 0; i < HS_N_FIELDS; i++) {
		const struct hs_field_name *name = &hs_field_names[i];
		const struct hs_field *field = &layout->fields[i];

		if (field->offset == HS_ABSENT && (!layout->struct_bytes[name->structure] ||
						   !hs_version_has(name->since, name->until, layout->minor)))
			continue;
		HS_TRY(check_bounds(layout, i));
		HS_TRY(check_overlap(layout, i));
		HS_TRY(check_reserved(layout, i));
	}
	return NULL;
}
