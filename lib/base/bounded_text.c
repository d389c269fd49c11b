/* SPDX-License-Identifier: Apache-2.0 */
/* Putting text together under a limit. Knows nothing of what the text says. */
#include "bounded_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"

struct hs_bounded_text hs_bounded_text(char *data, size_t bytes)
{
	data[0] = '\0';
	return (struct hs_bounded_text){ .data = data, .limit = bytes - 1 };
}

void hs_bounded_text_put_bytes(struct hs_bounded_text *text, const char *piece, size_t bytes)
{
	if (text->is_full || text->n + bytes > text->limit) {
		text->is_full = true;
		return;
	}
	memcpy(text->data + text->n, piece, bytes);
	text->n += bytes;
	text->data[text->n] = '\0';
}

void hs_bounded_text_put(struct hs_bounded_text *text, const char *piece)
{
	hs_bounded_text_put_bytes(text, piece, strlen(piece));
}

void hs_bounded_text_printf(struct hs_bounded_text *text, const char *format, ...)
{
	char piece[256];
	va_list args;

	va_start(args, format);
	int bytes = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (bytes < 0 || (size_t)bytes >= sizeof(piece))
		text->is_full = true;
	else
		hs_bounded_text_put_bytes(text, piece, (size_t)bytes);
}

void hs_bounded_text_put_code(struct hs_bounded_text *text, uint32_t code)
{
	char piece[HS_ESCAPED_CODE_BYTES];

	if (code >= 0x20 && code < 0x7f) {
		piece[0] = (char)code;
		hs_bounded_text_put_bytes(text, piece, 1);
	} else {
		hs_bounded_text_put_bytes(text, piece, hs_escape_code(piece, code));
	}
}

size_t hs_bounded_text_reserve(struct hs_bounded_text *text, size_t bytes)
{
	size_t limit = text->limit;

	text->limit = limit - text->n > bytes ? limit - bytes : text->n;
	return limit;
}

void hs_bounded_text_release(struct hs_bounded_text *text, size_t limit)
{
	text->limit = limit;
}
