/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of this host, and which of them run a CPython as far as names tell. Nothing is stopped. */
#ifndef HS_PROCESS_LIST_H
#define HS_PROCESS_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "array.h"
#include "error.h"

struct hs_process_entry {
	pid_t pid;
	pid_t parent;
	unsigned uid;            /* effective */
	uint64_t start_time;     /* clock ticks since boot: with the PID it names the process */
	uint64_t age_ms;
	char state;              /* as in /proc/PID/stat */
	char comm[17];
	char *exe_path;          /* NULL when it cannot be read (another user's process, a kernel thread) */
	char *script;            /* program and script of argv; NULL when it cannot be read */
	uint64_t rss_bytes;
	bool is_python;          /* the executable, a mapped libpython or a module of the standard library says so */
	char python_version[16]; /* "3.11", "3.13t"; "" when no name tells */
};

HS_ARRAY_TYPE(hs_process_list, struct hs_process_entry);

/* All processes but kernel threads, by ascending PID. One that ends while it is read is left out. */
struct hs_error *hs_process_list_read(struct hs_process_list *ret) HS_MUST_CHECK;
void hs_process_list_free(struct hs_process_list *list);
/* NULL: there is none. Borrowed. Logarithmic. */
const struct hs_process_entry *hs_process_list_find(const struct hs_process_list *list, pid_t pid);

/* Bytes that only this process maps and has written to (smaps_rollup). False: gone, or no permission. */
bool hs_process_private_dirty(pid_t pid, uint64_t *ret_bytes);

/*
 * Does the name of a file say that it is CPython: "…/python3.11", "…/libpython3.13t.so.1.0", or a path below
 * "/python3.9/lib-dynload/"? Then *ret_version is the version ("3.11"), or "" for a bare "python" or "python3".
 */
bool hs_path_is_python(const char *path, char ret_version[16]);

#endif
