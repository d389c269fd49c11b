/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the text of /proc/PID/maps. The path column is the target's choice, so it may hold anything but NUL; the kernel
 * writes a newline in it as \012. Knows nothing about where the text came from.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

#define DELETED_SUFFIX " (deleted)"

/* A cursor over one line; every take_… moves it and says whether what it wants was there. */
struct cursor {
	const char *at;
	const char *end;
};

static bool take_number(struct cursor *cursor, unsigned base, uint64_t *ret)
{
	const char *first = cursor->at;
	uint64_t value = 0;

	for (; cursor->at < cursor->end; cursor->at++) {
		char c = *cursor->at;
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
		if (digit >= base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	return cursor->at > first;
}

static bool take_char(struct cursor *cursor, char wanted)
{
	if (cursor->at >= cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

static bool take_permissions(struct cursor *cursor, char ret[5])
{
	static const char *const allowed[4] = { "r-", "w-", "x-", "ps" };

	if (cursor->end - cursor->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		if (!cursor->at[i] || !strchr(allowed[i], cursor->at[i]))
			return false;
		ret[i] = cursor->at[i];
	}
	ret[4] = '\0';
	cursor->at += 4;
	return true;
}

/* Copies the path column, turns \012 back into a newline and cuts " (deleted)". NULL when memory is out. */
static char *copy_path(struct cursor *cursor, bool *ret_is_deleted)
{
	size_t bytes = (size_t)(cursor->end - cursor->at);
	char *path = malloc(bytes + 1);
	size_t n = 0;

	if (!path)
		return NULL;
	for (size_t i = 0; i < bytes; i++) {
		if (bytes - i >= 4 && !memcmp(cursor->at + i, "\\012", 4)) {
			path[n++] = '\n';
			i += 3;
		} else {
			path[n++] = cursor->at[i];
		}
	}
	path[n] = '\0';

	size_t suffix = strlen(DELETED_SUFFIX);
	*ret_is_deleted = path[0] == '/' && n > suffix && !strcmp(path + n - suffix, DELETED_SUFFIX);
	if (*ret_is_deleted)
		path[n - suffix] = '\0';
	return path;
}

/* "7f12a0000000-7f12a0400000 rw-p 00000000 fe:00 1234    /path": false when the line has another form. */
static bool parse_columns(struct cursor *cursor, struct hs_mapping *ret)
{
	uint64_t device_major, device_minor;

	if (!take_number(cursor, 16, &ret->start) || !take_char(cursor, '-') || !take_number(cursor, 16, &ret->end) ||
	    !take_char(cursor, ' ') || !take_permissions(cursor, ret->permissions) || !take_char(cursor, ' ') ||
	    !take_number(cursor, 16, &ret->file_offset) || !take_char(cursor, ' ') ||
	    !take_number(cursor, 16, &device_major) || !take_char(cursor, ':') ||
	    !take_number(cursor, 16, &device_minor) || !take_char(cursor, ' ') || !take_number(cursor, 10, &ret->inode))
		return false;
	if (device_major > UINT32_MAX || device_minor > UINT32_MAX || ret->start >= ret->end || (ret->start | ret->end) & 0xfff)
		return false;
	ret->device_major = (uint32_t)device_major;
	ret->device_minor = (uint32_t)device_minor;
	if (cursor->at < cursor->end && *cursor->at != ' ')
		return false;
	while (take_char(cursor, ' '))
		;
	return memchr(cursor->at, '\0', (size_t)(cursor->end - cursor->at)) == NULL;
}

static struct hs_error *parse_line(const char *line, size_t bytes, struct hs_mappings *mappings)
{
	struct cursor cursor = { line, line + bytes };
	struct hs_mapping parsed = { 0 };
	hs_addr floor = mappings->n ? mappings->items[mappings->n - 1].end : 0;

	if (!parse_columns(&cursor, &parsed) || parsed.start < floor)
		return hs_error_at(HS_ERROR_BAD_DATA, parsed.start, "maps: line %zu has an unexpected form", mappings->n + 1);
	if (!hs_array_reserve(mappings, mappings->n + 1))
		return hs_error_no_memory();
	parsed.path = copy_path(&cursor, &parsed.is_deleted);
	if (!parsed.path)
		return hs_error_no_memory();
	mappings->items[mappings->n++] = parsed;
	return NULL;
}

struct hs_error *hs_mappings_parse(const char *text, size_t bytes, struct hs_mappings *ret)
{
	struct hs_mappings mappings = { 0 };

	for (size_t i = 0; i < bytes;) {
		const char *newline = memchr(text + i, '\n', bytes - i);
		size_t line_bytes = newline ? (size_t)(newline - text) - i : bytes - i;
		struct hs_error *error = parse_line(text + i, line_bytes, &mappings);
		if (error) {
			hs_mappings_free(&mappings);
			return error;
		}
		i += line_bytes + 1;
	}
	*ret = mappings;
	return NULL;
}

void hs_mappings_free(struct hs_mappings *mappings)
{
	for (size_t i = 0; i < mappings->n; i++)
		free(mappings->items[i].path);
	hs_array_free(mappings);
}

size_t hs_mappings_find(const struct hs_mappings *mappings, hs_addr address)
{
	size_t low = 0, high = mappings->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (mappings->items[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool hs_mapping_is_same(const struct hs_mapping *a, const struct hs_mapping *b)
{
	return a->start == b->start && a->end == b->end && a->inode == b->inode && a->file_offset == b->file_offset &&
	       a->device_major == b->device_major && a->device_minor == b->device_minor && !strcmp(a->permissions, b->permissions);
}
