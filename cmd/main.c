/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy: finds the command that the arguments name and ends with the exit code that its outcome asks for. */
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "capture_file.h"
#include "commands.h"
#include "exit_status.h"
#include "help.h"

/*
 * Arrays of this size come straight from the kernel and go back to it when they are freed. By itself malloc raises the threshold with
 * each one that is freed, and keeps more and more.
 */
#define MMAP_THRESHOLD (1 << 18)

/* A process alone, at a terminal, is looked at there; with options, or into a pipe or file, it is reported. */
static const struct hs_command *default_command(int argc)
{
	return argc == 2 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? &hs_command_top : &hs_command_report;
}

static bool is_file(const char *source)
{
	char *path = NULL, *exe = NULL;
	bool is_there = hs_capture_file_name(source, &path, &exe);

	free(path);
	free(exe);
	return is_there;
}

/* The command for argv; *ret_skip arguments name it. Something that is no command's name is a SOURCE or its options. */
static const struct hs_command *choose_command(int argc, char **argv, int *ret_skip)
{
	const struct hs_command *command = hs_command_find(argv[1]);

	*ret_skip = command ? 1 : 0;
	if (command)
		return command;
	if (argv[1][0] == '-' || strspn(argv[1], "0123456789") == strlen(argv[1]) || is_file(argv[1]))
		return default_command(argc);
	fprintf(stderr, "heapspy: '%s' is neither a command nor a PID nor a file\n  try: heapspy --help\n", argv[1]);
	exit(EX_USAGE);
}

int main(int argc, char **argv)
{
	int status = 0, skip;

	setlocale(LC_CTYPE, ""); /* only this: figures look the same in every locale */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	if (argc < 2) {
		hs_help_overview(stderr);
		return EX_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "-h")) {
		hs_help_overview(stdout);
		return 0;
	}
	const struct hs_command *command = choose_command(argc, argv, &skip);
	struct hs_error *error = hs_command_run(command, argc - skip, argv + skip, &status);
	if (error)
		hs_exit_print_error(error);
	hs_error_destroy(error);
	return status;
}
