/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing what is known of two processes. Reads nothing. */
#include "same_process.h"

#include <string.h>

static bool differ(uint64_t a, uint64_t b)
{
	return a && b && a != b;
}

static bool has_other_boot(const struct hs_process *a, const struct hs_process *b)
{
	return *a->boot_id && *b->boot_id && strcmp(a->boot_id, b->boot_id) != 0;
}

static bool is_all_known(const struct hs_process *process)
{
	return *process->boot_id && process->start_time && process->pid_namespace;
}

bool hs_process_is_same(const struct hs_process *a, const struct hs_process *b, const char **ret_why)
{
	if (has_other_boot(a, b))
		*ret_why = "they ran on different hosts, or before and after a restart of one";
	else if (differ(a->pid_namespace, b->pid_namespace))
		*ret_why = "their PIDs are of different namespaces";
	else if (a->pid != b->pid)
		*ret_why = "their PIDs differ";
	else if (differ(a->start_time, b->start_time))
		*ret_why = "they have one PID, but were started at different times";
	else if (differ(a->exec_id, b->exec_id))
		*ret_why = "between them it became another program (exec)";
	else if (is_all_known(a) && is_all_known(b)) {
		*ret_why = "boot, PID, namespace and start time are the same";
		return true;
	} else if (a->exec_id && b->exec_id) {
		*ret_why = "PID and the kernel's random bytes of its start are the same";
		return true;
	} else
		*ret_why = "too little is known to tell that they are of one process";
	return false;
}
