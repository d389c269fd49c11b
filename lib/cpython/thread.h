/* SPDX-License-Identifier: Apache-2.0 */
/* Thread states: who they are in Python's and the kernel's terms, and what each runs. */
#ifndef HS_THREAD_H
#define HS_THREAD_H

#include "frame.h"
#include "type.h"

#define HS_MAX_FRAMES (1u << 22) /* of a thread */

struct hs_thread_state {
	hs_addr address;       /* of the PyThreadState */
	hs_addr interpreter;
	hs_addr object;        /* threading.Thread; 0: Python's threading does not know it (yet) */
	hs_addr name;          /* str; 0: unknown */
	uint64_t ident;        /* threading.get_ident(): the pthread_t */
	uint64_t native_ident; /* the kernel's thread id; 0: unknown */
};

HS_ARRAY_TYPE(hs_thread_states, struct hs_thread_state);

/* All threads of all interpreters, in the order of the runtime's lists. The caller frees *ret with hs_array_free. */
struct hs_error *hs_thread_states_read(const struct hs_cpython *py, struct hs_types *types, struct hs_thread_states *ret) HS_MUST_CHECK;

/*
 * The frames of the thread state at `thread`, innermost first: `each` gets every one that runs Python code, those included
 * that Python does not show (frame->is_complete is false), and returns false when it has seen enough. Stops at what cannot be
 * read. A frame's strings and words are borrowed from the image.
 */
void hs_thread_frames(const struct hs_cpython *py, hs_addr thread, bool (*each)(void *context, const struct hs_frame *frame), void *context);

/*
 * The addresses of all frames of the thread state, innermost first: those of C, too, which only lead on. Otherwise as above.
 */
void hs_thread_frame_addresses(const struct hs_cpython *py, hs_addr thread, void (*each)(void *context, hs_addr frame), void *context);

/* Kind hooks of _thread.lock and RLock: the semaphore is their storage. */
void hs_lock_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
void hs_rlock_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
