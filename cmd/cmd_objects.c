/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy objects: the objects of one type, one by one. */
#include <string.h>

#include "cleanup.h"
#include "commands.h"
#include "objects.h"
#include "options.h"
#include "output.h"

#define DEFAULT_N_ROWS 20

enum {
	KEY_SORT = 0x1000,
	KEY_WHERE,
};

struct objects_options {
	const char *type;
	struct hs_object_filter filters[HS_OBJECTS_MAX_FILTERS];
	size_t n_filters;
	enum hs_object_field sort;
	uint32_t n_rows; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "where", KEY_WHERE, "CONDITION", 0, "Only objects that fulfil it: 'len>100', 'bytes>=1M', 'refcount>3', 'repr~*abc*'; may be given several times", 0 },
	{ "sort", KEY_SORT, "KEY", 0, "bytes (default), retained, len or address", 0 },
	{ "number", 'n', "N", 0, "Objects to list (default 20 as text, all as JSON)", 0 },
	{ 0 },
};

static void add_filter(struct argp_state *state, struct objects_options *own, const char *text)
{
	if (own->n_filters == HS_OBJECTS_MAX_FILTERS)
		argp_error(state, "more than %d conditions", HS_OBJECTS_MAX_FILTERS);
	if (!hs_object_filter_parse(text, &own->filters[own->n_filters]))
		argp_error(state, "--where: '%s' is no condition; write %s", text, hs_object_filter_syntax);
	own->n_filters++;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const sorts[] = { "bytes", "retained", "len", "address", NULL };
	static const enum hs_object_field fields[] = { HS_OBJECT_BYTES, HS_OBJECT_RETAINED, HS_OBJECT_LENGTH, HS_OBJECT_ADDRESS };
	struct hs_invocation *invocation = state->input;
	struct objects_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		own->sort = HS_OBJECT_BYTES;
		return 0;
	case ARGP_KEY_ARG:
		return hs_options_second(state, &own->type, argument);
	case ARGP_KEY_END:
		if (invocation->source.name && !own->type)
			argp_error(state, "objects of which type? ('heapspy report %s' lists the types)", invocation->source.name);
		return 0;
	case KEY_WHERE:
		add_filter(state, own, argument);
		return 0;
	case KEY_SORT:
		own->sort = fields[hs_options_choice(state, "sort key", argument, sorts)];
		return 0;
	case 'n':
		own->n_rows = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_objects *objects = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_objects_json(out, objects);
	struct hs_style style = hs_output_style(output);
	hs_objects_text(out, objects, &style);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct objects_options *own = invocation->own;
	size_t n_default = invocation->output.format == HS_FORMAT_JSON ? HS_OBJECTS_ALL : DEFAULT_N_ROWS;
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders };
	const struct hs_objects_selection selection = {
		.filters = own->filters, .n_filters = own->n_filters, .sort = own->sort, .n_max = own->n_rows ? own->n_rows : n_default,
	};
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_objects_deinit) struct hs_objects objects = { .document = hs_document_of(invocation, host) };

	HS_TRY(hs_objects_select(&objects, &source, own->type, &selection));
	return hs_output_render(&invocation->output, render, &objects);
}

const struct hs_command hs_command_objects = {
	.name = "objects",
	.summary = "List the objects of one type: address, size, length, age, contents",
	.usage = "SOURCE TYPE",
	.description = "TYPE is a name as 'heapspy report' shows it, the end of one behind a dot, or a glob. 'gen' is the collector's generation, "
		       "a kind of age: 2 is oldest. Values are shown.",
	.examples = "  heapspy objects 4242 app.Session\n"
		    "  heapspy objects 4242 dict --where 'len>1000' --sort len\n"
		    "  heapspy objects 4242 str --where 'bytes>=1M' -n 5\n"
		    "  heapspy objects 4242 bytes --where 'repr~*PNG*'\n"
		    "  heapspy objects 4242 app.Session -f json -o sessions.json\n",
	.needs = HS_STAGE_RETAINED,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct objects_options),
	.options = options,
	.parse = parse,
	.run = run,
};
