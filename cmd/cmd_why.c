/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy why: which path keeps an object alive, or all objects of a type. */
#include <stdlib.h>

#include "cleanup.h"
#include "commands.h"
#include "object_address.h"
#include "options.h"
#include "output.h"
#include "why.h"

#define DEFAULT_N_OBJECT_PATHS 3
#define DEFAULT_N_TYPE_PATHS 20

enum {
	KEY_EXCLUDE = 0x1000,
};

#define MAX_ADDRESSES 4096

struct why_options {
	const char *type; /* NULL: addresses were given */
	hs_addr addresses[MAX_ADDRESSES];
	size_t n_addresses;
	const char *exclude;
	uint32_t n_paths; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "max-paths", 'n', "N", 0, "Paths to show (default 3 of an object, 20 of a type)", 0 },
	{ "exclude", KEY_EXCLUDE, "GLOB", 0, "No path through what matches: objects of a type, a module, a global ('app.CACHE')", 0 },
	{ 0 },
};

static error_t take_argument(struct argp_state *state, struct why_options *own, const char *argument)
{
	const struct hs_invocation *invocation = state->input;

	if (!invocation->source.name)
		return ARGP_ERR_UNKNOWN;
	if (own->n_addresses == MAX_ADDRESSES)
		argp_error(state, "more than %d addresses", MAX_ADDRESSES);
	if (!own->type && hs_options_address(argument, &own->addresses[own->n_addresses])) {
		own->n_addresses++;
		return 0;
	}
	if (own->n_addresses)
		argp_error(state, "'%s' is no address: 0x7f… or decimal digits, as id() gives it", argument);
	return hs_options_second(state, &own->type, argument);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct why_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_ARG:
		return take_argument(state, own, argument);
	case ARGP_KEY_END:
		if (invocation->source.name && !own->type && !own->n_addresses)
			argp_error(state, "why what? An address or a type ('heapspy report %s' lists the types)", invocation->source.name);
		return 0;
	case 'n':
		own->n_paths = hs_options_number(state, "--max-paths", argument, 1, 10000);
		return 0;
	case KEY_EXCLUDE:
		own->exclude = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* One, or one for each address. */
struct results {
	struct hs_why *items;
	size_t n;
};

static void results_deinit(struct results *results)
{
	for (size_t i = 0; i < results->n; i++)
		hs_why_deinit(&results->items[i]);
	free(results->items);
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct results *results = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_why_json(out, results->items, results->n);
	struct hs_style style = hs_output_style(output);
	hs_why_text(out, results->items, results->n, &style);
	return NULL;
}

static void close_reach(struct hs_reach **reach)
{
	hs_reach_close(*reach);
}

/* What was asked for is looked up first: that costs less than the search. */
static struct hs_error *find(const struct why_options *own, const struct hs_object_source *source, struct results *results, hs_node *nodes)
{
	if (own->type)
		return hs_type_match(source->heap, own->type, &results->items[0].match);
	for (size_t i = 0; i < own->n_addresses; i++)
		HS_TRY(hs_object_node_of(source, own->addresses[i], &nodes[i]));
	return NULL;
}

/* The results borrow from *ret_reach. */
static struct hs_error *search(const struct hs_invocation *invocation, const struct hs_object_source *source, struct results *results,
			       const hs_node *nodes, struct hs_reach **ret_reach)
{
	const struct why_options *own = invocation->own;
	const struct hs_reach_options reaching = { .exclude = own->exclude, .threads = &invocation->capture->threads };

	HS_TRY(hs_reach_open(source->heap, source->graph, &reaching, ret_reach));
	if (own->type)
		HS_TRY(hs_why_type(&results->items[0], source, *ret_reach, own->n_paths ? own->n_paths : DEFAULT_N_TYPE_PATHS));
	for (size_t i = 0; i < own->n_addresses; i++)
		HS_TRY(hs_why_object(&results->items[i], source, *ret_reach, nodes[i], own->n_paths ? own->n_paths : DEFAULT_N_OBJECT_PATHS));
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct why_options *own = invocation->own;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph };
	HS_CLEANUP(close_reach) struct hs_reach *reach = NULL;
	size_t n = own->type ? 1 : own->n_addresses;
	char host[HS_HOST_BYTES];
	HS_CLEANUP(results_deinit) struct results results = { .items = calloc(n, sizeof(*results.items)) };
	HS_FREE hs_node *nodes = calloc(n, sizeof(*nodes));

	if (!results.items || !nodes)
		return hs_error_no_memory();
	for (results.n = 0; results.n < n; results.n++)
		results.items[results.n].document = hs_document_of(invocation, host);
	HS_TRY(find(own, &source, &results, nodes));
	hs_progress_start(&invocation->progress);
	hs_progress_update(&invocation->progress, "finding paths from the roots", 0, 0);
	HS_TRY(search(invocation, &source, &results, nodes, &reach));
	hs_progress_end(&invocation->progress);
	return hs_output_render(&invocation->output, render, &results);
}

const struct hs_command hs_command_why = {
	.name = "why",
	.summary = "Tell what keeps an object, or all objects of a type, alive",
	.usage = "SOURCE ADDRESS...|TYPE",
	.description = "Paths begin at modules, running functions, thread and interpreter state. The first one is the one to act upon: the path that a "
		       "programmer would name, not the shortest. For a type, the paths of all its objects are merged: [*] stands for any index or key.",
	.examples = "  heapspy why 4242 0x7f3a5c0d1e80\n"
		    "  heapspy why 4242 app.Session\n"
		    "  heapspy why 4242 app.Session --exclude app.debug\n"
		    "  heapspy why 4242 0x7f3a5c0d1e80 --max-paths 10 -f json\n",
	.needs = HS_STAGE_GRAPH,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct why_options),
	.options = options,
	.parse = parse,
	.run = run,
};
