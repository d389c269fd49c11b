/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the text of /proc/PID/smaps: a line as in maps for each mapping, then lines of figures. Reads no process. */
#include "smaps.h"

#include <stdbool.h>
#include <string.h>

#define MAX_KIB (UINT64_MAX >> 10)

/* The number in `digits` of base 10 or 16, up to the first other character; *ret_end is that. */
static uint64_t number(const char *at, const char *end, unsigned base, const char **ret_end)
{
	uint64_t value = 0;

	for (; at < end; at++) {
		char c = *at;
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			break;
		value = value * base + digit;
	}
	*ret_end = at;
	return value;
}

/* "7f12a0000000-7f12a0400000 rw-p …" */
static bool parse_range(const char *line, const char *end, struct hs_mapping_use *ret)
{
	const char *at;

	ret->start = number(line, end, 16, &at);
	if (at == line || at == end || *at != '-')
		return false;
	const char *second = at + 1;
	ret->end = number(second, end, 16, &at);
	return at > second && at < end && *at == ' ' && ret->start < ret->end;
}

/* "Rss:                  24 kB" */
static void parse_figure(const char *line, const char *end, struct hs_mapping_use *use)
{
	static const struct {
		const char *key;
		size_t offset;
	} figures[] = {
		{ "Rss:", offsetof(struct hs_mapping_use, rss_bytes) },
		{ "Anonymous:", offsetof(struct hs_mapping_use, anonymous_bytes) },
		{ "Swap:", offsetof(struct hs_mapping_use, swap_bytes) },
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		size_t n = strlen(figures[i].key);
		if ((size_t)(end - line) <= n || memcmp(line, figures[i].key, n))
			continue;
		const char *at = line + n;
		while (at < end && *at == ' ')
			at++;
		uint64_t kib = number(at, end, 10, &at);
		*(uint64_t *)((char *)use + figures[i].offset) = (kib > MAX_KIB ? MAX_KIB : kib) << 10;
		return;
	}
}

static struct hs_error *parse_line(const char *line, const char *end, struct hs_mapping_uses *uses)
{
	struct hs_mapping_use parsed = { 0 };

	if (line < end && *line >= 'A' && *line <= 'Z') {
		if (uses->n)
			parse_figure(line, end, &uses->items[uses->n - 1]);
		return NULL;
	}
	if (!parse_range(line, end, &parsed) || (uses->n && parsed.start < uses->items[uses->n - 1].end))
		return hs_error_at(HS_ERROR_BAD_DATA, parsed.start, "smaps: the line of mapping %zu has an unexpected form", uses->n + 1);
	struct hs_mapping_use *slot = hs_array_append(uses);
	if (!slot)
		return hs_error_no_memory();
	*slot = parsed;
	return NULL;
}

struct hs_error *hs_smaps_parse(const char *text, size_t bytes, struct hs_mapping_uses *ret)
{
	struct hs_mapping_uses uses = { 0 };

	for (const char *at = text, *end = text + bytes; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = newline ? newline : end;
		struct hs_error *error = parse_line(at, line_end, &uses);
		if (error) {
			hs_array_free(&uses);
			return error;
		}
		at = line_end + 1;
	}
	*ret = uses;
	return NULL;
}
