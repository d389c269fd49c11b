/* SPDX-License-Identifier: Apache-2.0 */
/* What a function, a method or anything that can be called is known as: "app.Session.load". */
#ifndef HS_CALLABLE_NAME_H
#define HS_CALLABLE_NAME_H

#include "process_heap.h"
#include "repr.h"

/*
 * Writes it, safe to print, NUL-terminated: module and qualified name of a function, those of a bound method's function; of all else a
 * short repr.
 */
void hs_callable_name(const struct hs_process_heap *heap, hs_addr callable, char *ret, size_t ret_bytes);

#endif
