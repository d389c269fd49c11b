/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /proc/PID/exe and cmdline. Arguments may hold secrets: only the program's name and its script leave this file. */
#include "command_line.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "proc_file.h"

#define DELETED_SUFFIX " (deleted)"

struct hs_error *hs_exe_path_read(pid_t tid, char **ret)
{
	char path[HS_PROC_PATH_BYTES], target[PATH_MAX];
	ssize_t n = readlink(hs_proc_path(path, tid, "exe"), target, sizeof(target) - 1);

	if (n < 0 && (errno == EACCES || errno == EPERM))
		return hs_error_os(errno, "%s", path);
	if (n < 0) /* an exiting process has no executable any more */
		return hs_error_new(HS_ERROR_GONE, "PID %d is exiting", (int)tid);
	target[n] = '\0';
	size_t suffix = strlen(DELETED_SUFFIX);
	if ((size_t)n > suffix && !strcmp(target + n - suffix, DELETED_SUFFIX))
		target[(size_t)n - suffix] = '\0';
	char *copy = strdup(target);
	if (!copy)
		return hs_error_no_memory();
	*ret = copy;
	return NULL;
}

static const char *next_argument(const char *argument)
{
	return argument + strlen(argument) + 1;
}

/*
 * The first letter of a cluster of options ("-Bm", "-Xdev") that takes a value; *ret_value is what follows it, maybe "".
 * NUL when there is none.
 */
static char option_with_value(const char *argument, const char **ret_value)
{
	const char *letter = argument + 1 + strcspn(argument + 1, "cmXW");

	*ret_value = *letter ? letter + 1 : letter;
	return *letter;
}

const char *hs_script_argument(const char *text, size_t bytes)
{
	const char *end = text + bytes;

	for (const char *argument = next_argument(text); argument < end; argument = next_argument(argument)) {
		const char *value;
		if (argument[0] != '-' || !argument[1])
			return *argument ? argument : NULL;
		bool is_long = argument[1] == '-';
		char option = is_long ? '\0' : option_with_value(argument, &value);
		if (option == 'c')
			return "-c";
		if (option == 'm' && *value)
			return value;
		if ((option && !*value) || !strcmp(argument, "--check-hash-based-pycs"))
			argument = next_argument(argument);
		if (argument >= end)
			break;
		if (option == 'm')
			return argument;
	}
	return NULL;
}

struct hs_error *hs_script_read(pid_t pid, const char *comm, char **ret)
{
	HS_FREE char *text = NULL;
	size_t bytes;

	HS_TRY(hs_proc_read(pid, "cmdline", &text, &bytes));
	return hs_script_of(text, bytes, comm, ret);
}

struct hs_error *hs_script_of(const char *text, size_t bytes, const char *comm, char **ret)
{
	/* A program that rewrote its title left one text with blanks, and maybe arguments in it. */
	size_t title_bytes = strlen(text) + 1 >= bytes ? strcspn(text, " ") : strlen(text);
	HS_FREE char *title = strndup(text, title_bytes);
	char *script;

	if (!title)
		return hs_error_no_memory();
	const char *slash = strrchr(title, '/');
	const char *program = !bytes ? comm : slash ? slash + 1 : title;
	bool is_interpreter = !strncmp(program, "python", 6) || !strncmp(program, "pypy", 4);
	const char *argument = is_interpreter ? hs_script_argument(text, bytes) : NULL;
	if (asprintf(&script, "%s%s%s", program, argument ? " " : "", argument ? argument : "") < 0)
		return hs_error_no_memory();
	*ret = script;
	return NULL;
}
