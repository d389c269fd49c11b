/* SPDX-License-Identifier: Apache-2.0 */
/* Samples, what is kept of them, and what the header says of the last one. */
#include "top_sampling.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "candidates.h"
#include "collector.h"
#include "escape.h"
#include "process.h"
#include "tracemalloc.h"

#define WORK_SHARE 3 /* of the time that a sample takes, so much must lie between two */

/*
 * One goes when there is no room for another: where two gaps together are the least. Neither the baseline nor the last two.
 */
static void make_room(struct hs_top_source *source)
{
	size_t found = 1;
	uint64_t least = UINT64_MAX;

	if (source->n_samples < HS_TOP_KEPT_SAMPLES)
		return;
	for (size_t i = 1; i + 2 < source->n_samples; i++) {
		uint64_t gap = source->samples[i + 1]->time_ns - source->samples[i - 1]->time_ns;
		if (gap < least) {
			least = gap;
			found = i;
		}
	}
	hs_sample_destroy(source->samples[found]);
	source->n_samples--;
	memmove(source->samples + found, source->samples + found + 1, (source->n_samples - found) * sizeof(*source->samples));
	memmove(source->serials + found, source->serials + found + 1, (source->n_samples - found) * sizeof(*source->serials));
}

/* Between the first and the last two: the latest ones keep theirs, as far as these fit. */
static void limit_identities(struct hs_top_source *source)
{
	size_t bytes = 0;

	for (size_t i = source->n_samples > 2 ? source->n_samples - 3 : 0; i > 0; i--) {
		bytes += hs_sample_identity_bytes(source->samples[i]);
		if (bytes > HS_TOP_IDENTITY_BYTES)
			hs_sample_drop_identities(source->samples[i]);
	}
}

/* What is compared later. Missing memory is no reason to give the browser up: then this sample is not compared. */
static void keep_sample(struct hs_top_sampling *sampling)
{
	const struct hs_invocation *invocation = sampling->source.invocation;
	const struct hs_sample_options options = { .wants_identities = true };
	struct hs_top_source *source = &sampling->source;
	struct hs_sample *sample = NULL;

	struct hs_error *error = hs_sample_take(invocation->heap, invocation->census, &options, &sample);
	if (!error)
		error = hs_sample_describe(sample, invocation->capture, invocation->layout, invocation->heap);
	if (error) {
		hs_sample_destroy(sample);
		hs_error_destroy(error);
		return;
	}
	make_room(source);
	source->serials[source->n_samples] = source->serial;
	source->samples[source->n_samples++] = sample;
	limit_identities(source);
}

/* What came and stayed, by type. Missing memory shows as figures that are missing. */
static void count_stayed(struct hs_top_source *source)
{
	const struct hs_process_heap *heap = source->invocation->heap;
	size_t n = source->n_samples;

	hs_turnover_release(&source->stayed);
	source->has_stayed = false;
	if (n < 3 || source->serials[n - 1] != source->serial)
		return;
	HS_FREE uint8_t *marks = calloc((size_t)hs_heap_place_count(heap->heap) + 1, sizeof(*marks));
	struct hs_error *error = marks ? hs_sample_mark_survivors(source->samples[0], source->samples[n - 2], heap, marks) : hs_error_no_memory();
	if (!error)
		error = hs_turnover_count(heap, marks, &source->stayed);
	source->has_stayed = !error;
	hs_error_destroy(error);
}

static void free_targets(struct hs_watch_targets *targets)
{
	hs_array_free(targets);
}

/* Until the next sample. That nothing can be watched is no reason to complain. */
static void watch(struct hs_top_sampling *sampling)
{
	struct hs_top_source *source = &sampling->source;
	HS_CLEANUP(free_targets) struct hs_watch_targets targets = { 0 };
	size_t n = source->n_samples;

	if (n < 2)
		return;
	struct hs_error *error = hs_candidates_choose(source->samples[n - 1], source->samples[n - 2], source->invocation->heap, &targets);
	if (!error)
		hs_watched_make_room(&source->watched, &targets);
	if (!error)
		error = hs_top_live_track(source, &targets, &sampling->tracked);
	if (!error)
		error = hs_watch_start(source->invocation->source.pid, &targets, &sampling->watch);
	hs_error_destroy(error);
}

