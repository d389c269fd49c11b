/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy help: the overview of all commands, or everything about one. */
#include <stdio.h>

#include "commands.h"
#include "exit_status.h"
#include "help.h"
#include "man_page.h"
#include "options.h"

#define KEY_MAN 0x100

struct help_options {
	const struct hs_command *command; /* NULL: the overview */
	bool is_man_page;
};

void hs_help_overview(FILE *out)
{
	fputs("heapspy shows what holds a running Python process's memory, from outside. It\n"
	      "pauses the process for the milliseconds that a copy takes, decodes CPython's\n"
	      "structures in the copy, and runs nothing in the process.\n\n"
	      "Usage: heapspy COMMAND [OPTION...]\n"
	      "       heapspy SOURCE               on a terminal: heapspy top SOURCE\n"
	      "       heapspy SOURCE [OPTION...]   otherwise: heapspy report SOURCE\n\n"
	      "SOURCE is a PID, a snapshot, or a core (CORE:EXE names its executable).\n\n"
	      "Commands:\n", out);
	for (size_t i = 0; hs_commands[i]; i++)
		fprintf(out, "  %-8s %s\n", hs_commands[i]->name, hs_commands[i]->summary);
	fputs("\n'heapspy help COMMAND' tells a command's options and examples.\n\nExit codes:\n", out);
	for (const struct hs_exit_code *code = hs_exit_codes; code->meaning; code++)
		fprintf(out, "  %-3d %s\n", code->status, code->meaning);
	fputs("\nEnvironment:\n"
	      "  NO_COLOR         no colour, when not empty\n"
	      "  COLUMNS          width of text output\n"
	      "  DEBUGINFOD_URLS  servers to ask for debug files that are not on this host\n", out);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct help_options *own = invocation->own;

	if (key == KEY_MAN) {
		own->is_man_page = true;
		return 0;
	}
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (own->command)
		argp_error(state, "one command at a time");
	own->command = hs_command_find(argument);
	if (!own->command)
		argp_error(state, "there is no command '%s'; 'heapspy help' lists them", argument);
	return 0;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct help_options *own = invocation->own;

	if (own->is_man_page)
		hs_man_page_write(stdout);
	else if (own->command)
		hs_options_print_help(own->command, stdout);
	else
		hs_help_overview(stdout);
	return NULL;
}

static const struct argp_option options[] = {
	{ "man", KEY_MAN, NULL, 0, "Write the manual page, for man(1)" },
	{ 0 },
};

const struct hs_command hs_command_help = {
	.name = "help",
	.summary = "Explain heapspy, or one of its commands",
	.usage = "[COMMAND]",
	.examples = "  heapspy help\n"
		    "  heapspy help report\n"
		    "  heapspy help --man > heapspy.1\n",
	.needs = HS_STAGE_NONE,
	.own_bytes = sizeof(struct help_options),
	.options = options,
	.parse = parse,
	.run = run,
};
