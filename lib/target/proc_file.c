/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files of /proc and /sys whole. Knows their form (key: value), not their meaning. */
#include "proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

/* A maps file of 65,530 mappings with long paths is about 16 MiB; nothing of /proc that we read is larger. */
#define MAX_PROC_BYTES ((size_t)256 << 20)
#define FIRST_BYTES ((size_t)64 << 10)

const char *hs_proc_path(char ret[HS_PROC_PATH_BYTES], pid_t pid, const char *name)
{
	snprintf(ret, HS_PROC_PATH_BYTES, "/proc/%d/%s", (int)pid, name);
	return ret;
}

struct hs_error *hs_file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_bytes)
{
	HS_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	HS_FREE char *text = NULL;
	size_t bytes = 0, capacity = 0;

	if (fd < 0)
		return hs_error_os(errno, "%s", path);
	for (;;) {
		if (bytes + 1 >= capacity) {
			capacity = capacity ? 2 * capacity : FIRST_BYTES;
			char *grown = realloc(text, capacity);
			if (!grown)
				return hs_error_no_memory();
			text = grown;
		}
		ssize_t n = read(fd, text + bytes, capacity - bytes - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hs_error_os(errno, "%s", path);
		if (n == 0)
			break;
		bytes += (size_t)n;
		if (bytes > max_bytes)
			return hs_error_new(HS_ERROR_BAD_DATA, "%s: more than %zu bytes", path, max_bytes);
	}
	text[bytes] = '\0';
	*ret = hs_take(text);
	*ret_bytes = bytes;
	return NULL;
}

struct hs_error *hs_proc_read(pid_t pid, const char *name, char **ret, size_t *ret_bytes)
{
	char path[HS_PROC_PATH_BYTES];
	struct hs_error *error = hs_file_read(hs_proc_path(path, pid, name), MAX_PROC_BYTES, ret, ret_bytes);

	if (error && error->os_errno == ENOENT)
		error->code = HS_ERROR_GONE;
	return error;
}

const char *hs_proc_line(const char *text, const char *key)
{
	size_t key_bytes = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (!strncmp(line, key, key_bytes) && line[key_bytes] == ':')
			return line + key_bytes + 1 + strspn(line + key_bytes + 1, " \t");
	}
	return NULL;
}

bool hs_proc_field(const char *text, const char *key, uint64_t *ret)
{
	const char *value = hs_proc_line(text, key);
	char *end;

	if (!value)
		return false;
	errno = 0;
	unsigned long long number = strtoull(value, &end, 10);
	if (end == value || errno)
		return false;
	*ret = number;
	return true;
}
