/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes before the stop: is there memory beside the target, how long would the stop be, may it be that long; touching
 * the destination's pages and copying what cannot change. Nothing here stops the target.
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "copy.h"
#include "file_pages.h"
#include "memory_limit.h"
#include "monotonic.h"
#include "proc_file.h"
#include "replan.h"
#include "session.h"
#include "tracee.h"

#define BITMAPS_AND_TABLES_BYTES ((uint64_t)16 << 20)
#define MAX_SAMPLE_BYTES ((size_t)4 << 20)
#define MIN_SAMPLE_BYTES ((size_t)1 << 20)
#define SAMPLE_SHARE 64 /* of the copy in one sample: all of them are an eighth of it */
#define N_SAMPLES 8
#define SWAP_IN_BYTES_PER_S 100000000ULL /* a disk's, not a memory's: swapped pages are what makes stops long */
#define STOP_NS 500000ULL
#define STOP_NS_PER_THREAD 30000ULL
#define MAX_ROUNDS 4
#define ENOUGH_NEW_BYTES ((size_t)1 << 20)

static struct hs_error *check_memory(const struct hs_session *session)
{
	/* Copied bytes + 5 % for what the target takes until the stop. */
	uint64_t copy_bytes = session->plan->bytes + session->plan->bytes / 20 + BITMAPS_AND_TABLES_BYTES;

	return hs_memory_check(copy_bytes, copy_bytes / 100 * session->options->work_percent);
}

static void report_prefault(void *context, uint64_t done_bytes)
{
	const struct hs_session *session = context;

	if (session->options->progress)
		session->options->progress(session->options->context, "preparing", done_bytes, session->plan->bytes);
}

static bool is_over(void *context)
{
	(void)context;
	return hs_session_is_cancelled();
}

static const struct hs_prefault_hooks quiet = { .is_over = is_over };

/* Copies some MiB of the running target with one thread; *ret_ns per MiB. */
static struct hs_error *measure_sample(const struct hs_session *session, const struct hs_plan *sample, double *ret_ns_per_mib)
{
	struct hs_copy_options options = { .tid = session->process->memory_tid, .n_workers = 1 };
	struct hs_missing_list lost = { 0 };
	struct hs_copy_result result;

	hs_destination_prefault(sample, session->n_workers, &quiet);
	uint64_t start_ns = hs_monotonic_ns();
	struct hs_error *error = hs_copy_plan(sample, &options, &lost, &result);
	*ret_ns_per_mib = (double)(hs_monotonic_ns() - start_ns) * (1 << 20) / (double)(sample->bytes + 1);
	hs_array_free(&lost);
	return error;
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

/* How many threads' worth of copying n threads do: the memory is soon the bottleneck. */
static double speed_up(unsigned n_workers)
{
	return n_workers >= 4 ? 2.0 : n_workers >= 2 ? 1.4 : 1.0;
}

/*
 * The median over short samples: the target and others run meanwhile, so that some samples take a time slice longer than
 * they would under the stop.
 */
static struct hs_error *measure_copy(const struct hs_session *session, double *ret_ns_per_mib)
{
	double times[N_SAMPLES];
	size_t n = 0, bytes = session->plan->bytes / SAMPLE_SHARE;

	bytes = bytes < MIN_SAMPLE_BYTES ? MIN_SAMPLE_BYTES : bytes > MAX_SAMPLE_BYTES ? MAX_SAMPLE_BYTES : bytes;
	for (; n < N_SAMPLES; n++) {
		HS_CLEANUP(hs_cleanup_plan) struct hs_plan *sample = NULL;
		HS_TRY(hs_plan_sample(session->plan, n * bytes, bytes, &sample));
		if (sample->bytes + HS_PAGE_BYTES <= bytes && n)
			break;
		HS_TRY(measure_sample(session, sample, &times[n]));
	}
	qsort(times, n, sizeof(*times), compare_doubles);
	*ret_ns_per_mib = times[n / 2] / speed_up(session->n_workers);
	return NULL;
}

static uint64_t count_threads(pid_t tid)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	uint64_t n = 1;
	struct hs_error *error = hs_proc_read(tid, "status", &text, &bytes);

	if (error)
		hs_error_destroy(error);
	else if (!hs_proc_field(text, "Threads", &n))
		n = 1;
	return n;
}

static struct hs_error *predict_pause(struct hs_session *session)
{
	double ns_per_mib;

	HS_TRY(measure_copy(session, &ns_per_mib));
	/* Under the stop the plan is made again, as it is now: with an earlier one to go by. */
	uint64_t start_ns = hs_monotonic_ns();
	HS_TRY(hs_session_plan(session));
	uint64_t plan_ns = hs_monotonic_ns() - start_ns;
	session->capture->predicted_pause_ns = STOP_NS + plan_ns + STOP_NS_PER_THREAD * count_threads(session->process->memory_tid) +
					       (uint64_t)((double)session->plan->bytes / (1 << 20) * ns_per_mib) +
					       session->plan->swapped_bytes * (1000000000 / SWAP_IN_BYTES_PER_S);
	return NULL;
}

