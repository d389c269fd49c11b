/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy lines: where memory was allocated, by the target's own tracemalloc. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "commands.h"
#include "exit_status.h"
#include "lines.h"
#include "options.h"
#include "output.h"

#define DEFAULT_N_ROWS 20
#define MAX_FILTERS 64
#define MAX_GROWTH_S 86400

enum {
	KEY_GROUP = 0x1000,
	KEY_CUMULATIVE,
	KEY_FILTER,
	KEY_EXCLUDE,
	KEY_ALL_FRAMES,
	KEY_DOMAIN,
	KEY_GROWTH,
	KEY_TYPE,
	KEY_AT,
};

struct lines_options {
	struct hs_lines_options lines;
	struct hs_trace_filter filters[MAX_FILTERS];
	size_t n_filters;
	uint32_t n_rows;   /* 0: not given */
	bool has_grouping;
};

static const struct argp_option options[] = {
	{ "group", KEY_GROUP, "lineno|filename|traceback", 0, "Add blocks up by line (default), by file, or by the whole traceback", 0 },
	{ "cumulative", KEY_CUMULATIVE, NULL, 0, "Count a block for every frame of its traceback; by line or file only", 0 },
	{ "filter", KEY_FILTER, "GLOB[:LINE]", 0, "Only blocks allocated in such files, or at that line of them; may be given several times", 0 },
	{ "exclude", KEY_EXCLUDE, "GLOB[:LINE]", 0, "Not those; may be given several times", 0 },
	{ "all-frames", KEY_ALL_FRAMES, NULL, 0, "--filter and --exclude look at every frame, not at the innermost alone", 0 },
	{ "domain", KEY_DOMAIN, "N", 0, "Only blocks of that domain (0: Python's own; extensions have theirs; default all)", 0 },
	{ "type", KEY_TYPE, "TYPE", 0, "Where the objects of that type were allocated", 0 },
	{ "at", KEY_AT, "ADDRESS", 0, "Where the object, or the block, at that address was allocated", 0 },
	{ "growth", KEY_GROWTH, "SECONDS", 0, "Look twice, so long apart, and show what changed most", 0 },
	{ "limit", 'n', "N", 0, "Places to show (default 20 as text, all as JSON and folded)", 0 },
	{ 0 },
};

/* "shop/app.py:12": what follows the last colon is a line if it is a number. `text` is of argv: it is cut there, and kept. */
static void add_filter(struct argp_state *state, struct lines_options *own, char *text, bool is_exclusive)
{
	char *colon = strrchr(text, ':');
	bool has_line = colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1);
	struct hs_trace_filter *filter = &own->filters[own->n_filters];

	if (own->n_filters == MAX_FILTERS)
		argp_error(state, "more than %d filters", MAX_FILTERS);
	filter->line = has_line ? hs_options_number(state, "the line of a filter", colon + 1, 1, UINT32_MAX) : 0;
	if (has_line)
		*colon = '\0';
	if (!*text)
		argp_error(state, "a filter needs the pattern of a file's name");
	filter->glob = text;
	filter->is_exclusive = is_exclusive;
	own->n_filters++;
}

static void check(struct argp_state *state, const struct lines_options *own, enum hs_format format)
{
	const struct hs_lines_options *lines = &own->lines;

	if (lines->traces.is_cumulative && lines->traces.grouping == HS_TRACE_BY_TRACEBACK)
		argp_error(state, "--cumulative adds up by line or file; a whole traceback is counted once");
	if (lines->at && (lines->type || lines->growth_s || own->n_filters || own->has_grouping || lines->traces.is_cumulative))
		argp_error(state, "--at shows the traceback of one block, without other choices");
	if (format == HS_FORMAT_FOLDED && (lines->growth_s || lines->traces.is_cumulative || lines->at ||
					   (own->has_grouping && lines->traces.grouping != HS_TRACE_BY_TRACEBACK)))
		argp_error(state, "-f folded writes whole tracebacks of one sample");
}

