/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading frames, wherever they lie: code, position, variables, value stack. Which of them are objects, and what the
 * collector visits from where, is the affair of frame_object.c and generator.c.
 */
#include "frame.h"

#include "exact_type.h"
#include "line_table.h"

#define WORD 8
#define TAG_BITS ((uint64_t)3) /* pycore_stackref.h, 3.14+ */
#define TAG_BORROWED 1         /* the frame relies on somebody else's reference */

#define FRAME_WORD(py, address, structure, member) \
	hs_image_word((py)->image, (address) + (uint32_t)HS_OFFSET((py)->layout, structure, member))

static bool has_tags(const struct hs_cpython *py)
{
	return HS_HAS(py->layout, PyInterpreterFrame, stackpointer);
}

hs_addr hs_frame_untag(const struct hs_cpython *py, uint64_t word)
{
	if (!has_tags(py))
		return word;
	return (word & TAG_BITS) == TAG_BITS ? 0 : word & ~TAG_BITS;
}

static uint32_t u32_at(const struct hs_cpython *py, hs_addr address)
{
	uint32_t value = 0;

	hs_image_u32(py->image, address, &value);
	return value;
}

static uint8_t u8_at(const struct hs_cpython *py, hs_addr address)
{
	uint8_t value = 0;

	hs_image_read(py->image, address, &value, sizeof(value));
	return value;
}

hs_addr hs_frame_code(const struct hs_cpython *py, hs_addr address)
{
	if (HS_HAS(py->layout, PyInterpreterFrame, f_code))
		return FRAME_WORD(py, address, PyInterpreterFrame, f_code);
	return hs_frame_untag(py, FRAME_WORD(py, address, PyInterpreterFrame, f_executable));
}

uint64_t hs_frame_bytes(const struct hs_cpython *py, uint64_t start, hs_addr code)
{
	uint64_t n = hs_code_frame_words(py, code);

	return n > HS_CODE_MAX_SLOTS ? HS_SIZE_UNKNOWN : start + (uint64_t)HS_OFFSET(py->layout, PyInterpreterFrame, localsplus) + n * WORD;
}

/* Takes as many words as are in the image: behind the top of a stack, pages may never have been written. */
static bool map_words(const struct hs_cpython *py, struct hs_frame *frame)
{
	uint32_t n = frame->code.n_slots + frame->code.n_stack;

	if (frame->n_live > n)
		return false;
	frame->n_words = n;
	frame->words = hs_image_at(py->image, frame->words_address, (size_t)n * WORD);
	if (!frame->words) {
		frame->n_words = frame->n_live;
		frame->words = hs_image_at(py->image, frame->words_address, (size_t)frame->n_live * WORD);
	}
	return frame->words != NULL;
}

/* Sets what is alive from the number of words below the stack's top, which is negative while C code holds it. */
static void set_top(struct hs_frame *frame, int64_t top)
{
	frame->is_running = top < 0;
	frame->n_visited = top < 0 ? 0 : top > UINT32_MAX ? UINT32_MAX : (uint32_t)top;
	frame->n_live = top < 0 ? frame->code.n_slots : frame->n_visited;
}

static int64_t words_between(hs_addr start, hs_addr end)
{
	return end < start ? INT32_MAX : (int64_t)((end - start) / WORD);
}

/* 3.8 to 3.10. A stack without a top belongs to a running frame, or to one that has ended. */
static void read_frame_object_top(const struct hs_cpython *py, struct hs_frame *frame)
{
	const struct hs_layout *layout = py->layout;
	int64_t n = -1;

	if (HS_HAS(layout, PyFrameObject, f_stackdepth)) {
		n = (int32_t)u32_at(py, frame->address + (uint32_t)HS_OFFSET(layout, PyFrameObject, f_stackdepth));
		n = n < 0 ? -1 : n + frame->code.n_slots;
	} else {
		hs_addr top = FRAME_WORD(py, frame->address, PyFrameObject, f_stacktop);
		bool is_executing = u8_at(py, frame->address + (uint32_t)HS_OFFSET(layout, PyFrameObject, f_executing));
		if (top)
			n = words_between(frame->words_address, top);
		else if (!is_executing)
			n = frame->code.n_slots;
	}
	set_top(frame, n);
	/* its variables are visited whether it runs or not */
	if (frame->n_visited < frame->code.n_slots)
		frame->n_visited = frame->code.n_slots;
}

