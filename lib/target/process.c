/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a process is, as /proc tells without a stop: identity, state, figures, command line, mappings. Knows nothing about
 * ptrace, nor about what the mappings hold.
 */
#include "process.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"
#include "command_line.h"
#include "file_finder.h"
#include "permission.h"
#include "proc_file.h"
#include "process_stat.h"

void hs_process_destroy(struct hs_process *process)
{
	if (!process)
		return;
	hs_mappings_free(&process->mappings);
	free(process->exe_path);
	free(process->script);
	free(process->auxv);
	hs_file_finder_destroy(process->files);
	free(process);
}

/* A living thread of a process whose main thread has exited (its memory is no longer shown under the PID), or 0. */
static pid_t living_thread(pid_t pid)
{
	char path[HS_PROC_PATH_BYTES];
	DIR *tasks = opendir(hs_proc_path(path, pid, "task"));
	pid_t found = 0;

	if (!tasks)
		return 0;
	for (struct dirent *entry; !found && (entry = readdir(tasks));) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct hs_process_stat stat;
		if (tid <= 0 || tid == pid || hs_process_stat_read(tid, &stat))
			continue;
		if (stat.state != 'Z' && stat.state != 'X')
			found = tid;
	}
	closedir(tasks);
	return found;
}

static struct hs_error *read_identity(struct hs_process *process)
{
	struct hs_process_stat stat;

	if (hs_process_stat_read(process->pid, &stat))
		return hs_error_new(HS_ERROR_GONE, "no process with PID %d", (int)process->pid);
	if (stat.is_kernel_thread)
		return hs_error_new(HS_ERROR_NOT_CPYTHON, "PID %d (%s) is a kernel thread", (int)process->pid, stat.comm);
	process->memory_tid = process->pid;
	if (stat.state == 'Z' || stat.state == 'X') {
		process->memory_tid = living_thread(process->pid);
		if (!process->memory_tid)
			return hs_error_hint(hs_error_new(HS_ERROR_GONE, "PID %d (%s) is a zombie: it has exited, its memory is gone",
							  (int)process->pid, stat.comm),
					     "its parent, PID %d, has not waited for it yet", (int)stat.parent);
	}
	memcpy(process->comm, stat.comm, sizeof(process->comm));
	process->state = stat.state;
	process->start_time = stat.start_time;
	process->uptime_ms = hs_process_age_ms(&stat);
	return NULL;
}

static struct hs_error *read_status(struct hs_process *process)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	uint64_t value;

	HS_TRY(hs_proc_read(process->memory_tid, "status", &text, &bytes));
	if (hs_proc_field(text, "TracerPid", &value))
		process->tracer_pid = (pid_t)value;
	if (hs_proc_field(text, "VmRSS", &value))
		process->rss_bytes = value * 1024;
	return NULL;
}

static uint64_t own_pid_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) ? 0 : (uint64_t)status.st_ino;
}

static void read_boot_id(char ret[37])
{
	HS_FREE char *text = NULL;
	size_t bytes;
	struct hs_error *error = hs_file_read("/proc/sys/kernel/random/boot_id", 4096, &text, &bytes);

	if (error) {
		hs_error_destroy(error);
		return;
	}
	snprintf(ret, 37, "%.36s", text);
	ret[strcspn(ret, "\n")] = '\0';
}

/* For debuggers that open a snapshot: that it cannot be read is no error. */
static void read_auxv(struct hs_process *process)
{
	char *text;
	struct hs_error *error = hs_proc_read(process->memory_tid, "auxv", &text, &process->auxv_bytes);

	if (error)
		hs_error_destroy(error);
	else
		process->auxv = (uint8_t *)text;
}

static struct hs_error *read_exe(struct hs_process *process)
{
	struct hs_error *error = hs_exe_path_read(process->memory_tid, &process->exe_path);

	if (error && error->code == HS_ERROR_PERMISSION) {
		int os_errno = error->os_errno;
		hs_error_destroy(error);
		return hs_permission_error(process->pid, os_errno);
	}
	return error;
}

