/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact roots: where references into the heap start that no object holds. Each says what it is by name, so that a path can be
 * written from it; what they lead to need not be an object (freed ones are kept for reuse): the receiver checks.
 */
#ifndef HS_ROOT_H
#define HS_ROOT_H

#include "frame.h"
#include "pymalloc.h"
#include "reference.h"
#include "thread.h"
#include "type.h"

enum hs_root_kind {
	HS_ROOT_MODULE,      /* an entry of sys.modules: where paths begin; the dict owns it */
	HS_ROOT_BUILTINS,    /* the namespace of builtins */
	HS_ROOT_FRAME,       /* variables and temporaries of running calls; of those that an object holds, the
			      variables with relation 0. HS_SCANNED | HS_WEAK: words that may be left over */
	HS_ROOT_THREAD,      /* members of a thread state */
	HS_ROOT_INTERPRETER, /* members of an interpreter's state, and of the runtime's */
	HS_ROOT_TYPE,        /* static types */
	HS_ROOT_CODECS,
	HS_ROOT_ATEXIT,
	HS_ROOT_CONTEXT,     /* the current contextvars.Context of a thread */
	HS_ROOT_ASYNC,       /* hooks of asynchronous generators, the running event loop */
	HS_ROOT_STATIC,      /* objects in the data of binaries, each for the count that it starts with; and words there: hs_static_roots_visit */
	HS_N_ROOT_KINDS,
};

struct hs_root {
	enum hs_root_kind kind;
	hs_addr address;                /* of the object that it refers to */
	uint8_t relation;               /* enum hs_relation; 0: the root is no reference of its own (who holds the object is known) */
	uint8_t edge_kind;              /* enum hs_edge_kind: variable, temporary, field, or HS_EDGE_SCAN for a word without a name */
	const char *name;               /* "sys.modules", "context"; NULL: see name_object and where; borrowed, static */
	hs_addr name_object;            /* a str: the variable's or the module's name; 0: none */
	hs_addr where;                  /* the address of the word that holds the reference; 0: none does */
	const struct hs_thread_state *thread; /* NULL: no thread's; borrowed until the visit ends */
	const struct hs_frame *frame;   /* NULL: no frame's; borrowed until the callback returns. Its line: hs_frame_line() */
};

typedef void hs_root_callback(void *context, const struct hs_root *root);

/* Reports every exact root, those of one interpreter, then of one thread after the other. One thread. Errors: NO_MEMORY. */
struct hs_error *hs_roots_visit(const struct hs_cpython *py, struct hs_types *types, hs_root_callback *callback, void *context) HS_MUST_CHECK;

/*
 * Reports the words of binaries' writable data that may refer to objects: C variables, told by their value alone (HS_SCANNED). Words
 * inside of static objects are reported as well: `where` tells. What lies in pymalloc's pools is left out, should a binary's end be
 * unknown; `pymalloc` NULL: there are no pools.
 */
void hs_static_roots_visit(const struct hs_cpython *py, const struct hs_pymalloc *pymalloc, hs_root_callback *callback, void *context);

/* "module", "frame" … as reports spell it. */
const char *hs_root_kind_name(enum hs_root_kind kind);

/*
 * The dict of interned strings: an index, not an owner of what it holds. 0: unknown (up to 3.11 it is a static without a name in
 * stripped binaries).
 */
hs_addr hs_interned_dict(const struct hs_cpython *py, hs_addr interpreter);

#endif
