/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process's memory is made of: from what the kernel counts as its (RSS) down to its objects, in steps that add up. What no
 * step explains is a figure of its own.
 */
#ifndef HS_MEMORY_H
#define HS_MEMORY_H

#include "capture.h"
#include "process_heap.h"
#include "usage.h"

enum hs_memory_step {
	HS_MEMORY_OBJECTS,       /* in pymalloc's pools: objects, what they own, the runtime's own */
	HS_MEMORY_LARGE_OBJECTS, /* the same in malloc */
	HS_MEMORY_FREELISTS,
	HS_MEMORY_POOL_UNKNOWN,  /* blocks in use by nobody known */
	HS_MEMORY_POOL_OVERHEAD,
	HS_MEMORY_POOL_FREE,     /* free blocks in pools in use: fragmentation */
	HS_MEMORY_POOLS_UNUSED,
	HS_MEMORY_ARENAS_UNUSED,
	HS_MEMORY_MALLOC_OTHER,  /* chunks in use by C code */
	HS_MEMORY_MALLOC_FREE,
	HS_MEMORY_ANONYMOUS,     /* mappings without a file that are none of the above: other allocators, mmap, stacks of threads that ended */
	HS_MEMORY_STACKS,        /* of C, and those that Python keeps frames in */
	HS_MEMORY_DATA,          /* variables of binaries; what was written to private mappings of files */
	HS_MEMORY_FILES,         /* pages of files, and the kernel's own */
	HS_MEMORY_SHARED,        /* shared memory without a file on a disk */
	HS_N_MEMORY_STEPS,
};

/* Anonymous mappings by what they have in memory. */
#define HS_N_MAPPING_SIZES 4
struct hs_mapping_size {
	uint64_t below; /* bytes; UINT64_MAX: no limit */
	uint64_t n;
	uint64_t bytes;
};

struct hs_memory {
	uint64_t rss_bytes;  /* of all mappings, at the stop */
	uint64_t swap_bytes; /* beside them */
	uint64_t steps[HS_N_MEMORY_STEPS];
	uint64_t unattributed_bytes; /* steps and this are rss_bytes */
	/* of LARGE_OBJECTS and MALLOC_OTHER, in chunks that are mappings of their own */
	uint64_t large_mapped_bytes, other_mapped_bytes;
	struct hs_mapping_size anonymous[HS_N_MAPPING_SIZES];
	struct hs_usage_figures usage;
	struct hs_overheads overheads;
};

/* `capture` was taken with `wants_uses`, and `heap` is of its image. Errors: NO_MEMORY, INVALID without the uses. */
struct hs_error *hs_memory_of(const struct hs_capture *capture, const struct hs_process_heap *heap, struct hs_memory *ret) HS_MUST_CHECK;

/* "large_objects": as JSON names the step. */
const char *hs_memory_step_name(enum hs_memory_step step);

#endif
