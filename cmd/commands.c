/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. A new one is a line here and a file cmd_<name>.c in CMakeLists.txt. */
#include "commands.h"

#include <string.h>

const struct hs_command *const hs_commands[] = {
	&hs_command_top,
	&hs_command_report,
	&hs_command_growth,
	&hs_command_suspects,
	&hs_command_diff,
	&hs_command_objects,
	&hs_command_refs,
	&hs_command_why,
	&hs_command_cycles,
	&hs_command_threads,
	&hs_command_gc,
	&hs_command_lines,
	&hs_command_memory,
	&hs_command_weak,
	&hs_command_caches,
	&hs_command_snapshot,
	&hs_command_export,
	&hs_command_ps,
	&hs_command_demo,
	&hs_command_layout,
	&hs_command_help,
	NULL,
};

const struct hs_command *hs_command_find(const char *name)
{
	for (size_t i = 0; hs_commands[i]; i++)
		if (!strcmp(hs_commands[i]->name, name))
			return hs_commands[i];
	return NULL;
}
