/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one command: options, capture, layout, census, the command itself, cleaning up. The only place that knows the
 * order of the stages, and of what a signal ends.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_file.h"
#include "cleanup.h"
#include "command.h"
#include "exit_status.h"
#include "largest.h"
#include "options.h"
#include "output.h"
#include "pauses.h"
#include "payload.h"
#include "signals.h"
#include "workers.h"

static unsigned n_workers_of(const struct hs_invocation *invocation)
{
	return invocation->source.capture.n_workers ? invocation->source.capture.n_workers : hs_workers_default();
}

/* The parent must see which signal ended this process: a shell then stops its script, too. */
static void die_by_caught_signal(struct hs_invocation *invocation)
{
	if (!hs_signals_caught() || invocation->outlives_signals)
		return;
	hs_progress_end(&invocation->progress);
	raise(hs_signals_caught());
}

static unsigned with_leeway(uint64_t predicted_ms)
{
	return predicted_ms > UINT_MAX / 2 ? UINT_MAX : (unsigned)(predicted_ms + predicted_ms / 2);
}

static bool confirm_pause(void *context, uint64_t predicted_ms, uint64_t bytes)
{
	struct hs_invocation *invocation = context;
	HS_FREE char *question = NULL;

	hs_progress_end(&invocation->progress);
	if (asprintf(&question, "Copying %llu MiB would pause the process for about %llu ms. Go on?",
		     (unsigned long long)(bytes >> 20), (unsigned long long)predicted_ms) < 0)
		return false;
	/* Nothing is attached yet: a signal may end the wait for an answer, and heapspy with it, at once. */
	hs_signals_restore();
	bool may_go_on = hs_terminal_confirm(question);
	hs_signals_catch();
	hs_progress_start(&invocation->progress);
	/* who agreed to this pause agreed to others like it: a sample is asked for once, not each time, and not when nobody is there */
	if (may_go_on)
		invocation->agreed_pause_ms = with_leeway(predicted_ms);
	return may_go_on;
}

/*
 * Below this, a whole copy takes some 20 ms; above, a single large buffer could make most of the pause, and looking for such
 * is worth its time before the stop (13 us a MiB).
 */
#define LOOK_FOR_PAYLOADS_RSS ((uint64_t)128 << 20)
#define PAYLOAD_MIN_BYTES ((size_t)1 << 20)
#define MAX_RETRIES 2
#define GRAPH_PERCENT 90 /* 40 bytes an object and 8 a reference: 76 % of the copy on a heap of many small objects */

/* Proposes what need not be copied. That none can be found is no error: the capture itself will say what is wrong. */
static void find_payloads(struct hs_invocation *invocation)
{
	struct hs_process *process = NULL;

	/* what a file leaves out it tells itself */
	if (invocation->source.file)
		return;
	struct hs_error *error = hs_process_read(invocation->source.pid, &process);

	if (!error && process->rss_bytes >= LOOK_FOR_PAYLOADS_RSS)
		error = hs_payloads_find(process, PAYLOAD_MIN_BYTES, &invocation->skipped);
	hs_process_destroy(process);
	hs_error_destroy(error);
}

static void start_progress(struct hs_invocation *invocation)
{
	if (!invocation->owns_terminal)
		hs_progress_start(&invocation->progress);
}

static unsigned work_percent(const struct hs_invocation *invocation)
{
	return invocation->needs >= HS_STAGE_GRAPH ? GRAPH_PERCENT : 0;
}

static struct hs_error *open_file(struct hs_invocation *invocation)
{
	const struct hs_source_options *source = &invocation->source;
	const struct hs_capture_file_options options = {
		.path = source->file, .exe = source->exe, .lib_search_root = source->lib_search_root, .n_workers = source->capture.n_workers,
		.work_percent = work_percent(invocation), .progress = hs_progress_update, .context = &invocation->progress,
	};
	struct hs_address_ranges *skipped = &invocation->skipped;

	HS_TRY(hs_capture_open(&options, &invocation->capture));
	const struct hs_address_ranges *told = &invocation->capture->skipped;
	hs_array_free(skipped);
	if (!hs_array_reserve(skipped, told->n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < told->n; i++)
		skipped->items[skipped->n++] = told->items[i];
	return NULL;
}

static void tell_progress(void *context, const char *phase, uint64_t done, uint64_t all)
{
	struct hs_invocation *invocation = context;

	hs_progress_update(&invocation->progress, phase, done, all);
}

/* What is there of the picture before is given back only for one that will be taken. */
static void make_room(void *context)
{
	hs_invocation_drop_heap(context);
}

static struct hs_error *copy_process(struct hs_invocation *invocation)
{
	struct hs_capture_options options = invocation->source.capture;