static struct hs_error *allow_pause(struct hs_session *session)
{
	const struct hs_capture_options *options = session->options;
	uint64_t predicted_ms = (session->capture->predicted_pause_ns + 999999) / 1000000;

	/* A stop that takes longer than it was predicted to is broken off, with a fifth for the inexact. */
	session->max_pause_ns = (uint64_t)options->max_pause_ms * 1200000;
	if (predicted_ms <= options->max_pause_ms)
		return NULL;
	session->max_pause_ns = UINT64_MAX;
	if (options->confirm_pause && options->confirm_pause(options->context, predicted_ms, session->plan->bytes))
		return NULL;
	return hs_error_hint(hs_error_new(HS_ERROR_LIMIT, "copying %zu MiB would stop PID %d for about %llu ms; --max-pause allows %u ms",
					  session->plan->bytes >> 20, (int)session->pid, (unsigned long long)predicted_ms, options->max_pause_ms),
			     "the target was not stopped; allow it with --max-pause %llu, or use --nonblocking",
			     (unsigned long long)(predicted_ms + predicted_ms / 2));
}

/*
 * Copies the read-only segments of files while the target runs: they do not change, and need not make the stop longer.
 * Under the stop they count only if the same mapping is still there (see hs_session_plan).
 */
static struct hs_error *copy_constant(struct hs_session *session)
{
	HS_CLEANUP(hs_cleanup_plan) struct hs_plan *constant = NULL;
	struct hs_copy_options options = { .tid = session->process->memory_tid, .n_workers = session->n_workers };
	struct hs_copy_result result;

	for (size_t i = 0; i < session->plan->extents.n; i++) {
		struct hs_extent *extent = &session->plan->extents.items[i];
		if (extent->is_writable || extent->is_anonymous)
			continue;
		hs_file_pages_give_up(extent);
		extent->is_copied = true;
	}
	HS_TRY(hs_plan_copy(session->plan, &constant));
	for (size_t i = 0; i < constant->extents.n; i++)
		constant->extents.items[i].is_copied = !constant->extents.items[i].is_copied;
	HS_TRY(hs_copy_plan(constant, &options, &session->capture->missing, &result));
	for (size_t i = 0; i < constant->extents.n; i++) {
		struct hs_extent *from = &constant->extents.items[i], *to = &session->plan->extents.items[i];
		uint64_t *present = from->present;
		/* What could not be read is a hole in `from` now; the writable ones are as they were. */
		from->present = to->present;
		to->present = present;
	}
	return NULL;
}

/* A busy target goes on taking pages while ours are being touched: each round has less to do than the one before. */
static struct hs_error *prefault_new_pages(struct hs_session *session)
{
	for (int round = 1; round < MAX_ROUNDS; round++) {
		HS_CLEANUP(hs_cleanup_plan) struct hs_plan *earlier = NULL, *fresh = NULL;
		HS_TRY(hs_plan_copy(session->plan, &earlier));
		HS_TRY(hs_session_plan(session));
		HS_TRY(hs_plan_new_pages(session->plan, earlier, &fresh));
		if (fresh->bytes)
			HS_TRY(hs_memory_check(fresh->bytes, 0));
		hs_destination_advise(fresh);
		hs_destination_prefault(fresh, session->n_workers, &quiet);
		if (fresh->bytes < ENOUGH_NEW_BYTES)
			break;
	}
	return NULL;
}

struct hs_error *hs_session_prepare(struct hs_session *session)
{
	struct hs_prefault_hooks hooks = { report_prefault, is_over, session };

	hs_memory_die_first();
	HS_TRY(hs_session_plan(session));
	/* who can make room asks for it only when the pause is allowed: no memory is short for the samples that are copied until then */
	if (!session->options->make_room)
		HS_TRY(check_memory(session));
	hs_destination_advise(session->plan);
	if (!session->options->nonblocking) {
		HS_TRY(predict_pause(session));
		HS_TRY(allow_pause(session));
	}
	if (session->options->make_room) {
		session->options->make_room(session->options->context);
		HS_TRY(check_memory(session));
	}
	hs_destination_prefault(session->plan, session->n_workers, &hooks);
	if (hs_session_is_cancelled())
		return hs_session_cancelled();
	hs_file_pages_fill(session->plan, session->process);
	HS_TRY(copy_constant(session));
	HS_TRY(prefault_new_pages(session));
	return hs_session_is_cancelled() ? hs_session_cancelled() : NULL;
}
