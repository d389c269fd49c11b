/* SPDX-License-Identifier: Apache-2.0 */
/* Parses /proc/PID/stat. The second field is the task's own choice of name and may hold blanks and parentheses. */
#include "process_stat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "proc_file.h"

#define PF_KTHREAD 0x00200000u

/* Fields are counted as in proc(5), from 1; comm is 2. */
enum { FIELD_STATE = 3, FIELD_PARENT = 4, FIELD_FLAGS = 9, FIELD_START_TIME = 22 };

int hs_process_stat_parse(const char *text, struct hs_process_stat *ret)
{
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	struct hs_process_stat stat = { 0 };

	if (!open || !close || close < open || close[1] != ' ')
		return -1;
	size_t comm_bytes = (size_t)(close - open) - 1;
	if (comm_bytes >= sizeof(stat.comm))
		comm_bytes = sizeof(stat.comm) - 1;
	memcpy(stat.comm, open + 1, comm_bytes);

	const char *field = close + 2;
	for (int number = FIELD_STATE; number <= FIELD_START_TIME; number++) {
		unsigned long long value = strtoull(field, NULL, 10);
		if (number == FIELD_STATE)
			stat.state = *field;
		else if (number == FIELD_PARENT)
			stat.parent = (pid_t)value;
		else if (number == FIELD_FLAGS)
			stat.is_kernel_thread = value & PF_KTHREAD;
		else if (number == FIELD_START_TIME)
			stat.start_time = value;
		field = strchr(field, ' ');
		if (!field)
			return -1;
		field++;
	}
	*ret = stat;
	return 0;
}

int hs_process_stat_read(pid_t tid, struct hs_process_stat *ret)
{
	char path[HS_PROC_PATH_BYTES], text[1024];
	HS_CLOSE int fd = open(hs_proc_path(path, tid, "stat"), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return hs_process_stat_parse(text, ret);
}

uint64_t hs_process_age_ms(const struct hs_process_stat *stat)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	uint64_t start_ms = stat->start_time * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	return now_ms > start_ms ? now_ms - start_ms : 0;
}
