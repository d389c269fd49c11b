/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the user's name in a path, whatever its characters are stored as. */
#include "home_path.h"

#include <string.h>

static bool is_at(uint32_t (*character)(const void *text, uint64_t i), const void *text, uint64_t n, uint64_t at, const char *wanted)
{
	for (size_t i = 0; wanted[i]; i++)
		if (at + i >= n || character(text, at + i) != (uint32_t)wanted[i])
			return false;
	return true;
}

bool hs_home_component(uint32_t (*character)(const void *text, uint64_t i), const void *text, uint64_t n, uint64_t *ret_begin,
		       uint64_t *ret_end)
{
	static const char *const homes[] = { "/home/", "/Users/" };

	for (uint64_t at = 0; at < n; at++)
		for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
			if (!is_at(character, text, n, at, homes[i]))
				continue;
			uint64_t end = *ret_begin = at + strlen(homes[i]);
			while (end < n && character(text, end) != '/')
				end++;
			*ret_end = end;
			return true;
		}
	return false;
}

static uint32_t byte_of(const void *text, uint64_t i)
{
	return ((const uint8_t *)text)[i];
}

void hs_home_blank(char *path, size_t bytes)
{
	uint64_t begin, end;

	while (hs_home_component(byte_of, path, bytes, &begin, &end)) {
		memset(path + begin, HS_BLANK_CHARACTER, end - begin);
		path += end;
		bytes -= end;
	}
}
