/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of a bounded length, put together piece by piece: pieces that do not fit are left out whole, and that is known
 * afterwards. For what a target's objects say of themselves, which may be of any length.
 */
#ifndef HS_BOUNDED_TEXT_H
#define HS_BOUNDED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct hs_bounded_text {
	char *data;   /* borrowed; NUL-terminated at all times */
	size_t n;     /* bytes without the NUL */
	size_t limit; /* what `n` may grow to; may be moved back and forth, up to the bytes given minus one */
	bool is_full; /* a piece did not fit: nothing more is taken, until the owner of the text resets this */
};

/* bytes >= 1 */
struct hs_bounded_text hs_bounded_text(char *data, size_t bytes);
void hs_bounded_text_put(struct hs_bounded_text *text, const char *piece);
void hs_bounded_text_put_bytes(struct hs_bounded_text *text, const char *piece, size_t bytes);
void hs_bounded_text_printf(struct hs_bounded_text *text, const char *format, ...) HS_PRINTF(2, 3);
/* A character as UTF-8, or as Python escapes it ("\n", "\x1b", "\u202e") when it is not safe to print. */
void hs_bounded_text_put_code(struct hs_bounded_text *text, uint32_t code);

/* What stands for the part that is left out: "…". */
#define HS_ELLIPSIS "\xe2\x80\xa6"

/*
 * Keeps `bytes` of the room for what must follow a list of pieces (a bracket), and gives it back. The value returned by
 * the first is handed to the second.
 */
size_t hs_bounded_text_reserve(struct hs_bounded_text *text, size_t bytes);
void hs_bounded_text_release(struct hs_bounded_text *text, size_t limit);

#endif