	options.progress = tell_progress;
	options.make_room = invocation->heap ? make_room : NULL;
	options.confirm_pause = hs_terminal_is_interactive() && !invocation->owns_terminal ? confirm_pause : NULL;
	options.context = invocation;
	options.skip = &invocation->skipped;
	options.failed_pauses = &invocation->untold_pauses;
	options.work_percent = work_percent(invocation);
	if (options.max_pause_ms < invocation->agreed_pause_ms)
		options.max_pause_ms = invocation->agreed_pause_ms;
	return hs_capture_process(invocation->source.pid, &options, &invocation->capture);
}

static struct hs_error *take_capture(struct hs_invocation *invocation)
{
	bool is_file = invocation->source.file;

	hs_progress_update(&invocation->progress, is_file ? "reading" : "copying", 0, 0);
	hs_signals_catch();
	struct hs_error *error = is_file ? open_file(invocation) : copy_process(invocation);
	if (!error) {
		invocation->captured_at = invocation->capture->utc;
		error = hs_pauses_put_before(invocation->capture, &invocation->untold_pauses);
	}
	if (!invocation->outlives_signals)
		hs_signals_restore();
	die_by_caught_signal(invocation);
	return error;
}

/* The heap is kept for the commands that look at objects; for the others its memory is given back first. */
static struct hs_error *take_census(struct hs_invocation *invocation)
{
	const struct hs_heap_options options = { .n_workers = invocation->source.capture.n_workers, .cancel = invocation->cancel,
						   .wanted = invocation->wanted };

	HS_TRY(hs_process_heap_open(invocation->capture->image, invocation->layout, &options, &invocation->heap));
	struct hs_error *error = hs_census_of(invocation->heap, &invocation->skipped, &invocation->census);
	if (invocation->needs < HS_STAGE_HEAP)
		hs_process_heap_close(hs_take(invocation->heap));
	return error;
}

static struct hs_error *resolve_layout(struct hs_invocation *invocation)
{
	struct hs_layout_options options = invocation->source.layout;

