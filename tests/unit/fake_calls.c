/* SPDX-License-Identifier: Apache-2.0 */
/* The fake's calls, laid out as Objects/frameobject.c, genobject.c and pycore_frame.h do. */
#include "fake_calls.h"

#include <string.h>

#include "frame.h"

static hs_addr make_type(struct fake_calls *calls, const char *name, size_t basicsize, size_t itemsize)
{
	return fake_static_type(calls->fake, name, basicsize, itemsize, HS_TPFLAGS_HAVE_GC, calls->fake->types.object);
}

hs_addr fake_bytes_with(struct fake_heap *fake, const void *data, size_t n)
{
	hs_addr bytes = fake_bytes(fake, n);

	memcpy(fake_at(fake, bytes + (uint32_t)HS_OFFSET(fake->layout, PyBytesObject, ob_sval), n), data, n);
	return bytes;
}

static void make_code(struct fake_calls *calls)
{
	struct fake_heap *fake = calls->fake;
	static const uint8_t kinds[FAKE_N_SLOTS] = { 0x20, 0x20, 0x40 };
	hs_addr code = calls->code = fake_object(fake, calls->code_type, HS_SIZEOF(fake->layout, PyCodeObject) + 64);
	static const char *const texts[FAKE_N_SLOTS] = { "a", "b", "cell" };

	for (unsigned i = 0; i < FAKE_N_SLOTS; i++)
		calls->names[i] = fake_str(fake, texts[i]);
	FAKE_PUT(fake, code, PyVarObject, ob_size, 32);
	FAKE_PUT(fake, code, PyCodeObject, co_stacksize, FAKE_N_STACK);
	FAKE_PUT(fake, code, PyCodeObject, co_nlocals, 2);
	FAKE_PUT(fake, code, PyCodeObject, co_varnames, fake_tuple(fake, calls->names, 2));
	FAKE_PUT(fake, code, PyCodeObject, co_cellvars, fake_tuple(fake, calls->names + 2, 1));
	FAKE_PUT(fake, code, PyCodeObject, co_freevars, fake_tuple(fake, NULL, 0));
	FAKE_PUT(fake, code, PyCodeObject, co_nlocalsplus, FAKE_N_SLOTS);
	FAKE_PUT(fake, code, PyCodeObject, co_localsplusnames, fake_tuple(fake, calls->names, FAKE_N_SLOTS));
	FAKE_PUT(fake, code, PyCodeObject, co_localspluskinds, fake_bytes_with(fake, kinds, FAKE_N_SLOTS));
	FAKE_PUT(fake, code, PyCodeObject, co_name, fake_str(fake, "work"));
	FAKE_PUT(fake, code, PyCodeObject, co_qualname, fake_str(fake, "Class.work"));
	FAKE_PUT(fake, code, PyCodeObject, co_filename, fake_str(fake, "app.py"));
	FAKE_PUT(fake, code, PyCodeObject, co_firstlineno, 10);
}

struct fake_calls fake_calls_open(const char *table)
{
	struct fake_calls calls = { .fake = fake_heap_create(table) };
	const struct hs_layout *layout = calls.fake->layout;

	bool has_iframe = HS_HAS(layout, PyGenObject, gi_iframe);
	calls.code_type = fake_static_type(calls.fake, "code", HS_SIZEOF(layout, PyCodeObject), has_iframe ? 2 : 0, 0, calls.fake->types.object);
	calls.frame_type = make_type(&calls, "frame", HS_SIZEOF(layout, PyFrameObject), 8);
	calls.generator_type = make_type(&calls, "generator", has_iframe ? (uint32_t)HS_OFFSET(layout, PyGenObject, gi_iframe)
									  : HS_SIZEOF(layout, PyGenObject), 0);
	calls.cell_type = make_type(&calls, "cell", HS_SIZEOF(layout, PyCellObject), 0);
	make_code(&calls);
	fake_open(calls.fake);
	return calls;
}

void fake_calls_close(struct fake_calls *calls)
{
	fake_heap_destroy(calls->fake);
}

/* Puts objects into the words of a frame; objects[i] is in words[i]. */
static void fill_words(struct fake_calls *calls, hs_addr words, hs_addr *objects, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		objects[i] = fake_list(calls->fake, NULL, 0, 0);
		fake_put(calls->fake, words + i * 8, objects[i]);
	}
}

