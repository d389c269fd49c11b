/* SPDX-License-Identifier: Apache-2.0 */
/* Code objects: what they say of a frame that runs them, and their kind hooks (Objects/codeobject.c). */
#ifndef HS_CODE_H
#define HS_CODE_H

#include "kind.h"

#define HS_CODE_MAX_SLOTS (1u << 24)

/* A code object, as far as frames need it. Everything but the first line was checked to be what it says. */
struct hs_code {
	hs_addr address;
	hs_addr name;         /* str: __qualname__ from 3.11 on, __name__ before */
	hs_addr filename;     /* str */
	int32_t first_line;
	uint32_t n_slots;     /* variables: fast locals, cells, free variables */
	uint32_t n_stack;     /* the most that its value stack needs */
	hs_addr instructions; /* 3.11+: of the first */
	/* 3.11+: a name and a kind for every slot. Before: names of locals, cells and free variables, in this order. */
	const uint8_t *names[3];
	uint32_t n_names[3];
	const uint8_t *kinds;
};

/* Reads the code object at `address`; false when none is there, or it contradicts itself. */
bool hs_code_read(const struct hs_cpython *py, hs_addr address, struct hs_code *ret);

/* Adjacent slots of one kind. */
struct hs_slot_run {
	uint32_t first, n;
	uint8_t kind;      /* HS_EDGE_LOCAL, HS_EDGE_CELL */
	const void *names; /* n addresses of str objects, adjacent; in the image */
};

/* Moves *run to the next run of slots; zero it to begin. False at the end. */
bool hs_code_next_slots(const struct hs_code *code, struct hs_slot_run *run);

/* Up to 3.10: n words of locals, cells, free variables and stack that a frame of the code object at `address` has. */
uint64_t hs_code_frame_words(const struct hs_cpython *py, hs_addr address);

/* ob_size of the bytes or tuple whose address stands at `slot`. */
uint64_t hs_length_at(const struct hs_cpython *py, hs_addr slot);

uint64_t hs_code_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_code_extent(const struct hs_cpython *py, const struct hs_object *object);

#endif
