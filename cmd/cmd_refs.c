/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy refs: one object, its referrers and its referents. */
#include "cleanup.h"
#include "commands.h"
#include "object_address.h"
#include "options.h"
#include "output.h"
#include "refs.h"

#define DEFAULT_N_SHOWN 20

enum {
	KEY_DEPTH = 0x1000,
	KEY_RETAINED,
};

struct refs_options {
	const char *text;
	hs_addr address;
	unsigned depth;
	uint32_t n_shown; /* 0: not given */
	bool with_retained;
};

static const struct argp_option options[] = {
	{ "depth", KEY_DEPTH, "N", 0, "Follow references this many steps in both directions (default 1)", 0 },
	{ "retained", KEY_RETAINED, NULL, 0, "Tell what the object retains, too: takes as long as a whole report", 0 },
	{ "number", 'n', "N", 0, "References to show of one object (default 20 as text, all as JSON)", 0 },
	{ 0 },
};

/* Of one object, references are found in one pass; for those of many, and for what is retained, the whole graph is made. */
static enum hs_stage stage_for(const struct refs_options *own)
{
	if (own->with_retained)
		return HS_STAGE_RETAINED;
	return own->depth > 1 ? HS_STAGE_GRAPH : HS_STAGE_NODES;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct refs_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		own->depth = 1;
		return 0;
	case ARGP_KEY_ARG:
		if (hs_options_second(state, &own->text, argument))
			return ARGP_ERR_UNKNOWN;
		if (!hs_options_address(argument, &own->address))
			argp_error(state, "'%s' is no address: 0x7f… or decimal digits, as id() gives it", argument);
		return 0;
	case ARGP_KEY_END:
		invocation->needs = stage_for(own);
		if (invocation->needs == HS_STAGE_NODES)
			invocation->wanted = own->address;
		if (invocation->source.name && !own->text)
			argp_error(state, "references of which object? ('heapspy objects %s TYPE' lists addresses)", invocation->source.name);
		return 0;
	case KEY_DEPTH:
		own->depth = hs_options_number(state, "--depth", argument, 1, HS_REFS_MAX_DEPTH);
		return 0;
	case KEY_RETAINED:
		own->with_retained = true;
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
	const struct hs_refs *refs = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_refs_json(out, refs);
	struct hs_style style = hs_output_style(output);
	hs_refs_text(out, refs, &style);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct refs_options *own = invocation->own;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders };
	size_t n_default = invocation->output.format == HS_FORMAT_JSON ? SIZE_MAX : DEFAULT_N_SHOWN;
	const struct hs_refs_options gathering = { .depth = own->depth, .n_max = own->n_shown ? own->n_shown : n_default };
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_refs_deinit) struct hs_refs refs = { .document = hs_document_of(invocation, host) };
	hs_node node;

	HS_TRY(hs_object_node_of(&source, own->address, &node));
	HS_TRY(hs_refs_gather(&refs, &source, node, &gathering));
	return hs_output_render(&invocation->output, render, &refs);
}

const struct hs_command hs_command_refs = {
	.name = "refs",
	.summary = "Show one object, what refers to it and what it refers to, by name",
	.usage = "SOURCE ADDRESS",
	.description = "The address is one that 'heapspy objects' lists, or what id() gives in the process. Values are shown.",
	.examples = "  heapspy refs 4242 0x7f3a5c0d1e80\n"
		    "  heapspy refs 4242 0x7f3a5c0d1e80 --depth 3 -n 5\n"
		    "  heapspy refs 4242 0x7f3a5c0d1e80 --retained\n"
		    "  heapspy refs 4242 0x7f3a5c0d1e80 -f json\n",
	.needs = HS_STAGE_RETAINED,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct refs_options),
	.options = options,
	.parse = parse,
	.run = run,
};