	/* who names a directory, or a table to leave out, wants another one than the file has */
	if (!options.debug_dir && !options.no_dwarf && !options.without_table)
		options.text = invocation->capture->layout_text;
	hs_progress_update(&invocation->progress, "reading the layout", 0, 0);
	struct hs_error *error = hs_layout_resolve(invocation->capture->process, invocation->capture->image, &options, &invocation->layout);
	/* what does not fit may be what is not there */
	return error && invocation->capture->cut_short ? hs_error_hint(error, "%s", invocation->capture->cut_short) : error;
}

/* The large results; none looks at another while it is given back. */
enum { DROP_GRAPH, DROP_IMAGE, DROP_HOLDERS, DROP_REACH, N_LARGE_RESULTS };

static void drop_large(void *context, size_t begin, size_t end, unsigned worker)
{
	struct hs_invocation *invocation = context;

	(void)worker;
	for (size_t i = begin; i < end; i++)
		switch (i) {
		case DROP_GRAPH:
			hs_graph_destroy(hs_take(invocation->graph));
			break;
		case DROP_IMAGE:
			hs_capture_drop_image(invocation->capture);
			break;
		case DROP_HOLDERS:
			hs_object_graph_destroy(hs_take(invocation->holders));
			break;
		case DROP_REACH:
			hs_reach_close(hs_take(invocation->reach));
			break;
		}
}

/* The kernel takes 40 ms to take back a GiB of small pages: threads share that, where there is a graph. */
void hs_invocation_drop_heap(struct hs_invocation *invocation)
{
	hs_array_free(&invocation->unexplained);
	hs_process_heap_close(hs_take(invocation->heap));
	hs_workers_run(drop_large, invocation, N_LARGE_RESULTS, 1, invocation->graph ? n_workers_of(invocation) : 1);
}

void hs_invocation_drop_graph(struct hs_invocation *invocation)
{
	hs_array_free(&invocation->unexplained);
	hs_reach_close(hs_take(invocation->reach));
	hs_object_graph_destroy(hs_take(invocation->holders));
	hs_graph_destroy(hs_take(invocation->graph));
}

static void drop_results(struct hs_invocation *invocation)
{
	hs_invocation_drop_heap(invocation);
	hs_census_destroy(hs_take(invocation->census));
	hs_layout_destroy(hs_take(invocation->layout));
	hs_capture_destroy(hs_take(invocation->capture));
}

/* Captures and counts once more. */
static struct hs_error *start_over(struct hs_invocation *invocation)
{
	HS_TRY(hs_pauses_move(&invocation->untold_pauses, &invocation->capture->pauses_ns));
	drop_results(invocation);
	hs_progress_update(&invocation->progress, "copying again", 0, 0);
	HS_TRY(take_capture(invocation));
	HS_TRY(resolve_layout(invocation));
	return take_census(invocation);
}

/*
 * A stop can catch a pool or a dict in the midst of a change, and what was left out as raw may turn out not to be proven so.
 * Then the target is captured again, at most twice, and not when the second picture is as inconsistent as the first.
 */
static struct hs_error *settle(struct hs_invocation *invocation)
{
	/* a file is what it is, and without a stop the next picture is no better */
	if (invocation->source.file || invocation->source.capture.nonblocking)
		return NULL;
	if (invocation->census->has_unproven_skips) {
		hs_array_free(&invocation->skipped);
		HS_TRY(start_over(invocation));
	}
	for (unsigned i = 0; i < MAX_RETRIES && invocation->census->n_inconsistent; i++) {
		uint64_t before = invocation->census->n_inconsistent;
		HS_TRY(start_over(invocation));
		if (invocation->census->n_inconsistent >= before)
			break;
	}
	return NULL;
}

/* Two searches over one graph, neither of which can be split: each has a thread of its own. */
enum { SEARCH_HOLDERS, SEARCH_PATHS, N_SEARCHES };

struct searches {
	struct hs_invocation *invocation;
	struct hs_error *errors[N_SEARCHES];
};

static struct hs_error *find_holders(struct hs_invocation *invocation)
{
	const struct hs_object_graph_options options = {
		.n_workers = invocation->source.capture.n_workers, .threads = &invocation->capture->threads,
		.n_largest = invocation->needs >= HS_STAGE_PATHS ? HS_N_LARGEST_CANDIDATES : 0,
	};

	return hs_object_graph_create(invocation->graph, &options, &invocation->holders);
}

static struct hs_error *find_paths(struct hs_invocation *invocation)
{
	const struct hs_reach_options options = { .threads = &invocation->capture->threads };

	return hs_reach_open(invocation->heap, invocation->graph, &options, &invocation->reach);
}

static void search(void *context, size_t begin, size_t end, unsigned worker)
{
	struct searches *searches = context;

	(void)worker;
	for (size_t i = begin; i < end; i++)
		searches->errors[i] = i == SEARCH_HOLDERS ? find_holders(searches->invocation) : find_paths(searches->invocation);
}

/* Side by side they take 8 bytes more for each object that is no leaf: as much as the leaves leave of what an object may cost. */
static bool may_search_side_by_side(const struct hs_invocation *invocation)
{
	const struct hs_graph_figures figures = hs_graph_figures(invocation->graph);

	return figures.n_rows <= figures.n_objects / 4 * 3;
}

static struct hs_error *search_graph(struct hs_invocation *invocation)
{
	unsigned n_workers = may_search_side_by_side(invocation) ? n_workers_of(invocation) : 1;
	struct searches searches = { .invocation = invocation };

	hs_workers_run(search, &searches, invocation->needs >= HS_STAGE_PATHS ? N_SEARCHES : 1, 1, n_workers);
	if (!searches.errors[SEARCH_HOLDERS])
		return searches.errors[SEARCH_PATHS];
	hs_error_destroy(searches.errors[SEARCH_PATHS]);
	return searches.errors[SEARCH_HOLDERS];
}

/* A later picture of the same process, whose own pauses alone are its. What was a large buffer then may be anything now. */
static struct hs_error *take_later(struct hs_invocation *invocation)
{
	find_payloads(invocation);
	HS_TRY(take_capture(invocation));
	HS_TRY(resolve_layout(invocation));
	HS_TRY(take_census(invocation));
	return settle(invocation);
}

static struct hs_error *check_identity(const struct hs_invocation *invocation, const struct hs_capture *earlier, hs_addr runtime)
{
	const struct hs_process *before = earlier->process, *now = invocation->capture->process;

