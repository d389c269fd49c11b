/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three kinds of generators differ in how Python calls their members, and in one of them. Up to 3.10 the frame is an
 * object of its own; from 3.11 the interpreter frame is the end of the generator's block.
 */
#include "generator.h"

#include "exact_type.h"

#define WORD 8

/* How Python spells the members of each kind, and which of them its origin or finalizer is. */
static const struct member_names {
	const char *tp_name;
	struct hs_frame_names frame;
	const char *awaited;
	const char *last; /* NULL: nothing is ever written there, nor read */
	bool is_last_visited; /* cr_origin holds names and lines only: no cycle can go through it */
} member_names[] = {
	{ "generator", { "gi_code", "f_funcobj", "f_locals", "gi_frame" }, "gi_yieldfrom", NULL, false },
	{ "coroutine", { "cr_code", "f_funcobj", "f_locals", "cr_frame" }, "cr_await", "cr_origin", false },
	{ "async_generator", { "ag_code", "f_funcobj", "f_locals", "ag_frame" }, "ag_await", "ag_finalizer", true },
};

static const struct member_names *names_of(const struct hs_object *object)
{
	for (size_t i = 0; i < sizeof(member_names) / sizeof(member_names[0]); i++)
		if (!strcmp(object->type->kind->tp_name, member_names[i].tp_name))
			return &member_names[i];
	return NULL;
}

bool hs_is_generator(const struct hs_object *object)
{
	return names_of(object) != NULL;
}

static hs_addr frame_address(const struct hs_cpython *py, const struct hs_object *object)
{
	if (HS_HAS(py->layout, PyGenObject, gi_iframe))
		return object->address + (uint32_t)HS_OFFSET(py->layout, PyGenObject, gi_iframe);
	return HS_BODY(py, object, PyGenObject, gi_frame);
}

enum hs_generator_state hs_generator_state(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	struct hs_frame frame;

	if (HS_HAS(layout, PyGenObject, gi_frame_state)) {
		int8_t state = (int8_t)hs_body_u32(object, HS_OFFSET(layout, PyGenObject, gi_frame_state));
		int8_t executing = layout->features.frame_executing;
		return state < executing ? HS_GENERATOR_SUSPENDED : state == executing ? HS_GENERATOR_RUNNING : HS_GENERATOR_ENDED;
	}
	if (!HS_BODY(py, object, PyGenObject, gi_frame))
		return HS_GENERATOR_ENDED;
	return hs_frame_read(py, frame_address(py, object), &frame) && frame.is_running ? HS_GENERATOR_RUNNING : HS_GENERATOR_SUSPENDED;
}

bool hs_generator_frame(const struct hs_cpython *py, const struct hs_object *object, struct hs_frame *ret)
{
	if (hs_generator_state(py, object) == HS_GENERATOR_ENDED)
		return false;
	return hs_frame_read(py, frame_address(py, object), ret);
}

hs_addr hs_generator_qualname(const struct hs_cpython *py, const struct hs_object *object)
{
	return HS_BODY(py, object, PyGenObject, gi_qualname);
}

/* The instructions of the code that a frame runs. */
static hs_addr first_instruction(const struct hs_cpython *py, const struct hs_frame *frame)
{
	if (!HS_HAS(py->layout, PyCodeObject, co_code))
		return frame->code.instructions;
	hs_addr bytes = hs_image_word(py->image, frame->code.address + (uint32_t)HS_OFFSET(py->layout, PyCodeObject, co_code));
	return bytes + (uint32_t)HS_OFFSET(py->layout, PyBytesObject, ob_sval);
}

static bool is_waiting(const struct hs_cpython *py, const struct hs_frame *frame)
{
	const struct hs_features *features = &py->layout->features;
	uint8_t next[2];

	if (features->frame_waiting) {
		hs_addr state = frame->generator + (uint32_t)HS_OFFSET(py->layout, PyGenObject, gi_frame_state);
		return hs_image_read(py->image, state, next, 1) && (int8_t)next[0] == features->frame_waiting;
	}
	if (frame->offset < 0 || !hs_image_read(py->image, first_instruction(py, frame) + (uint32_t)frame->offset + sizeof(next), next, sizeof(next)))
		return false;
	return next[0] && (next[0] == features->waiting_opcodes[0] || next[0] == features->waiting_opcodes[1]) &&
	       next[1] >= features->waiting_argument;
}

void hs_generator_set_awaited(const struct hs_cpython *py, struct hs_frame *frame)
{
	uint32_t n_above = py->layout->features.words_above_awaited + 1u;

	if (!frame->generator || frame->is_running || frame->n_live < frame->code.n_slots + n_above || !is_waiting(py, frame))
		return;
	for (size_t i = 0; i < sizeof(member_names) / sizeof(member_names[0]); i++)
		if (hs_is_exactly(py, frame->generator, member_names[i].tp_name))
			frame->awaited = member_names[i].awaited;
	frame->n_awaited = frame->n_live - n_above;
}

