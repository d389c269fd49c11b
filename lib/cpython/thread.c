/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads. Their frames hang off the thread state; their names are the threading module's, whose table of living threads is
 * read like any other dict.
 */
#include "thread.h"

#include "attribute.h"
#include "chain.h"
#include "dict.h"
#include "number.h"

#define THREAD_WORD(py, address, member) hs_image_word((py)->image, (address) + (uint32_t)HS_OFFSET((py)->layout, PyThreadState, member))

static hs_addr innermost_frame(const struct hs_cpython *py, hs_addr thread)
{
	const struct hs_layout *layout = py->layout;

	if (HS_HAS(layout, PyThreadState, frame))
		return THREAD_WORD(py, thread, frame);
	if (HS_HAS(layout, PyThreadState, current_frame))
		return THREAD_WORD(py, thread, current_frame);
	hs_addr cframe = THREAD_WORD(py, thread, cframe);
	return cframe ? hs_image_word(py->image, cframe + (uint32_t)HS_OFFSET(layout, PyCFrame, current_frame)) : 0;
}

void hs_thread_frames(const struct hs_cpython *py, hs_addr thread, bool (*each)(void *context, const struct hs_frame *frame), void *context)
{
	hs_addr address = innermost_frame(py, thread);
	struct hs_chain_guard guard = { 0 };
	struct hs_frame frame;

	for (unsigned i = 0; address && i < HS_MAX_FRAMES && !hs_chain_repeats(&guard, address); i++) {
		bool is_python = hs_frame_read(py, address, &frame);
		if (is_python && !each(context, &frame))
			return;
		address = frame.previous;
	}
}

/* The Thread of threading._active whose key is `ident`. */
static hs_addr find_thread_object(const struct hs_cpython *py, struct hs_types *types, hs_addr interpreter, uint64_t ident)
{
	hs_addr module = hs_module_dict(py, types, interpreter, "threading");
	hs_addr active = module ? hs_dict_find(py, module, "_active") : 0, key, value;
	struct hs_dict_cursor cursor = { 0 };
	int64_t number;

	while (active && hs_dict_next(py, active, &cursor, &key, &value))
		if (hs_int_value(py, key, &number) && (uint64_t)number == ident)
			return value;
	return 0;
}

static void read_thread(const struct hs_cpython *py, struct hs_types *types, hs_addr address, struct hs_thread_state *ret)
{
	int64_t native;

	ret->address = address;
	ret->interpreter = THREAD_WORD(py, address, interp);
	ret->ident = THREAD_WORD(py, address, thread_id);
	if (HS_HAS(py->layout, PyThreadState, native_thread_id))
		ret->native_ident = THREAD_WORD(py, address, native_thread_id);
	ret->object = find_thread_object(py, types, ret->interpreter, ret->ident);
	if (!ret->object)
		return;
	ret->name = hs_instance_attribute(py, types, ret->object, "_name");
	if (!ret->native_ident && hs_int_value(py, hs_instance_attribute(py, types, ret->object, "_native_id"), &native))
		ret->native_ident = (uint64_t)native;
}

struct hs_error *hs_thread_states_read(const struct hs_cpython *py, struct hs_types *types, struct hs_thread_states *ret)
{
	struct hs_thread_states threads = { 0 };

	if (!hs_array_reserve(&threads, py->threads.n))
		return hs_error_no_memory();
	for (size_t i = 0; i < py->threads.n; i++) {
		struct hs_thread_state *thread = hs_array_append(&threads); /* reserved above */
		if (thread)
			read_thread(py, types, py->threads.items[i], thread);
	}
	*ret = threads;
	return NULL;
}
