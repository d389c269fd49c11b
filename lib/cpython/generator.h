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
 * The attribute by which the generator whose frame this is shows what it waits for (yield from, await): "gi_yieldfrom", "cr_await",
 * "ag_await". That is on top of the frame's stack. NULL: it waits for nothing, or the frame is no generator's.
 */
const char *hs_generator_awaited(const struct hs_cpython *py, const struct hs_frame *frame);

/* Its __qualname__: a str object, or 0. */
hs_addr hs_generator_qualname(const struct hs_cpython *py, const struct hs_object *object);

uint64_t hs_generator_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_generator_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_generator_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