static bool read_frame_object(const struct hs_cpython *py, hs_addr address, struct hs_frame *frame)
{
	const struct hs_layout *layout = py->layout;

	frame->object = address;
	frame->owner = HS_FRAME_OF_FRAME_OBJECT;
	frame->previous = FRAME_WORD(py, address, PyFrameObject, f_back);
	frame->generator = FRAME_WORD(py, address, PyFrameObject, f_gen);
	frame->words_address = address + (uint32_t)HS_OFFSET(layout, PyFrameObject, f_localsplus);
	frame->offset = (int32_t)u32_at(py, address + (uint32_t)HS_OFFSET(layout, PyFrameObject, f_lasti));
	/* 3.10 counts instructions, of two bytes each */
	if (!HS_HAS(layout, PyCodeObject, co_lnotab) && frame->offset > 0 && frame->offset < INT32_MAX / 2)
		frame->offset *= 2;
	if (!hs_code_read(py, FRAME_WORD(py, address, PyFrameObject, f_code), &frame->code))
		return false;
	read_frame_object_top(py, frame);
	frame->is_complete = true;
	return map_words(py, frame);
}

static void read_interpreter_frame_top(const struct hs_cpython *py, struct hs_frame *frame)
{
	const struct hs_layout *layout = py->layout;

	if (has_tags(py))
		set_top(frame, words_between(frame->words_address, FRAME_WORD(py, frame->address, PyInterpreterFrame, stackpointer)));
	else
		set_top(frame, (int32_t)u32_at(py, frame->address + (uint32_t)HS_OFFSET(layout, PyInterpreterFrame, stacktop)));
}

/* A frame is complete from its first traceable instruction on. */
static void read_position(const struct hs_cpython *py, struct hs_frame *frame)
{
	const struct hs_layout *layout = py->layout;
	hs_addr instruction = FRAME_WORD(py, frame->address, PyInterpreterFrame, instr_ptr);
	int64_t offset = (int64_t)(instruction - frame->code.instructions);
	int64_t first = (int32_t)u32_at(py, frame->code.address + (uint32_t)HS_OFFSET(layout, PyCodeObject, co_firsttraceable));

	frame->offset = offset < 0 || offset > INT32_MAX ? -1 : (int32_t)offset;
	frame->is_complete = frame->owner == HS_FRAME_OF_GENERATOR || offset >= first * 2;
}

static bool read_interpreter_frame(const struct hs_cpython *py, hs_addr address, struct hs_frame *frame)
{
	const struct hs_layout *layout = py->layout;

	frame->owner = u8_at(py, address + (uint32_t)HS_OFFSET(layout, PyInterpreterFrame, owner));
	frame->previous = FRAME_WORD(py, address, PyInterpreterFrame, previous);
	if (frame->owner >= HS_FRAME_OF_INTERPRETER)
		return false;
	frame->object = FRAME_WORD(py, address, PyInterpreterFrame, frame_obj);
	if (frame->owner == HS_FRAME_OF_GENERATOR)
		frame->generator = address - (uint32_t)HS_OFFSET(layout, PyGenObject, gi_iframe);
	frame->words_address = address + (uint32_t)HS_OFFSET(layout, PyInterpreterFrame, localsplus);
	if (!hs_code_read(py, hs_frame_code(py, address), &frame->code))
		return false;
	read_position(py, frame);
	read_interpreter_frame_top(py, frame);
	return map_words(py, frame);
}

bool hs_frame_read(const struct hs_cpython *py, hs_addr address, struct hs_frame *ret)
{
	*ret = (struct hs_frame){ .address = address };
	return HS_HAS(py->layout, PyFrameObject, f_code) ? read_frame_object(py, address, ret) : read_interpreter_frame(py, address, ret);
}

int32_t hs_frame_line(const struct hs_cpython *py, const struct hs_frame *frame)
{
	return hs_code_line(py, &frame->code, frame->offset);
}

bool hs_frame_variable(const struct hs_cpython *py, const struct hs_frame *frame, uint32_t slot, struct hs_variable *ret)
{
	struct hs_slot_run run = { 0 };
	uint64_t word = 0;

	do {
		if (!hs_code_next_slots(&frame->code, &run))
			return false;
	} while (slot - run.first >= run.n);
	*ret = (struct hs_variable){ 0 };
	memcpy(&ret->name, (const uint8_t *)run.names + (size_t)(slot - run.first) * WORD, sizeof(ret->name));
	if (slot < frame->n_live)
		memcpy(&word, frame->words + (size_t)slot * WORD, sizeof(word));
	ret->object = hs_frame_untag(py, word);
	/* until the frame has made its cell, the parameter itself stands there */
	if (run.kind != HS_EDGE_CELL || !ret->object || !hs_is_exactly(py, ret->object, "cell"))
		return true;
	ret->cell = ret->object;
	ret->object = FRAME_WORD(py, ret->cell, PyCellObject, ob_ref);
	return true;
}

