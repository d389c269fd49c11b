/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code, frames, generators (Objects/codeobject.c, frameobject.c, genobject.c). Up to 3.10 a frame is one object with
 * locals, cells and stack behind it. From 3.11 an interpreter frame lies in a data stack, in a generator, or in a frame
 * object that has outlived its call; its slots are those of its code object.
 */
#include "code.h"

#define MAX_SLOTS (1u << 24)
#define WORD 8

static uint32_t code_u32(const struct hs_cpython *py, hs_addr code, int32_t offset)
{
	uint32_t value = 0;

	if (offset != HS_ABSENT)
		hs_image_u32(py->image, code + (uint32_t)offset, &value);
	return value;
}

#define CODE_U32(py, code, member) code_u32((py), (code), HS_OFFSET((py)->layout, PyCodeObject, member))

static uint64_t tuple_length_at(const struct hs_cpython *py, hs_addr slot)
{
	uint64_t tuple = 0, n = 0;

	if (hs_image_u64(py->image, slot, &tuple) && tuple)
		hs_image_u64(py->image, tuple + (uint32_t)HS_OFFSET(py->layout, PyVarObject, ob_size), &n);
	return n;
}

/* Words of locals, cells, free variables and stack that a frame of `code` has. */
static uint64_t frame_slots(const struct hs_cpython *py, hs_addr code)
{
	const struct hs_layout *layout = py->layout;
	uint64_t n = CODE_U32(py, code, co_stacksize);

	if (HS_HAS(layout, PyCodeObject, co_nlocalsplus))
		n += CODE_U32(py, code, co_nlocalsplus);
	else
		n += CODE_U32(py, code, co_nlocals) + tuple_length_at(py, code + (uint32_t)HS_OFFSET(layout, PyCodeObject, co_cellvars)) +
		     tuple_length_at(py, code + (uint32_t)HS_OFFSET(layout, PyCodeObject, co_freevars));
	return n;
}

/* The code object of the interpreter frame at `frame`; 3.14+ keeps a tagged reference there. */
static hs_addr interpreter_frame_code(const struct hs_cpython *py, hs_addr frame)
{
	const struct hs_layout *layout = py->layout;
	int32_t offset = HS_HAS(layout, PyInterpreterFrame, f_code) ? HS_OFFSET(layout, PyInterpreterFrame, f_code)
								     : HS_OFFSET(layout, PyInterpreterFrame, f_executable);
	uint64_t code = 0;

	hs_image_u64(py->image, frame + (uint32_t)offset, &code);
	return code & ~(uint64_t)3;
}

static uint64_t checked_slots(uint64_t base, uint64_t n)
{
	return n > MAX_SLOTS ? HS_SIZE_UNKNOWN : base + n * WORD;
}

uint64_t hs_code_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	uint64_t size = object->type->basicsize, extra_size = 0;
	hs_addr extra = HS_BODY(py, object, PyCodeObject, co_extra);

	if (object->type->itemsize)
		size = (hs_code_extent(py, object) + WORD - 1) / WORD * WORD;
	if (HS_BODY(py, object, PyCodeObject, co_cell2arg))
		size += tuple_length_at(py, object->address + (uint32_t)HS_OFFSET(layout, PyCodeObject, co_cellvars)) * WORD;
	/* _PyCodeObjectExtra: ce_size, then as many pointers */
	if (extra && hs_image_u64(py->image, extra, &extra_size))
		size = checked_slots(size + WORD, extra_size);
	if (HS_BODY(py, object, PyCodeObject, co_opcache)) {
		/* co_opcache_map: a byte an instruction of two; then the caches */
		uint64_t code_bytes = tuple_length_at(py, object->address + (uint32_t)HS_OFFSET(layout, PyCodeObject, co_code));
		uint32_t n_caches = hs_body_u32(object, HS_OFFSET(layout, PyCodeObject, co_opcache_size)) & 0xff;
		size += code_bytes / 2 + n_caches * HS_SIZEOF(layout, PyOpcache);
	}
	return size;
}

uint64_t hs_code_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n = object->type->itemsize ? (uint64_t)hs_ob_size(py, object) : 0;

	return n > (uint64_t)1 << 32 ? HS_SIZE_UNKNOWN : object->type->basicsize + n * object->type->itemsize;
}

uint64_t hs_frame_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;

	if (HS_HAS(layout, PyFrameObject, f_code)) {
		uint64_t n = frame_slots(py, HS_BODY(py, object, PyFrameObject, f_code));
		return checked_slots(HS_SIZEOF(layout, PyFrameObject) - WORD, n);
	}
	uint64_t base = (uint64_t)HS_OFFSET(layout, PyFrameObject, f_frame_data) + (uint64_t)HS_OFFSET(layout, PyInterpreterFrame, localsplus);
	return checked_slots(base, frame_slots(py, interpreter_frame_code(py, HS_BODY(py, object, PyFrameObject, f_frame))));
}

/* Up to 3.10 a frame may come from a free list, with room for more slots than its code needs; ob_size has the room. */
uint64_t hs_frame_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	hs_addr frame = HS_BODY(py, object, PyFrameObject, f_frame);

	if (HS_HAS(layout, PyFrameObject, f_code))
		return checked_slots(object->type->basicsize, (uint64_t)hs_ob_size(py, object));
	/* while its call runs, the frame object has no locals of its own */
	if (frame == object->address + (uint32_t)HS_OFFSET(layout, PyFrameObject, f_frame_data))
		return hs_frame_size(py, object);
	return (uint64_t)HS_OFFSET(layout, PyFrameObject, f_frame_data);
}

/* Up to 3.10 a generator is a plain object; from 3.11 its frame follows it. */
uint64_t hs_generator_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;

	if (!HS_HAS(layout, PyGenObject, gi_iframe))
		return object->type->basicsize;
	uint64_t frame = (uint64_t)HS_OFFSET(layout, PyGenObject, gi_iframe);
	hs_addr code = HS_HAS(layout, PyGenObject, gi_code) ? HS_BODY(py, object, PyGenObject, gi_code)
							     : interpreter_frame_code(py, object->address + frame);
	return checked_slots(frame + (uint64_t)HS_OFFSET(layout, PyInterpreterFrame, localsplus), frame_slots(py, code));
}

uint64_t hs_generator_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	return hs_generator_size(py, object);
}

void hs_frame_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint64_t bytes = object->type->kind->extent(py, object);
	uint32_t head = HS_SIZEOF(py->layout, PyObject);

	if (bytes != HS_SIZE_UNKNOWN && bytes <= object->body_bytes && bytes > head)
		visitor->scan(visitor->context, object->body + head, (bytes - head) / WORD, HS_SCAN_ALL);
}
