/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture, from the plan to the sealed image: what happens in which order, and what is undone when. The stop itself
 * runs in a thread of its own (see tracee.h); nothing between its first interrupt and its last detach may wait for
 * anything but the target and the copy.
 */
#include "capture.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "copy.h"
#include "destination.h"
#include "pagemap.h"
#include "plan.h"
#include "tracee.h"
#include "workers.h"

#define MAX_STOP_WAIT_NS 2000000000ULL

static atomic_bool is_cancelled;

void hs_capture_cancel(void)
{
	atomic_store(&is_cancelled, true);
}

static bool was_cancelled(void)
{
	return atomic_load_explicit(&is_cancelled, memory_order_relaxed);
}

static struct hs_error *cancelled(void)
{
	return hs_error_new(HS_ERROR_CANCELLED, "cancelled; the target was let go");
}

/* All that a capture in progress owns. */
struct session {
	pid_t pid;
	const struct hs_capture_options *options;
	unsigned n_workers;
	struct hs_process *process;     /* before the stop, then as of it */
	struct hs_plan *plan;           /* likewise */
	struct hs_destination destination;
	struct hs_tracees tracees;
	struct hs_capture *capture;
	struct hs_error *error;         /* of the tracer's thread */
};

static void end_session(struct session *session)
{
	hs_process_destroy(session->process);
	hs_plan_destroy(session->plan);
	hs_destination_release(&session->destination);
	hs_tracees_free(&session->tracees);
	hs_capture_destroy(session->capture);
}

/* Reads the process and plans its copy, replacing an earlier plan. */
static struct hs_error *plan_copy(struct session *session)
{
	struct hs_process *process;
	struct hs_plan *plan;
	struct hs_pagemap pagemap;

	HS_TRY(hs_process_read(session->pid, &process));
	if (session->process && process->start_time != session->process->start_time) {
		hs_process_destroy(process);
		return hs_error_new(HS_ERROR_GONE, "PID %d has exited; another process has its number now", (int)session->pid);
	}
	if (session->process)
		process->state = session->process->state;
	hs_process_destroy(session->process);
	session->process = process;

	HS_TRY(hs_pagemap_open(process->memory_tid, &pagemap));
	struct hs_page_source source = hs_pagemap_source(&pagemap);
	struct hs_error *error = hs_plan_make(&process->mappings, &source, session->options->skip, &plan);
	hs_pagemap_close(&pagemap);
	HS_TRY(error);
	hs_plan_destroy(session->plan);
	session->plan = plan;
	return NULL;
}

static bool is_copy_over(void *context)
{
	(void)context;
	return was_cancelled();
}

static struct hs_error *plan_and_copy(struct session *session)
{
	struct hs_copy_options options = { .n_workers = session->n_workers, .is_over = is_copy_over };
	size_t bytes;

	HS_TRY(plan_copy(session));
	options.tid = session->process->memory_tid;
	HS_TRY(hs_destination_reserve(&session->destination, session->plan));
	HS_TRY(hs_copy_plan(session->plan, &session->destination, &options, &bytes));
	session->capture->copied_bytes = bytes;
	return was_cancelled() ? cancelled() : NULL;
}

static struct hs_error *work_under_stop(struct session *session)
{
	HS_TRY(hs_tracees_stop(&session->tracees));
	HS_TRY(hs_tracees_registers(&session->tracees, &session->capture->threads));
	return plan_and_copy(session);
}

static void *stop_and_copy(void *argument)
{
	struct session *session = argument;

	session->tracees.pid = session->pid;
	session->tracees.is_cancelled = was_cancelled;
	session->tracees.deadline_ns = hs_monotonic_ns() + MAX_STOP_WAIT_NS;
	session->error = work_under_stop(session);
	hs_tracees_detach(&session->tracees);
	if (session->tracees.first_interrupt_ns)
		session->capture->pause_ns = hs_monotonic_ns() - session->tracees.first_interrupt_ns;
	session->capture->was_stopped = session->tracees.was_stopped;
	return NULL;
}

/*
 * Runs the stop in a thread of its own. SIGCHLD is blocked meanwhile, here and (inherited) there, so that the tracer can
 * wait for it.
 */
static struct hs_error *run_stop(struct session *session)
{
	sigset_t sigchld, before;
	pthread_t tracer;

	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &sigchld, &before);
	int failure = pthread_create(&tracer, NULL, stop_and_copy, session);
	if (!failure)
		pthread_join(tracer, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure)
		return hs_error_os(failure, "starting a thread");
	uint64_t *pause = hs_array_append(&session->capture->pauses_ns);
	if (pause)
		*pause = session->capture->pause_ns;
	return hs_take(session->error);
}

