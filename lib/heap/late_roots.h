/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots of the last resort: words outside all objects and all that is known to be theirs, which are the address of an object, or of the
 * text of a str or bytes (not on stacks). Such a word may be a reference of C code's, or what was left of one. They count for objects
 * that no exact root reaches.
 */
#ifndef HS_LATE_ROOTS_H
#define HS_LATE_ROOTS_H

#include "capture.h"
#include "graph.h"

enum hs_late_kind {
	HS_LATE_INTERNED, /* the table of interned strings; only those that can never go */
	HS_LATE_STATIC, /* a C variable: writable data of a binary, no static object's (but a text may be: tp_doc) */
	HS_LATE_STACK,  /* a thread's C stack above its stack pointer, or a register */
	HS_LATE_NATIVE, /* a block of an allocator that belongs to no object */
};

struct hs_late_root {
	hs_node node;
	uint32_t kind;  /* enum hs_late_kind */
	int32_t tid;    /* of STACK; else 0 */
	hs_addr where;  /* of the word; 0: a register, a table */
};

HS_ARRAY_TYPE(hs_late_roots, struct hs_late_root);

/*
 * All of them, by kind, each object once. `threads` as of the stop; NULL or without registers: no
 * stacks. The caller frees *ret with hs_array_free, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_late_roots_find(const struct hs_graph *graph, const struct hs_thread_list *threads, struct hs_late_roots *ret) HS_MUST_CHECK;

/* Every such word (the first few million) that names a node of the set `wanted`, in the same order. The caller frees *ret in the same way. Errors: NO_MEMORY. */
struct hs_error *hs_late_words_find(const struct hs_graph *graph, const struct hs_thread_list *threads, const uint64_t *wanted,
				    struct hs_late_roots *ret) HS_MUST_CHECK;

#endif
