/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy gc: the state of the garbage collector. */
#include "cleanup.h"
#include "commands.h"
#include "exit_status.h"
#include "gc.h"
#include "options.h"
#include "output.h"

#define DEFAULT_N_SHOWN 20

struct gc_options {
	uint32_t n_shown; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "number", 'n', "N", 0, "Objects of gc.garbage to show (default 20 as text, all as JSON)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct gc_options *own = invocation->own;

	if (key != 'n')
		return ARGP_ERR_UNKNOWN;
	own->n_shown = hs_options_number(state, "--number", argument, 1, INT32_MAX);
	return 0;
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_gc *gc = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_gc_json(out, gc);
	struct hs_style style = hs_output_style(output);
	hs_gc_text(out, gc, &style);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct gc_options *own = invocation->own;
	bool is_json = invocation->output.format == HS_FORMAT_JSON;
	size_t n_shown = own->n_shown ? own->n_shown : is_json ? SIZE_MAX : DEFAULT_N_SHOWN;
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_gc_deinit) struct hs_gc gc = { .document = hs_document_of(invocation, host) };

	HS_TRY(hs_gc_gather(&gc, invocation->heap, n_shown));
	HS_TRY(hs_output_render(&invocation->output, render, &gc));
	if (!hs_gc_is_complete(&gc))
		invocation->exit_status = HS_EXIT_INCOMPLETE;
	return NULL;
}

const struct hs_command hs_command_gc = {
	.name = "gc",
	.summary = "Show the garbage collector: what it did, what it keeps, why it waits",
	.usage = "SOURCE",
	.description = "Thresholds, counts, objects and statistics of each generation, as the gc module gives them, read from outside: no collection "
		       "is started, and nothing is allocated in the process. Notes say what the figures mean for a leak: a collector that is off, a "
		       "full collection that waits, frozen objects, garbage that is kept. The objects of gc.garbage and gc.callbacks are listed; values "
		       "are shown.",
	.examples = "  heapspy gc 4242\n"
		    "  heapspy gc 4242 -n 100\n"
		    "  heapspy gc 4242 -f json\n",
	.needs = HS_STAGE_HEAP,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct gc_options),
	.options = options,
	.parse = parse,
	.run = run,
};
