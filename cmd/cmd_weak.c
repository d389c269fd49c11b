/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy weak: weak references to an object, or to the objects of a type. */
#include "cleanup.h"
#include "commands.h"
#include "object_address.h"
#include "options.h"
#include "output.h"
#include "weak.h"

#define DEFAULT_N_SHOWN 30

struct weak_options {
	const char *text; /* the argument: an address or a type */
	uint32_t n_shown; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "number", 'n', "N", 0, "References, or groups of them, to list (default 30 as text, all as JSON)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct weak_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_ARG:
		return hs_options_second(state, &own->text, argument);
	case ARGP_KEY_END:
		if (invocation->source.name && !own->text)
			argp_error(state, "weak references to what? An address or a type ('heapspy report %s' lists the types)", invocation->source.name);
		return 0;
	case 'n':
		own->n_shown = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_weak *weak = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_weak_json(out, weak);
	struct hs_style style = hs_output_style(output);
	hs_weak_text(out, weak, &style);
	return NULL;
}

static void close_reach(struct hs_reach **reach)
{
	hs_reach_close(*reach);
}

/* What was asked for is looked up first: that costs less than the search for paths. */
static struct hs_error *gather(struct hs_invocation *invocation, const struct hs_object_source *source, struct hs_weak *weak)
{
	const struct weak_options *own = invocation->own;
	const struct hs_reach_options reaching = { .threads = &invocation->capture->threads };
	HS_CLEANUP(close_reach) struct hs_reach *reach = NULL;
	hs_node node = HS_NO_NODE;
	hs_addr address;

	if (hs_options_address(own->text, &address))
		HS_TRY(hs_object_node_of(source, address, &node));
	else
		HS_TRY(hs_type_match(source->heap, own->text, &weak->match));
	hs_progress_start(&invocation->progress);
	hs_progress_update(&invocation->progress, "finding paths from the roots", 0, 0);
	HS_TRY(hs_reach_open(source->heap, source->graph, &reaching, &reach));
	HS_TRY(node == HS_NO_NODE ? hs_weak_type_gather(weak, source, reach) : hs_weak_object_gather(weak, source, reach, node));
	hs_progress_end(&invocation->progress);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct weak_options *own = invocation->own;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph };
	size_t n_default = invocation->output.format == HS_FORMAT_JSON ? SIZE_MAX : DEFAULT_N_SHOWN;
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_weak_deinit) struct hs_weak weak = {
		.document = hs_document_of(invocation, host), .n_shown = own->n_shown ? own->n_shown : n_default,
	};

	HS_TRY(gather(invocation, &source, &weak));
	return hs_output_render(&invocation->output, render, &weak);
}

const struct hs_command hs_command_weak = {
	.name = "weak",
	.summary = "List weak references to an object or a type, and whom they call",
	.usage = "SOURCE ADDRESS|TYPE",
	.description = "References, proxies, entries of WeakValueDictionary, WeakKeyDictionary and WeakSet, WeakMethod, weakref.finalize. For a type, those "
		       "that are held and that call alike are counted together. Of a type of weak references (ReferenceType, KeyedRef), these are "
		       "listed, and how many of them are dead.",
	.examples = "  heapspy weak 4242 0x7f3a5c0d1e80\n"
		    "  heapspy weak 4242 app.Session\n"
		    "  heapspy weak 4242 ReferenceType\n"
		    "  heapspy weak 4242 app.Session -f json -o weak.json\n",
	.needs = HS_STAGE_GRAPH,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct weak_options),
	.options = options,
	.parse = parse,
	.run = run,
};
