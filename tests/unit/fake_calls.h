/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in a made-up process: code, frames of every kind of CPython, generators, and what a thread runs. */
#ifndef FAKE_CALLS_H
#define FAKE_CALLS_H

#include "fake_heap.h"

#define FAKE_N_SLOTS 3 /* two locals and a closure's variable */
#define FAKE_N_STACK 4
#define FAKE_N_WORDS (FAKE_N_SLOTS + FAKE_N_STACK)

/* A target with the types that calls need, and a code object with three variables: a, b, cell. */
struct fake_calls {
	struct fake_heap *fake;
	hs_addr code_type, frame_type, generator_type, cell_type;
	hs_addr code, names[FAKE_N_SLOTS];
};

/* Opens heap->py and heap->types_seen, too. */
struct fake_calls fake_calls_open(const char *table);
void fake_calls_close(struct fake_calls *calls);

/* A bytes object with these contents. */
hs_addr fake_bytes_with(struct fake_heap *fake, const void *data, size_t n);

/* Each fills all words of the frame with new lists, which are `objects` (FAKE_N_WORDS) afterwards. */

/* A frame object of 3.8–3.10. */
hs_addr fake_frame_object(struct fake_calls *calls, hs_addr *objects);
/* The interpreter frame at `frame`, owned by `owner`: 3.11+. */
void fake_interpreter_frame(struct fake_calls *calls, hs_addr frame, unsigned owner, hs_addr *objects);
/* A generator whose frame is a part of it: 3.11+. */
hs_addr fake_generator(struct fake_calls *calls, int state, hs_addr *objects);
/* Two calls that the thread runs, the inner one in C code, and between them a frame of no Python code: 3.11+. */
void fake_running_calls(struct fake_calls *calls, hs_addr *inner, hs_addr *outer);

/* Sets how many words of an interpreter frame are in use. */
void fake_frame_top(const struct fake_calls *calls, hs_addr frame, int n);

#endif
