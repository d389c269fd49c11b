/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the small text files of /proc and /sys whole, and single numbers out of them. Private to lib/target. */
#ifndef HS_PROC_FILE_H
#define HS_PROC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Longest path that hs_proc_path() writes, with the NUL. */
#define HS_PROC_PATH_BYTES 64

/* "/proc/<pid>/<name>" into `ret`; `name` is one of ours, never the target's text. */
const char *hs_proc_path(char ret[HS_PROC_PATH_BYTES], pid_t pid, const char *name);

/*
 * Reads a whole file; *ret is owned, NUL-terminated one byte after *ret_bytes. Files above `max_bytes` end in BAD_DATA.
 * Errors: OS, GONE (ESRCH, or a missing /proc/PID), PERMISSION, NO_MEMORY.
 */
struct hs_error *hs_file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_bytes) HS_MUST_CHECK;
/* The same for /proc/<pid>/<name>. */
struct hs_error *hs_proc_read(pid_t pid, const char *name, char **ret, size_t *ret_bytes) HS_MUST_CHECK;

/* The number after "<key>:" at a line's start ("VmRSS", "TracerPid"), in the file's unit; false when there is none. */
bool hs_proc_field(const char *text, const char *key, uint64_t *ret);
/* The line after "<key>:" with blanks skipped; borrowed from `text`, ends at its '\n' or NUL. NULL when there is none. */
const char *hs_proc_line(const char *text, const char *key);

#endif