static struct hs_error *refuse_other_machines(const struct hs_process *process)
{
	char path[HS_PROC_PATH_BYTES];
	unsigned char header[EI_NIDENT];
	HS_CLOSE int fd = open(hs_proc_path(path, process->memory_tid, "exe"), O_RDONLY | O_CLOEXEC);

	/* Unreadable (no rights on the file itself): the capture will say what is wrong, if anything is. */
	if (fd < 0 || read(fd, header, sizeof(header)) != sizeof(header) || memcmp(header, ELFMAG, SELFMAG))
		return NULL;
	if (header[EI_CLASS] == ELFCLASS64)
		return NULL;
	return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "PID %d (%s) is a 32-bit process", (int)process->pid, process->comm),
			     "heapspy reads 64-bit interpreters only");
}

static struct hs_error *read_mappings(struct hs_process *process)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	struct hs_error *error = hs_proc_read(process->memory_tid, "maps", &text, &bytes);

	if (error && error->code == HS_ERROR_PERMISSION) {
		int os_errno = error->os_errno;
		hs_error_destroy(error);
		return hs_permission_error(process->pid, os_errno);
	}
	HS_TRY(error);
	if (!bytes)
		return hs_error_new(HS_ERROR_GONE, "PID %d is exiting", (int)process->pid);
	return hs_mappings_parse(text, bytes, &process->mappings);
}

bool hs_process_is_there(pid_t pid, uint64_t start_time)
{
	struct hs_process_stat stat;

	if (hs_process_stat_read(pid, &stat) || stat.start_time != start_time || stat.state == 'X')
		return false;
	return stat.state != 'Z' || living_thread(pid);
}

struct hs_error *hs_process_read(pid_t pid, struct hs_process **ret)
{
	HS_CLEANUP(hs_cleanup_process) struct hs_process *process = calloc(1, sizeof(*process));

	if (!process)
		return hs_error_no_memory();
	if (pid <= 0)
		return hs_error_new(HS_ERROR_INVALID, "%d is not a PID", (int)pid);
	process->pid = pid;
	HS_TRY(read_identity(process));
	HS_TRY(read_status(process));
	read_boot_id(process->boot_id);
	process->pid_namespace = own_pid_namespace();
	read_auxv(process);
	process->exec_id = hs_exec_id_read(process->memory_tid);
	hs_container_id_read(process->pid, process->container_id);
	HS_TRY(read_exe(process));
	HS_TRY(refuse_other_machines(process));
	HS_TRY(hs_script_read(process->pid, process->comm, &process->script));
	HS_TRY(read_mappings(process));
	*ret = hs_take(process);
	return NULL;
}

static struct hs_error *peek_by_file(pid_t pid, hs_addr address, void *ret, size_t bytes)
{
	char path[HS_PROC_PATH_BYTES];
	HS_CLOSE int fd = open(hs_proc_path(path, pid, "mem"), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? hs_error_new(HS_ERROR_GONE, "PID %d has exited", (int)pid) : hs_permission_error(pid, errno);
	ssize_t n = pread(fd, ret, bytes, (off_t)address);
	if (n == (ssize_t)bytes)
		return NULL;
	return hs_error_at(HS_ERROR_FAULT, address, "0x%" HS_PRI_ADDR ": not readable in PID %d", address, (int)pid);
}

struct hs_error *hs_process_peek(pid_t pid, hs_addr address, void *ret, size_t bytes)
{
	struct iovec local = { ret, bytes };
	struct iovec remote = { (void *)(uintptr_t)address, bytes };

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)bytes)
		return NULL;
	if (errno == ESRCH)
		return hs_error_new(HS_ERROR_GONE, "PID %d has exited", (int)pid);
	return peek_by_file(pid, address, ret, bytes);
}

struct hs_error *hs_process_read_constant(const struct hs_process *process, hs_addr address, void *ret, size_t bytes)
{
	if (!process->files)
		return hs_process_peek(process->pid, address, ret, bytes);
	if (hs_core_file_memory(hs_file_finder_core(process->files), address, ret, bytes))
		return NULL;
	return hs_error_at(HS_ERROR_FAULT, address, "0x%" HS_PRI_ADDR ": not in the core", address);
}
