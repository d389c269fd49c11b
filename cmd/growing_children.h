/* SPDX-License-Identifier: Apache-2.0 */
/* Which descendants of a process grow fastest. */
#ifndef HS_GROWING_CHILDREN_H
#define HS_GROWING_CHILDREN_H

#include "process_list.h"

#define HS_MAX_GROWING_CHILDREN 3

struct hs_growing_child {
	pid_t pid;
	uint64_t dirty_bytes;
	int64_t change_bytes; /* of its private dirty memory, between the two looks */
};

/*
 * Looks at the Python processes below `parent` twice, `seconds` apart, and tells of those that grew most, most first; if none grew, those with
 * most. Nothing is stopped. Ends early when a signal is caught. Errors: LOOKUP when there are none, GONE, OS, NO_MEMORY.
 */
struct hs_error *hs_growing_children_find(pid_t parent, double seconds, struct hs_growing_child ret[HS_MAX_GROWING_CHILDREN], size_t *ret_n) HS_MUST_CHECK;

/* True if `pid` is below `ancestor` in the list, which is by ascending PID. */
bool hs_is_descendant(const struct hs_process_list *list, pid_t pid, pid_t ancestor);

#endif
