/* SPDX-License-Identifier: Apache-2.0 */
/* Suspects of several processes that run the same program: each is told once, at the first process that has it. */
#ifndef HS_GROWTH_SEEN_H
#define HS_GROWTH_SEEN_H

#include <sys/types.h>

#include "array.h"
#include "error.h"
#include "suspects.h"

/* A suspect by what it is known as. */
struct hs_growth_known {
	char *name; /* owned: kind and path */
	pid_t pid;  /* where it was told */
};

/* Zero it to begin. */
struct hs_growth_seen {
	HS_ARRAY(struct hs_growth_known) known;
};

/*
 * Brings those suspects to the front, in their order, that no earlier process had, and remembers them; *ret_n: how many these are. Errors:
 * NO_MEMORY.
 */
struct hs_error *hs_growth_seen_part(struct hs_growth_seen *seen, struct hs_suspects *suspects, pid_t pid, size_t *ret_n) HS_MUST_CHECK;
/* Where the suspect was told; 0: nowhere yet. */
pid_t hs_growth_seen_at(const struct hs_growth_seen *seen, const struct hs_suspect *suspect);
void hs_growth_seen_deinit(struct hs_growth_seen *seen);

/* What it is known as in all processes: its path, or that of all its members; of what nothing leads to, its type. */
const char *hs_growth_name_of(const struct hs_suspect *suspect);

#endif
