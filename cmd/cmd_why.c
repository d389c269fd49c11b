/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy why: which path keeps an object alive, or all objects of a type. */
#include "cleanup.h"
#include "commands.h"
#include "exit_status.h"
#include "object_address.h"
#include "options.h"
#include "output.h"
#include "why.h"

#define DEFAULT_N_OBJECT_PATHS 3
#define DEFAULT_N_TYPE_PATHS 20

enum {
	KEY_MAX_PATHS = 0x1000,
	KEY_EXCLUDE,
};

struct why_options {
	const char *what; /* address or type */
	const char *exclude;
	uint32_t n_paths; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "max-paths", KEY_MAX_PATHS, "N", 0, "Paths to show (default 3 of an object, 20 of a type)", 0 },
	{ "exclude", KEY_EXCLUDE, "GLOB", 0, "No path through what matches: objects of a type, a module, a global ('app.CACHE')", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct why_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_ARG:
		return hs_options_second(state, &own->what, argument);
	case ARGP_KEY_END:
		if (invocation->source.pid && !own->what)
			argp_error(state, "why what? An address or a type ('heapspy report %d' lists the types)", (int)invocation->source.pid);
		return 0;
	case KEY_MAX_PATHS:
		own->n_paths = hs_options_number(state, "--max-paths", argument, 1, 10000);
		return 0;
	case KEY_EXCLUDE:
		own->exclude = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_why *why = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_why_json(out, why);
	struct hs_style style = hs_style_for(output->path ? NULL : stdout, output->colour);
	hs_why_text(out, why, &style);
	return NULL;
}

static void close_reach(struct hs_reach **reach)
{
	hs_reach_close(*reach);
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct why_options *own = invocation->own;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph };
	HS_CLEANUP(close_reach) struct hs_reach *reach = NULL;
	const struct hs_reach_options options_of_paths = { .exclude = own->exclude, .threads = &invocation->capture->threads };
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_why_deinit) struct hs_why why = { .document = hs_document_of(invocation, host) };
	hs_addr address;
	hs_node node = HS_NO_NODE;

	/* what was asked for is looked for first: it costs less than the search */
	bool is_address = hs_options_address(own->what, &address);
	HS_TRY(is_address ? hs_object_node_of(&source, address, &node) : hs_type_match(source.heap, own->what, &why.match));
	HS_TRY(hs_reach_open(source.heap, source.graph, &options_of_paths, &reach));
	HS_TRY(is_address ? hs_why_object(&why, &source, reach, node, own->n_paths ? own->n_paths : DEFAULT_N_OBJECT_PATHS)
			  : hs_why_type(&why, &source, reach, own->n_paths ? own->n_paths : DEFAULT_N_TYPE_PATHS));
	HS_TRY(hs_output_render(&invocation->output, render, &why));
	if (!invocation->census->is_complete)
		invocation->exit_status = HS_EXIT_INCOMPLETE;
	return NULL;
}

const struct hs_command hs_command_why = {
	.name = "why",
	.summary = "Tell what keeps an object alive, or all objects of a type, as Python would write it",
	.usage = "PID ADDRESS|TYPE",
	.description = "Paths begin at modules, running functions, thread and interpreter state. The first one is the one to act upon: the path that a "
		       "programmer would name, not the shortest. For a type, the paths of all its objects are merged: [*] stands for any index or key.",
	.examples = "  heapspy why 4242 0x7f3a5c0d1e80\n"
		    "  heapspy why 4242 app.Session\n"
		    "  heapspy why 4242 app.Session --exclude app.debug\n"
		    "  heapspy why 4242 0x7f3a5c0d1e80 --max-paths 10 -f json\n",
	.needs = HS_STAGE_GRAPH,
	.has_output = true,
	.own_bytes = sizeof(struct why_options),
	.options = options,
	.parse = parse,
	.run = run,
};
