/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPython inside an image: its interpreters, its collector's list heads and the anchors of its allocator.
 * Everything else in this folder hangs off this structure. Reads only the image.
 */
#ifndef HS_CPYTHON_H
#define HS_CPYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "array.h"
#include "error.h"
#include "image.h"
#include "layout.h"

#define HS_MAX_INTERPRETERS 4096
#define HS_MAX_THREADS 65536
#define HS_N_GC_HEADS 4 /* three generations and the permanent one */

struct hs_interpreter {
	hs_addr address;
	hs_addr collector;               /* struct _gc_runtime_state; up to 3.8 all interpreters share the runtime's */
	hs_addr gc_heads[HS_N_GC_HEADS]; /* each a PyGC_Head; 0: unknown */
	bool is_collecting;
	hs_addr arenas;                  /* struct arena_object[n_arenas]; 0: none of its own */
	uint32_t n_arenas;
};

HS_ARRAY_TYPE(hs_interpreters, struct hs_interpreter);
HS_ARRAY_TYPE(hs_addresses, hs_addr);

struct hs_cpython {
	const struct hs_image *image;   /* borrowed, must outlive this */
	const struct hs_layout *layout; /* borrowed, must outlive this */
	struct hs_interpreters interpreters;
	struct hs_addresses threads;    /* PyThreadState of every interpreter */
	struct hs_addresses interned;   /* dicts of interned strings, which own none of them */
	hs_addr set_dummy;              /* the key of deleted entries of sets; 0: unknown */
	uint64_t general_lookup;        /* up to 3.10: dk_lookup of tables with keys of any type; 0: unknown */
	bool is_collecting;             /* a collection ran at the stop: _gc_prev must not be followed */
};

/* Reads the runtime's structure. The caller owns *ret. Errors: BAD_DATA, FAULT. */
struct hs_error *hs_cpython_open(const struct hs_image *image, const struct hs_layout *layout, struct hs_cpython **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_cpython_close(struct hs_cpython *py);

/* _gc_next and _gc_prev keep flags in their low two bits (pycore_gc.h, all versions). */
#define HS_GC_POINTER_MASK (~(uint64_t)3)
#define HS_GC_HEAD_BYTES 16
#define HS_PREHEADER_BYTES 16
#define HS_DEBUG_HOOK_BYTES 16 /* Objects/obmalloc.c: size, api letter, seven 0xFD */

#endif
