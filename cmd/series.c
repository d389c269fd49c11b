/* SPDX-License-Identifier: Apache-2.0 */
/* When samples are taken, and what happens when one cannot be. Knows nothing of what is read out of them. */
#include "series.h"

#include <stdio.h>
#include <time.h>

#include "candidates.h"
#include "cleanup.h"
#include "fingerprint.h"
#include "monotonic.h"
#include "signals.h"
#include "terminal.h"

#define SECOND_AT 0.75
#define THIRD_AT 2.0
#define JITTER 0.3
#define TICK_NS 100000000
#define MAX_LONG_SAMPLES 128
#define EARLIER_BYTES ((size_t)64 << 10) /* of containers, of each of the samples between the first and the last two of a long series */

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

	return n < 2 ? 0 : (double)(int64_t)(series->samples.items[n - 1]->time_ns - series->samples.items[0]->time_ns) / 1e9;
}

const struct hs_sample *hs_series_base(const struct hs_series *series)
{
	for (size_t i = 0; i < series->samples.n; i++)
		if (series->samples.items[i]->identities)
			return series->samples.items[i];
	return NULL;
}

void hs_series_release(struct hs_series *series)
{
	for (size_t i = 0; i < series->samples.n; i++)
		hs_sample_destroy(series->samples.items[i]);
	hs_array_free(&series->samples);
	hs_array_free(&series->watched);
	hs_error_destroy(hs_take(series->error));
}

static void put_countdown(double seconds, unsigned i, unsigned n, bool is_long)
{
	char text[128];

	snprintf(text, sizeof(text), "sample %u of %u in %.0f s; Ctrl-C: %s", i + 1, n, seconds + 0.5,
		 is_long ? "take the last one now" : "show what is known so far");
	hs_terminal_put_status(text);
}

/* Until `due_ns`, or until a signal comes. */
static void wait_until(uint64_t due_ns, unsigned i, const struct hs_series_options *options)
{
	bool is_shown = hs_terminal_has_status();

	for (uint64_t now = hs_monotonic_ns(); now < due_ns && !hs_signals_caught(); now = hs_monotonic_ns()) {
		uint64_t left = due_ns - now;
		const struct timespec tick = { .tv_nsec = (long)(left < TICK_NS ? left : TICK_NS) };
		if (is_shown)
			put_countdown((double)left / 1e9, i, options->n_samples, options->is_long);
		nanosleep(&tick, NULL);
	}
	if (is_shown)
		hs_terminal_put_status("");
}

/* A series that is being taken. */
struct taking {
	struct hs_invocation *invocation;
	const struct hs_series_options *options;
	struct hs_series *series;
	uint64_t pauses_ns; /* so far */
	struct hs_watch *watch;
};

static void free_targets(struct hs_watch_targets *targets)
{
	hs_array_free(targets);
}

/* Until the next sample. The heap that the last one is of is still there. That nothing can be watched is no reason to give the series up. */
static void start_watch(struct taking *taking)
{
	HS_CLEANUP(free_targets) struct hs_watch_targets targets = { 0 };
	const struct hs_sample_list *samples = &taking->series->samples;
	const struct hs_sample *last = samples->items[samples->n - 1], *before = samples->n > 1 ? samples->items[samples->n - 2] : NULL;

	struct hs_error *error = hs_candidates_choose(last, before, taking->invocation->heap, &targets);
	if (!error) {
		hs_watched_make_room(&taking->series->watched, &targets);
		error = hs_watch_start(taking->invocation->source.pid, &targets, &taking->watch);
	}
	hs_error_destroy(error);
}

static struct hs_error *stop_watch(struct taking *taking)
{
	return hs_watch_stop(hs_take(taking->watch), &taking->series->watched);
}

/* Of two neighbours the one with less of Python's stays: a later look asks for the floor. The first and the last two are left alone. */
static void thin_out(struct hs_sample_list *samples)
{
	size_t n = 1, i = 1;

	for (; i + 3 < samples->n; i += 2) {
		bool first_is_less = samples->items[i]->python_bytes <= samples->items[i + 1]->python_bytes;
		struct hs_sample *kept = samples->items[first_is_less ? i : i + 1];
		hs_sample_destroy(samples->items[first_is_less ? i + 1 : i]);
		samples->items[n++] = kept;
	}
	for (; i < samples->n; i++)
		samples->items[n++] = samples->items[i];
	samples->n = n;
}