static void stop_watching(struct hs_top_sampling *sampling)
{
	sampling->tracked.n = 0;
	hs_error_destroy(hs_watch_stop(hs_take(sampling->watch), &sampling->source.watched));
}

static void drop_suspects(struct hs_top_source *source)
{
	hs_suspects_deinit(&source->suspects);
	source->suspects = (struct hs_suspects){ 0 };
	source->suspects_serial = 0;
}

static void keep_rss(struct hs_top_sampling *sampling)
{
	if (sampling->n_rss == HS_HEADER_HISTORY) {
		sampling->n_rss--;
		memmove(sampling->rss, sampling->rss + 1, sampling->n_rss * sizeof(*sampling->rss));
		memmove(sampling->rss_times, sampling->rss_times + 1, sampling->n_rss * sizeof(*sampling->rss_times));
	}
	sampling->rss[sampling->n_rss] = sampling->source.invocation->capture->process->rss_bytes;
	sampling->rss_times[sampling->n_rss++] = sampling->taken_ns;
}

static void keep_memory(struct hs_top_sampling *sampling)
{
	struct hs_top_source *source = &sampling->source;
	struct hs_error *error = hs_memory_of(source->invocation->capture, source->invocation->heap, &source->memory);

	source->has_memory = !error;
	if (source->serial == 1)
		source->base_memory = source->memory;
	hs_error_destroy(error);
}

/* A capture counts all pauses so far, and those of what failed since: see hs_invocation_renew(). */
static void count_pauses(struct hs_top_sampling *sampling, bool is_whole)
{
	uint64_t paused_ns = sampling->source.invocation->capture->pause_ns, last_ns = paused_ns - sampling->paused_ns;

	/* a pause that was broken off says how long the next one is at least */
	if (is_whole || last_ns > sampling->last_pause_ns)
		sampling->last_pause_ns = last_ns;
	sampling->paused_ns = paused_ns;
}

/* The invocation has just been filled anew. */
static struct hs_error *keep(struct hs_top_sampling *sampling)
{
	struct hs_top_source *source = &sampling->source;
	const struct hs_invocation *invocation = source->invocation;

	source->serial++;
	keep_rss(sampling);
	keep_memory(sampling);
	HS_TRY(hs_top_history_add(&source->types, sampling->taken_ns, invocation->census->types.items, invocation->census->types.n));
	keep_sample(sampling);
	watch(sampling);
	count_stayed(source);
	return NULL;
}

size_t hs_top_sampling_read_live(const struct hs_top_sampling *sampling, struct hs_live_row *ret, uint64_t *ret_banner_length)
{
	struct hs_watched watched;

	*ret_banner_length = 0;
	if (sampling->watch && sampling->banner_address && hs_watch_see(sampling->watch, sampling->banner_address, &watched) && !watched.is_lost)
		*ret_banner_length = watched.previous;
	return hs_top_live_read(sampling->watch, &sampling->tracked, ret, HS_LIVE_ROWS);
}

struct hs_error *hs_top_sampling_init(struct hs_top_sampling *sampling, struct hs_invocation *invocation)
{
	*sampling = (struct hs_top_sampling){ .source = { .invocation = invocation } };
	count_pauses(sampling, true);
	sampling->taken_ns = sampling->tried_ns = sampling->first_ns = hs_top_now_ns();
	HS_TRY(keep(sampling));
	sampling->work_ns = hs_top_now_ns() - sampling->taken_ns;
	return NULL;
}

