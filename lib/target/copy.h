/* SPDX-License-Identifier: Apache-2.0 */
/* Copies what a plan wants out of a process, by process_vm_readv or /proc/PID/mem. Private to lib/target. */
#ifndef HS_COPY_H
#define HS_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "plan.h"

struct hs_copy_options {
	pid_t tid;                         /* see hs_process.memory_tid */
	unsigned n_workers;
	bool (*is_over)(void *context);    /* asked between pieces, from any thread: true ends the copy early */
	void *context;
};

struct hs_copy_result {
	size_t bytes;  /* that were copied */
	bool is_whole; /* not ended early */
};

/*
 * Copies the plan's pages into the destination, which must have room for them (hs_destination_reserve). A page that
 * cannot be read is taken out of its extent's `present`, and the range is appended to `lost`.
 * Errors: GONE, PERMISSION, NO_MEMORY. An end by is_over() is none.
 */
struct hs_error *hs_copy_plan(const struct hs_plan *plan, const struct hs_copy_options *options,
			      struct hs_missing_list *lost, struct hs_copy_result *ret) HS_MUST_CHECK;

#endif
