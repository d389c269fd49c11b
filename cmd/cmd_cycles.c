/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy cycles: what the garbage collector would find, what it never will, and references that nobody has. */
#include "cleanup.h"
#include "commands.h"
#include "cycles_result.h"
#include "object_address.h"
#include "options.h"
#include "output.h"

#define DEFAULT_N_SHOWN 20
#define DEFAULT_N_REACHABLE 20 /* as JSON: what is held may consist of millions */
#define DEFAULT_N_DRAWN 100

enum cycles_format {
	FORMAT_TEXT = HS_FORMAT_TEXT,
	FORMAT_JSON = HS_FORMAT_JSON,
	FORMAT_DOT,
};

enum {
	KEY_AT = 0x1000,
};

struct cycles_options {
	uint32_t n_shown; /* 0: not given */
	bool is_dot;
	hs_addr at;       /* 0: not given */
};

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "text (default), json, or dot: one cycle, for Graphviz", 0 },
	{ "number", 'n', "N", 0, "Cycles to list (default 20 as text, those alike together; all garbage as JSON); objects to draw (default 100)", 0 },
	{ "at", KEY_AT, "ADDRESS", 0, "With dot: the cycle that this object is in (default: the largest that is garbage)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const formats[] = { [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_DOT] = "dot", NULL };
	struct hs_invocation *invocation = state->input;
	struct cycles_options *own = invocation->own;
	unsigned format;

	switch (key) {
	case 'f':
		format = hs_options_choice(state, "format", argument, formats);
		own->is_dot = format == FORMAT_DOT;
		invocation->output.format = own->is_dot ? HS_FORMAT_TEXT : (enum hs_format)format;
		return 0;
	case 'n':
		own->n_shown = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	case KEY_AT:
		if (!hs_options_address(argument, &own->at) || !own->at)
			argp_error(state, "'%s' is no address: 0x7f… or decimal digits, as id() gives it", argument);
		return 0;
	case ARGP_KEY_END:
		if (own->at && !own->is_dot)
			argp_error(state, "--at is for -f dot; 'heapspy refs %s 0x%" HS_PRI_ADDR "' tells of one object", invocation->source.name,
				   own->at);
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render_text(FILE *out, const struct hs_output_options *output, const void *context)
{
	struct hs_style style = hs_output_style(output);

	hs_cycles_text(out, context, &style);
	return NULL;
}

static struct hs_error *render_json(FILE *out, const void *context)
{
	return hs_cycles_json(out, context);
}

/* What is to be drawn. */
struct drawing {
	struct hs_object_source source;
	const struct hs_cycle_list *list;
	const struct hs_cycle *cycle;
	size_t n_max;
};

static struct hs_error *render_dot(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct drawing *drawing = context;

	(void)output;
	hs_cycle_dot(out, &drawing->source, drawing->list, drawing->cycle, drawing->n_max);
	return NULL;
}

static bool find_in(struct drawing *drawing, const struct hs_cycle_list *list, hs_node node)
{
	for (size_t i = 0; i < list->n; i++)
		for (uint32_t k = 0; k < list->items[i].n_members; k++)
			if (node == HS_NO_NODE || list->nodes[list->items[i].first + k] == node) {
				drawing->list = list;
				drawing->cycle = &list->items[i];
				return true;
			}
	return false;
}

static struct hs_error *draw(const struct hs_invocation *invocation, const struct hs_garbage *garbage, const struct hs_cycle_list *reachable)
{
	const struct cycles_options *own = invocation->own;
	struct drawing drawing = {
		.source = { .heap = invocation->heap, .graph = invocation->graph }, .n_max = own->n_shown ? own->n_shown : DEFAULT_N_DRAWN,
	};
	hs_node node = HS_NO_NODE;

	if (own->at)
		HS_TRY(hs_object_node_of(&drawing.source, own->at, &node));
	if (find_in(&drawing, &garbage->found.list, node) || find_in(&drawing, &garbage->perhaps.list, node) ||
	    find_in(&drawing, &garbage->never.list, node) || (own->at && find_in(&drawing, reachable, node)))
		return hs_output_render(&invocation->output, render_dot, &drawing);
	if (own->at)
		return hs_error_at(HS_ERROR_LOOKUP, own->at, "the object at 0x%" HS_PRI_ADDR " is in no cycle", own->at);
	return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "there is no garbage to draw"), "--at ADDRESS draws a cycle that is in use");
}

static struct hs_error *tell(struct hs_invocation *invocation, const struct hs_garbage *garbage, const struct hs_cycle_list *reachable)
{
	const struct cycles_options *own = invocation->own;
	bool is_json = invocation->output.format == HS_FORMAT_JSON;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders };
	size_t n_garbage = own->n_shown ? own->n_shown : is_json ? SIZE_MAX : DEFAULT_N_SHOWN;
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_cycles_result_deinit) struct hs_cycles_result result = { .document = hs_document_of(invocation, host) };

	hs_cycles_result_init(&result, &source, garbage, reachable, n_garbage, own->n_shown ? own->n_shown : DEFAULT_N_REACHABLE);
	HS_TRY(hs_unexplained_gather(&result.unexplained, &source, &invocation->unexplained));
	if (is_json)
		return hs_output_stream(&invocation->output, render_json, &result);
	HS_TRY(hs_cycles_gather(&result));
	return hs_output_render(&invocation->output, render_text, &result);
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct cycles_options *own = invocation->own;
	HS_CLEANUP(hs_garbage_deinit) struct hs_garbage garbage = { 0 };
	HS_CLEANUP(hs_cycles_deinit) struct hs_cycle_list reachable = { 0 };

	HS_TRY(hs_garbage_find(&garbage, invocation->graph, invocation->holders));
	HS_TRY(hs_garbage_reachable_cycles(&garbage, &reachable));
	return own->is_dot ? draw(invocation, &garbage, &reachable) : tell(invocation, &garbage, &reachable);
}

const struct hs_command hs_command_cycles = {
	.name = "cycles",
	.summary = "Show garbage that waits for the collector, or is out of its reach",
	.usage = "SOURCE",
	.description = "Tells what a full collection would find now, without collecting anything: each cycle with the references that close it, and "
		       "what goes with it. Then what is dead but hidden from the collector, and by what; the largest cycles that are in use; and "
		       "objects whose reference count is more than the references found, as when C code has lost one.",
	.examples = "  heapspy cycles 4242\n"
		    "  heapspy cycles 4242 -n 100\n"
		    "  heapspy cycles 4242 -f json -o cycles.json\n"
		    "  heapspy cycles 4242 -f dot | dot -Tsvg > cycle.svg\n"
		    "  heapspy cycles 4242 -f dot --at 0x7f3a5c0d1e80\n",
	.needs = HS_STAGE_RETAINED,
	.takes_files = true,
	.needs_unexplained = true,
	.has_output = true,
	.has_own_format = true,
	.own_bytes = sizeof(struct cycles_options),
	.options = options,
	.parse = parse,
	.run = run,
};
