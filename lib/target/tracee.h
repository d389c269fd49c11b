/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping every thread of a process with PTRACE_SEIZE and PTRACE_INTERRUPT, and letting them go as they were. SEIZE and
 * never ATTACH: when heapspy dies, whatever the moment, the kernel lets the target run on, and a target that job control
 * had stopped stays stopped. Private to lib/target.
 *
 * All calls on one hs_tracees must come from one thread, the tracer as the kernel sees it. The end of that thread
 * releases everything that it still holds, even a thread that sleeps in the kernel and cannot be detached by hand: so
 * run the stop in a thread of its own.
 */
#ifndef HS_TRACEE_H
#define HS_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "array.h"
#include "capture.h"
#include "error.h"

enum hs_tracee_state {
	HS_TRACEE_SEIZED,  /* interrupted, not yet stopped */
	HS_TRACEE_STOPPED, /* in a ptrace stop that we have seen */
	HS_TRACEE_HELD,    /* sleeping in the kernel; it will stop before it runs another instruction of its own */
	HS_TRACEE_GONE,    /* exited, or not to be traced because it is a zombie */
};

struct hs_tracee {
	pid_t tid;
	enum hs_tracee_state state;
};

struct hs_tracees {
	pid_t pid;
	HS_ARRAY(struct hs_tracee) items;
	bool was_stopped;            /* some thread was in a job-control stop before */
	uint64_t first_interrupt_ns; /* CLOCK_MONOTONIC; 0: nothing was interrupted yet */
	uint64_t deadline_ns;        /* give up stopping at this time */
};

/*
 * Seizes and stops every thread, until no new one appears. On failure some threads may be stopped: call
 * hs_tracees_detach() in any case.
 * Errors: GONE, PERMISSION, CANCELLED, LIMIT (not all threads stopped before the deadline).
 */
struct hs_error *hs_tracees_stop(struct hs_tracees *tracees) HS_MUST_CHECK;
/* The threads and, where they are stopped, their registers. */
struct hs_error *hs_tracees_registers(const struct hs_tracees *tracees, struct hs_thread_list *ret) HS_MUST_CHECK;
/* Lets every stopped thread go, back into a job-control stop where that was. */
void hs_tracees_detach(struct hs_tracees *tracees);
/* Releases the memory only. */
void hs_tracees_free(struct hs_tracees *tracees);

#endif
