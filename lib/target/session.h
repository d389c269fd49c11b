/* SPDX-License-Identifier: Apache-2.0 */
/* One capture in progress, and its three parts: before the stop, under it, after it. Private to lib/target. */
#ifndef HS_SESSION_H
#define HS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "destination.h"
#include "plan.h"
#include "process.h"

struct hs_session {
	pid_t pid;
	const struct hs_capture_options *options;
	unsigned n_workers;
	struct hs_process *process;        /* as read last: before the stop, then as of it */
	struct hs_plan *plan;              /* likewise */
	struct hs_destination destination;
	uint64_t max_pause_ns;             /* longer stops are broken off; UINT64_MAX: the user agreed to any */
	uint64_t stop_deadline_ns;         /* CLOCK_MONOTONIC; 0: there is no stop */
	struct hs_capture *capture;        /* what will be returned */
};

/* hs_capture_cancel() was called and not yet answered. */
bool hs_session_is_cancelled(void);
/* The CANCELLED error that answers it. */
struct hs_error *hs_session_cancelled(void) HS_MUST_CHECK;

/* Reads the process and plans its copy; an earlier plan makes that fast and is replaced. Makes room for the plan. */
struct hs_error *hs_session_plan(struct hs_session *session) HS_MUST_CHECK;
/* What each mapping takes, if that was asked for. */
struct hs_error *hs_session_read_uses(struct hs_session *session) HS_MUST_CHECK;
/* Copies the plan. Errors as hs_copy_plan(), CANCELLED, and LIMIT when the stop took longer than allowed. */
struct hs_error *hs_session_copy(struct hs_session *session) HS_MUST_CHECK;

/* prepare.c: all that can be done without a stop; asks for, or refuses, a long one. */
struct hs_error *hs_session_prepare(struct hs_session *session) HS_MUST_CHECK;
/* stop.c: stops the target, plans again, copies, lets it go. */
struct hs_error *hs_session_stop_and_copy(struct hs_session *session) HS_MUST_CHECK;

#endif
