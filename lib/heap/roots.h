/* SPDX-License-Identifier: Apache-2.0 */
/* Words outside any object that may hold references: the runtime's structs, thread states, data stacks, static data. */
#ifndef HS_ROOTS_H
#define HS_ROOTS_H

#include "heap_internal.h"

/* Scans them all into worker 0 of the heap. */
void hs_heap_scan_roots(struct hs_heap *heap);

#endif
