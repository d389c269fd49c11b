/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a thread keeps the frames of its Python calls (3.11+, Python/pystate.c, push_chunk): mappings of its own, linked from the
 * newest to the oldest.
 *
 *     thread state ──► | previous | size | top | frames … |──► …
 */
#ifndef HS_DATA_STACK_H
#define HS_DATA_STACK_H

#include "cpython.h"

/* Calls `each` for the chunks of one thread, newest first, at most some thousands. Before 3.11 there are none. */
void hs_data_stack_each(const struct hs_cpython *py, hs_addr thread, void (*each)(void *context, hs_addr start, hs_addr end), void *context);

#endif
