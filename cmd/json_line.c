/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON without building it first. */
#include "json_line.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "escape.h"

void hs_json_line_deinit(struct hs_json_line *line)
{
	free(line->data);
}

static void put_bytes(struct hs_json_line *line, const char *bytes, size_t n)
{
	if (line->n + n > line->capacity && !hs_array_reserve_raw((void **)&line->data, &line->capacity, line->n + n, 1)) {
		line->is_short = true;
		return;
	}
	memcpy(line->data + line->n, bytes, n);
	line->n += n;
}

void hs_json_line_raw(struct hs_json_line *line, const char *text)
{
	put_bytes(line, text, strlen(text));
}

void hs_json_line_string(struct hs_json_line *line, const char *safe)
{
	put_bytes(line, "\"", 1);
	while (*safe) {
		size_t n = strcspn(safe, "\"\\");
		put_bytes(line, safe, n);
		safe += n;
		if (*safe) {
			put_bytes(line, "\\", 1);
			put_bytes(line, safe++, 1);
		}
	}
	put_bytes(line, "\"", 1);
}

void hs_json_line_text(struct hs_json_line *line, const char *text)
{
	size_t bytes = strlen(text), capacity = 4 * bytes + 8;
	HS_FREE char *safe = malloc(capacity);

	if (!safe) {
		line->is_short = true;
		return;
	}
	hs_escape(safe, capacity, text, bytes);
	hs_json_line_string(line, safe);
}

void hs_json_line_u64(struct hs_json_line *line, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put_bytes(line, digits + at, sizeof(digits) - at);
}

void hs_json_line_address(struct hs_json_line *line, hs_addr address)
{
	char digits[20];
	size_t at = sizeof(digits);

	digits[--at] = '"';
	do {
		digits[--at] = "0123456789abcdef"[address & 15];
		address >>= 4;
	} while (address);
	digits[--at] = 'x';
	digits[--at] = '0';
	digits[--at] = '"';
	put_bytes(line, digits + at, sizeof(digits) - at);
}

void hs_json_line_bool(struct hs_json_line *line, bool value)
{
	hs_json_line_raw(line, value ? "true" : "false");
}