/* What the options say together. */
static void complete(struct hs_invocation *invocation, struct lines_options *own)
{
	struct hs_lines_options *lines = &own->lines;
	enum hs_format format = invocation->output.format;

	if (format == HS_FORMAT_FOLDED || lines->at)
		lines->traces.grouping = HS_TRACE_BY_TRACEBACK;
	lines->traces.filters = own->filters;
	lines->traces.n_filters = own->n_filters;
	lines->n_rows = own->n_rows ? own->n_rows : format == HS_FORMAT_TEXT ? DEFAULT_N_ROWS : SIZE_MAX;
	lines->wants_texts = format == HS_FORMAT_TEXT || lines->at;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const groupings[] = {
		[HS_TRACE_BY_LINE] = "lineno", [HS_TRACE_BY_FILE] = "filename", [HS_TRACE_BY_TRACEBACK] = "traceback", NULL,
	};
	struct hs_invocation *invocation = state->input;
	struct lines_options *own = invocation->own;

	switch (key) {
	case KEY_GROUP:
		own->lines.traces.grouping = (enum hs_trace_grouping)hs_options_choice(state, "group", argument, groupings);
		own->has_grouping = true;
		return 0;
	case KEY_CUMULATIVE:
		own->lines.traces.is_cumulative = true;
		return 0;
	case KEY_FILTER:
	case KEY_EXCLUDE:
		add_filter(state, own, argument, key == KEY_EXCLUDE);
		return 0;
	case KEY_ALL_FRAMES:
		own->lines.traces.matches_all_frames = true;
		return 0;
	case KEY_DOMAIN:
		own->lines.traces.has_domain = true;
		own->lines.traces.domain = hs_options_number(state, "--domain", argument, 0, UINT32_MAX);
		return 0;
	case KEY_TYPE:
		own->lines.type = argument;
		return 0;
	case KEY_AT:
		if (!hs_options_address(argument, &own->lines.at) || !own->lines.at)
			argp_error(state, "'%s' is no address: 0x7f… or decimal digits, as id() gives it", argument);
		return 0;
	case KEY_GROWTH:
		own->lines.growth_s = hs_options_number(state, "--growth", argument, 1, MAX_GROWTH_S);
		return 0;
	case 'n':
		own->n_rows = hs_options_number(state, "--limit", argument, 1, INT32_MAX);
		return 0;
	case ARGP_KEY_END:
		if (own->lines.growth_s)
			hs_options_need_process(state, "--growth");
		check(state, own, invocation->output.format);
		complete(invocation, own);
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_lines *lines = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_lines_json(out, lines);
	if (output->format == HS_FORMAT_FOLDED) {
		hs_lines_folded(out, lines);
		return NULL;
	}
	struct hs_style style = hs_output_style(output);
	hs_lines_text(out, lines, &style);
	return NULL;
}

/* One sample; tables that were caught half-changed are read once more, from another stop. */
static struct hs_error *take_sample(struct hs_invocation *invocation, const struct hs_lines_options *wanted, struct hs_lines_sample *ret)
{
	HS_TRY(hs_lines_sample(invocation->heap, wanted, ret));
	if (!hs_lines_sample_is_doubtful(ret) || invocation->source.capture.nonblocking || invocation->source.file)
		return NULL;
	hs_lines_sample_release(ret);
	HS_TRY(hs_invocation_renew(invocation));
	return hs_lines_sample(invocation->heap, wanted, ret);
}

static struct hs_error *take_samples(struct hs_invocation *invocation, const struct hs_lines_options *wanted, struct hs_lines *lines)
{
	struct timespec rest = { .tv_sec = wanted->growth_s };

	HS_TRY(take_sample(invocation, wanted, &lines->after));
	if (!wanted->growth_s || !lines->after.state.is_tracing)
		return NULL;
	lines->before = lines->after;
	lines->after = (struct hs_lines_sample){ 0 };
	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
	HS_TRY(hs_invocation_renew(invocation));
	return take_sample(invocation, wanted, &lines->after);
}

static struct hs_error *no_stacks(const struct hs_lines *lines)
{
	return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "tracemalloc is %s in process %d: there are no stacks to fold",
					  lines->after.state.is_known ? "off" : "not found", (int)lines->document.process->pid),
			     "PYTHONTRACEMALLOC=25 in the environment of the program, or tracemalloc.start(25) in it");
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct lines_options *own = invocation->own;
	HS_CLEANUP(hs_lines_deinit) struct hs_lines lines = { .options = &own->lines };
	char host[HS_HOST_BYTES];

	HS_TRY(take_samples(invocation, &own->lines, &lines));
	lines.document = hs_document_of(invocation, host);
	if (!lines.after.state.is_tracing && invocation->output.format == HS_FORMAT_FOLDED)
		return no_stacks(&lines);
	struct hs_source_lines *sources = invocation->output.format == HS_FORMAT_FOLDED ? NULL : hs_source_lines_open(invocation->capture->process);
	struct hs_error *error = hs_lines_complete(&lines, invocation->heap, sources);
	hs_source_lines_close(sources);
	HS_TRY(error);
	HS_TRY(hs_output_render(&invocation->output, render, &lines));
	if (!hs_lines_is_complete(&lines))
		invocation->exit_status = HS_EXIT_INCOMPLETE;
	return NULL;
}

const struct hs_command hs_command_lines = {
	.name = "lines",
	.summary = "Show at which lines of the program memory was allocated",
	.usage = "SOURCE",
	.description = "Reads the tables of tracemalloc in the process's memory, where tracing is on: what tracemalloc.take_snapshot() would find, "
		       "without taking one. Source lines are read through the process's own root directory. Where tracing is off, that is said, with "
		       "what it costs to turn it on, and what fills the memory is listed by where it is defined: classes, functions, coroutines, "
		       "running calls. -f folded writes one line a traceback for flame graphs.",
	.examples = "  heapspy lines 4242\n"
		    "  heapspy lines 4242 --group traceback -n 5\n"
		    "  heapspy lines 4242 --cumulative --filter '*/shop/*' --exclude '*:12'\n"
		    "  heapspy lines 4242 --growth 60\n"
		    "  heapspy lines 4242 --type app.Session\n"
		    "  heapspy lines 4242 --at 0x7fa223438d40\n"
		    "  heapspy lines 4242 -f folded | flamegraph.pl > memory.svg\n",
	.needs = HS_STAGE_HEAP,
	.takes_files = true,
	.has_output = true,
	.has_stacks = true,
	.own_bytes = sizeof(struct lines_options),
	.options = options,
	.parse = parse,
	.run = run,
};
