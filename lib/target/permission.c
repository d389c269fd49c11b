/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of ptrace access (ptrace(2), "Ptrace access mode checking"), asked one by one after the kernel said no, in
 * the order in which a user can do something about them. Changes nothing.
 */
#include "permission.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "proc_file.h"
#include "process_stat.h"

#define CAP_SYS_PTRACE_BIT 19

/* What both sides are allowed to do, out of /proc/PID/status. */
struct credentials {
	unsigned uid[3]; /* real, effective, saved */
	uint64_t permitted;
	uint64_t effective;
	pid_t tracer;
	unsigned seccomp_mode;
	bool is_known;
};

static struct credentials read_credentials(pid_t pid)
{
	struct credentials credentials = { 0 };
	HS_FREE char *text = NULL;
	size_t bytes;
	uint64_t value;
	struct hs_error *error = hs_proc_read(pid, "status", &text, &bytes);

	if (error) {
		hs_error_destroy(error);
		return credentials;
	}
	const char *uids = hs_proc_line(text, "Uid");
	const char *permitted = hs_proc_line(text, "CapPrm");
	const char *effective = hs_proc_line(text, "CapEff");
	credentials.is_known = uids && sscanf(uids, "%u %u %u", &credentials.uid[0], &credentials.uid[1], &credentials.uid[2]) == 3;
	credentials.permitted = permitted ? strtoull(permitted, NULL, 16) : 0;
	credentials.effective = effective ? strtoull(effective, NULL, 16) : 0;
	if (hs_proc_field(text, "TracerPid", &value))
		credentials.tracer = (pid_t)value;
	if (hs_proc_field(text, "Seccomp", &value))
		credentials.seccomp_mode = (unsigned)value;
	return credentials;
}

static bool has_ptrace_capability(const struct credentials *credentials)
{
	return credentials->effective >> CAP_SYS_PTRACE_BIT & 1;
}

/* -1: the kernel has no Yama. */
static int yama_scope(void)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	struct hs_error *error = hs_file_read("/proc/sys/kernel/yama/ptrace_scope", 64, &text, &bytes);

	if (error) {
		hs_error_destroy(error);
		return -1;
	}
	return atoi(text);
}

static struct hs_error *already_traced(pid_t pid, pid_t tracer)
{
	struct hs_process_stat stat;
	const char *comm = hs_process_stat_read(tracer, &stat) ? "?" : stat.comm;

	return hs_error_hint(hs_error_new(HS_ERROR_PERMISSION, "PID %d is already traced by PID %d (%s)", (int)pid, (int)tracer, comm),
			     "a process has one tracer at a time: end that one (gdb, strace, another heapspy), or use --nonblocking");
}

static struct hs_error *yama_forbids(pid_t pid, int scope)
{
	struct hs_error *error = hs_error_new(HS_ERROR_PERMISSION, "PID %d: kernel.yama.ptrace_scope is %d", (int)pid, scope);

	if (scope >= 3)
		return hs_error_hint(error, "no process may trace another until the next boot; a core file still can be read");
	if (scope == 2)
		return hs_error_hint(error, "only holders of CAP_SYS_PTRACE may trace: run heapspy with sudo");
	return hs_error_hint(error, "run heapspy with sudo, or allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0");
}

static struct hs_error *other_user(pid_t pid, const struct credentials *theirs)
{
	return hs_error_hint(hs_error_new(HS_ERROR_PERMISSION, "PID %d belongs to user %u, heapspy runs as user %u without CAP_SYS_PTRACE",
					  (int)pid, theirs->uid[0], (unsigned)geteuid()),
			     "run heapspy with sudo, or as that user");
}

static bool is_dumpable(pid_t pid, const struct credentials *theirs)
{
	char path[HS_PROC_PATH_BYTES];
	struct stat status;

	/* The kernel gives the files of a process that is not dumpable to root. */
	if (stat(hs_proc_path(path, pid, "environ"), &status))
		return true;
	return status.st_uid == theirs->uid[1];
}

static struct hs_error *capability_missing(pid_t pid, const struct credentials *ours)
{
	return hs_error_hint(hs_error_new(HS_ERROR_PERMISSION, "PID %d: heapspy runs as root but without CAP_SYS_PTRACE%s", (int)pid,
					  ours->seccomp_mode ? " and under a seccomp filter" : ""),
			     "in a container, start it with --cap-add=SYS_PTRACE (Kubernetes: securityContext.capabilities.add: [\"SYS_PTRACE\"])");
}

struct hs_error *hs_permission_error(pid_t pid, int os_errno)
{
	struct credentials theirs = read_credentials(pid), ours = read_credentials(getpid());
	int scope = yama_scope();

	if (!theirs.is_known)
		return hs_error_new(HS_ERROR_GONE, "PID %d has exited", (int)pid);
	if (theirs.tracer)
		return already_traced(pid, theirs.tracer);
	if (scope >= 3)
		return yama_forbids(pid, scope);
	if (!has_ptrace_capability(&ours)) {
		bool same_user = theirs.uid[0] == geteuid() && theirs.uid[1] == geteuid() && theirs.uid[2] == geteuid();
		if (geteuid() == 0)
			return capability_missing(pid, &ours);
		if (!same_user)
			return other_user(pid, &theirs);
		if (!is_dumpable(pid, &theirs))
			return hs_error_hint(hs_error_new(HS_ERROR_PERMISSION, "PID %d is not dumpable (set-user-ID, file capabilities or "
							  "prctl(PR_SET_DUMPABLE, 0))", (int)pid),
					     "only root may look into it: run heapspy with sudo");
		if (theirs.permitted & ~ours.permitted)
			return hs_error_hint(hs_error_new(HS_ERROR_PERMISSION, "PID %d has capabilities that heapspy has not", (int)pid),
					     "run heapspy with sudo");
		if (scope > 0)
			return yama_forbids(pid, scope);
	}
	return hs_error_hint(hs_error_new(HS_ERROR_PERMISSION, "PID %d: the kernel refuses access: %s", (int)pid, strerror(os_errno)),
			     "a security module (AppArmor, SELinux), a seccomp filter or another user namespace forbids it%s; see ptrace(2), "
			     "\"Ptrace access mode checking\". Where only ptrace is forbidden, --nonblocking works",
			     ours.seccomp_mode ? " (heapspy runs under a seccomp filter)" : "");
}
