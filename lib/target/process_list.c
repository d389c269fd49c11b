/* SPDX-License-Identifier: Apache-2.0 */
/* Walks /proc. Judges by names only: that a process really is a CPython is found out by the layout. */
#include "process_list.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "command_line.h"
#include "proc_file.h"
#include "process.h"
#include "process_stat.h"

/* "3", "3.11", "3.13t", "3.11d" at the start of `text`; returns what follows, or NULL when it is no version. */
static const char *take_version(const char *text, char ret[16])
{
	size_t n = 0, n_dots = 0;

	while (n < 8 && (isdigit((unsigned char)text[n]) || (text[n] == '.' && n && isdigit((unsigned char)text[n + 1]) && n_dots++ == 0)))
		n++;
	if (!n)
		return NULL;
	while (n < 12 && text[n] && strchr("dtmu", text[n]))
		n++;
	memcpy(ret, text, n);
	ret[n] = '\0';
	if (!strchr(ret, '.'))
		ret[0] = '\0';
	return text + n;
}

bool hs_path_is_python(const char *path, char ret_version[16])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dynload = strstr(path, "/lib-dynload/");
	char version[16] = "";

	if (!strncmp(name, "libpython", 9)) {
		const char *rest = take_version(name + 9, version);
		if (!rest || strncmp(rest, ".so", 3))
			return false;
	} else if (!strncmp(name, "python", 6)) {
		const char *rest = name[6] ? take_version(name + 6, version) : name + 6;
		if (!rest || *rest)
			return false;
	} else if (dynload) {
		const char *folder = dynload;
		while (folder > path && folder[-1] != '/')
			folder--;
		if (strncmp(folder, "python", 6) || take_version(folder + 6, version) != dynload)
			return false;
	} else {
		return false;
	}
	memcpy(ret_version, version, sizeof(version));
	return true;
}

/* Looks through the mapped files; the best answer is one that knows the version. */
static void look_for_python(struct hs_process_entry *entry)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	struct hs_mappings mappings;

	if (entry->exe_path)
		entry->is_python = hs_path_is_python(entry->exe_path, entry->python_version);
	struct hs_error *error = hs_proc_read(entry->pid, "maps", &text, &bytes);
	if (!error)
		error = hs_mappings_parse(text, bytes, &mappings);
	if (error) {
		hs_error_destroy(error);
		return;
	}
	for (size_t i = 0; i < mappings.n && !entry->python_version[0]; i++)
		if (mappings.items[i].inode && hs_path_is_python(mappings.items[i].path, entry->python_version))
			entry->is_python = true;
	hs_mappings_free(&mappings);
}

static void read_figures(struct hs_process_entry *entry)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	uint64_t value;
	struct hs_error *error = hs_proc_read(entry->pid, "status", &text, &bytes);

	if (error) {
		hs_error_destroy(error);
		return;
	}
	if (hs_proc_field(text, "VmRSS", &value))
		entry->rss_bytes = value * 1024;
	const char *uids = hs_proc_line(text, "Uid");
	if (uids)
		entry->uid = (unsigned)strtoul(uids + strcspn(uids, "\t"), NULL, 10);
}

/* False: no process, or a kernel thread. */
static bool read_entry(pid_t pid, struct hs_process_entry *ret)
{
	struct hs_process_entry entry = { .pid = pid };
	struct hs_process_stat stat;

	if (hs_process_stat_read(pid, &stat) || stat.is_kernel_thread)
		return false;
	entry.parent = stat.parent;
	entry.start_time = stat.start_time;
	entry.age_ms = hs_process_age_ms(&stat);
	entry.state = stat.state;
	memcpy(entry.comm, stat.comm, sizeof(entry.comm));
	read_figures(&entry);
	hs_error_destroy(hs_exe_path_read(pid, &entry.exe_path));
	hs_error_destroy(hs_script_read(pid, stat.comm, &entry.script));
	look_for_python(&entry);
	*ret = entry;
	return true;
}

static int compare_pids(const void *a, const void *b)
{
	const struct hs_process_entry *left = a, *right = b;

	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

struct hs_error *hs_process_list_read(struct hs_process_list *ret)
{
	struct hs_process_list list = { 0 };
	DIR *processes = opendir("/proc");

	if (!processes)
		return hs_error_new(HS_ERROR_OS, "/proc is not mounted");
	for (struct dirent *item; (item = readdir(processes));) {
		struct hs_process_entry entry;
		pid_t pid = (pid_t)strtol(item->d_name, NULL, 10);
		if (pid <= 0 || !read_entry(pid, &entry))
			continue;
		if (!hs_array_reserve(&list, list.n + 1)) {
			closedir(processes);
			free(entry.exe_path);
			free(entry.script);
			hs_process_list_free(&list);
			return hs_error_no_memory();
		}
		list.items[list.n++] = entry;
	}
	closedir(processes);
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), compare_pids);
	*ret = list;
	return NULL;
}

void hs_process_list_free(struct hs_process_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].exe_path);
		free(list->items[i].script);
	}
	hs_array_free(list);
}

const struct hs_process_entry *hs_process_list_find(const struct hs_process_list *list, pid_t pid)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->items[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->n && list->items[low].pid == pid ? &list->items[low] : NULL;
}

bool hs_process_private_dirty(pid_t pid, uint64_t *ret_bytes)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	uint64_t kib;
	struct hs_error *error = hs_proc_read(pid, "smaps_rollup", &text, &bytes);

	if (error) {
		hs_error_destroy(error);
		return false;
	}
	if (!hs_proc_field(text, "Private_Dirty", &kib))
		return false;
	*ret_bytes = kib * 1024;
	return true;
}
