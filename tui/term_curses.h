/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal: a canvas is copied there, keys are read from there. It is given back as it was however the process ends. */
#ifndef HS_TERM_CURSES_H
#define HS_TERM_CURSES_H

#include <stdbool.h>

#include "canvas.h"
#include "state.h"

struct hs_term;

/*
 * Takes the terminal of standard input and output. One at a time. From here on a crash of the process gives the terminal back first.
 * `is_plain`: without colours. The caller owns *ret. Errors: UNSUPPORTED (no terminal, or one that nobody knows), NO_MEMORY.
 */
struct hs_error *hs_term_open(bool is_plain, struct hs_term **ret) HS_MUST_CHECK;
/* Gives the terminal back. NULL is legal. */
void hs_term_close(struct hs_term *term);

/* To be polled for input. */
int hs_term_fd(const struct hs_term *term);
bool hs_term_has_utf8(const struct hs_term *term);
void hs_term_size(const struct hs_term *term, unsigned *ret_width, unsigned *ret_height);
/* The window has another size: finds out which. */
void hs_term_resized(struct hs_term *term);

/* The next event that has come in; false: none. Does not wait. */
bool hs_term_read(struct hs_term *term, struct hs_event *ret);

/* Shows the canvas, writing only what changed. */
void hs_term_show(struct hs_term *term, const struct hs_canvas *canvas);
/* The next hs_term_show() writes everything. */
void hs_term_forget(struct hs_term *term);

/* Asks the terminal to put text on the clipboard (OSC 52). Nothing tells whether it did. */
void hs_term_copy(struct hs_term *term, const char *text);

#endif
