/* SPDX-License-Identifier: Apache-2.0 */
/* What the output may look like: width, UTF-8, colour. Decided once, then passed to renderers as plain data. */
#ifndef HS_TERMINAL_H
#define HS_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum hs_colour {
	HS_COLOUR_AUTO,
	HS_COLOUR_ALWAYS,
	HS_COLOUR_NEVER,
};

/* How a text is rendered. */
struct hs_style {
	unsigned width; /* columns */
	bool utf8;      /* bars, dots and names outside ASCII */
	bool colour;
};

/*
 * The style for writing text to `out` (NULL: a file that is written later). Width is COLUMNS when set, else the terminal's, else 80;
 * UTF-8 follows LC_CTYPE, which the caller has set from the environment.
 */
struct hs_style hs_style_for(FILE *out, enum hs_colour colour);

/* Whether standard error is a terminal on which a line can be written over. */
bool hs_terminal_has_status(void);
/* Writes over the line that the cursor is in; what is wider than the screen is not shown. "": clears it. */
void hs_terminal_put_status(const char *text);

/* True if a person sits at both ends: standard input and standard error are terminals. */
bool hs_terminal_is_interactive(void);

/* Asks on the terminal and reads the answer from it; true only for y or yes. */
bool hs_terminal_confirm(const char *question);

#endif
