/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MemAvailable and the memory cgroups, version 1 and 2, from our own group up to the root of what is mounted. Pages that
 * the kernel can drop at once (inactive_file) do not count as used.
 */
#include "memory_limit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "proc_file.h"

#define MAX_TEXT_BYTES ((size_t)4 << 20)
#define MAX_DEPTH 64

/* The names of the files that say the same in both versions. */
struct cgroup_version {
	const char *fstype;
	const char *limits[2]; /* the second may be NULL */
	const char *usage;
	const char *reclaimable; /* key in memory.stat */
};

static const struct cgroup_version version_1 = {
	"cgroup", { "memory.limit_in_bytes", NULL }, "memory.usage_in_bytes", "total_inactive_file",
};
static const struct cgroup_version version_2 = {
	"cgroup2", { "memory.max", "memory.high" }, "memory.current", "inactive_file",
};

void hs_memory_die_first(void)
{
	HS_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1000", 4) != 4)
		return;
}

static char *read_text(const char *path)
{
	char *text;
	size_t bytes;
	struct hs_error *error = hs_file_read(path, MAX_TEXT_BYTES, &text, &bytes);

	if (!error)
		return text;
	hs_error_destroy(error);
	return NULL;
}

/* A file with one number; false for "max" or when it cannot be read. */
static bool read_number(const char *directory, const char *name, uint64_t *ret)
{
	char path[PATH_MAX], *end;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) >= sizeof(path))
		return false;
	HS_FREE char *text = read_text(path);
	if (!text)
		return false;
	unsigned long long number = strtoull(text, &end, 10);
	if (end == text)
		return false;
	*ret = number;
	return true;
}

/* "<key> <number>" in a cgroup's memory.stat; 0 when it is not there. */
static uint64_t read_statistic(const char *directory, const char *key)
{
	char path[PATH_MAX];
	size_t key_bytes = strlen(key);

	if ((size_t)snprintf(path, sizeof(path), "%s/memory.stat", directory) >= sizeof(path))
		return 0;
	HS_FREE char *text = read_text(path);
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (!strncmp(line, key, key_bytes) && line[key_bytes] == ' ')
			return strtoull(line + key_bytes, NULL, 10);
	return 0;
}

static void lower_by_group(struct hs_memory_room *room, const char *directory, const struct cgroup_version *version)
{
	uint64_t limit, usage;

	if (!read_number(directory, version->usage, &usage))
		return;
	uint64_t reclaimable = read_statistic(directory, version->reclaimable);
	uint64_t held = usage > reclaimable ? usage - reclaimable : 0;
	for (size_t i = 0; i < 2 && version->limits[i]; i++) {
		if (!read_number(directory, version->limits[i], &limit))
			continue;
		uint64_t rest = limit > held ? limit - held : 0;
		if (rest >= room->bytes)
			continue;
		room->bytes = rest;
		snprintf(room->what, sizeof(room->what), "cgroup %.200s (%s %llu MiB, in use %llu MiB)", directory, version->limits[i],
			 (unsigned long long)(limit >> 20), (unsigned long long)(held >> 20));
	}
}

/* From our own group up to where the hierarchy is mounted. */
static void lower_by_path(struct hs_memory_room *room, const char *mount, const char *group, const struct cgroup_version *version)
{
	char directory[PATH_MAX];
	size_t mount_bytes = strlen(mount);

	if ((size_t)snprintf(directory, sizeof(directory), "%s%s", mount, strcmp(group, "/") ? group : "") >= sizeof(directory))
		return;
	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		lower_by_group(room, directory, version);
		char *slash = strrchr(directory, '/');
		if (!slash || (size_t)(slash - directory) < mount_bytes)
			return;
		*slash = '\0';
	}
}