/* Words [first, end) of the frame, in two runs where the collector is told the first of them only. */
static void visit_run(const struct hs_cpython *py, const struct hs_frame *frame, struct hs_reference_run run, uint32_t first,
		      uint32_t end, const struct hs_visitor *visitor)
{
	uint32_t border = frame->n_visited < first ? first : frame->n_visited > end ? end : frame->n_visited;
	const uint8_t *names = run.names;

	run.stride = WORD;
	run.names_stride = WORD;
	if (has_tags(py)) {
		run.tag_mask = TAG_BITS;
		run.borrowed_tag = TAG_BORROWED;
	}
	run.words = frame->words + (size_t)first * WORD;
	run.n = border - first;
	run.relation = HS_STRONG;
	if (run.n)
		visitor->references(visitor->context, &run);
	run.words = frame->words + (size_t)border * WORD;
	run.names = names ? names + (size_t)(border - first) * WORD : NULL;
	run.n = end - border;
	run.relation = HS_OWNED;
	if (run.n)
		visitor->references(visitor->context, &run);
}

static void visit_stack(const struct hs_cpython *py, const struct hs_frame *frame, const struct hs_visitor *visitor)
{
	const struct hs_reference_run temporaries = { .kind = HS_EDGE_STACK }, awaited = { .kind = HS_EDGE_FIELD, .name = frame->awaited };
	uint32_t first = frame->code.n_slots;

	if (frame->awaited && frame->n_awaited >= first && frame->n_awaited < frame->n_live) {
		visit_run(py, frame, temporaries, first, frame->n_awaited, visitor);
		visit_run(py, frame, awaited, frame->n_awaited, frame->n_awaited + 1, visitor);
		first = frame->n_awaited + 1;
	}
	visit_run(py, frame, temporaries, first, frame->n_live, visitor);
}

void hs_frame_visit_words(const struct hs_cpython *py, const struct hs_frame *frame, const struct hs_visitor *visitor)
{
	uint32_t n_slots = frame->code.n_slots;
	struct hs_slot_run slots = { 0 };

	while (hs_code_next_slots(&frame->code, &slots) && slots.first < frame->n_live) {
		const struct hs_reference_run run = { .kind = slots.kind, .names = slots.names };
		uint32_t end = slots.first + slots.n;
		visit_run(py, frame, run, slots.first, end < frame->n_live ? end : frame->n_live, visitor);
	}
	if (frame->n_live > n_slots)
		visit_stack(py, frame, visitor);
	if (frame->is_running && frame->n_words > n_slots) {
		/* which of them are below the top, nobody knows: they may keep something alive, and count as nothing */
		const struct hs_reference_run run = {
			.words = frame->words + (size_t)n_slots * WORD, .n = frame->n_words - n_slots, .stride = WORD,
			.relation = HS_SCANNED | HS_WEAK, .kind = HS_EDGE_STACK,
		};
		visitor->references(visitor->context, &run);
	}
}

static void visit_head_word(const struct hs_cpython *py, hs_addr address, int32_t offset, bool is_tagged, const char *name, unsigned relation,
			    const struct hs_visitor *visitor)
{
	const struct hs_reference_run run = {
		.words = hs_image_at(py->image, address + (uint32_t)offset, WORD), .n = 1, .stride = WORD, .relation = (uint8_t)relation,
		.kind = HS_EDGE_FIELD, .name = name, .tag_mask = is_tagged ? TAG_BITS : 0, .borrowed_tag = is_tagged ? TAG_BORROWED : 0,
	};

	if (run.words)
		visitor->references(visitor->context, &run);
}

void hs_frame_visit_head(const struct hs_cpython *py, hs_addr address, const struct hs_frame_names *names, unsigned relation,
			 const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	int32_t code = HS_HAS(layout, PyInterpreterFrame, f_code) ? HS_OFFSET(layout, PyInterpreterFrame, f_code)
								   : HS_OFFSET(layout, PyInterpreterFrame, f_executable);
	bool tags = has_tags(py);

	visit_head_word(py, address, code, tags, names->code, relation, visitor);
	if (names->function)
		visit_head_word(py, address, HS_OFFSET(layout, PyInterpreterFrame, f_funcobj), tags, names->function, relation, visitor);
	if (names->locals)
		visit_head_word(py, address, HS_OFFSET(layout, PyInterpreterFrame, f_locals), false, names->locals, relation, visitor);
	if (names->frame)
		visit_head_word(py, address, HS_OFFSET(layout, PyInterpreterFrame, frame_obj), false, names->frame, relation, visitor);
}
