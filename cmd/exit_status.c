/* SPDX-License-Identifier: Apache-2.0 */
/* From an error to an exit code and to lines on standard error. */
#include "exit_status.h"

#include <stdio.h>
#include <string.h>

#include "escape.h"

const struct hs_exit_code hs_exit_codes[] = {
	{ HS_EXIT_DONE, "done" },
	{ HS_EXIT_GROWTH, "growth was found (--fail-on-growth)" },
	{ HS_EXIT_FAILED, "failed" },
	{ HS_EXIT_PERMISSION, "no permission to read the process" },
	{ HS_EXIT_NOT_CPYTHON, "not a CPython process" },
	{ HS_EXIT_UNSUPPORTED, "unsupported Python version, or no layout for this interpreter" },
	{ HS_EXIT_GONE, "the process is gone" },
	{ HS_EXIT_INCOMPLETE, "done, but the result is incomplete" },
	{ HS_EXIT_USAGE, "wrong usage" },
	{ 0, NULL },
};

enum hs_exit_status hs_exit_status_of(const struct hs_error *error, enum hs_stage stage)
{
	switch (error->code) {
	case HS_ERROR_PERMISSION:
		return HS_EXIT_PERMISSION;
	case HS_ERROR_NOT_CPYTHON:
		return HS_EXIT_NOT_CPYTHON;
	case HS_ERROR_UNSUPPORTED:
		return HS_EXIT_UNSUPPORTED;
	case HS_ERROR_GONE:
		return HS_EXIT_GONE;
	case HS_ERROR_INVALID:
		return HS_EXIT_USAGE;
	case HS_ERROR_LOOKUP:
	case HS_ERROR_BAD_DATA:
	case HS_ERROR_FAULT:
		return stage == HS_STAGE_LAYOUT ? HS_EXIT_UNSUPPORTED : HS_EXIT_FAILED;
	case HS_ERROR_NO_MEMORY:
	case HS_ERROR_OS:
	case HS_ERROR_LIMIT:
	case HS_ERROR_CANCELLED:
		break;
	}
	return HS_EXIT_FAILED;
}

/* Messages may carry paths and names that the target chose: each line is escaped on its own. */
static void print_line(const char *prefix, const char *line, size_t bytes)
{
	char safe[4096];

	hs_escape(safe, sizeof(safe), line, bytes);
	fprintf(stderr, "%s%s\n", prefix, safe);
}

void hs_exit_print_error(const struct hs_error *error)
{
	print_line("heapspy: ", error->message, strlen(error->message));
	const char *prefix = "  try: ";
	for (const char *line = error->hint; line && *line;) {
		size_t bytes = strcspn(line, "\n");
		print_line(prefix, line, bytes);
		prefix = "       ";
		line += bytes + (line[bytes] == '\n');
	}
}