void hs_top_sampling_deinit(struct hs_top_sampling *sampling)
{
	hs_top_history_deinit(&sampling->source.types);
	hs_top_history_deinit(&sampling->source.holders);
	stop_watching(sampling);
	drop_suspects(&sampling->source);
	hs_array_free(&sampling->source.watched);
	hs_array_free(&sampling->tracked);
	hs_turnover_release(&sampling->source.stayed);
	for (size_t i = 0; i < sampling->source.n_samples; i++)
		hs_sample_destroy(sampling->source.samples[i]);
}

bool hs_top_sampling_is_there(const struct hs_top_sampling *sampling)
{
	const struct hs_process *process = sampling->source.invocation->capture->process;

	/* a file does not end */
	return sampling->source.invocation->source.file || (!sampling->is_gone && hs_process_is_there(process->pid, process->start_time));
}

struct hs_error *hs_top_sampling_take(struct hs_top_sampling *sampling)
{
	struct hs_invocation *invocation = sampling->source.invocation;
	uint64_t begin = hs_top_now_ns();

	/* before anything is given up: what is there of the last sample is all that will ever be */
	if (!hs_top_sampling_is_there(sampling)) {
		sampling->is_gone = true;
		return hs_error_new(HS_ERROR_GONE, "the process has ended");
	}
	stop_watching(sampling);
	sampling->n_pauses_before = invocation->capture->pauses_ns.n;
	drop_suspects(&sampling->source); /* they borrow from the graph */
	invocation->needs = HS_STAGE_HEAP;
	struct hs_error *error = hs_invocation_renew(invocation);
	sampling->tried_ns = hs_top_now_ns();
	count_pauses(sampling, !error);
	if (!error) {
		sampling->taken_ns = sampling->tried_ns;
		error = keep(sampling);
	} else {
		/* what stands there now is no Python process: another program took its place */
		sampling->is_gone |= error->code == HS_ERROR_GONE || error->code == HS_ERROR_NOT_CPYTHON;
	}
	sampling->work_ns = hs_top_now_ns() - begin;
	return error;
}

/* As far as a stage, if the invocation is not there yet. */
static struct hs_error *follow(struct hs_top_sampling *sampling, enum hs_stage needs)
{
	struct hs_invocation *invocation = sampling->source.invocation;

	if (needs >= HS_STAGE_HEAP && !invocation->heap)
		return hs_error_hint(hs_error_new(HS_ERROR_GONE, "the last sample was broken off, and the one before is gone"), "r takes another");
	if (needs < HS_STAGE_GRAPH || invocation->reach)
		return NULL;
	if (invocation->graph)
		return hs_error_new(HS_ERROR_NO_MEMORY, "there was not enough memory to follow the references of this sample");
	return hs_invocation_follow(invocation, HS_STAGE_PATHS);
}

#define SUSPECTS_SHARE 20 /* of the time that looking for suspects takes, so much must lie between two */
#define OBSERVED_SAMPLES 3 /* of growth, at least, before anybody is suspected */

bool hs_top_sampling_suspects_are_due(const struct hs_top_sampling *sampling, uint64_t now)
{
	const struct hs_top_source *source = &sampling->source;

	if (source->n_samples < OBSERVED_SAMPLES || source->suspects_serial == source->serial || !source->invocation->heap)
		return false;
	return !sampling->suspects_ns || now - sampling->suspected_ns > SUSPECTS_SHARE * sampling->suspects_ns;
}

/* What was given up in the midst of it is not gone on from. */
static struct hs_error *clear_away(struct hs_top_sampling *sampling, struct hs_error *error)
{
	if (!error || error->code != HS_ERROR_CANCELLED)
		return error;
	drop_suspects(&sampling->source);
	hs_invocation_drop_graph(sampling->source.invocation);
	return hs_error_hint(error, "come back to have it worked out again");
}

struct hs_error *hs_top_sampling_suspect(struct hs_top_sampling *sampling)
{
	uint64_t begin = hs_top_now_ns();
	struct hs_error *error = follow(sampling, HS_STAGE_PATHS);

