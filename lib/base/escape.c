/* SPDX-License-Identifier: Apache-2.0 */
/* Making bytes from a target safe to print. Decodes UTF-8 itself because the input may be anything. */
#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "printable_ranges.h"

static const char ellipsis[] = "\xe2\x80\xa6";

/* Length of the valid UTF-8 sequence at `text` (1 to 4) with its code point, or 0 when it is not valid. */
static size_t decode_utf8(const unsigned char *text, size_t bytes, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = text[0] < 0x80 ? 1 : (text[0] & 0xe0) == 0xc0 ? 2 : (text[0] & 0xf0) == 0xe0 ? 3 : (text[0] & 0xf8) == 0xf0 ? 4 : 0;

	if (n == 0 || n > bytes)
		return 0;
	uint32_t code = n == 1 ? text[0] : text[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (n > 1 && (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
		return 0;
	*ret = code;
	return n;
}

/* Code points that change how a terminal shows what follows, or that show nothing. */
static bool is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe0fff);
}

static size_t escape_code(char out[HS_ESCAPED_CODE_BYTES], uint32_t code)
{
	if (code == '\n' || code == '\t' || code == '\r')
		return (size_t)snprintf(out, 16, "\\%c", code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
	if (code < 0x100)
		return (size_t)snprintf(out, 16, "\\x%02x", (unsigned)code);
	return (size_t)snprintf(out, 16, code < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)code);
}

static size_t encode_utf8(char out[4], uint32_t code)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(lead[n] | code);
	return n;
}

/* As str.isprintable() does: blanks other than " ", private use and what is no character are not. */
static bool is_printable(uint32_t code)
{
	size_t low = 0, high = sizeof(hs_printable_bounds) / sizeof(*hs_printable_bounds);

	/* bounds up to `code`: after an odd number of them, it is within a range */
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (hs_printable_bounds[middle] <= code)
			low = middle + 1;
		else
			high = middle;
	}
	return low % 2;
}

size_t hs_escape_code(char ret[HS_ESCAPED_CODE_BYTES], uint32_t code)
{
	return is_printable(code) ? encode_utf8(ret, code) : escape_code(ret, code);
}

size_t hs_escape(char *ret, size_t ret_bytes, const char *text, size_t bytes)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t room = ret_bytes > sizeof(ellipsis) ? ret_bytes - sizeof(ellipsis) : 0;
	size_t out = 0, cut = 0; /* cut: where the ellipsis would go if the rest did not fit */

	if (!ret_bytes)
		return 0;
	for (size_t i = 0; i < bytes;) {
		char piece[HS_ESCAPED_CODE_BYTES];
		uint32_t code = 0;
		size_t n = decode_utf8(in + i, bytes - i, &code);
		size_t piece_bytes;

		if (n == 0)
			piece_bytes = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", in[i]);
		else if (is_unsafe(code))
			piece_bytes = escape_code(piece, code);
		else
			memcpy(piece, in + i, piece_bytes = n);
		if (out + piece_bytes > ret_bytes - 1) {
			out = cut;
			if (ret_bytes >= sizeof(ellipsis)) {
				memcpy(ret + out, ellipsis, sizeof(ellipsis) - 1);
				out += sizeof(ellipsis) - 1;
			}
			break;
		}
		memcpy(ret + out, piece, piece_bytes);
		out += piece_bytes;
		if (out <= room)
			cut = out;
		i += n ? n : 1;
	}
	ret[out] = '\0';
	return out;
}
