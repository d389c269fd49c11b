/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON written straight into a growing buffer: for the millions of lines of an export, where a tree of values a line would take
 * most of the time. The caller puts the punctuation; strings are quoted here.
 */
#ifndef HS_JSON_LINE_H
#define HS_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

struct hs_json_line {
	char *data; /* owned; not NUL-terminated */
	size_t n;
	size_t capacity;
	bool is_short; /* memory ran out: the line is not whole */
};

void hs_json_line_deinit(struct hs_json_line *line);

/* As it is: braces, commas, keys. */
void hs_json_line_raw(struct hs_json_line *line, const char *text);
/* A string that is safe UTF-8 already (reprs, names of references). */
void hs_json_line_string(struct hs_json_line *line, const char *safe);
/* A string of the target's bytes; escaped as hs_escape() does. */
void hs_json_line_text(struct hs_json_line *line, const char *text);
void hs_json_line_u64(struct hs_json_line *line, uint64_t value);
void hs_json_line_address(struct hs_json_line *line, hs_addr address); /* "0x7f…" */
void hs_json_line_bool(struct hs_json_line *line, bool value);

#endif
