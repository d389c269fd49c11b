/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References that nobody has: objects whose reference count exceeds the references found, in other objects, in roots, in C variables.
 * C code holds one in memory of its own; or it has lost one, and the object will never go.
 */
#ifndef HS_UNEXPLAINED_H
#define HS_UNEXPLAINED_H

#include "graph.h"
#include "late_roots.h"

/* What contains the object's address, where no reference was known. */
enum hs_unexplained_place {
	HS_UNEXPLAINED_NOTHING, /* no word at all: a reference was lost */
	HS_UNEXPLAINED_NATIVE,  /* a block of an allocator that belongs to no object */
	HS_UNEXPLAINED_STACK,   /* a C stack, a register, the stack of a running call: it may hold the object */
	HS_N_UNEXPLAINED_PLACES,
};

/* "nothing", "native", "stack". */
const char *hs_unexplained_place_name(enum hs_unexplained_place place);

struct hs_unexplained {
	hs_node node;
	uint64_t refcount;
	uint64_t n_found; /* less than `refcount` */
	enum hs_unexplained_place place;
	hs_addr where;    /* of such a word; 0: none, or a register */
};

HS_ARRAY_TYPE(hs_unexplained_list, struct hs_unexplained);

/*
 * Finds them, by node. Immortal objects have no count. `threads` of the capture; NULL: C stacks are not looked at. The caller frees *ret
 * with hs_array_free, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_unexplained_find(const struct hs_graph *graph, const struct hs_thread_list *threads, struct hs_unexplained_list *ret) HS_MUST_CHECK;

#endif
