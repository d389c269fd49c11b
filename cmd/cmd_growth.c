/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy growth: what grows in a process, from several samples. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "exit_status.h"
#include "growing_children.h"
#include "growth_run.h"
#include "options.h"
#include "output.h"
#include "series_log.h"
#include "signals.h"

#define DEFAULT_INTERVAL_S 10
#define DEFAULT_EVERY_S 600
#define DEFAULT_N_SAMPLES 3
#define MAX_INTERVAL_S (30 * 86400)
#define MAX_SAMPLES 1000000
#define MAX_CHOICE_S 5 /* between two looks at the sizes of children */

enum growth_format {
	FORMAT_TEXT = HS_FORMAT_TEXT,
	FORMAT_JSON = HS_FORMAT_JSON,
	FORMAT_MD,
};

enum {
	KEY_FAIL = 0x1000,
	KEY_FOR,
	KEY_EVERY,
	KEY_CHILDREN,
};

struct growth_options {
	unsigned interval_s;
	unsigned n_samples;
	unsigned for_s;      /* 0: a short series */
	unsigned every_s;
	bool has_rhythm;     /* -i or -c was given */
	bool is_md;
	bool of_children;
	uint64_t fail_bytes; /* 0: not asked for */
	uint32_t n_types;    /* 0: not given */
};

static const struct argp_option options[] = {
	{ "interval", 'i', "SECS", 0, "Seconds between samples, about: the second of three comes after 0.75 of it, the third after twice as much (default 10)", 0 },
	{ "count", 'c', "COUNT", 0, "Samples to take (default 3)", 0 },
	{ "for", KEY_FOR, "TIME", 0, "A long series: 6h, 90m, 2d", 0 },
	{ "every", KEY_EVERY, "TIME", 0, "Time between the samples of a long series (default 10m)", 0 },
	{ "fail-on-growth", KEY_FAIL, "BYTES", 0, "Exit code 1 if suspects of medium confidence or better grew by so much: 500k, 10M", 0 },
	{ "children", KEY_CHILDREN, NULL, 0, "Of the Python processes below PID, the three that grow fastest, one after the other; not of PID itself", 0 },
	{ "number", 'n', "N", 0, "Types to list (default 20 as text, all as JSON)", 0 },
	{ "format", 'f', "FORMAT", 0, "text (default), json, or md: for a ticket, at most 40 lines", 0 },
	{ 0 },
};

static void check(struct argp_state *state, struct hs_invocation *invocation)
{
	struct growth_options *own = invocation->own;

	if (own->every_s && !own->for_s)
		argp_error(state, "--every belongs to a long series: --for says how long");
	if (own->of_children && invocation->output.path)
		argp_error(state, "--children writes one result after the other, as JSON a line each: redirect standard output instead of -o");
	if (own->of_children)
		invocation->needs = HS_STAGE_PID;
	if (!own->for_s)
		return;
	if (own->of_children)
		argp_error(state, "--children looks at one process after the other: not for hours");
	if (own->has_rhythm)
		argp_error(state, "--for and --every say when samples are taken; -i and -c are for short series");
	own->interval_s = own->every_s ? own->every_s : DEFAULT_EVERY_S;
	if (own->for_s < 2 * own->interval_s)
		argp_error(state, "--for must be twice as long as --every at least");
	own->n_samples = own->for_s / own->interval_s + 1;
	if (own->n_samples > MAX_SAMPLES)
		argp_error(state, "that would be more than %d samples", MAX_SAMPLES);
}