	if (now->start_time != before->start_time || hs_exec_ids_differ(now->exec_id, before->exec_id) ||
	    invocation->layout->runtime_start != runtime)
		return hs_error_new(HS_ERROR_GONE, "PID %d is another program by now", (int)invocation->source.pid);
	return NULL;
}

/* Of pictures that came to nothing, as far as there is memory for it. */
static void keep_pauses(struct hs_capture *failed, struct hs_pauses *untold, struct hs_capture *earlier)
{
	if (failed)
		hs_error_destroy(hs_pauses_put_behind(earlier, &failed->pauses_ns));
	hs_error_destroy(hs_pauses_put_behind(earlier, untold));
	hs_array_free(untold);
}

/* Of what there was and what there is now, the invocation keeps one, with the image and the heap if these are still there. */
static void keep_one(struct hs_invocation *invocation, struct hs_invocation *other, bool keeps_other, bool is_new)
{
	if (keeps_other && is_new)
		hs_process_heap_close(hs_take(invocation->heap));
	struct hs_invocation *given_up = keeps_other ? invocation : other;
	hs_capture_destroy(is_new ? given_up->capture : NULL);
	hs_layout_destroy(given_up->layout);
	hs_census_destroy(given_up->census);
	hs_array_free(&given_up->skipped);
	if (!keeps_other)
		return;
	invocation->capture = other->capture;
	invocation->layout = other->layout;
	invocation->census = other->census;
	invocation->skipped = other->skipped;
	invocation->captured_at = other->captured_at;
}

/* What there is of the picture before stays until the next one is allowed: make_room() knows it by `capture`. */
static struct hs_error *renew(struct hs_invocation *invocation)
{
	struct hs_invocation earlier = *invocation;

	invocation->skipped = (struct hs_address_ranges){ 0 };
	invocation->layout = NULL;
	invocation->census = NULL;
	struct hs_error *error = take_later(invocation);
	bool is_new = invocation->capture != earlier.capture;
	if (!error)
		error = check_identity(invocation, earlier.capture, earlier.layout->runtime_start);
	if (!error)
		error = hs_pauses_put_before(invocation->capture, &earlier.capture->pauses_ns);
	if (error)
		keep_pauses(is_new ? invocation->capture : NULL, &invocation->untold_pauses, earlier.capture);
	keep_one(invocation, &earlier, error, is_new);
	return error;
}

struct hs_error *hs_invocation_renew(struct hs_invocation *invocation)
{
	start_progress(invocation);
	struct hs_error *error = renew(invocation);
	hs_progress_end(&invocation->progress);
	return error;
}

/* From the heap on. */
static struct hs_error *follow_references(struct hs_invocation *invocation, enum hs_stage *ret_stage)
{
	enum hs_stage needs = invocation->needs;

	if (needs == HS_STAGE_NODES) {
		*ret_stage = HS_STAGE_NODES;
		HS_TRY(hs_graph_index(invocation->heap->heap, invocation->source.capture.n_workers, &invocation->graph));
	}
	if (needs >= HS_STAGE_GRAPH) {
		*ret_stage = HS_STAGE_GRAPH;
		hs_progress_update(&invocation->progress, "following references", 0, 0);
		HS_TRY(hs_graph_build(invocation->heap->heap, invocation->source.capture.n_workers, &invocation->graph));
		hs_progress_update(&invocation->progress, "weighing references", 0, 0);
		/* before the searches: its memory is given back when they need theirs */
		if (invocation->command->needs_unexplained)
			HS_TRY(hs_unexplained_find(invocation->graph, &invocation->capture->threads, &invocation->unexplained));
	}
	if (needs >= HS_STAGE_RETAINED) {
		*ret_stage = HS_STAGE_RETAINED;
		hs_progress_update(&invocation->progress, "finding what each object retains", 0, 0);
		HS_TRY(search_graph(invocation));
	}
	return NULL;
}

struct hs_error *hs_invocation_follow(struct hs_invocation *invocation, enum hs_stage needs)
{
	enum hs_stage stage;