hs_addr fake_frame_object(struct fake_calls *calls, hs_addr *objects)
{
	struct fake_heap *fake = calls->fake;
	const unsigned n = FAKE_N_WORDS;
	hs_addr frame = fake_object(fake, calls->frame_type, HS_SIZEOF(fake->layout, PyFrameObject) + n * 8);
	hs_addr words = frame + (uint32_t)HS_OFFSET(fake->layout, PyFrameObject, f_localsplus);

	FAKE_PUT(fake, frame, PyVarObject, ob_size, n);
	FAKE_PUT(fake, frame, PyFrameObject, f_code, calls->code);
	FAKE_PUT(fake, frame, PyFrameObject, f_valuestack, words + FAKE_N_SLOTS * 8);
	fill_words(calls, words, objects, n);
	return frame;
}

void fake_frame_top(const struct fake_calls *calls, hs_addr frame, int n)
{
	hs_addr words = frame + (uint32_t)HS_OFFSET(calls->fake->layout, PyInterpreterFrame, localsplus);

	FAKE_PUT(calls->fake, frame, PyInterpreterFrame, stacktop, (uint64_t)(int64_t)n);
	FAKE_PUT(calls->fake, frame, PyInterpreterFrame, stackpointer, words + (uint64_t)n * 8);
}

void fake_interpreter_frame(struct fake_calls *calls, hs_addr frame, unsigned owner, hs_addr *objects)
{
	struct fake_heap *fake = calls->fake;

	FAKE_PUT(fake, frame, PyInterpreterFrame, owner, owner);
	FAKE_PUT(fake, frame, PyInterpreterFrame, f_code, calls->code);
	FAKE_PUT(fake, frame, PyInterpreterFrame, f_executable, calls->code);
	FAKE_PUT(fake, frame, PyInterpreterFrame, instr_ptr, calls->code + (uint32_t)HS_OFFSET(fake->layout, PyCodeObject, co_code_adaptive) + 8);
	fill_words(calls, frame + (uint32_t)HS_OFFSET(fake->layout, PyInterpreterFrame, localsplus), objects, FAKE_N_WORDS);
}

hs_addr fake_generator(struct fake_calls *calls, int state, hs_addr *objects)
{
	const struct hs_layout *layout = calls->fake->layout;
	uint32_t at = (uint32_t)HS_OFFSET(layout, PyGenObject, gi_iframe);
	size_t bytes = at + (uint32_t)HS_OFFSET(layout, PyInterpreterFrame, localsplus) + (FAKE_N_WORDS) * 8;
	hs_addr generator = fake_object(calls->fake, calls->generator_type, bytes);

	FAKE_PUT(calls->fake, generator, PyGenObject, gi_frame_state, (uint64_t)(int64_t)state);
	FAKE_PUT(calls->fake, generator, PyGenObject, gi_code, calls->code);
	fake_interpreter_frame(calls, generator + at, HS_FRAME_OF_GENERATOR, objects);
	return generator;
}

void fake_running_calls(struct fake_calls *calls, hs_addr *inner, hs_addr *outer)
{
	struct fake_heap *fake = calls->fake;
	size_t bytes = (uint32_t)HS_OFFSET(fake->layout, PyInterpreterFrame, localsplus) + (FAKE_N_WORDS) * 8;
	hs_addr first = fake_chunk(fake, bytes), shim = fake_chunk(fake, bytes), second = fake_chunk(fake, bytes);
	hs_addr cframe = fake_chunk(fake, 64);

	fake_interpreter_frame(calls, first, HS_FRAME_OF_THREAD, inner);
	fake_interpreter_frame(calls, second, HS_FRAME_OF_THREAD, outer);
	fake_frame_top(calls, first, HS_HAS(fake->layout, PyInterpreterFrame, stacktop) ? -1 : FAKE_N_SLOTS + 2);
	fake_frame_top(calls, second, FAKE_N_SLOTS + 1);
	FAKE_PUT(fake, shim, PyInterpreterFrame, owner, HS_FRAME_OF_INTERPRETER);
	FAKE_PUT(fake, first, PyInterpreterFrame, previous, shim);
	FAKE_PUT(fake, shim, PyInterpreterFrame, previous, second);
	FAKE_PUT(fake, fake->thread, PyThreadState, current_frame, first);
	if (HS_HAS(fake->layout, PyThreadState, cframe)) {
		FAKE_PUT(fake, fake->thread, PyThreadState, cframe, cframe);
		FAKE_PUT(fake, cframe, PyCFrame, current_frame, first);
	}
}