	if (!error)
		error = hs_top_find_suspects(&sampling->source);
	error = clear_away(sampling, error);
	if (!error)
		hs_top_name_suspect(&sampling->source, sampling->banner, sizeof(sampling->banner), &sampling->banner_address);
	sampling->suspected_ns = hs_top_now_ns();
	sampling->suspects_ns = sampling->suspected_ns - begin + 1;
	return error;
}

struct hs_error *hs_top_sampling_fill(struct hs_top_sampling *sampling, struct hs_page *page)
{
	page->serial = sampling->source.serial;
	struct hs_error *error = follow(sampling, hs_top_page_needs(&page->place));
	if (!error)
		error = hs_top_page_fill(&sampling->source, page);
	return clear_away(sampling, error);
}

void hs_top_sampling_set_base(struct hs_top_sampling *sampling)
{
	struct hs_top_source *source = &sampling->source;

	hs_top_history_set_base(&sampling->source.types);
	hs_top_history_set_base(&sampling->source.holders);
	/* the last sample becomes the first one */
	for (size_t i = 0; i + 1 < source->n_samples; i++)
		hs_sample_destroy(source->samples[i]);
	if (source->n_samples)
		source->samples[0] = source->samples[source->n_samples - 1];
	if (source->n_samples)
		source->serials[0] = source->serials[source->n_samples - 1];
	source->n_samples = source->n_samples > 0;
	source->has_stayed = false;
	sampling->banner[0] = '\0';
	sampling->banner_address = 0;
	sampling->source.base_memory = sampling->source.memory;
}

static void warn(struct hs_header *header, const char *format, ...) HS_PRINTF(2, 3);

