/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame objects as objects (Objects/frameobject.c): their size, what they refer to. From 3.11 one is only a view of an
 * interpreter frame, until the call has ended and the frame was moved into the object.
 */
#include "exact_type.h"
#include "generator.h"

#define WORD 8

#define VISIT(py, object, visitor, member, relation)                                                                        \
	do {                                                                                                                  \
		uint64_t hs_word = HS_BODY((py), (object), PyFrameObject, member);                                            \
		hs_visit_field((visitor), &hs_word, #member, (relation));                                                     \
	} while (0)

static hs_addr own_frame(const struct hs_cpython *py, const struct hs_object *object)
{
	return object->address + (uint32_t)HS_OFFSET(py->layout, PyFrameObject, f_frame_data);
}

uint64_t hs_frame_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;

	if (!HS_HAS(layout, PyFrameObject, f_code))
		return hs_frame_bytes(py, (uint64_t)HS_OFFSET(layout, PyFrameObject, f_frame_data),
				      hs_frame_code(py, HS_BODY(py, object, PyFrameObject, f_frame)));
	uint64_t n = hs_code_frame_words(py, HS_BODY(py, object, PyFrameObject, f_code));
	return n > HS_CODE_MAX_SLOTS ? HS_SIZE_UNKNOWN : HS_SIZEOF(layout, PyFrameObject) - WORD + n * WORD;
}

/* Up to 3.10 a frame may come from a free list, with room for more slots than its code needs; ob_size has the room. */
uint64_t hs_frame_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;

	if (HS_HAS(layout, PyFrameObject, f_code)) {
		uint64_t n = (uint64_t)hs_ob_size(py, object);
		return n > HS_CODE_MAX_SLOTS ? HS_SIZE_UNKNOWN : object->type->basicsize + n * WORD;
	}
	/* while its call runs, the frame object has no locals of its own */
	if (HS_BODY(py, object, PyFrameObject, f_frame) == own_frame(py, object))
		return hs_frame_size(py, object);
	return (uint64_t)HS_OFFSET(layout, PyFrameObject, f_frame_data);
}

/* Storage among the words of the block; the references are reported one by one. */
static void scan_storage(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint64_t bytes = hs_frame_extent(py, object);
	uint32_t head = HS_SIZEOF(py->layout, PyObject);

	if (bytes != HS_SIZE_UNKNOWN && bytes <= object->body_bytes && bytes > head)
		visitor->scan(visitor->context, object->body + head, (bytes - head) / WORD, HS_SCAN_STORAGE);
}

static void visit_until_310(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	struct hs_frame frame;

	VISIT(py, object, visitor, f_code, HS_STRONG);
	VISIT(py, object, visitor, f_builtins, HS_STRONG);
	VISIT(py, object, visitor, f_globals, HS_STRONG);
	VISIT(py, object, visitor, f_locals, HS_STRONG);
	if (!hs_frame_read(py, object->address, &frame))
		return;
	hs_generator_set_awaited(py, &frame);
	hs_frame_visit_words(py, &frame, visitor);
}

static void visit_since_311(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	static const struct hs_frame_names names = { "f_code", "f_funcobj", "f_locals", NULL };
	hs_addr address = own_frame(py, object);
	struct hs_frame frame;

	if (HS_HAS(py->layout, PyFrameObject, f_extra_locals)) {
		VISIT(py, object, visitor, f_extra_locals, HS_STRONG);
		VISIT(py, object, visitor, f_locals_cache, HS_STRONG);
	}
	if (HS_HAS(py->layout, PyFrameObject, f_overwritten_fast_locals))
		VISIT(py, object, visitor, f_overwritten_fast_locals, HS_STRONG);
	if (HS_BODY(py, object, PyFrameObject, f_frame) != address)
		return;
	hs_frame_visit_head(py, address, &names, HS_STRONG, visitor);
	if (hs_frame_read(py, address, &frame))
		hs_frame_visit_words(py, &frame, visitor);
}

void hs_frame_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	VISIT(py, object, visitor, f_back, HS_STRONG);
	VISIT(py, object, visitor, f_trace, HS_STRONG);
	if (HS_HAS(py->layout, PyFrameObject, f_code))
		visit_until_310(py, object, visitor);
	else
		visit_since_311(py, object, visitor);
	scan_storage(py, object, visitor);
}

void hs_frame_visit_spare(const struct hs_cpython *py, const struct hs_object *code, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	hs_addr frame = HS_BODY(py, code, PyCodeObject, co_zombieframe);

	if (!frame || !hs_is_exactly(py, frame, "frame") || hs_image_word(py->image, frame + (uint32_t)HS_OFFSET(layout, PyObject, ob_refcnt)))
		return;
	/* ob_size: the room for its variables and its stack */
	uint64_t n = hs_image_word(py->image, frame + (uint32_t)HS_OFFSET(layout, PyVarObject, ob_size));
	if (n <= HS_CODE_MAX_SLOTS)
		visitor->storage(visitor->context, frame - HS_GC_HEAD_BYTES, HS_GC_HEAD_BYTES + HS_SIZEOF(layout, PyFrameObject) + n * WORD);
}
