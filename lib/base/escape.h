/* SPDX-License-Identifier: Apache-2.0 */
/* Making bytes that come from a target safe to print: no control characters, only valid UTF-8, bounded. */
#ifndef HS_ESCAPE_H
#define HS_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes `bytes` of `text` into `ret` (capacity `ret_bytes`, always NUL-terminated): printable ASCII and valid
 * UTF-8 outside the control, format and bidirectional-override ranges as they are; everything else as \xNN,
 * \n, \t or \uNNNN. Text that does not fit ends in "…". Returns the length written, without the NUL.
 */
size_t hs_escape(char *ret, size_t ret_bytes, const char *text, size_t bytes);

#define HS_ESCAPED_CODE_BYTES 16

/*
 * One character by its code point, as Python's repr() does: what str.isprintable() is true of as it is, all else as \xNN, \uNNNN or
 * \UNNNNNNNN (\n, \t, \r). By the Unicode version of printable_ranges.h: an older Python escapes the characters that it does not know.
 * Writes no NUL; returns the length.
 */
size_t hs_escape_code(char ret[HS_ESCAPED_CODE_BYTES], uint32_t code);

#endif
