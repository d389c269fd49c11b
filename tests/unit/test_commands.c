/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: every entry can be found, explains itself, and shows complete examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "command.h"
#include "exit_status.h"
#include "help.h"
#include "man_page.h"
#include "options.h"

static void entries_are_complete(void **state)
{
	(void)state;
	assert_non_null(hs_commands[0]);
	for (size_t i = 0; hs_commands[i]; i++) {
		const struct hs_command *command = hs_commands[i];
		assert_ptr_equal(hs_command_find(command->name), command);
		assert_true(*command->summary);
		assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
		assert_non_null(command->usage);
		assert_non_null(command->run);
		assert_true(!command->options || command->parse);
	}
	assert_null(hs_command_find("nonsense"));
	assert_null(hs_command_find(""));
}

static void examples_are_commands(void **state)
{
	(void)state;
	for (size_t i = 0; hs_commands[i]; i++) {
		HS_FREE char *examples = strdup(hs_commands[i]->examples);
		char start[64];
		unsigned n = 0;
		snprintf(start, sizeof(start), "  heapspy %s", hs_commands[i]->name);
		for (char *line = strtok(examples, "\n"); line; line = strtok(NULL, "\n"), n++)
			assert_memory_equal(line, start, strlen(start));
		assert_true(n > 0);
	}
}

/* The whole of `heapspy --help` fits a terminal of 80 columns. */
static void the_overview_is_narrow(void **state)
{
	HS_FREE char *help = NULL;
	size_t bytes;
	FILE *out = open_memstream(&help, &bytes);

	(void)state;
	hs_help_overview(out);
	fclose(out);
	for (char *line = strtok(help, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 1, 80);
}

/* argp prints the help from the same table that it parses; what it must have of us is the examples. */
static void help_shows_the_examples(void **state)
{
	(void)state;
	for (size_t i = 0; hs_commands[i]; i++) {
		HS_FREE char *help = NULL;
		size_t bytes;
		FILE *out = open_memstream(&help, &bytes);
		hs_options_print_help(hs_commands[i], out);
		fclose(out);
		assert_non_null(strstr(help, "Usage: heapspy"));
		const char *format = strstr(help, "--format=");
		assert_true(!format || !strstr(format + 1, "--format=")); /* an option is told once */
		assert_non_null(strstr(help, hs_commands[i]->examples));
	}
}

/* Every command and every option that help shows is in the manual page, and no line is one that troff does not know. */
static void the_manual_page_is_whole(void **state)
{
	HS_FREE char *page = NULL;
	size_t bytes;
	char text[128];
	FILE *out = open_memstream(&page, &bytes);

	(void)state;
	hs_man_page_write(out);
	fclose(out);
	for (size_t i = 0; hs_commands[i]; i++) {
		snprintf(text, sizeof(text), "\n.SS heapspy %s", hs_commands[i]->name);
		assert_non_null(strstr(page, text));
		for (const struct argp_option *option = hs_commands[i]->options; option && option->name; option++) {
			snprintf(text, sizeof(text), "\\fB\\-\\-%.*s", (int)strcspn(option->name, "-"), option->name);
			assert_true(option->flags & OPTION_HIDDEN || strstr(page, text));
		}
	}
	for (const char *line = page; (line = strstr(line, "\n.")); line++) {
		snprintf(text, sizeof(text), " %.*s ", (int)strcspn(line + 2, " \n"), line + 2);
		assert_non_null(strstr(" TH SH SS TP PP nf fi B I br BR ", text));
	}
}

static void errors_have_exit_codes(void **state)
{
	static const struct {
		enum hs_error_code code;
		enum hs_stage stage;
		enum hs_exit_status status;
	} cases[] = {
		{ HS_ERROR_PERMISSION, HS_STAGE_CAPTURE, HS_EXIT_PERMISSION },
		{ HS_ERROR_NOT_CPYTHON, HS_STAGE_LAYOUT, HS_EXIT_NOT_CPYTHON },
		{ HS_ERROR_UNSUPPORTED, HS_STAGE_CAPTURE, HS_EXIT_UNSUPPORTED },
		{ HS_ERROR_LOOKUP, HS_STAGE_LAYOUT, HS_EXIT_UNSUPPORTED },
		{ HS_ERROR_BAD_DATA, HS_STAGE_LAYOUT, HS_EXIT_UNSUPPORTED },
		{ HS_ERROR_BAD_DATA, HS_STAGE_CENSUS, HS_EXIT_FAILED },
		{ HS_ERROR_LOOKUP, HS_STAGE_NONE, HS_EXIT_FAILED },
		{ HS_ERROR_GONE, HS_STAGE_CENSUS, HS_EXIT_GONE },
		{ HS_ERROR_LIMIT, HS_STAGE_CAPTURE, HS_EXIT_FAILED },
		{ HS_ERROR_NO_MEMORY, HS_STAGE_CENSUS, HS_EXIT_FAILED },
		{ HS_ERROR_INVALID, HS_STAGE_NONE, HS_EXIT_USAGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct hs_error error = { .code = cases[i].code };
		assert_int_equal(hs_exit_status_of(&error, cases[i].stage), cases[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_complete),
		cmocka_unit_test(examples_are_commands),
		cmocka_unit_test(the_overview_is_narrow),
		cmocka_unit_test(help_shows_the_examples),
		cmocka_unit_test(the_manual_page_is_whole),
		cmocka_unit_test(errors_have_exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