/* What only the last two samples need is given back, so that a series of days takes no more than one of hours. */
static void make_room(struct hs_sample_list *samples, bool is_last)
{
	if (samples->n > 1 && !is_last)
		hs_sample_drop_identities(samples->items[samples->n - 2]);
	if (samples->n > 3)
		hs_sample_shrink(samples->items[samples->n - 3], EARLIER_BYTES);
	if (samples->n > MAX_LONG_SAMPLES)
		thin_out(samples);
}

/* What the picture that the invocation is at leaves behind. What the last one is made of is still there when it is compared. */
static struct hs_error *keep(struct taking *taking, bool is_last)
{
	struct hs_invocation *invocation = taking->invocation;
	struct hs_series *series = taking->series;
	const struct hs_sample_options options = { .wants_identities = !series->samples.n || (taking->options->is_long && !is_last) };
	struct hs_sample **slot;

	if (!hs_array_reserve(&series->samples, series->samples.n + 1))
		return hs_error_no_memory();
	slot = &series->samples.items[series->samples.n];
	HS_TRY(hs_sample_take(invocation->heap, invocation->census, &options, slot));
	series->samples.n++;
	HS_TRY(hs_sample_describe(*slot, invocation->capture, invocation->layout, invocation->heap));
	(*slot)->utc = invocation->captured_at;
	(*slot)->pause_ns = invocation->capture->pause_ns - taking->pauses_ns;
	taking->pauses_ns = invocation->capture->pause_ns;
	if (taking->options->is_long)
		make_room(&series->samples, is_last);
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

static struct hs_error *look_again(struct taking *taking, bool is_last)
{
	struct hs_invocation *invocation = taking->invocation;
	struct hs_series *series = taking->series;

	invocation->needs = is_last ? taking->options->last_needs : HS_STAGE_HEAP;
	HS_TRY(hs_invocation_renew(invocation));
	HS_TRY(keep(taking, is_last));
	if (is_replaced(series)) {
		hs_sample_destroy(series->samples.items[--series->samples.n]);
		return hs_error_new(HS_ERROR_GONE, "PID %d is another program by now", (int)invocation->source.pid);
	}
	if (!is_last) {
		start_watch(taking);
		return NULL;
	}
	HS_TRY(hs_invocation_follow(invocation, taking->options->last_needs));
	series->has_graph = true;
	return NULL;
}

/* The next sample; false when the series has ended, with what there is. */
static bool take_next(struct taking *taking, bool is_last)
{
	struct hs_series *series = taking->series;
	struct hs_error *error = stop_watch(taking);

	if (!error)
		error = look_again(taking, is_last);
	if (error) {
		end_early(series, error);
		return false;
	}
	if (!is_last)
		hs_invocation_drop_heap(taking->invocation);
	return !is_last;
}

static void tell(const struct taking *taking)
{
	if (taking->options->kept)
		taking->options->kept(taking->options->context, taking->series);
}

static void take_rest(struct taking *taking)
{
	const struct hs_series_options *options = taking->options;
	struct hs_series *series = taking->series;
	uint64_t begin_ns = series->samples.items[0]->time_ns;

	for (unsigned i = 1; i < options->n_samples; i++) {
		bool is_last = i + 1 == options->n_samples;
		double due = hs_series_due(options->interval_s, options->n_samples, i, begin_ns);
		wait_until(begin_ns + (uint64_t)(due * 1e9), i, options);
		if (hs_signals_caught() && !options->is_long) {
			series->end = HS_SERIES_INTERRUPTED;
			return;
		}
		if (hs_signals_caught()) {
			hs_signals_forgive();
			is_last = true;
		}
		bool goes_on = take_next(taking, is_last);
		if (!series->error && series->end == HS_SERIES_WHOLE)
			tell(taking);
		if (!goes_on)
			return;
	}
}

struct hs_error *hs_series_take(struct hs_invocation *invocation, const struct hs_series_options *options, struct hs_series *ret)
{
	struct taking taking = { .invocation = invocation, .options = options, .series = ret };

	*ret = (struct hs_series){ .is_long = options->is_long };
	invocation->outlives_signals = true;
	hs_signals_catch();
	struct hs_error *error = keep(&taking, false);
	if (!error) {
		start_watch(&taking);
		hs_invocation_drop_heap(invocation);
		tell(&taking);
		take_rest(&taking);
		error = stop_watch(&taking);
	}
	hs_signals_restore();
	return error;
}
