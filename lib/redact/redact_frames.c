/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code and what runs it: instructions and the tables that lead from them to lines and variables; of a frame how far it has come and how
 * much of its stack is in use. Variables are references.
 */
#include "code.h"
#include "exact_type.h"
#include "generator.h"
#include "redact_internal.h"

#define WORD 8
#define MAX_TABLE_BYTES ((uint64_t)1 << 28)

/* The bytes of the bytes object that stands in a member of a code object. */
static void keep_bytes_of(struct redaction *redaction, hs_addr code, enum hs_field_id member)
{
	const struct hs_layout *layout = redaction->layout;
	hs_addr bytes = redact_word(redaction, code, member);
	uint64_t n = bytes ? hs_image_word(redaction->py->image, bytes + (uint32_t)HS_OFFSET(layout, PyVarObject, ob_size)) : 0;

	if (known_object(redaction->heap, bytes) && n && n < MAX_TABLE_BYTES && redact_take(redaction, n))
		blank_keep(&redaction->blank, bytes + (uint32_t)HS_OFFSET(layout, PyBytesObject, ob_sval), n);
}

/* 3.11+: instructions stand behind the object, with what they have specialised for: no values, but versions and indices. */
static void keep_instructions(struct redaction *redaction, const struct hs_object *object)
{
	int32_t first = HS_OFFSET(redaction->layout, PyCodeObject, co_code_adaptive);
	uint64_t bytes = hs_code_extent(redaction->py, object);

	if (first != HS_ABSENT && bytes != HS_SIZE_UNKNOWN && bytes > (uint64_t)first && bytes <= object->body_bytes)
		blank_keep(&redaction->blank, object->address + (uint32_t)first, bytes - (uint64_t)first);
}

/* Up to 3.9: a frame that waits for the next call, a dead object whose room counts. */
static void keep_spare_frame(struct redaction *redaction, hs_addr frame)
{
	if (!frame || !hs_is_exactly(redaction->py, frame, "frame"))
		return;
	blank_keep(&redaction->blank, frame, HS_SIZEOF(redaction->layout, PyObject));
	KEEP_FIELD(redaction, frame, PyVarObject, ob_size);
}

void redact_code(struct redaction *redaction, const struct hs_object *object)
{
	static const enum hs_field_id tables[] = {
		HS_FIELD_PyCodeObject_co_code, HS_FIELD_PyCodeObject_co_lnotab, HS_FIELD_PyCodeObject_co_linetable,
		HS_FIELD_PyCodeObject_co_localspluskinds,
	};
	hs_addr extra = HS_BODY(redaction->py, object, PyCodeObject, co_extra);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		keep_bytes_of(redaction, object->address, tables[i]);
	keep_instructions(redaction, object);
	keep_spare_frame(redaction, HS_BODY(redaction->py, object, PyCodeObject, co_zombieframe));
	/* how many pointers others keep there */
	if (extra)
		blank_keep(&redaction->blank, extra, WORD);
}

void redact_frame(struct redaction *redaction, hs_addr address)
{
	if (HS_HAS(redaction->layout, PyFrameObject, f_code))
		return; /* an object, which the rules know */
	KEEP_FIELD(redaction, address, PyInterpreterFrame, f_code);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, f_executable);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, owner);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, f_funcobj);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, f_locals);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, frame_obj);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, previous);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, instr_ptr);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, stacktop);
	KEEP_FIELD(redaction, address, PyInterpreterFrame, stackpointer);
}

void redact_frame_object(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr own = object->address + (uint32_t)HS_OFFSET(redaction->layout, PyFrameObject, f_frame_data);

	/* while its call runs, the frame lies elsewhere, and nothing here */
	if (HS_HAS(redaction->layout, PyFrameObject, f_frame) && HS_BODY(redaction->py, object, PyFrameObject, f_frame) == own)
		redact_frame(redaction, own);
}

void redact_generator(struct redaction *redaction, const struct hs_object *object)
{
	int32_t frame = HS_OFFSET(redaction->layout, PyGenObject, gi_iframe);

	if (frame != HS_ABSENT)
		redact_frame(redaction, object->address + (uint32_t)frame);
}
