/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory heapspy may take without harming the target, and being the first to die when that was misjudged.
 * Private to lib/target.
 */
#ifndef HS_MEMORY_LIMIT_H
#define HS_MEMORY_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct hs_memory_room {
	uint64_t bytes;
	char what[320]; /* whose figure this is: "MemAvailable", "/sys/fs/cgroup/app.slice (memory.max 512 MiB)" */
};

/* Sets our oom_score_adj to 1000; raising it takes no rights. Failing to is no error. */
void hs_memory_die_first(void);

/* The least of MemAvailable and what every memory cgroup above us has left. */
struct hs_memory_room hs_memory_room(void);
/* The same with these files for /proc/meminfo, /proc/self/cgroup and /proc/self/mountinfo. */
struct hs_memory_room hs_memory_room_by(const char *meminfo, const char *cgroups, const char *mounts);

/*
 * LIMIT when less than `copy_bytes` and what is made of the copy, `work_bytes`, are left; message and hint name all figures
 * and a cheaper way.
 */
struct hs_error *hs_memory_check(uint64_t copy_bytes, uint64_t work_bytes) HS_MUST_CHECK;

#endif