/* mountinfo writes blanks, tabs, newlines and backslashes as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3 && from[1] <= '3') {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static bool has_word(const char *list, const char *word)
{
	size_t bytes = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += bytes)
		if ((at == list || at[-1] == ',') && (!at[bytes] || at[bytes] == ',' || at[bytes] == '\n'))
			return true;
	return false;
}

struct mount {
	char root[PATH_MAX];
	char point[PATH_MAX];
};

/* A line of mountinfo: "36 35 98:0 /root /mount/point rw,… shared:1 - cgroup2 cgroup2 rw,…". */
static bool parse_mount(const char *line, const struct cgroup_version *version, struct mount *ret)
{
	char fstype[32], options[1024] = "";
	const char *separator = strstr(line, " - ");

	if (!separator || sscanf(separator + 3, "%31s %*s %1023s", fstype, options) < 1 || strcmp(fstype, version->fstype))
		return false;
	if (version == &version_1 && !has_word(options, "memory"))
		return false;
	if (sscanf(line, "%*s %*s %*s %4095s %4095s", ret->root, ret->point) != 2)
		return false;
	unescape(ret->root);
	unescape(ret->point);
	return true;
}

static void lower_by_version(struct hs_memory_room *room, const char *mounts, const char *group, const struct cgroup_version *version)
{
	HS_FREE char *text = read_text(mounts);
	HS_FREE struct mount *mount = malloc(sizeof(*mount));

	if (!mount)
		return;
	for (char *line = text; line && *line;) {
		char *end = line + strcspn(line, "\n");
		bool is_last = !*end;
		*end = '\0';
		if (parse_mount(line, version, mount)) {
			/* What is mounted may be a part of the hierarchy only (a container's own group). */
			size_t root_bytes = strcmp(mount->root, "/") ? strlen(mount->root) : 0;
			bool is_below = !strncmp(group, mount->root, root_bytes) && (group[root_bytes] == '/' || !group[root_bytes]);
			lower_by_path(room, mount->point, is_below && group[root_bytes] ? group + root_bytes : "/", version);
			return;
		}
		line = is_last ? end : end + 1;
	}
}

struct hs_memory_room hs_memory_room_by(const char *meminfo, const char *cgroups, const char *mounts)
{
	struct hs_memory_room room = { .bytes = UINT64_MAX, .what = "memory" };
	HS_FREE char *memory = read_text(meminfo), *groups = read_text(cgroups);
	uint64_t kib;

	if (memory && hs_proc_field(memory, "MemAvailable", &kib)) {
		room.bytes = kib * 1024;
		snprintf(room.what, sizeof(room.what), "MemAvailable");
	}
	/* Lines "4:memory:/path" and "0::/path". */
	for (char *line = groups; line && *line;) {
		char *end = line + strcspn(line, "\n");
		bool is_last = !*end;
		*end = '\0';
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (path) {
			*path++ = '\0';
			if (!controllers[1])
				lower_by_version(&room, mounts, path, &version_2);
			else if (has_word(controllers + 1, "memory"))
				lower_by_version(&room, mounts, path, &version_1);
		}
		line = is_last ? end : end + 1;
	}
	return room;
}

struct hs_memory_room hs_memory_room(void)
{
	return hs_memory_room_by("/proc/meminfo", "/proc/self/cgroup", "/proc/self/mountinfo");
}

struct hs_error *hs_memory_check(uint64_t copy_bytes, uint64_t work_bytes)
{
	struct hs_memory_room room = hs_memory_room();

	if (copy_bytes + work_bytes <= room.bytes)
		return NULL;
	if (copy_bytes <= room.bytes)
		return hs_error_hint(hs_error_new(HS_ERROR_LIMIT, "the copy needs %llu MiB and who holds what %llu more, but only %llu MiB are left: %s",
						  (unsigned long long)(copy_bytes >> 20), (unsigned long long)(work_bytes >> 20),
						  (unsigned long long)(room.bytes >> 20), room.what),
				     "`heapspy report --types-only` needs the copy alone; or run heapspy outside the target's cgroup");
	return hs_error_hint(hs_error_new(HS_ERROR_LIMIT, "the copy needs %llu MiB, but only %llu MiB are left: %s",
					  (unsigned long long)(copy_bytes >> 20), (unsigned long long)(room.bytes >> 20), room.what),
			     "run heapspy outside the target's cgroup (on the host, or as a container of its own in the same PID namespace); "
			     "`heapspy ps` shows the sizes of processes without copying");
}
