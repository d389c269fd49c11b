/* SPDX-License-Identifier: Apache-2.0 */
/* Generators, coroutines and asynchronous generators (Objects/genobject.c): kind hooks, and the frame that one keeps. */
#ifndef HS_GENERATOR_H
#define HS_GENERATOR_H

#include "frame.h"
#include "kind.h"

enum hs_generator_state {
	HS_GENERATOR_SUSPENDED, /* or not begun */
	HS_GENERATOR_RUNNING,
	HS_GENERATOR_ENDED,     /* it has no frame any more */
};

/* True if `object` is one of the three types, or of a class derived from one in C. */
bool hs_is_generator(const struct hs_object *object);

enum hs_generator_state hs_generator_state(const struct hs_cpython *py, const struct hs_object *object);

/* The frame of a generator that has not ended; false when there is none, or it cannot be read. */
bool hs_generator_frame(const struct hs_cpython *py, const struct hs_object *object, struct hs_frame *ret);

/*
 * Sets what the generator waits for whose frame this is (yield from, await), and the attribute by which it shows it: "gi_yieldfrom",
 * "cr_await", "ag_await". Nothing happens if it waits for nothing, or the frame is no generator's.
 */
void hs_generator_set_awaited(const struct hs_cpython *py, struct hs_frame *frame);

/* Its __qualname__: a str object, or 0. */
hs_addr hs_generator_qualname(const struct hs_cpython *py, const struct hs_object *object);

uint64_t hs_generator_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_generator_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_generator_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
