/* SPDX-License-Identifier: Apache-2.0 */
/* What the terminal can show, and asking the person at it. */
#include "terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"

#define DEFAULT_WIDTH 80
#define MAX_WIDTH 1000

static unsigned usable_width(unsigned long width)
{
	return width > 0 && width <= MAX_WIDTH ? (unsigned)width : 0;
}

static unsigned width_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	unsigned width = columns ? usable_width(strtoul(columns, NULL, 10)) : 0;
	struct winsize size;

	if (!width && out && isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		width = usable_width(size.ws_col);
	return width ? width : DEFAULT_WIDTH;
}

static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return term && !strcmp(term, "dumb");
}

static bool wants_colour(FILE *out, enum hs_colour colour)
{
	const char *no_color = getenv("NO_COLOR");

	if (colour != HS_COLOUR_AUTO)
		return colour == HS_COLOUR_ALWAYS;
	return out && isatty(fileno(out)) && !(no_color && *no_color) && !is_dumb();
}

struct hs_style hs_style_for(FILE *out, enum hs_colour colour)
{
	return (struct hs_style){
		.width = width_of(out),
		.utf8 = !strcasecmp(nl_langinfo(CODESET), "UTF-8"),
		.colour = wants_colour(out, colour),
	};
}

bool hs_terminal_has_status(void)
{
	return isatty(STDERR_FILENO) && !is_dumb();
}

void hs_terminal_put_status(const char *text)
{
	/* a line that wraps could not be written over */
	fprintf(stderr, *text ? "\r\033[K\033[?7l%s\033[?7h" : "\r\033[K%s", text);
	fflush(stderr);
}

bool hs_terminal_is_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool hs_terminal_confirm(const char *question)
{
	char answer[16];

	/* The terminal itself, so that neither a redirected output nor input takes part in it. */
	HS_FCLOSE FILE *terminal = fopen("/dev/tty", "r+e");
	if (!terminal)
		return false;
	fprintf(terminal, "%s [y/N] ", question);
	fflush(terminal);
	if (!fgets(answer, sizeof(answer), terminal))
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}
