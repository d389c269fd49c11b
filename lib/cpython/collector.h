/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one interpreter's garbage collector: what gc.isenabled, get_threshold, get_count, get_stats, get_debug,
 * get_freeze_count, gc.garbage and gc.callbacks say, read from its struct _gc_runtime_state (Include/internal/pycore_gc.h,
 * 3.14+ pycore_interp_structs.h) without asking it.
 */
#ifndef HS_COLLECTOR_H
#define HS_COLLECTOR_H

#include "cpython.h"
#include "type.h"

#define HS_N_GENERATIONS 3

/* gc.DEBUG_… (Modules/gcmodule.c, all versions) */
#define HS_GC_DEBUG_STATS ((uint32_t)1 << 0)
#define HS_GC_DEBUG_COLLECTABLE ((uint32_t)1 << 1)
#define HS_GC_DEBUG_UNCOLLECTABLE ((uint32_t)1 << 2)
#define HS_GC_DEBUG_SAVEALL ((uint32_t)1 << 5)

struct hs_generation_state {
	int32_t threshold, count;  /* as gc.get_threshold() and gc.get_count() give them */
	uint64_t n_objects;        /* on its list: len(gc.get_objects(generation)) */
	uint64_t collections, collected, uncollectable; /* since the interpreter began */
};

struct hs_collector {
	int64_t interpreter_id;    /* 0: the main one */
	bool is_enabled, is_collecting;
	/*
	 * 3.14.0–.4: there is a young generation and one of two old spaces, which is generation 2; the count of 1 is that of the space
	 * that the present round has visited, and collections of 1 are its increments.
	 */
	bool is_incremental;
	bool lists_are_whole;      /* false: a list was broken, or not captured: n_objects and n_frozen are lower bounds */
	uint32_t debug;            /* HS_GC_DEBUG_… */
	struct hs_generation_state generations[HS_N_GENERATIONS];
	uint64_t n_frozen;         /* objects of the permanent generation */
	bool has_frozen;           /* that there are any */
	/*
	 * A full collection waits, its threshold reached or not, while those pending are fewer than a quarter of the total. Both
	 * are 0 where the collector is incremental.
	 */
	uint64_t n_long_lived, n_long_lived_pending;
	double seconds;            /* spent in collections; negative: this version does not tell (up to 3.14) */
	hs_addr garbage, callbacks; /* lists; 0: none was made */
};

/*
 * Reads the collector of interpreter `index` of `py`. Up to 3.8 there is one for all of them: callers ask for index 0 alone.
 * Errors: FAULT when its struct is not in the image.
 */
struct hs_error *hs_collector_read(const struct hs_cpython *py, size_t index, struct hs_collector *ret) HS_MUST_CHECK;

/*
 * The same without going through lists, which costs a cache miss an object: n_objects and n_frozen are 0, lists_are_whole is true, and
 * has_frozen tells all the same. Errors: FAULT.
 */
struct hs_error *hs_collector_read_head(const struct hs_cpython *py, size_t index, struct hs_collector *ret) HS_MUST_CHECK;

/* True if each interpreter has a collector of its own. */
bool hs_collector_is_per_interpreter(const struct hs_cpython *py);

#endif
