/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that calls ptrace. Knows threads and stops, not memory. */
#include "tracee.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "monotonic.h"
#include "permission.h"
#include "proc_file.h"
#include "process_stat.h"
#include "session.h"

#define FIRST_WAIT_NS 200000L     /* then doubled: SIGCHLD wakes us, unless another thread of ours took it */
#define MAX_WAIT_NS 10000000L
#define HELD_AFTER_NS 20000000ULL /* in uninterruptible sleep for that long: it will not stop soon */

/* 'X' when the task is gone. */
static char task_state(pid_t tid)
{
	struct hs_process_stat stat;

	return hs_process_stat_read(tid, &stat) ? 'X' : stat.state;
}

/* Threads come in the order in which they were made, so the n-th is mostly where it was the last time. */
static bool is_known(const struct hs_tracees *tracees, pid_t tid, size_t likely)
{
	if (likely < tracees->items.n && tracees->items.items[likely].tid == tid)
		return true;
	for (size_t i = 0; i < tracees->items.n; i++)
		if (tracees->items.items[i].tid == tid)
			return true;
	return false;
}

static struct hs_error *seize(struct hs_tracees *tracees, pid_t tid)
{
	struct hs_tracee *tracee = hs_array_append(&tracees->items);

	if (!tracee)
		return hs_error_no_memory();
	*tracee = (struct hs_tracee){ tid, HS_TRACEE_SEIZED };
	if (ptrace(PTRACE_SEIZE, tid, 0, 0)) {
		int os_errno = errno;
		char state = task_state(tid);
		tracee->state = HS_TRACEE_GONE;
		if (os_errno == ESRCH || state == 'X' || state == 'Z')
			return NULL;
		return hs_permission_error(tracees->pid, os_errno);
	}
	if (!tracees->first_interrupt_ns)
		tracees->first_interrupt_ns = hs_monotonic_ns();
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0))
		tracee->state = HS_TRACEE_GONE;
	return NULL;
}

/* Seizes the threads that are not known yet; *ret_n: how many there were. */
static struct hs_error *seize_new_threads(struct hs_tracees *tracees, size_t *ret_n)
{
	char path[HS_PROC_PATH_BYTES];
	DIR *tasks = opendir(hs_proc_path(path, tracees->pid, "task"));
	struct hs_error *error = NULL;
	size_t likely = 0, n_before = tracees->items.n;

	if (!tasks)
		return hs_error_new(HS_ERROR_GONE, "PID %d has exited", (int)tracees->pid);
	for (struct dirent *entry; !error && (entry = readdir(tasks));) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (tid > 0 && !is_known(tracees, tid, likely++))
			error = seize(tracees, tid);
	}
	closedir(tasks);
	*ret_n = tracees->items.n - n_before;
	return error;
}

static bool is_job_control_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/*
 * A stop that waitpid reported. A signal on its way to the target is passed on at once, with a new interrupt first, since
 * any stop uses up the pending one: were it kept until the detach, it would be lost if we were killed meanwhile.
 */
static void handle_stop(struct hs_tracees *tracees, struct hs_tracee *tracee, int status)
{
	int signal = WSTOPSIG(status);

	if (status >> 16 == PTRACE_EVENT_STOP) {
		tracee->state = HS_TRACEE_STOPPED;
		if (is_job_control_signal(signal))
			tracees->was_stopped = true;
		return;
	}
	ptrace(PTRACE_INTERRUPT, tracee->tid, 0, 0);
	if (ptrace(PTRACE_CONT, tracee->tid, 0, (void *)(intptr_t)(status >> 16 ? 0 : signal)) && errno == ESRCH)
		return; /* killed in between: the next wait says so */
}

/* Takes what the kernel has to say about a tracee, without waiting. */
static void poll_tracee(struct hs_tracees *tracees, struct hs_tracee *tracee)
{
	while (tracee->state == HS_TRACEE_SEIZED) {
		int status;
		pid_t tid = waitpid(tracee->tid, &status, __WALL | WNOHANG);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid == 0)
			return;
		if (tid < 0 || WIFEXITED(status) || WIFSIGNALED(status))
			tracee->state = HS_TRACEE_GONE;
		else if (WIFSTOPPED(status))
			handle_stop(tracees, tracee, status);
	}
}

