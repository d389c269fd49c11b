/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy layout: write, check and list the tables of offsets for interpreters without debug information. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "commands.h"
#include "exit_status.h"
#include "layout_file.h"
#include "options.h"
#include "output.h"

enum {
	KEY_DEBUG_DIR = 0x1000,
	KEY_DISTRIBUTOR,
};

struct layout_options {
	const char *action;
	const char *python;
	struct hs_layout_file_options file;
};

static const struct argp_option options[] = {
	{ "debug-dir", KEY_DEBUG_DIR, "DIR", 0, "Look for separate debug files in DIR, too", 0 },
	{ "distributor", KEY_DISTRIBUTOR, "NAME", 0, "Who built the interpreter (dump; default: from its os-release, or upstream)", 0 },
	{ 0 },
};

static void take_argument(struct layout_options *own, char *argument, struct argp_state *state)
{
	if (!own->action)
		own->action = argument;
	else if (!own->python)
		own->python = argument;
	else
		argp_error(state, "too many arguments: %s", argument);
}

static void check_arguments(const struct layout_options *own, struct argp_state *state)
{
	if (!own->action)
		argp_error(state, "what to do? dump, check or list");
	bool takes_python = !strcmp(own->action, "dump") || !strcmp(own->action, "check");
	if (!takes_python && strcmp(own->action, "list"))
		argp_error(state, "no such action: '%s'; allowed: dump, check, list", own->action);
	if (takes_python && !own->python)
		argp_error(state, "%s needs the path of an interpreter", own->action);
	if (!takes_python && own->python)
		argp_error(state, "too many arguments: %s", own->python);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct layout_options *own = invocation->own;

	switch (key) {
	case KEY_DEBUG_DIR:
		own->file.debug_dir = argument;
		return 0;
	case KEY_DISTRIBUTOR:
		own->file.distributor = argument;
		return 0;
	case ARGP_KEY_ARG:
		take_argument(own, argument, state);
		return 0;
	case ARGP_KEY_END:
		check_arguments(own, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *check(const struct layout_options *own, char **ret_text, int *ret_status)
{
	unsigned n_differences;

	HS_TRY(hs_layout_check(own->python, &own->file, ret_text, &n_differences));
	*ret_status = n_differences ? HS_EXIT_FAILED : HS_EXIT_DONE;
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct layout_options *own = invocation->own;
	HS_FREE char *text = NULL;

	if (!strcmp(own->action, "dump"))
		HS_TRY(hs_layout_dump(own->python, &own->file, &text));
	else if (!strcmp(own->action, "check"))
		HS_TRY(check(own, &text, &invocation->exit_status));
	else
		text = hs_layout_list();
	if (!text)
		return hs_error_no_memory();
	return hs_output_write(invocation->output.path, text, strlen(text));
}

const struct hs_command hs_command_layout = {
	.name = "layout",
	.summary = "Write, check and list offsets for interpreters without debug info",
	.usage = "dump|check PYTHON\nlist",
	.description = "dump writes the table of an interpreter that has debug information (its own or a separate debug file), its extension "
		       "modules included; check compares the tables that heapspy ships for its version with it, field by field, and fails when none "
		       "fits; list names all of them. PYTHON is the path of an executable or a libpython. It is read, never run.\n\n"
		       "A process whose interpreter has debug information needs no table. For others, that of its build is used, else one of the same "
		       "version or minor version that the process itself agrees with.\n\n"
		       "To add a build to heapspy: dump its table into lib/layout/tables/, name it in lib/layout/CMakeLists.txt, build, and check it. To add "
		       "a minor version: also a row in lib/layout/version_features.c, and in lib/layout/fields.def the members that are new or gone, which "
		       "dump names; then the version in tests/live/matrix.py, so that every object is compared with what the interpreter says of itself.",
	.examples = "  heapspy layout list\n"
		    "  heapspy layout check /usr/bin/python3.11\n"
		    "  heapspy layout dump /usr/bin/python3.11 -o 3.11.2-debian.layout\n"
		    "  heapspy layout dump /srv/img/bin/python3 --debug-dir /srv/img/lib/debug\n",
	.needs = HS_STAGE_NONE,
	.has_file = true,
	.own_bytes = sizeof(struct layout_options),
	.options = options,
	.parse = parse,
	.run = run,
};
