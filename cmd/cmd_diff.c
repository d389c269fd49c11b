/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy diff: what grew between moments that were kept. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cmd_siblings.h"
#include "commands.h"
#include "diff.h"
#include "exit_status.h"
#include "options.h"
#include "output.h"

#define DEFAULT_N_HOLDERS 10

enum diff_format {
	FORMAT_TEXT = HS_FORMAT_TEXT,
	FORMAT_JSON = HS_FORMAT_JSON,
	FORMAT_MD,
};

enum {
	KEY_FAIL = 0x1000,
	KEY_SIBLINGS,
};

struct diff_options {
	struct hs_source_options sources[HS_MAX_SIBLINGS];
	size_t n_sources;
	bool is_md;
	bool of_siblings;
	uint64_t fail_bytes; /* 0: not asked for */
	uint32_t n_types;    /* 0: not given */
};

static const struct argp_option options[] = {
	{ "fail-on-growth", KEY_FAIL, "BYTES", 0, "Exit code 1 if suspects of medium confidence or better grew by so much: 500k, 10M", 0 },
	{ "siblings", KEY_SIBLINGS, NULL, 0, "Workers of one application side by side, up to 64: which holder differs, and in whom", 0 },
	{ "number", 'n', "N", 0, "Types to list (default 20 as text, all as JSON); with --siblings holders and types", 0 },
	{ "format", 'f', "FORMAT", 0, "text (default), json, or md: for a ticket, at most 40 lines", 0 },
	{ 0 },
};

static void add_source(struct argp_state *state, struct diff_options *own, const char *argument)
{
	if (own->n_sources == HS_MAX_SIBLINGS)
		argp_error(state, "too many arguments: '%s'", argument);
	hs_options_source(state, argument, &own->sources[own->n_sources++]);
}

static void set_format(struct argp_state *state, struct hs_invocation *invocation, const char *argument)
{
	static const char *const formats[] = { [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_MD] = "md", NULL };
	struct diff_options *own = invocation->own;
	unsigned format = hs_options_choice(state, "format", argument, formats);

	own->is_md = format == FORMAT_MD;
	invocation->output.format = own->is_md ? HS_FORMAT_TEXT : (enum hs_format)format;
}

static void check(struct argp_state *state, const struct diff_options *own)
{
	const struct hs_invocation *invocation = state->input;

	if (invocation->source.name)
		argp_error(state, "what is compared is given by arguments, not by --pid");
	if (own->n_sources < 2)
		argp_error(state, own->of_siblings ? "--siblings compares two or more" : "what is to be compared? OLD and NEW are needed");
	if (!own->of_siblings && own->n_sources > HS_DIFF_MAX_MOMENTS)
		argp_error(state, "too many arguments: OLD, NEW and NEWER are compared; workers of one application with --siblings");
	if (own->of_siblings && own->fail_bytes)
		argp_error(state, "--siblings tells who differs, not what grows: --fail-on-growth is for moments");
	if (own->of_siblings && own->is_md)
		argp_error(state, "--siblings is shown as text or json");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct diff_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		invocation->source.capture.wants_uses = true;
		return 0;
	case ARGP_KEY_ARG:
		add_source(state, own, argument);
		return 0;
	case KEY_FAIL:
		own->fail_bytes = hs_options_bytes(state, "--fail-on-growth", argument);
		return 0;
	case 'n':
		own->n_types = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	case 'f':
		set_format(state, invocation, argument);
		return 0;
	case KEY_SIBLINGS:
		own->of_siblings = true;
		return 0;
	case ARGP_KEY_END:
		check(state, own);
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What is rendered. */
struct showing {
	const struct hs_diff *diff;
	struct hs_growth_shown growth;
};

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct showing *showing = context;

	return output->format == HS_FORMAT_JSON ? hs_diff_json(out, showing->diff) : hs_growth_render(out, output, &showing->growth);
}

static void free_sources(struct diff_options *own)
{
	for (size_t i = 0; i < own->n_sources; i++)
		hs_source_free(&own->sources[i]);
}

static struct hs_error *compare(struct hs_invocation *invocation)
{
	const struct diff_options *own = invocation->own;
	HS_CLEANUP(hs_diff_deinit) struct hs_diff diff = { 0 };
	const struct showing showing = { &diff, { &diff.run.growth, invocation, own->is_md } };
	char host[HS_HOST_BYTES];

	HS_TRY(hs_diff_make(invocation, own->sources, own->n_sources, &diff));
	if (diff.is_backwards && own->fail_bytes)
		return hs_error_new(HS_ERROR_INVALID, "%s is of a later time than what follows it: give the older one first, or nothing fails",
				    own->sources[0].name);
	diff.run.growth.document = hs_document_of(hs_diff_last(&diff), host);
	hs_growth_show(&diff.run.growth, invocation->output.format, own->n_types);
	HS_TRY(hs_output_render(&invocation->output, render, &showing));
	invocation->exit_status = hs_growth_run_status(&diff.run, own->fail_bytes);
	return NULL;
}

static struct hs_error *render_siblings(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_siblings *siblings = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_siblings_json(out, siblings);
	struct hs_style style = hs_output_style(output);
	hs_siblings_text(out, siblings, &style);
	return NULL;
}

static struct hs_error *compare_siblings(struct hs_invocation *invocation)
{
	const struct diff_options *own = invocation->own;
	HS_CLEANUP(hs_siblings_deinit) struct hs_siblings siblings = { .n_shown = own->n_types ? own->n_types : DEFAULT_N_HOLDERS };

	HS_TRY(hs_siblings_find(invocation, own->sources, own->n_sources, &siblings));
	HS_TRY(hs_output_render(&invocation->output, render_siblings, &siblings));
	invocation->exit_status = siblings.status;
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct diff_options *own = invocation->own;
	struct hs_error *error = own->of_siblings ? compare_siblings(invocation) : compare(invocation);

	free_sources(invocation->own);
	return error;
}

const struct hs_command hs_command_diff = {
	.name = "diff",
	.summary = "Show what grew between moments that were kept, and who holds it",
	.usage = "OLD NEW [NEWER]\n--siblings SOURCE SOURCE...",
	.description = "Holds snapshots, cores or processes against each other, in the order given: what 'growth' shows of the samples that it takes, of "
		       "moments of any time. Objects are joined by address if all are of one process; else by path and type, which tells what "
		       "became longer, not what was kept. With NEWER, objects that came between OLD and NEW and are still there are told as well. "
		       "With --siblings, workers of one application are lined up by path and type, and the one that differs is named. "
		       "Names, types and lengths are shown, never values.",
	.examples = "  heapspy diff before.core after.core\n"
		    "  heapspy diff before.core 4242\n"
		    "  heapspy diff monday.core tuesday.core wednesday.core -f json -o diff.json\n"
		    "  heapspy diff before.core after.core --fail-on-growth 1M\n"
		    "  heapspy diff --siblings 4243 4244 4245\n",
	.needs = HS_STAGE_PID,
	.needs_unexplained = true,
	.takes_files = true,
	.has_own_sources = true,
	.has_output = true,
	.has_own_format = true,
	.own_bytes = sizeof(struct diff_options),
	.options = options,
	.parse = parse,
	.run = run,
};