	invocation->needs = needs;
	start_progress(invocation);
	struct hs_error *error = follow_references(invocation, &stage);
	if (error && error->code == HS_ERROR_CANCELLED)
		hs_invocation_drop_graph(invocation);
	hs_progress_end(&invocation->progress);
	return error;
}

/* Makes what the command needs; *ret_stage is the stage that was being made when an error came up. */
static struct hs_error *prepare(struct hs_invocation *invocation, enum hs_stage *ret_stage)
{
	enum hs_stage needs = invocation->needs;

	if (needs >= HS_STAGE_CAPTURE) {
		*ret_stage = HS_STAGE_CAPTURE;
		if (needs >= HS_STAGE_CENSUS)
			find_payloads(invocation);
		HS_TRY(take_capture(invocation));
	}
	if (needs >= HS_STAGE_LAYOUT) {
		*ret_stage = HS_STAGE_LAYOUT;
		HS_TRY(resolve_layout(invocation));
	}
	if (needs >= HS_STAGE_CENSUS) {
		*ret_stage = HS_STAGE_CENSUS;
		hs_progress_update(&invocation->progress, "counting objects", 0, 0);
		HS_TRY(take_census(invocation));
		HS_TRY(settle(invocation));
	}
	return follow_references(invocation, ret_stage);
}

struct hs_invocation hs_invocation_of(const struct hs_invocation *invocation, const struct hs_source_options *source)
{
	struct hs_invocation one = {
		.command = invocation->command, .needs = invocation->command->needs, .source = invocation->source, .output = invocation->output,
		.argc = invocation->argc, .argv = invocation->argv, .own = invocation->own,
	};

	one.source.name = source->name;
	one.source.word = source->word;
	one.source.pid = source->pid;
	one.source.file = source->file;
	one.source.exe = source->exe;
	return one;
}

struct hs_error *hs_invocation_prepare(struct hs_invocation *invocation)
{
	enum hs_stage stage;

	hs_progress_start(&invocation->progress);
	struct hs_error *error = prepare(invocation, &stage);
	hs_progress_end(&invocation->progress);
	return error;
}

void hs_invocation_drop(struct hs_invocation *invocation)
{
	drop_results(invocation);
	hs_array_free(&invocation->skipped);
	hs_array_free(&invocation->untold_pauses);
	invocation->agreed_pause_ms = 0;
}

void hs_source_free(struct hs_source_options *source)
{
	free(source->word);
	free(source->file);
	free(source->exe);
}

static void invocation_deinit(struct hs_invocation *invocation)
{
	if (invocation->command->needs >= HS_STAGE_CAPTURE)
		hs_invocation_drop(invocation);
	hs_source_free(&invocation->source);
	free(invocation->own);
}

struct hs_error *hs_command_run(const struct hs_command *command, int argc, char **argv, int *ret_status)
{
	HS_CLEANUP(invocation_deinit) struct hs_invocation invocation = { .command = command, .needs = command->needs };
	enum hs_stage stage = HS_STAGE_NONE;

	invocation.own = calloc(1, command->own_bytes + 1);
	if (!invocation.own)
		return hs_error_no_memory();
	/* the parser puts options first */
	HS_FREE char **given = calloc((size_t)argc + 1, sizeof(*given));
	if (!given)
		return hs_error_no_memory();
	memcpy(given, argv, (size_t)argc * sizeof(*given));
	invocation.argc = argc;
	invocation.argv = given;
	hs_options_parse(&invocation, argc, argv);
	/* before the process is paused for nothing */
	struct hs_error *error = hs_output_check(invocation.output.path);
	if (!error && command->needs >= HS_STAGE_CAPTURE)
		hs_progress_start(&invocation.progress);
	if (!error)
		error = prepare(&invocation, &stage);
	hs_progress_end(&invocation.progress);
	if (!error)
		error = command->run(&invocation);
	if (invocation.census && !invocation.census->is_complete && !invocation.exit_status)
		invocation.exit_status = HS_EXIT_INCOMPLETE;
	if (invocation.capture && invocation.capture->cut_short && !invocation.exit_status)
		invocation.exit_status = HS_EXIT_INCOMPLETE;
	hs_progress_end(&invocation.progress);
	*ret_status = error ? (int)hs_exit_status_of(error, stage) : invocation.exit_status;
	return error;
}
