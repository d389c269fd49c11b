/* SPDX-License-Identifier: Apache-2.0 */
/* All exact roots of a heap: those that structs of the runtime lead to, and those that only its allocators' blocks show. */
#ifndef HS_THREAD_STARTS_H
#define HS_THREAD_STARTS_H

#include "heap.h"
#include "root.h"

/*
 * hs_roots_visit(), then what _thread keeps for each thread that it started, until that ends (Modules/_threadmodule.c, struct
 * bootstate): function and arguments, in a block of pymalloc (up to 3.12) or malloc, which nothing refers to but the thread's C stack.
 * They are roots of kind THREAD. One thread. Errors: NO_MEMORY.
 */
struct hs_error *hs_heap_roots_visit(const struct hs_heap *heap, hs_root_callback *callback, void *context) HS_MUST_CHECK;

#endif
