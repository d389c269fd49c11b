/* SPDX-License-Identifier: Apache-2.0 */
/* Where tracemalloc keeps its state: static variables up to 3.11 (Modules/_tracemalloc.c), a member of the runtime since. */
#ifndef HS_TRACEMALLOC_PLACE_H
#define HS_TRACEMALLOC_PLACE_H

#include "layout.h"

/* Addresses; 0: not known, or this version has no such variable. */
struct hs_tracemalloc_place {
	hs_addr config;             /* struct _PyTraceMalloc_Config */
	hs_addr traces;             /* pointer to the table of the domain 0 … */
	hs_addr domains;            /* … and to that of the tables of others; up to 3.8 there is one table for all */
	hs_addr traced_memory, peak_traced_memory; /* size_t */
	hs_addr tables_lock;        /* pointer to a semaphore; 3.14+: a PyMutex */
	bool lock_is_mutex;
};

struct hs_tracemalloc_place hs_tracemalloc_place(const struct hs_layout *layout);

/*
 * The highest that traced_memory has been, where its variable has no known address: up to 3.11 the compiler keeps it in front of
 * traced_memory, near the pointer to the traces. `traced_bytes` is what all traces add up to. False when no such pair is there.
 */
bool hs_tracemalloc_find_peak(const struct hs_image *image, const struct hs_tracemalloc_place *place, uint64_t traced_bytes, uint64_t *ret);

#endif
