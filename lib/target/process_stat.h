/* SPDX-License-Identifier: Apache-2.0 */
/* What we use of /proc/PID/stat, for processes and for single threads. Private to lib/target. */
#ifndef HS_PROCESS_STAT_H
#define HS_PROCESS_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hs_process_stat {
	char comm[17];
	char state;
	pid_t parent;
	bool is_kernel_thread;
	uint64_t start_time; /* clock ticks since boot */
};

/* Reads /proc/<tid>/stat, of a PID or of any thread; 0, or -1 when that task does not exist (any more). */
int hs_process_stat_read(pid_t tid, struct hs_process_stat *ret);
/* Since its start; 0 when the clock says that it starts in the future. */
uint64_t hs_process_age_ms(const struct hs_process_stat *stat);
/* Parses the file's text, NUL-terminated; 0 or -1. */
int hs_process_stat_parse(const char *text, struct hs_process_stat *ret);

#endif