/* What the image's segments point into. */
struct store {
	struct hs_destination destination;
	struct hs_plan *plan;
};

static void release_store(void *context)
{
	struct store *store = context;

	hs_destination_release(&store->destination);
	hs_plan_destroy(store->plan);
	free(store);
}

/*
 * Static storage: writable private mappings of files, and the anonymous one that continues them, which is .bss. The
 * kernel may merge later mappings with a .bss, so no more of it is believed than a large binary has.
 */
#define MAX_BSS_BYTES ((hs_addr)4 << 20)

static struct hs_error *add_statics(struct hs_image *image, const struct hs_mappings *mappings)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct hs_mapping *mapping = &mappings->items[i];
		const struct hs_mapping *next = i + 1 < mappings->n ? mapping + 1 : NULL;
		hs_addr end = mapping->end;
		if (!mapping->inode || mapping->permissions[3] != 'p')
			continue;
		if (mapping->permissions[1] == 'w' && next && next->start == end && !next->inode && !next->path[0] &&
		    next->permissions[1] == 'w')
			end = next->end - next->start > MAX_BSS_BYTES ? end + MAX_BSS_BYTES : next->end;
		HS_TRY(hs_image_add_static(image, mapping->start, end));
	}
	return NULL;
}

static struct hs_error *add_segments(struct hs_image *image, struct store *store)
{
	for (size_t i = 0; i < store->plan->extents.n; i++) {
		const struct hs_extent *extent = &store->plan->extents.items[i];
		struct hs_segment segment = {
			.start = extent->start, .end = extent->end,
			.data = hs_destination_at(&store->destination, extent->start), .present = extent->present,
			.is_writable = extent->is_writable, .is_anonymous = extent->is_anonymous,
		};
		/* The first segment carries what all of them point into. */
		struct hs_error *error = hs_image_add_segment(image, &segment, i ? NULL : release_store, i ? NULL : store);
		if (error && !i)
			release_store(store);
		HS_TRY(error);
	}
	return hs_image_seal(image);
}

/* Hands the destination and the plan over to the capture's image. */
static struct hs_error *make_image(struct session *session)
{
	struct hs_capture *capture = session->capture;
	struct store *store = malloc(sizeof(*store));

	if (!store)
		return hs_error_no_memory();
	*store = (struct store){ session->destination, hs_take(session->plan) };
	session->destination = (struct hs_destination){ 0 };
	capture->missing = store->plan->missing;
	store->plan->missing = (struct hs_missing_list){ 0 };
	capture->process = hs_take(session->process);
	struct hs_error *error = hs_image_create(&capture->image);
	if (error || !store->plan->extents.n) {
		release_store(store);
		return error ? error : hs_error_new(HS_ERROR_GONE, "PID %d has no memory any more", (int)session->pid);
	}
	/* statics before segments: from the first segment on, the image owns the store */
	error = add_statics(capture->image, &capture->process->mappings);
	if (error) {
		release_store(store);
		return error;
	}
	return add_segments(capture->image, store);
}

static struct hs_error *prepare(struct session *session)
{
	HS_TRY(plan_copy(session));
	HS_TRY(hs_destination_reserve(&session->destination, session->plan));
	hs_destination_prefault(&session->destination, session->plan, session->n_workers);
	return was_cancelled() ? cancelled() : NULL;
}

struct hs_error *hs_capture_process(pid_t pid, const struct hs_capture_options *options, struct hs_capture **ret)
{
	HS_CLEANUP(end_session) struct session session = {
		.pid = pid, .options = options,
		.n_workers = options->n_workers ? options->n_workers : hs_workers_default(),
		.capture = calloc(1, sizeof(*session.capture)),
	};

	if (!session.capture)
		return hs_error_no_memory();
	if (pid == getpid())
		return hs_error_new(HS_ERROR_INVALID, "PID %d is heapspy itself", (int)pid);
	HS_TRY(prepare(&session));
	HS_TRY(options->nonblocking ? plan_and_copy(&session) : run_stop(&session));
	HS_TRY(make_image(&session));
	*ret = hs_take(session.capture);
	return NULL;
}

void hs_capture_destroy(struct hs_capture *capture)
{
	if (!capture)
		return;
	hs_image_destroy(capture->image);
	hs_process_destroy(capture->process);
	hs_array_free(&capture->missing);
	hs_array_free(&capture->threads);
	hs_array_free(&capture->pauses_ns);
	free(capture);
}
