/* SPDX-License-Identifier: Apache-2.0 */
/* When samples are taken, and what happens when one cannot be. Knows nothing of what is read out of them. */
#include "series.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "fingerprint.h"
#include "signals.h"

#define SECOND_AT 0.75
#define THIRD_AT 2.0
#define JITTER 0.3
#define TICK_NS 100000000

double hs_series_due(double interval_s, unsigned n_samples, unsigned i, uint64_t jitter)
{
	double due = THIRD_AT;

	if (i < 2)
		return i == 0 ? 0 : n_samples == 2 ? interval_s : SECOND_AT * interval_s;
	for (unsigned k = 3; k <= i; k++)
		due += 1 + JITTER * ((double)(hs_mix(jitter + k) >> 11) / (double)((uint64_t)1 << 52) - 1);
	return due * interval_s;
}

double hs_series_seconds(const struct hs_series *series)
{
	size_t n = series->samples.n;

	return n < 2 ? 0 : (double)(series->samples.items[n - 1]->time_ns - series->samples.items[0]->time_ns) / 1e9;
}

void hs_series_release(struct hs_series *series)
{
	for (size_t i = 0; i < series->samples.n; i++)
		hs_sample_destroy(series->samples.items[i]);
	hs_array_free(&series->samples);
	hs_error_destroy(hs_take(series->error));
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void put_countdown(double seconds, unsigned i, unsigned n)
{
	fprintf(stderr, "\r\033[Ksample %u of %u in %.0f s; Ctrl-C: show what is known so far", i + 1, n, seconds + 0.5);
	fflush(stderr);
}

/* Until `due_ns`, or until a signal comes. */
static void wait_until(uint64_t due_ns, unsigned i, unsigned n)
{
	bool is_shown = isatty(STDERR_FILENO);

	for (uint64_t now = now_ns(); now < due_ns && !hs_signals_caught(); now = now_ns()) {
		uint64_t left = due_ns - now;
		const struct timespec tick = { .tv_nsec = (long)(left < TICK_NS ? left : TICK_NS) };
		if (is_shown)
			put_countdown((double)left / 1e9, i, n);
		nanosleep(&tick, NULL);
	}
	if (is_shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
}

/* What the picture that the invocation is at leaves behind. */
static struct hs_error *keep(struct hs_invocation *invocation, struct hs_series *series, uint64_t *pauses_ns)
{
	const struct hs_sample_options options = { .wants_identities = !series->samples.n };
	struct hs_sample **slot;

	if (!hs_array_reserve(&series->samples, series->samples.n + 1))
		return hs_error_no_memory();
	slot = &series->samples.items[series->samples.n];
	HS_TRY(hs_sample_take(invocation->heap, invocation->census, &options, slot));
	series->samples.n++;
	HS_TRY(hs_sample_describe(*slot, invocation->capture, invocation->layout, invocation->heap));
	(*slot)->utc = invocation->captured_at;
	(*slot)->pause_ns = invocation->capture->pause_ns - *pauses_ns;
	*pauses_ns = invocation->capture->pause_ns;
	return NULL;
}

/* Whoever has the number now, it is not the process that the series is of. */
static enum hs_series_end end_of(const struct hs_error *error)
{
	if (hs_signals_caught())
		return HS_SERIES_INTERRUPTED;
	return error->code == HS_ERROR_GONE || error->code == HS_ERROR_NOT_CPYTHON ? HS_SERIES_GONE : HS_SERIES_FAILED;
}

static bool is_replaced(const struct hs_series *series)
{
	size_t n = series->samples.n;

	return n > 1 && !hs_sample_is_same_process(series->samples.items[0], series->samples.items[n - 1]);
}

static void end_early(struct hs_series *series, struct hs_error *error)
{
	series->end = end_of(error);
	if (series->end == HS_SERIES_INTERRUPTED)
		hs_error_destroy(error);
	else
		series->error = error;
}

/* The next sample; false when the series has ended with what there is. */
static bool take_next(struct hs_invocation *invocation, const struct hs_series_options *options, struct hs_series *series,
		      uint64_t *pauses_ns)
{
	bool is_last = series->samples.n + 1 == options->n_samples;

	invocation->needs = is_last ? options->last_needs : HS_STAGE_HEAP;
	struct hs_error *error = hs_invocation_renew(invocation);
	if (!error)
		error = keep(invocation, series, pauses_ns);
	if (!error && is_replaced(series)) {
		hs_sample_destroy(series->samples.items[--series->samples.n]);
		error = hs_error_new(HS_ERROR_GONE, "PID %d is another program by now", (int)invocation->source.pid);
	}
	if (!error && is_last) {
		error = hs_invocation_follow(invocation, options->last_needs);
		series->has_graph = !error;
	}
	if (error) {
		end_early(series, error);
		return false;
	}
	if (!is_last)
		hs_invocation_drop_heap(invocation);
	return !is_last;
}

struct hs_error *hs_series_take(struct hs_invocation *invocation, const struct hs_series_options *options, struct hs_series *ret)
{
	uint64_t pauses_ns = 0;

	*ret = (struct hs_series){ 0 };
	invocation->outlives_signals = true;
	hs_signals_catch();
	HS_TRY(keep(invocation, ret, &pauses_ns));
	hs_invocation_drop_heap(invocation);
	uint64_t begin_ns = ret->samples.items[0]->time_ns;
	for (unsigned i = 1; i < options->n_samples; i++) {
		double due = hs_series_due(options->interval_s, options->n_samples, i, begin_ns);
		wait_until(begin_ns + (uint64_t)(due * 1e9), i, options->n_samples);
		if (hs_signals_caught()) {
			ret->end = HS_SERIES_INTERRUPTED;
			break;
		}
		if (!take_next(invocation, options, ret, &pauses_ns))
			break;
		if (options->provisional && ret->samples.n > 1)
			options->provisional(options->context, ret);
	}
	hs_signals_restore();
	return NULL;
}