static void set_format(struct argp_state *state, struct hs_invocation *invocation, const char *argument)
{
	static const char *const formats[] = { [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_MD] = "md", NULL };
	struct growth_options *own = invocation->own;
	unsigned format = hs_options_choice(state, "format", argument, formats);

	own->is_md = format == FORMAT_MD;
	invocation->output.format = own->is_md ? HS_FORMAT_TEXT : (enum hs_format)format;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct growth_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		own->interval_s = DEFAULT_INTERVAL_S;
		own->n_samples = DEFAULT_N_SAMPLES;
		invocation->source.capture.wants_uses = true;
		return 0;
	case 'i':
		own->interval_s = hs_options_number(state, "--interval", argument, 1, MAX_INTERVAL_S);
		own->has_rhythm = true;
		return 0;
	case 'c':
		own->n_samples = hs_options_number(state, "--count", argument, 2, MAX_SAMPLES);
		own->has_rhythm = true;
		return 0;
	case KEY_FOR:
		own->for_s = hs_options_duration(state, "--for", argument);
		return 0;
	case KEY_EVERY:
		own->every_s = hs_options_duration(state, "--every", argument);
		return 0;
	case KEY_FAIL:
		own->fail_bytes = hs_options_bytes(state, "--fail-on-growth", argument);
		return 0;
	case KEY_CHILDREN:
		own->of_children = true;
		return 0;
	case 'n':
		own->n_types = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	case 'f':
		set_format(state, invocation, argument);
		return 0;
	case ARGP_KEY_END:
		check(state, invocation);
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What is known before the last sample, for those who wait at a terminal. */
static void show_provisional(struct hs_invocation *invocation, const struct hs_series *series)
{
	const struct growth_options *own = invocation->own;
	struct hs_style style = hs_style_for(stdout, invocation->output.colour);
	HS_CLEANUP(hs_growth_release) struct hs_growth growth = { 0 };
	struct hs_error *error = hs_growth_compare(series, NULL, NULL, &growth);

	hs_growth_show(&growth, invocation->output.format, own->n_types);
	growth.is_provisional = true;
	if (!error)
		hs_growth_text(stdout, &growth, &style);
	fflush(stdout);
	hs_error_destroy(error);
}

/* Who is told of each sample. */
struct listener {
	struct hs_invocation *invocation;
	struct hs_series_log log;
	int log_status; /* 0, or what it means that a line could not be written */
	bool is_at_terminal;
};

static void listener_deinit(struct listener *listener)
{
	hs_series_log_close(&listener->log);
}

/* Told at once, and the first time only: there may be hours to go, in which the disk can get room again. */
static void tell_of_log(struct listener *listener, struct hs_error *error)
{
	if (error && !listener->log_status) {
		hs_progress_end(&listener->invocation->progress);
		hs_exit_print_error(error);
		listener->log_status = (int)hs_exit_status_of(error, HS_STAGE_HEAP);
	}
	hs_error_destroy(error);
}

static void hear(void *context, const struct hs_series *series)
{
	struct listener *listener = context;
	struct hs_invocation *invocation = listener->invocation;
	const struct growth_options *own = invocation->own;
	char host[HS_HOST_BYTES];

	const struct hs_document document = hs_document_of(invocation, host);
	tell_of_log(listener, hs_series_log_add(&listener->log, &document, series));
	if (listener->is_at_terminal && series->samples.n > 1 && !series->has_graph && !own->for_s)
		show_provisional(invocation, series);
}

/* The result of a long series is the last line of its file; it is shown besides. */
static struct hs_error *add_result(const struct listener *listener, struct hs_growth *growth)
{
	HS_FREE char *text = NULL;
	size_t bytes, n_shown = growth->n_shown;

	if (listener->log.fd < 0)
		return NULL;
	FILE *out = open_memstream(&text, &bytes);
	if (!out)
		return hs_error_no_memory();
	growth->is_one_line = true;
	growth->n_shown = SIZE_MAX;
	struct hs_error *error = hs_growth_json(out, growth);
	growth->is_one_line = false;
	growth->n_shown = n_shown;
	if (fclose(out) && !error)
		error = hs_error_no_memory();
	return error ? error : hs_series_log_add_text(&listener->log, text, bytes);
}

static struct hs_error *take(struct hs_invocation *invocation, struct listener *listener, struct hs_growth_run *ret)
{
	const struct growth_options *own = invocation->own;
	const struct hs_series_options wanted = {
		.interval_s = own->interval_s, .n_samples = own->n_samples, .last_needs = HS_STAGE_PATHS, .is_long = own->for_s,
		.kept = hear, .context = listener,
	};

	return hs_growth_run_take(invocation, &wanted, ret);
}

static struct hs_error *show(struct hs_invocation *invocation, const struct hs_output_options *output, struct hs_growth_run *growth_run)
{
	char host[HS_HOST_BYTES];
	const struct growth_options *own = invocation->own;
	const struct hs_growth_shown shown = { &growth_run->growth, invocation, own->is_md };

	growth_run->growth.document = hs_document_of(invocation, host);
	hs_growth_show(&growth_run->growth, invocation->output.format, own->n_types);
	growth_run->growth.is_one_line = growth_run->seen;
	HS_TRY(hs_output_render(output, hs_growth_render, &shown));
	invocation->exit_status = hs_growth_run_status(growth_run, own->fail_bytes);
	return NULL;
}

static struct hs_error *run_one(struct hs_invocation *invocation)
{
	const struct growth_options *own = invocation->own;
	bool is_plain_text = invocation->output.format == HS_FORMAT_TEXT && !own->is_md;
	HS_CLEANUP(listener_deinit) struct listener listener = {
		.invocation = invocation, .log.fd = -1, .is_at_terminal = is_plain_text && !invocation->output.path && isatty(STDOUT_FILENO),
	};
	HS_CLEANUP(hs_growth_run_release) struct hs_growth_run growth_run = { 0 };
	struct hs_output_options output = invocation->output;
	char host[HS_HOST_BYTES];

	if (own->for_s) {
		HS_TRY(hs_series_log_open(output.path, &listener.log));
		output.path = NULL;
	}
	HS_TRY(take(invocation, &listener, &growth_run));
	growth_run.growth.document = hs_document_of(invocation, host);
	tell_of_log(&listener, add_result(&listener, &growth_run.growth));
	HS_TRY(show(invocation, &output, &growth_run));
	if (listener.log_status)
		invocation->exit_status = listener.log_status;
	return NULL;
}

/* One of several processes. */
static struct hs_error *run_child(struct hs_invocation *invocation, pid_t pid, struct hs_growth_seen *seen)
{
	HS_CLEANUP(hs_invocation_drop) struct hs_invocation child = {
		.command = invocation->command, .needs = HS_STAGE_HEAP, .source = invocation->source, .output = invocation->output,
		.argc = invocation->argc, .argv = invocation->argv, .own = invocation->own,
	};
	struct listener nobody = { .invocation = &child, .log.fd = -1 };
	HS_CLEANUP(hs_growth_run_release) struct hs_growth_run growth_run = { .seen = seen };

	child.source.pid = pid;
	HS_TRY(hs_invocation_prepare(&child));
	HS_TRY(take(&child, &nobody, &growth_run));
	HS_TRY(show(&child, &child.output, &growth_run));
	/* what is missing says more than what was found */
	if (child.exit_status > invocation->exit_status)
		invocation->exit_status = child.exit_status;
	return NULL;
}

/* A child that cannot be looked at, or ends before the first sample, is no reason to leave the others out. */
static struct hs_error *run_children(struct hs_invocation *invocation)
{
	const struct growth_options *own = invocation->own;
	double seconds = own->interval_s < MAX_CHOICE_S ? own->interval_s : MAX_CHOICE_S;
	struct hs_growing_child children[HS_MAX_GROWING_CHILDREN];
	HS_CLEANUP(hs_growth_seen_deinit) struct hs_growth_seen seen = { 0 };
	size_t n, n_shown = 0;

	HS_TRY(hs_growing_children_find(invocation->source.pid, seconds, children, &n));
	for (size_t i = 0; i < n && !hs_signals_caught(); i++) {
		if (n_shown && invocation->output.format == HS_FORMAT_TEXT)
			HS_TRY(hs_output_write(NULL, "\n", 1));
		struct hs_error *error = run_child(invocation, children[i].pid, &seen);
		if (error && i + 1 == n && !n_shown)
			return error;
		if (error) {
			hs_exit_print_error(error);
			invocation->exit_status = (int)hs_exit_status_of(error, HS_STAGE_HEAP);
		}
		n_shown += !error;
		hs_error_destroy(error);
	}
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct growth_options *own = invocation->own;

	return own->of_children ? run_children(invocation) : run_one(invocation);
}

const struct hs_command hs_command_growth = {
	.name = "growth",
	.summary = "Show what grows, who holds it, and what the growth is made of",
	.usage = "PID",
	.description = "Takes several samples of the process, which is paused for each as long as a copy of its memory takes; between them it runs "
		       "on. Gaps are never equal, so that what comes and goes is not mistaken for growth. The growth of the resident size (RSS) is "
		       "told by cause; the parts add up. Suspects are containers that became longer and kept what they had, with the path to them and the "
		       "functions that may be writing to them. `~` stands for objects that are replaced all the time without becoming more. "
		       "Ctrl-C shows what the samples so far tell. With --for, samples are taken for hours: -o FILE gets a further line of JSON for each, "
		       "and Ctrl-C or SIGTERM bring the last one forward. Names, types and lengths are shown, never values.",
	.examples = "  heapspy growth 4242\n"
		    "  heapspy growth 4242 -i 30 -c 5\n"
		    "  heapspy growth 4242 -f json -o growth.json\n"
		    "  heapspy growth 4242 -f md\n"
		    "  heapspy growth 4242 --for 6h --every 10m -o samples.jsonl\n"
		    "  heapspy growth 4242 --children\n"
		    "  heapspy growth 4242 --fail-on-growth 1M\n",
	.needs = HS_STAGE_HEAP,
	.needs_unexplained = true,
	.has_output = true,
	.has_own_format = true,
	.own_bytes = sizeof(struct growth_options),
	.options = options,
	.parse = parse,
	.run = run,
};
