/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy caches: what functools.lru_cache keeps. */
#include "caches.h"
#include "cleanup.h"
#include "commands.h"
#include "exit_status.h"
#include "options.h"
#include "output.h"

#define DEFAULT_N_SHOWN 30

struct caches_options {
	uint32_t n_shown; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "number", 'n', "N", 0, "Caches to list (default 30 as text, all as JSON)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct caches_options *own = invocation->own;

	if (key != 'n')
		return ARGP_ERR_UNKNOWN;
	own->n_shown = hs_options_number(state, "--number", argument, 1, INT32_MAX);
	return 0;
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_caches *caches = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_caches_json(out, caches);
	struct hs_style style = hs_output_style(output);
	hs_caches_text(out, caches, &style);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct caches_options *own = invocation->own;
	size_t n_default = invocation->output.format == HS_FORMAT_JSON ? SIZE_MAX : DEFAULT_N_SHOWN;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders };
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_caches_deinit) struct hs_caches caches = {
		.document = hs_document_of(invocation, host), .n_shown = own->n_shown ? own->n_shown : n_default,
	};

	HS_TRY(hs_caches_gather(&caches, &source));
	HS_TRY(hs_output_render(&invocation->output, render, &caches));
	if (caches.is_unknown)
		invocation->exit_status = HS_EXIT_INCOMPLETE;
	return NULL;
}

const struct hs_command hs_command_caches = {
	.name = "caches",
	.summary = "List every lru_cache: its bound, hits and misses, and what it retains",
	.usage = "SOURCE",
	.description = "Caches without a bound come first. The figures are those of cache_info(). A cache on a method is marked: it belongs to the "
		       "class, and keeps alive the instances that it was called on.",
	.examples = "  heapspy caches 4242\n"
		    "  heapspy caches 4242 -f json -o caches.json\n",
	.needs = HS_STAGE_RETAINED,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct caches_options),
	.options = options,
	.parse = parse,
	.run = run,
};
