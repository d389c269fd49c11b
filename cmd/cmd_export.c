/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy export: the object graph of a process, for other programs. */
#include "commands.h"
#include "exit_status.h"
#include "export.h"
#include "options.h"
#include "output.h"

enum export_format {
	FORMAT_JSONL,
};

struct export_options {
	enum export_format format;
	bool has_format;
	bool with_roots;
};

enum {
	KEY_ROOTS = 0x1000,
};

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "jsonl: one object a line", 0 },
	{ "roots", KEY_ROOTS, NULL, 0, "With jsonl: a line for each root behind the objects: variables of running functions, modules, thread states", 0 },
	{ "output", 'o', "FILE", 0, "Write to FILE (replaced as a whole, mode 0600) instead of standard output", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const formats[] = { [FORMAT_JSONL] = "jsonl", NULL };
	struct hs_invocation *invocation = state->input;
	struct export_options *own = invocation->own;

	switch (key) {
	case 'f':
		own->format = (enum export_format)hs_options_choice(state, "format", argument, formats);
		own->has_format = true;
		return 0;
	case KEY_ROOTS:
		own->with_roots = true;
		return 0;
	case 'o':
		if (!*argument)
			argp_error(state, "--output needs a file name");
		invocation->output.path = argument;
		return 0;
	case ARGP_KEY_END:
		if (!own->has_format)
			argp_error(state, "which format? -f jsonl");
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render(FILE *out, const void *context)
{
	const struct hs_invocation *invocation = context;
	const struct export_options *own = invocation->own;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph };

	return hs_export_jsonl(out, &source, own->with_roots);
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	HS_TRY(hs_output_stream(&invocation->output, render, invocation));
	if (!invocation->census->is_complete)
		invocation->exit_status = HS_EXIT_INCOMPLETE;
	return NULL;
}

const struct hs_command hs_command_export = {
	.name = "export",
	.summary = "Write the objects of a process and all their references, for other programs",
	.usage = "PID",
	.description = "Every object with its type, sizes, reference count, length and a short repr, and every reference with its kind and name. "
		       "Values are shown.",
	.examples = "  heapspy export 4242 -f jsonl -o heap.jsonl\n"
		    "  heapspy export 4242 -f jsonl | jq -c '[.type, .len]' | sort | uniq -c\n",
	.needs = HS_STAGE_GRAPH,
	.own_bytes = sizeof(struct export_options),
	.options = options,
	.parse = parse,
	.run = run,
};
