/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one command: options, capture, layout, census, the command itself, cleaning up. The only place that knows the
 * order of the stages, and the only one that handles signals.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "exit_status.h"
#include "options.h"
#include "payload.h"

static volatile sig_atomic_t caught_signal;

static void on_signal(int number)
{
	caught_signal = number;
	hs_capture_cancel();
}

/* From here to restore_signals() a signal makes the capture let the target go first. A second one kills at once. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void restore_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

/* The parent must see which signal ended this process: a shell then stops its script, too. */
static void die_by_caught_signal(struct hs_invocation *invocation)
{
	if (!caught_signal)
		return;
	hs_progress_end(&invocation->progress);
	raise(caught_signal);
}

static bool confirm_pause(void *context, uint64_t predicted_ms, uint64_t bytes)
{
	HS_FREE char *question = NULL;

	hs_progress_end(context);
	if (asprintf(&question, "Copying %llu MiB would pause the process for about %llu ms. Go on?",
		     (unsigned long long)(bytes >> 20), (unsigned long long)predicted_ms) < 0)
		return false;
	/* Nothing is attached yet: a signal may end the wait for an answer, and heapspy with it, at once. */
	restore_signals();
	bool may_go_on = hs_terminal_confirm(question);
	catch_signals();
	hs_progress_start(context);
	return may_go_on;
}

/*
 * Below this, a whole copy takes no longer than a third of a second; above, a single large buffer could make most of the
 * pause, and looking for such is worth its time before the stop.
 */
#define LOOK_FOR_PAYLOADS_RSS ((uint64_t)1 << 30)
#define PAYLOAD_MIN_BYTES ((size_t)1 << 20)

/* Proposes what need not be copied. That none can be found is no error: the capture itself will say what is wrong. */
static void find_payloads(struct hs_invocation *invocation)
{
	struct hs_process *process = NULL;
	struct hs_error *error = hs_process_read(invocation->source.pid, &process);

	if (!error && process->rss_bytes >= LOOK_FOR_PAYLOADS_RSS)
		error = hs_payloads_find(process, PAYLOAD_MIN_BYTES, &invocation->skipped);
	hs_process_destroy(process);
	hs_error_destroy(error);
}

static struct hs_error *take_capture(struct hs_invocation *invocation)
{
	struct hs_capture_options *options = &invocation->source.capture;

	options->progress = hs_progress_update;
	options->confirm_pause = hs_terminal_is_interactive() ? confirm_pause : NULL;
	options->context = &invocation->progress;
	options->skip = &invocation->skipped;
	hs_progress_update(&invocation->progress, "copying", 0, 0);
	catch_signals();
	struct hs_error *error = hs_capture_process(invocation->source.pid, options, &invocation->capture);
	invocation->captured_at = time(NULL);
	restore_signals();
	die_by_caught_signal(invocation);
	return error;
}

static struct hs_error *take_census(struct hs_invocation *invocation)
{
	const struct hs_census_options options = {
		.n_workers = invocation->source.capture.n_workers,
		.progress = hs_progress_update,
		.context = &invocation->progress,
		.skipped = &invocation->skipped,
	};

	return hs_census_take(invocation->capture->image, invocation->layout, &options, &invocation->census);
}

static struct hs_error *resolve_layout(struct hs_invocation *invocation)
{
	hs_progress_update(&invocation->progress, "reading the layout", 0, 0);
	return hs_layout_resolve(invocation->capture->process, invocation->capture->image, &invocation->source.layout,
				 &invocation->layout);
}

static void drop_results(struct hs_invocation *invocation)
{
	hs_census_destroy(hs_take(invocation->census));
	hs_layout_destroy(hs_take(invocation->layout));
	hs_capture_destroy(hs_take(invocation->capture));
}

/*
 * What was left out as raw turned out not to be proven so: captures again, whole. The first pause was one as well, and is
 * listed first.
 */
static struct hs_error *capture_whole(struct hs_invocation *invocation)
{
	uint64_t first_pause_ns = invocation->capture->pause_ns;

	drop_results(invocation);
	hs_array_free(&invocation->skipped);
	HS_TRY(take_capture(invocation));
	struct hs_capture *capture = invocation->capture;
	if (!hs_array_append(&capture->pauses_ns))
		return hs_error_no_memory();
	memmove(capture->pauses_ns.items + 1, capture->pauses_ns.items, (capture->pauses_ns.n - 1) * sizeof(uint64_t));
	capture->pauses_ns.items[0] = first_pause_ns;
	capture->pause_ns += first_pause_ns;
	HS_TRY(resolve_layout(invocation));
	return take_census(invocation);
}

/* Makes what the command needs; *ret_stage is the stage that was being made when an error came up. */
static struct hs_error *prepare(struct hs_invocation *invocation, enum hs_stage *ret_stage)
{
	enum hs_stage needs = invocation->command->needs;

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
		if (invocation->census->has_unproven_skips)
			HS_TRY(capture_whole(invocation));
	}
	return NULL;
}

static void invocation_deinit(struct hs_invocation *invocation)
{
	if (invocation->command->needs >= HS_STAGE_CAPTURE) {
		drop_results(invocation);
		hs_array_free(&invocation->skipped);
	}
	free(invocation->own);
}

struct hs_error *hs_command_run(const struct hs_command *command, int argc, char **argv, int *ret_status)
{
	HS_CLEANUP(invocation_deinit) struct hs_invocation invocation = { .command = command };
	enum hs_stage stage = HS_STAGE_NONE;

	invocation.own = calloc(1, command->own_bytes + 1);
	if (!invocation.own)
		return hs_error_no_memory();
	hs_options_parse(&invocation, argc, argv);
	if (command->needs >= HS_STAGE_CAPTURE)
		hs_progress_start(&invocation.progress);
	struct hs_error *error = prepare(&invocation, &stage);
	hs_progress_end(&invocation.progress);
	if (!error)
		error = command->run(&invocation);
	*ret_status = error ? (int)hs_exit_status_of(error, stage) : invocation.exit_status;
	return error;
}
