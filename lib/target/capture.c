/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture as a whole: prepare, stop and copy, hand over an image; and the two steps that happen both before the stop
 * and under it. What belongs to the stop alone is in stop.c, what comes before it in prepare.c.
 */
#include "capture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "copy.h"
#include "file_pages.h"
#include "monotonic.h"
#include "pagemap.h"
#include "proc_file.h"
#include "plan_image.h"
#include "replan.h"
#include "session.h"
#include "tracee.h"
#include "workers.h"

static atomic_bool is_cancelled;

void hs_capture_cancel(void)
{
	atomic_store(&is_cancelled, true);
}

void hs_capture_cancel_not(void)
{
	atomic_store(&is_cancelled, false);
}

bool hs_session_is_cancelled(void)
{
	return atomic_load_explicit(&is_cancelled, memory_order_relaxed);
}

struct hs_error *hs_session_cancelled(void)
{
	return hs_error_new(HS_ERROR_CANCELLED, "cancelled; the target runs on as before");
}

static bool are_same_mappings(const struct hs_mappings *a, const struct hs_mappings *b, hs_addr start, hs_addr end)
{
	size_t i = hs_mappings_find(a, start), k = hs_mappings_find(b, start);

	for (; i < a->n && a->items[i].start < end; i++, k++)
		if (k >= b->n || !hs_mapping_is_same(&a->items[i], &b->items[k]))
			return false;
	return true;
}

/* Read-only segments that were copied before and are still what they were need not be copied again. */
static void keep_copied(struct hs_plan *plan, const struct hs_mappings *mappings, struct hs_plan *earlier,
			const struct hs_mappings *earlier_mappings)
{
	size_t k = 0;

	for (size_t i = 0; i < plan->extents.n; i++) {
		struct hs_extent *extent = &plan->extents.items[i];
		while (k < earlier->extents.n && earlier->extents.items[k].start < extent->start)
			k++;
		struct hs_extent *old = k < earlier->extents.n ? &earlier->extents.items[k] : NULL;
		if (!old || !old->is_copied || old->start != extent->start || old->end != extent->end || old->local != extent->local ||
		    !are_same_mappings(earlier_mappings, mappings, old->start, old->end))
			continue;
		struct hs_extent fresh = *extent;
		*extent = *old;
		*old = fresh;
	}
}

static struct hs_error *make_plan(const struct hs_session *session, const struct hs_process *process, struct hs_plan **ret)
{
	struct hs_pagemap pagemap;

	HS_TRY(hs_pagemap_open(process->memory_tid, &pagemap));
	struct hs_page_source source = hs_pagemap_source(&pagemap);
	struct hs_known_pages known = { session->plan, source };
	if (session->plan)
		source = hs_known_pages_source(&known);
	struct hs_error *error = hs_plan_make(&process->mappings, &source, session->options->skip, ret);
	hs_pagemap_close(&pagemap);
	return error;
}

struct hs_error *hs_session_plan(struct hs_session *session)
{
	HS_CLEANUP(hs_cleanup_process) struct hs_process *process = NULL;
	HS_CLEANUP(hs_cleanup_plan) struct hs_plan *plan = NULL;

	HS_TRY(hs_process_read(session->pid, &process));
	if (session->process) {
		if (process->start_time != session->process->start_time)
			return hs_error_new(HS_ERROR_GONE, "PID %d has exited; another process has its number now", (int)session->pid);
		/* Under our own stop it would say 't' and name us. */
		process->state = session->process->state;
		process->tracer_pid = session->process->tracer_pid;
	}
	HS_TRY(make_plan(session, process, &plan));
	HS_TRY(hs_destination_reserve(&session->destination, plan));
	if (session->plan) {
		hs_file_pages_keep(plan, &process->mappings, session->plan, &session->process->mappings);
		keep_copied(plan, &process->mappings, session->plan, &session->process->mappings);
	}
	hs_process_destroy(session->process);
	session->process = hs_take(process);
	hs_plan_destroy(session->plan);
	session->plan = hs_take(plan);
	return NULL;
}

struct hs_error *hs_session_read_uses(struct hs_session *session)
{
	HS_FREE char *text = NULL;
	size_t bytes;

	if (!session->options->wants_uses)
		return NULL;
	HS_TRY(hs_proc_read(session->process->memory_tid, "smaps", &text, &bytes));
	return hs_smaps_parse(text, bytes, &session->capture->uses);
}

static bool is_copy_over(void *context)
{
	const struct hs_session *session = context;

	return hs_session_is_cancelled() || (session->stop_deadline_ns && hs_monotonic_ns() > session->stop_deadline_ns);
}

struct hs_error *hs_session_copy(struct hs_session *session)
{
	struct hs_copy_options options = {
		.tid = session->process->memory_tid, .n_workers = session->n_workers, .is_over = is_copy_over, .context = session,
	};
	struct hs_copy_result result;

