/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy export: the object graph of a process, for other programs. */
#include "cleanup.h"
#include "commands.h"
#include "export.h"
#include "object_address.h"
#include "options.h"
#include "output.h"
#include "refs.h"

#define DEFAULT_DEPTH 2
#define DEFAULT_N_SHOWN 20

enum export_format {
	FORMAT_JSONL,
	FORMAT_DOT,
};

struct export_options {
	enum export_format format;
	bool has_format;
	bool with_roots;
	hs_addr from; /* 0: not given */
	unsigned depth;
	bool is_up, is_down;
	const char *dot_option; /* one of those that go with dot, as it was given; NULL: none */
	uint32_t n_shown;
};

enum {
	KEY_ROOTS = 0x1000,
	KEY_FROM,
	KEY_DEPTH,
	KEY_UP,
	KEY_DOWN,
};

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "jsonl: one object a line; dot: the neighbourhood of one object, for Graphviz", 0 },
	{ "roots", KEY_ROOTS, NULL, 0, "With jsonl: a line for each root behind the objects: variables of running functions, modules, thread states", 0 },
	{ "from", KEY_FROM, "ADDRESS", 0, "With dot: the object in the middle", 0 },
	{ "depth", KEY_DEPTH, "N", 0, "With dot: follow references this many steps (default 2)", 0 },
	{ "up", KEY_UP, NULL, 0, "With dot: referrers only", 0 },
	{ "down", KEY_DOWN, NULL, 0, "With dot: referents only", 0 },
	{ "number", 'n', "N", 0, "With dot: references of one object (default 20)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const formats[] = { [FORMAT_JSONL] = "jsonl", [FORMAT_DOT] = "dot", NULL };
	struct hs_invocation *invocation = state->input;
	struct export_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		own->depth = DEFAULT_DEPTH;
		own->n_shown = DEFAULT_N_SHOWN;
		return 0;
	case KEY_FROM:
		own->dot_option = "--from";
		if (!hs_options_address(argument, &own->from) || !own->from)
			argp_error(state, "'%s' is no address: 0x7f… or decimal digits, as id() gives it", argument);
		return 0;
	case KEY_DEPTH:
		own->dot_option = "--depth";
		own->depth = hs_options_number(state, "--depth", argument, 1, HS_REFS_MAX_DEPTH);
		return 0;
	case KEY_UP:
		own->dot_option = "--up";
		own->is_up = true;
		return 0;
	case KEY_DOWN:
		own->dot_option = "--down";
		own->is_down = true;
		return 0;
	case 'n':
		own->dot_option = "--number";
		own->n_shown = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	case 'f':
		own->format = (enum export_format)hs_options_choice(state, "format", argument, formats);
		own->has_format = true;
		return 0;
	case KEY_ROOTS:
		own->with_roots = true;
		return 0;
	case ARGP_KEY_END:
		if (!own->has_format)
			argp_error(state, "which format? -f jsonl or -f dot");
		if (own->format == FORMAT_JSONL && own->dot_option)
			argp_error(state, "%s goes with -f dot", own->dot_option);
		if (own->format == FORMAT_DOT && own->with_roots)
			argp_error(state, "--roots goes with -f jsonl");
		if (own->is_up && own->is_down)
			argp_error(state, "--up and --down: without either, both directions are shown");
		if (own->has_format && own->format == FORMAT_DOT && !own->from)
			argp_error(state, "a graph of the whole heap would be too large to look at: --from ADDRESS");
		if (!own->with_roots)
			invocation->needs = HS_STAGE_GRAPH;
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render_jsonl(FILE *out, const void *context)
{
	const struct hs_invocation *invocation = context;
	const struct export_options *own = invocation->own;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders };

	return hs_export_jsonl(out, &source, own->with_roots);
}

static struct hs_error *render_dot(FILE *out, const void *context)
{
	const struct hs_invocation *invocation = context;
	const struct export_options *own = invocation->own;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph };
	const struct hs_refs_options gathering = { .depth = own->depth, .n_max = own->n_shown };
	HS_CLEANUP(hs_refs_deinit) struct hs_refs refs = { 0 };
	hs_node node;

	HS_TRY(hs_object_node_of(&source, own->from, &node));
	HS_TRY(hs_refs_gather(&refs, &source, node, &gathering));
	hs_export_dot(out, &refs, own->is_up || !own->is_down, own->is_down || !own->is_up);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct export_options *own = invocation->own;

	return hs_output_stream(&invocation->output, own->format == FORMAT_DOT ? render_dot : render_jsonl, invocation);
}

const struct hs_command hs_command_export = {
	.name = "export",
	.summary = "Write all objects and their references, for other programs",
	.usage = "SOURCE",
	.description = "Every object with its type, sizes, reference count, length and a short repr, and every reference with its kind and name. "
		       "Values are shown.",
	.examples = "  heapspy export 4242 -f jsonl -o heap.jsonl\n"
		    "  heapspy export 4242 -f dot --from 0x7f3a5c0d1e80 --up -o up.dot\n"
		    "  heapspy export 4242 -f jsonl | jq -c '[.type, .len]' | sort | uniq -c\n",
	.needs = HS_STAGE_RETAINED, /* for --roots */
	.takes_files = true,
	.has_file = true,
	.own_bytes = sizeof(struct export_options),
	.options = options,
	.parse = parse,
	.run = run,
};