/* Up to 3.10 a generator is a plain object; from 3.11 its frame follows it. */
uint64_t hs_generator_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;

	if (!HS_HAS(layout, PyGenObject, gi_iframe))
		return object->type->basicsize;
	hs_addr code = HS_HAS(layout, PyGenObject, gi_code) ? HS_BODY(py, object, PyGenObject, gi_code)
							     : hs_frame_code(py, frame_address(py, object));
	return hs_frame_bytes(py, (uint64_t)HS_OFFSET(layout, PyGenObject, gi_iframe), code);
}

uint64_t hs_generator_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	return hs_generator_size(py, object);
}

static void visit_member(const struct hs_object *object, int32_t offset, const char *name, unsigned relation, const struct hs_visitor *visitor)
{
	uint64_t word = hs_body_u64(object, offset);

	if (word)
		hs_visit_field(visitor, &word, name, relation);
}

#define VISIT(structure, member, name, relation) \
	visit_member(object, HS_OFFSET(py->layout, structure, member), (name), (relation), visitor)

static void visit_last(const struct hs_cpython *py, const struct hs_object *object, const struct member_names *names,
		       const struct hs_visitor *visitor)
{
	unsigned relation = names->is_last_visited ? HS_STRONG : HS_OWNED;

	if (!names->last)
		return;
	if (HS_HAS(py->layout, PyGenObject, gi_origin_or_finalizer))
		VISIT(PyGenObject, gi_origin_or_finalizer, names->last, relation);
	else if (!strcmp(names->tp_name, "coroutine"))
		VISIT(PyCoroObject, cr_origin, names->last, relation);
	else
		VISIT(PyAsyncGenObject, ag_finalizer, names->last, relation);
}

/* 3.11+ */
static bool has_frame(const struct hs_cpython *py, const struct hs_object *object)
{
	int8_t state = (int8_t)hs_body_u32(object, HS_OFFSET(py->layout, PyGenObject, gi_frame_state));

	return state < py->layout->features.frame_cleared;
}

/* 3.12+: the code stays in the frame after the end, as the generator's own reference. */
static void visit_frame(const struct hs_cpython *py, const struct hs_object *object, const struct member_names *names,
			const struct hs_visitor *visitor)
{
	const struct hs_frame_names code_only = { .code = names->frame.code };
	hs_addr address = frame_address(py, object);
	struct hs_frame frame;

	if (!has_frame(py, object)) {
		if (!HS_HAS(py->layout, PyGenObject, gi_code))
			hs_frame_visit_head(py, address, &code_only,
					    py->layout->features.ended_generators_visit_code ? HS_STRONG : HS_OWNED, visitor);
		return;
	}
	hs_frame_visit_head(py, address, &names->frame, HS_STRONG, visitor);
	if (!hs_frame_read(py, address, &frame))
		return;
	hs_generator_set_awaited(py, &frame);
	hs_frame_visit_words(py, &frame, visitor);
}

void hs_generator_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct member_names *names = names_of(object);
	uint64_t bytes = object->type->kind->extent(py, object);
	uint32_t head = HS_SIZEOF(py->layout, PyObject);

	if (!names)
		return;
	if (HS_HAS(py->layout, PyGenObject, gi_frame))
		VISIT(PyGenObject, gi_frame, names->frame.frame, HS_STRONG);
	if (HS_HAS(py->layout, PyGenObject, gi_code))
		VISIT(PyGenObject, gi_code, names->frame.code, HS_STRONG);
	VISIT(PyGenObject, gi_name, "__name__", HS_STRONG);
	VISIT(PyGenObject, gi_qualname, "__qualname__", HS_STRONG);
	VISIT(PyGenObject, gi_weakreflist, "__weakref__", HS_WEAK);
	if (HS_HAS(py->layout, PyGenObject, gi_exc_type)) {
		VISIT(PyGenObject, gi_exc_type, "gi_exc_state.exc_type", HS_STRONG);
		VISIT(PyGenObject, gi_exc_traceback, "gi_exc_state.exc_traceback", HS_STRONG);
	}
	VISIT(PyGenObject, gi_exc_value, "gi_exc_state.exc_value", HS_STRONG);
	visit_last(py, object, names, visitor);
	if (HS_HAS(py->layout, PyGenObject, gi_iframe))
		visit_frame(py, object, names, visitor);
	if (bytes != HS_SIZE_UNKNOWN && bytes <= object->body_bytes && bytes > head)
		visitor->scan(visitor->context, object->body + head, (bytes - head) / WORD, HS_SCAN_STORAGE);
}