	for (size_t i = 0; i < session->plan->extents.n; i++)
		hs_file_pages_give_up(&session->plan->extents.items[i]);
	HS_TRY(hs_copy_plan(session->plan, &options, &session->capture->missing, &result));
	if (hs_session_is_cancelled())
		return hs_session_cancelled();
	if (!result.is_whole)
		return hs_error_hint(hs_error_new(HS_ERROR_LIMIT, "the stop of PID %d reached --max-pause %u ms with %zu of %zu MiB copied; "
						  "it was let go", (int)session->pid, session->options->max_pause_ms, result.bytes >> 20,
						  session->plan->bytes >> 20),
				     "allow a longer one with --max-pause, or use --nonblocking");
	return NULL;
}

static int compare_missing(const void *a, const void *b)
{
	const struct hs_missing *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* What was never to be copied joins what could not be. */
static struct hs_error *list_missing(struct hs_capture *capture, const struct hs_missing_list *planned)
{
	struct hs_missing_list *missing = &capture->missing;

	if (!hs_array_reserve(missing, missing->n + planned->n))
		return hs_error_no_memory();
	for (size_t i = 0; i < planned->n; i++)
		missing->items[missing->n++] = planned->items[i];
	if (missing->n)
		qsort(missing->items, missing->n, sizeof(*missing->items), compare_missing);
	return NULL;
}

/* Hands the destination and the plan over to the capture's image. */
static struct hs_error *make_image(struct hs_session *session)
{
	struct hs_capture *capture = session->capture;

	HS_TRY(list_missing(capture, &session->plan->missing));
	capture->process = hs_take(session->process);
	if (!session->plan->extents.n)
		return hs_error_new(HS_ERROR_GONE, "PID %d has no memory any more", (int)session->pid);
	return hs_plan_image(hs_take(session->plan), &session->destination, &capture->process->mappings, NULL,
			     &capture->image, &capture->copied_bytes);
}

static void end_session(struct hs_session *session)
{
	hs_process_destroy(session->process);
	hs_plan_destroy(session->plan);
	hs_destination_release(&session->destination);
	hs_capture_destroy(session->capture);
}

static struct hs_error *run_session(struct hs_session *session)
{
	HS_TRY(hs_session_prepare(session));
	if (session->options->nonblocking) {
		HS_TRY(hs_session_plan(session));
		HS_TRY(hs_session_read_uses(session));
		uint64_t start_ns = hs_monotonic_ns();
		HS_TRY(hs_session_copy(session));
		session->capture->taken_at_ns = start_ns + (hs_monotonic_ns() - start_ns) / 2;
	} else {
		HS_TRY(hs_session_stop_and_copy(session));
	}
	return NULL;
}

/* What a file of this capture would have to tell, beside the target itself. */
static struct hs_error *note_circumstances(struct hs_capture *capture, const struct hs_capture_options *options)
{
	size_t n = options->skip ? options->skip->n : 0;

	capture->utc = time(NULL);
	capture->is_nonblocking = options->nonblocking;
	gethostname(capture->host, sizeof(capture->host) - 1);
	if (!hs_array_reserve(&capture->skipped, n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < n; i++)
		capture->skipped.items[capture->skipped.n++] = options->skip->items[i];
	return NULL;
}

/* The target stood still for it all the same. */
static struct hs_error *tell_pauses(const struct hs_session *session)
{
	struct hs_pauses *pauses = session->options->failed_pauses;
	const struct hs_pauses *own = &session->capture->pauses_ns;

	if (!pauses)
		return NULL;
	if (!hs_array_reserve(pauses, pauses->n + own->n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < own->n; i++)
		if (own->items[i])
			pauses->items[pauses->n++] = own->items[i];
	return NULL;
}

static struct hs_error *finish(struct hs_session *session)
{
	HS_TRY(make_image(session));
	return note_circumstances(session->capture, session->options);
}

struct hs_error *hs_capture_process(pid_t pid, const struct hs_capture_options *options, struct hs_capture **ret)
{
	HS_CLEANUP(end_session) struct hs_session session = {
		.pid = pid, .options = options,
		.n_workers = options->n_workers ? options->n_workers : hs_workers_default(),
		.capture = calloc(1, sizeof(*session.capture)),
	};

	if (!session.capture)
		return hs_error_no_memory();
	if (pid == getpid())
		return hs_error_new(HS_ERROR_INVALID, "PID %d is heapspy itself", (int)pid);
	struct hs_error *error = run_session(&session);
	if (!error)
		error = finish(&session);
	/* A cancellation ends one capture, the running one or the next to begin. */
	if (error && error->code == HS_ERROR_CANCELLED)
		atomic_store(&is_cancelled, false);
	if (error) {
		hs_error_destroy(tell_pauses(&session));
		return error;
	}
	*ret = hs_take(session.capture);
	return NULL;
}

void hs_capture_drop_image(struct hs_capture *capture)
{
	if (capture)
		hs_image_destroy(hs_take(capture->image));
}

void hs_capture_destroy(struct hs_capture *capture)
{
	if (!capture)
		return;
	hs_image_destroy(capture->image);
	hs_process_destroy(capture->process);
	hs_array_free(&capture->missing);
	hs_array_free(&capture->threads);
	hs_array_free(&capture->uses);
	hs_array_free(&capture->pauses_ns);
	hs_array_free(&capture->skipped);
	free(capture->file);
	free(capture->layout_text);
	free(capture->cut_short);
	free(capture);
}