static void warn(struct hs_header *header, const char *format, ...)
{
	char text[400];
	va_list args;

	if (header->n_warnings == HS_HEADER_WARNINGS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	hs_escape(header->warnings[header->n_warnings], sizeof(header->warnings[0]), text, strlen(text));
	header->n_warnings++;
}

/* What the reader must know of the heap before believing or acting. */
static void add_warnings(const struct hs_invocation *invocation, struct hs_header *header)
{
	struct hs_collector collector;
	struct hs_tracemalloc traces;

	if (!invocation->census->is_complete)
		warn(header, "the census is incomplete: figures are lower bounds%s%s", invocation->census->warnings.n ? ": " : "",
		     invocation->census->warnings.n ? invocation->census->warnings.items[0] : "");
	if (invocation->heap) {
		struct hs_error *error = hs_collector_read(invocation->heap->py, 0, &collector);
		if (!error && !collector.is_enabled)
			warn(header, "the garbage collector is off (gc.disable()): cycles stay");
		hs_error_destroy(error);
		hs_tracemalloc_read(invocation->heap->py, &traces);
		if (traces.is_tracing)
			warn(header, "tracemalloc is on: its own tables take memory, too (view Lines)");
	}
	for (size_t i = 0; i < invocation->layout->warnings.n; i++)
		warn(header, "%s", invocation->layout->warnings.items[i]);
}

static const char *short_script(const char *script)
{
	const char *slash = script ? strrchr(script, '/') : NULL;

	return slash && slash[1] ? slash + 1 : script ? script : "";
}

static void describe_file(const struct hs_invocation *invocation, struct hs_header *header)
{
	const struct hs_capture *capture = invocation->capture;
	const char *file = invocation->source.file;

	header->utc = capture->utc;
	if (!file)
		return;
	hs_escape(header->file, sizeof(header->file), short_script(file), strlen(short_script(file)));
	header->is_core = capture->origin == HS_FROM_CORE;
	if (capture->cut_short)
		warn(header, "the file is cut short: %s", capture->cut_short);
	if (capture->is_redacted)
		warn(header, "the snapshot is redacted: values were left out when it was written");
}

void hs_top_sampling_describe(const struct hs_top_sampling *sampling, struct hs_header *ret)
{
	const struct hs_invocation *invocation = sampling->source.invocation;
	const struct hs_process *process = invocation->capture->process;
	const struct hs_census *census = invocation->census;
	const char *name = short_script(process->script), *layout = invocation->layout->source;

	*ret = (struct hs_header){
		.pid = (int)process->pid, .is_stopped = invocation->capture->was_stopped, .is_gone = sampling->is_gone,
		.is_nonblocking = invocation->capture->is_nonblocking, .serial = sampling->source.serial, .rss_bytes = process->rss_bytes,
		.n_objects = census->n_objects, .bytes = census->bytes, .in_use_bytes = census->in_use_bytes, .explained_bytes = census->explained_bytes,
		.pause_ns = sampling->last_pause_ns, .paused_ns = sampling->paused_ns, .watched_ns = sampling->taken_ns - sampling->first_ns,
		.n_rss_history = sampling->n_rss,
	};
	memcpy(ret->rss_history, sampling->rss, sizeof(ret->rss_history));
	hs_escape(ret->name, sizeof(ret->name), name, strlen(name));
	hs_escape(ret->layout, sizeof(ret->layout), layout ? layout : "?", strlen(layout ? layout : "?"));
	snprintf(ret->banner, sizeof(ret->banner), "%s", sampling->banner);
	ret->banner_address = sampling->banner_address;
	describe_file(invocation, ret);
	snprintf(ret->python, sizeof(ret->python), "%s", invocation->layout->version);
	size_t last = sampling->n_rss - 1;
	double minutes = sampling->n_rss > 1 ? (double)(sampling->rss_times[last] - sampling->rss_times[0]) / 6e10 : 0;
	if (minutes > 0)
		ret->rss_per_minute = (int64_t)(((double)sampling->rss[last] - (double)sampling->rss[0]) / minutes);
	add_warnings(invocation, ret);
}

/* The same at every run, and as good as any: gaps must differ, nothing more. */
static double jitter_of(uint64_t serial)
{
	return 0.7 + 0.6 * (double)(hs_mix(serial) >> 11) / 9007199254740992.0;
}

void hs_top_due_change(struct hs_top_due *due, uint64_t interval_ms)
{
	uint64_t wanted = due->from_ns + (uint64_t)((double)interval_ms * 1e6 * due->jitter);

	due->sample_ns = wanted;
	due->reason = HS_NEXT_INTERVAL;
	due->gap_ms = interval_ms;
	if (due->work_due_ns > due->sample_ns) {
		due->sample_ns = due->work_due_ns;
		due->reason = HS_NEXT_WORK;
		due->gap_ms = (due->work_due_ns - due->from_ns) / 1000000;
	}
	if (due->duty_ns > due->sample_ns) {
		due->sample_ns = due->duty_ns;
		due->reason = HS_NEXT_DUTY;
		due->gap_ms = (due->duty_ns - due->from_ns) / 1000000;
	}
}

/* When another pause like the last one keeps all of them together within their share of the time, and the last gap by itself, too. */
static uint64_t duty_due(const struct hs_top_sampling *sampling, unsigned duty_thousandths)
{
	double share = duty_thousandths ? duty_thousandths / 1000.0 : 0.001;
	uint64_t of_all = sampling->first_ns + (uint64_t)((double)(sampling->paused_ns + sampling->last_pause_ns) / share);
	uint64_t of_last = sampling->tried_ns + (uint64_t)((double)sampling->last_pause_ns / share);

	return of_all > of_last ? of_all : of_last;
}

void hs_top_sampling_plan(const struct hs_top_sampling *sampling, uint64_t interval_ms, unsigned duty_thousandths, struct hs_top_due *ret)
{
	*ret = (struct hs_top_due){
		.taken_ns = sampling->taken_ns, .from_ns = sampling->tried_ns, .duty_ns = duty_due(sampling, duty_thousandths),
		.jitter = jitter_of(sampling->source.serial), .work_due_ns = sampling->tried_ns + sampling->work_ns * WORK_SHARE,
	};
	hs_top_due_change(ret, interval_ms);
}
