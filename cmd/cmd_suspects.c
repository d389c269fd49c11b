/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy suspects: what looks like a leak in one picture of a process. */
#include <jansson.h>

#include "cleanup.h"
#include "commands.h"
#include "document.h"
#include "exit_status.h"
#include "json.h"
#include "options.h"
#include "output.h"
#include "suspects_view.h"

#define DEFAULT_N_SHOWN 10

struct suspects_options {
	uint32_t n_shown; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "number", 'n', "N", 0, "Suspects to list (default 10 as text, 20 as JSON)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct suspects_options *own = invocation->own;

	if (key != 'n')
		return ARGP_ERR_UNKNOWN;
	own->n_shown = hs_options_number(state, "--number", argument, 1, 10000);
	return 0;
}

struct result {
	struct hs_document document;
	struct hs_suspects suspects;
	size_t n_shown;
};

static struct hs_error *put_json(FILE *out, const struct result *result)
{
	json_t *root = hs_document_json(&result->document), *samples = json_array(), *sample = json_object(), *types = json_array();
	const struct hs_census *census = result->document.census;
	const char *container = result->document.process->container_id;
	bool is_core = result->document.capture->origin == HS_FROM_CORE;

	json_object_set_new(root, "container_id", *container ? json_string(container) : json_null());
	json_object_set_new(sample, "time", json_real(0));
	json_object_set_new(sample, "rss_bytes", is_core ? json_null() : hs_json_u64(result->document.process->rss_bytes));
	json_object_set_new(sample, "python_bytes", hs_json_u64(census->in_use_bytes));
	json_object_set_new(sample, "pause_ns", is_core ? json_null() : hs_json_u64(result->document.capture->pause_ns));
	json_array_append_new(samples, sample);
	for (size_t i = 0; i < census->types.n; i++) {
		json_t *type = json_object();
		json_object_set_new(type, "type", hs_json_string(census->types.items[i].name));
		json_object_set_new(type, "count", json_pack("[I]", (json_int_t)census->types.items[i].count));
		json_object_set_new(type, "bytes", json_pack("[I]", (json_int_t)census->types.items[i].bytes));
		json_object_set_new(type, "turnover", json_null());
		json_array_append_new(types, type);
	}
	json_object_set_new(root, "samples", samples);
	json_object_set_new(root, "types", types);
	json_object_set_new(root, "attribution", json_null());
	json_object_set_new(root, "verdict", json_null());
	json_object_set_new(root, "suspects", hs_suspects_json(&result->suspects));
	return hs_json_write(out, root);
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct result *result = context;

	if (output->format == HS_FORMAT_JSON)
		return put_json(out, result);
	struct hs_style style = hs_output_style(output);
	hs_document_put_head(out, &result->document, &style);
	hs_suspects_put(out, &result->suspects, result->n_shown, &style);
	if (result->document.capture->origin == HS_FROM_PROCESS)
		fprintf(out, "next: %s growth %s\n", result->document.program, result->document.source);
	else
		fprintf(out, "next: %s diff EARLIER %s\n", result->document.program, result->document.source);
	return NULL;
}

static void result_deinit(struct result *result)
{
	hs_suspects_deinit(&result->suspects);
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct suspects_options *own = invocation->own;
	char host[HS_HOST_BYTES];
	HS_CLEANUP(result_deinit) struct result result = {
		.document = hs_document_of(invocation, host), .n_shown = own->n_shown ? own->n_shown : DEFAULT_N_SHOWN,
	};
	const struct hs_suspects_input input = {
		.heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders, .reach = invocation->reach,
		.unexplained = &invocation->unexplained, .n_max = own->n_shown,
	};

	HS_TRY(hs_suspects_find(&input, &result.suspects));
	HS_TRY(hs_output_render(&invocation->output, render, &result));
	if (!invocation->census->is_complete)
		invocation->exit_status = HS_EXIT_INCOMPLETE;
	return NULL;
}

const struct hs_command hs_command_suspects = {
	.name = "suspects",
	.summary = "Name what looks like a leak in one picture, without watching it grow",
	.usage = "SOURCE",
	.description = "From one picture of the process: unbounded caches, containers that retain a tenth of the heap, pending tasks by the hundred, "
		       "unreachable cycles, references that nobody has. Growth is not observed, so none of them is more than a suspicion: "
		       "'heapspy growth' watches the process and tells what grows. Names, types and lengths are shown, never values.",
	.examples = "  heapspy suspects 4242\n"
		    "  heapspy suspects 4242 -f json -o suspects.json\n"
		    "  heapspy suspects before.core.zst\n",
	.needs = HS_STAGE_PATHS,
	.takes_files = true,
	.needs_unexplained = true,
	.has_output = true,
	.own_bytes = sizeof(struct suspects_options),
	.options = options,
	.parse = parse,
	.run = run,
};
