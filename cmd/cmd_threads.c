/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy threads: what runs and what waits, call by call, with variables. */
#include "cleanup.h"
#include "commands.h"
#include "options.h"
#include "output.h"
#include "threads.h"

#define DEFAULT_N_SHOWN 20

struct threads_options {
	uint32_t n_shown; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "number", 'n', "N", 0, "Calls to show of one thread, and of suspended ones (default 20 as text, all as JSON)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct threads_options *own = invocation->own;

	if (key != 'n')
		return ARGP_ERR_UNKNOWN;
	own->n_shown = hs_options_number(state, "--number", argument, 1, INT32_MAX);
	return 0;
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_threads *threads = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_threads_json(out, threads);
	struct hs_style style = hs_output_style(output);
	hs_threads_text(out, threads, &style);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct threads_options *own = invocation->own;
	bool is_json = invocation->output.format == HS_FORMAT_JSON;
	size_t n_shown = own->n_shown ? own->n_shown : is_json ? SIZE_MAX : DEFAULT_N_SHOWN;
	const struct hs_threads_options wanted = { .n_frames = n_shown, .n_suspended = n_shown, .merges_suspended = !is_json };
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders };
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_threads_deinit) struct hs_threads threads = { .document = hs_document_of(invocation, host) };

	HS_TRY(hs_threads_gather(&threads, &source, &wanted));
	return hs_output_render(&invocation->output, render, &threads);
}

const struct hs_command hs_command_threads = {
	.name = "threads",
	.summary = "Show the calls of threads and suspended coroutines, with variables",
	.usage = "SOURCE",
	.description = "Calls are listed from the innermost outwards, with the line that runs and the variables that are bound. Generators and "
		       "coroutines that wait follow; as text, those that wait at the same line are counted together. Values are shown.",
	.examples = "  heapspy threads 4242\n"
		    "  heapspy threads 4242 -n 5\n"
		    "  heapspy threads 4242 -f json -o threads.json\n",
	.needs = HS_STAGE_RETAINED,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct threads_options),
	.options = options,
	.parse = parse,
	.run = run,
};
