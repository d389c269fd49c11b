/* SPDX-License-Identifier: Apache-2.0 */
/* Names of snapshots. */
#include "snapshot_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

#define PACKED_SUFFIX ".zst"

static char *own_name(pid_t pid, time_t now, bool is_packed)
{
	char time_text[32] = "", pid_text[16] = "";
	struct tm utc;
	char *name;

	if (gmtime_r(&now, &utc))
		strftime(time_text, sizeof(time_text), "%Y%m%dT%H%M%SZ", &utc);
	if (pid)
		snprintf(pid_text, sizeof(pid_text), "%d-", (int)pid);
	return asprintf(&name, "heapspy-%s%s.core%s", pid_text, time_text, is_packed ? PACKED_SUFFIX : "") < 0 ? NULL : name;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

char *hs_snapshot_name(const char *given, pid_t pid, time_t now, bool is_packed)
{
	if (given && !is_folder(given))
		return strdup(given);
	HS_FREE char *name = own_name(pid, now, is_packed);
	char *path;

	if (!given || !name)
		return hs_take(name);
	const char *slash = given[strlen(given) - 1] == '/' ? "" : "/";
	return asprintf(&path, "%s%s%s", given, slash, name) < 0 ? NULL : path;
}

static bool ends_in(const char *text, size_t bytes, const char *suffix)
{
	return bytes >= strlen(suffix) && !memcmp(text + bytes - strlen(suffix), suffix, strlen(suffix));
}

bool hs_snapshot_name_is_packed(const char *name)
{
	return ends_in(name, strlen(name), PACKED_SUFFIX);
}

char *hs_snapshot_name_in_series(const char *name, unsigned i, unsigned n)
{
	const char *slash = strrchr(name, '/'), *file = slash ? slash + 1 : name;
	char digits[16];
	char *numbered;

	if (n < 2)
		return strdup(name);
	size_t stem = strlen(name) - (hs_snapshot_name_is_packed(name) ? strlen(PACKED_SUFFIX) : 0);
	const char *dot = memrchr(file, '.', stem - (size_t)(file - name));
	if (dot && dot != file)
		stem = (size_t)(dot - name);
	/* as wide as the last one: the names sort as they were taken */
	int width = snprintf(digits, sizeof(digits), "%u", n);
	return asprintf(&numbered, "%.*s-%0*u%s", (int)stem, name, width, i, name + stem) < 0 ? NULL : numbered;
}