/* A tracee that has not stopped for a while: is there a stop to wait for? */
static void judge_late_tracee(struct hs_tracee *tracee, uint64_t waited_ns)
{
	char state = task_state(tracee->tid);

	/* A main thread that has exited while others run is a zombie, but waitpid does not report it before they end. */
	if (state == 'X' || state == 'Z')
		tracee->state = HS_TRACEE_GONE;
	else if (state == 'D' && waited_ns > HELD_AFTER_NS)
		tracee->state = HS_TRACEE_HELD;
}

static struct hs_error *wait_for(struct hs_tracees *tracees, struct hs_tracee *tracee, const sigset_t *sigchld)
{
	struct timespec timeout = { 0, FIRST_WAIT_NS };
	uint64_t start_ns = hs_monotonic_ns();

	for (poll_tracee(tracees, tracee); tracee->state == HS_TRACEE_SEIZED; poll_tracee(tracees, tracee)) {
		uint64_t now_ns = hs_monotonic_ns();
		if (hs_session_is_cancelled())
			return hs_session_cancelled();
		if (now_ns > tracees->deadline_ns)
			return hs_error_hint(hs_error_new(HS_ERROR_LIMIT, "thread %d of PID %d (state %c) did not stop in time; it was "
							  "let go", (int)tracee->tid, (int)tracees->pid, task_state(tracee->tid)),
					     "is the process frozen or the machine overloaded? --nonblocking needs no stop");
		sigtimedwait(sigchld, NULL, &timeout);
		if (timeout.tv_nsec * 2 <= MAX_WAIT_NS)
			timeout.tv_nsec *= 2;
		poll_tracee(tracees, tracee);
		if (tracee->state == HS_TRACEE_SEIZED)
			judge_late_tracee(tracee, hs_monotonic_ns() - start_ns);
	}
	return NULL;
}

struct hs_error *hs_tracees_stop(struct hs_tracees *tracees)
{
	sigset_t sigchld;
	size_t n_new = 0;

	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	do {
		HS_TRY(seize_new_threads(tracees, &n_new));
		for (size_t i = tracees->items.n - n_new; i < tracees->items.n; i++)
			HS_TRY(wait_for(tracees, &tracees->items.items[i], &sigchld));
	} while (n_new);

	for (size_t i = 0; i < tracees->items.n; i++)
		if (tracees->items.items[i].state == HS_TRACEE_STOPPED || tracees->items.items[i].state == HS_TRACEE_HELD)
			return NULL;
	return hs_error_new(HS_ERROR_GONE, "PID %d has exited", (int)tracees->pid);
}

struct hs_error *hs_tracees_registers(const struct hs_tracees *tracees, struct hs_thread_list *ret)
{
	for (size_t i = 0; i < tracees->items.n; i++) {
		const struct hs_tracee *tracee = &tracees->items.items[i];
		if (tracee->state == HS_TRACEE_GONE)
			continue;
		struct hs_stopped_thread *thread = hs_array_append(ret);
		if (!thread)
			return hs_error_no_memory();
		thread->tid = tracee->tid;
		struct iovec registers = { &thread->registers, sizeof(thread->registers) };
		thread->has_registers = tracee->state == HS_TRACEE_STOPPED &&
					!ptrace(PTRACE_GETREGSET, tracee->tid, (void *)NT_PRSTATUS, &registers);
	}
	return NULL;
}

void hs_tracees_detach(struct hs_tracees *tracees)
{
	for (size_t i = 0; i < tracees->items.n; i++) {
		struct hs_tracee *tracee = &tracees->items.items[i];
		poll_tracee(tracees, tracee);
		if (tracee->state == HS_TRACEE_STOPPED)
			ptrace(PTRACE_DETACH, tracee->tid, 0, 0);
		tracee->state = HS_TRACEE_GONE;
	}
}

void hs_tracees_free(struct hs_tracees *tracees)
{
	hs_array_free(&tracees->items);
}
