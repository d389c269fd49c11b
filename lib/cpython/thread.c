/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads. Their frames hang off the thread state; their names are the threading module's, whose table of living threads is
 * read like any other dict.
 */
#include "thread.h"

#include "attribute.h"
#include "chain.h"
#include "cleanup.h"
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

void hs_thread_frame_addresses(const struct hs_cpython *py, hs_addr thread, void (*each)(void *context, hs_addr frame), void *context)
{
	hs_addr address = innermost_frame(py, thread);
	struct hs_chain_guard guard = { 0 };
	struct hs_frame frame;

	for (unsigned i = 0; address && i < HS_MAX_FRAMES && !hs_chain_repeats(&guard, address); i++) {
		each(context, address);
		hs_frame_read(py, address, &frame);
		address = frame.previous;
	}
}

/* An entry of threading._active: the living threads by their identity. */
struct active {
	uint64_t ident;
	hs_addr object;
};

HS_ARRAY_TYPE(actives, struct active);

static int compare_idents(const void *a, const void *b)
{
	const struct active *left = a, *right = b;

	return left->ident < right->ident ? -1 : left->ident > right->ident;
}

static bool read_actives(const struct hs_cpython *py, struct hs_types *types, hs_addr interpreter, struct actives *ret)
{
	hs_addr module = hs_module_dict(py, types, interpreter, "threading");
	hs_addr active = module ? hs_dict_find(py, module, "_active") : 0, key, value;
	struct hs_dict_cursor cursor = { 0 };
	int64_t ident;

	ret->n = 0;
	while (active && ret->n < HS_MAX_THREADS && hs_dict_next(py, active, &cursor, &key, &value)) {
		if (!hs_int_value(py, key, &ident))
			continue;
		struct active *slot = hs_array_append(ret);
		if (!slot)
			return false;
		*slot = (struct active){ (uint64_t)ident, value };
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_idents);
	return true;
}

static void read_thread(const struct hs_cpython *py, struct hs_types *types, const struct actives *actives, struct hs_thread_state *thread)
{
	int64_t native;

	thread->ident = THREAD_WORD(py, thread->address, thread_id);
	if (HS_HAS(py->layout, PyThreadState, native_thread_id))
		thread->native_ident = THREAD_WORD(py, thread->address, native_thread_id);
	const struct active wanted = { .ident = thread->ident };
	const struct active *found = actives->n ? bsearch(&wanted, actives->items, actives->n, sizeof(wanted), compare_idents) : NULL;
	if (!found)
		return;
	thread->object = found->object;
	thread->name = hs_instance_attribute(py, types, thread->object, "_name");
	if (!thread->native_ident && hs_int_value(py, hs_instance_attribute(py, types, thread->object, "_native_id"), &native))
		thread->native_ident = (uint64_t)native;
}

static void free_actives(struct actives *actives)
{
	hs_array_free(actives);
}

struct hs_error *hs_thread_states_read(const struct hs_cpython *py, struct hs_types *types, struct hs_thread_states *ret)
{
	HS_CLEANUP(free_actives) struct actives actives = { 0 };
	struct hs_thread_states threads = { 0 };
	hs_addr interpreter = 0;

	if (!hs_array_reserve(&threads, py->threads.n))
		return hs_error_no_memory();
	for (size_t i = 0; i < py->threads.n; i++) {
		struct hs_thread_state *thread = hs_array_append(&threads); /* reserved above */
		thread->address = py->threads.items[i];
		thread->interpreter = THREAD_WORD(py, thread->address, interp);
		/* the threads of one interpreter follow each other */
		if (thread->interpreter != interpreter && !read_actives(py, types, thread->interpreter, &actives)) {
			hs_array_free(&threads);
			return hs_error_no_memory();
		}
		interpreter = thread->interpreter;
		read_thread(py, types, &actives, thread);
	}
	*ret = threads;
	return NULL;
}

/* Python/thread_pthread.h: a sem_t of the platform's, of which most is never written: what stands there refers to nothing. */
#define SEMAPHORE_BYTES 32

static void visit_semaphore(hs_addr semaphore, const struct hs_visitor *visitor)
{
	if (semaphore)
		visitor->storage(visitor->context, semaphore, SEMAPHORE_BYTES);
}

void hs_lock_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_semaphore(HS_BODY(py, object, lockobject, lock_lock), visitor);
}

void hs_rlock_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_semaphore(HS_BODY(py, object, rlockobject, rlock_lock), visitor);
}
