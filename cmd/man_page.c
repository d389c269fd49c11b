/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapspy.1, written from the tables that --help is written from, so that both say the same. Knows troff's man macros.
 */
#include "man_page.h"

#include <string.h>

#include "commands.h"
#include "exit_status.h"
#include "options.h"

/* Text of ours, in which troff would take hyphens, backslashes, and dots and quotes at the start of a line for its own. */
static void put_text(FILE *out, const char *text)
{
	for (const char *at = text; *at; at++) {
		if ((at == text || at[-1] == '\n') && (*at == '.' || *at == '\''))
			fputs("\\&", out);
		if (*at == '-')
			fputs("\\-", out);
		else if (*at == '\\')
			fputs("\\e", out);
		else
			putc(*at, out);
	}
}

/* Paragraphs, parted by empty lines. */
static void put_paragraphs(FILE *out, const char *text)
{
	for (const char *end; (end = strstr(text, "\n\n")); text = end + 2) {
		char paragraph[2048];
		snprintf(paragraph, sizeof(paragraph), "%.*s", (int)(end - text), text);
		put_text(out, paragraph);
		fputs("\n.PP\n", out);
	}
	put_text(out, text);
	putc('\n', out);
}

static void put_option(FILE *out, const struct argp_option *option)
{
	bool has_letter = option->key > ' ' && option->key < 0x7f;

	if (option->flags & OPTION_HIDDEN || !option->name)
		return;
	fputs(".TP\n", out);
	if (has_letter)
		fprintf(out, "\\fB\\-%c\\fR, ", option->key);
	fputs("\\fB\\-\\-", out);
	put_text(out, option->name);
	fputs("\\fR", out);
	if (option->arg) {
		bool is_optional = option->flags & OPTION_ARG_OPTIONAL;
		fputs(is_optional ? "[=\\fI" : "=\\fI", out);
		put_text(out, option->arg);
		fputs(is_optional ? "\\fR]" : "\\fR", out);
	}
	putc('\n', out);
	put_text(out, option->doc);
	putc('\n', out);
}

static void put_options(FILE *out, const struct argp_option *options)
{
	for (; options && (options->name || options->doc); options++)
		put_option(out, options);
}

static void put_command(FILE *out, const struct hs_command *command)
{
	fprintf(out, ".SS heapspy %s", command->name);
	if (command->needs >= HS_STAGE_PID || command->options || command->has_output || command->has_file)
		fputs(" [OPTION...]", out);
	/* a second way to call it follows on a line of its own */
	for (const char *at = command->usage; at && *at; at++)
		if (at == command->usage || at[-1] == '\n')
			fprintf(out, "%s %.*s", at == command->usage ? "" : " |", (int)strcspn(at, "\n"), at);
	putc('\n', out);
	put_text(out, command->summary);
	fputs(".\n", out);
	if (command->description) {
		fputs(".PP\n", out);
		put_paragraphs(out, command->description);
	}
	put_options(out, command->options);
	fputs(".PP\n.nf\n", out);
	put_text(out, command->examples);
	fputs(".fi\n", out);
}

void hs_man_page_write(FILE *out)
{
	fputs(".TH HEAPSPY 1 \"\" \"heapspy " HEAPSPY_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\nheapspy \\- show what holds a running Python process's memory, from outside\n"
	      ".SH SYNOPSIS\n.B heapspy\n.I COMMAND\n[\\fIOPTION\\fR...]\n.br\n.B heapspy\n.I SOURCE\n[\\fIOPTION\\fR...]\n"
	      ".SH DESCRIPTION\nheapspy pauses a process for the milliseconds that a copy of its memory takes, lets it go, and\n"
	      "decodes CPython's structures in the copy. It runs nothing in the process and writes nothing into it; if heapspy is\n"
	      "killed at any moment, the process goes on by itself. Without a command, \\fBheapspy\\fR \\fISOURCE\\fR reports.\n"
	      "\\fISOURCE\\fR is a PID, a snapshot, or a core: \\fIFILE\\fR, or \\fICORE\\fR:\\fIEXE\\fR to name the executable that it is of.\n"
	      ".SH COMMANDS\n", out);
	for (size_t i = 0; hs_commands[i]; i++)
		put_command(out, hs_commands[i]);
	fputs(".SH OPTIONS OF COMMANDS THAT READ A PROCESS\n", out);
	put_options(out, hs_options_of_source());
	fputs(".SH OPTIONS OF COMMANDS THAT WRITE A RESULT\n", out);
	put_options(out, hs_options_of_file());
	put_options(out, hs_options_of_rendering());
	fputs(".SH EXIT STATUS\n", out);
	for (const struct hs_exit_code *code = hs_exit_codes; code->meaning; code++) {
		fprintf(out, ".TP\n%d\n", code->status);
		put_text(out, code->meaning);
		putc('\n', out);
	}
	fputs(".SH ENVIRONMENT\n"
	      ".TP\nNO_COLOR\nNo colour, when not empty.\n"
	      ".TP\nCOLUMNS\nWidth of text output.\n"
	      ".TP\nDEBUGINFOD_URLS\nServers to ask for debug files that this host does not have.\n"
	      ".TP\nXDG_CACHE_HOME\nWhere layouts are cached, in heapspy/; ~/.cache by default.\n"
	      ".SH SEE ALSO\n.BR gdb (1),\n.BR gcore (1),\n.BR ptrace (2),\n.BR process_vm_readv (2)\n", out);
}
