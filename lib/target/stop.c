/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop: from the first thread's interrupt to the last one's detach nothing waits for anything but the target and the
 * copy. It runs in a thread of its own, whose end releases whatever could not be detached (see tracee.h).
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cleanup.h"
#include "monotonic.h"
#include "session.h"
#include "tracee.h"

#define MAX_STOP_WAIT_NS 2000000000ULL
#define STOP_NICE (-10)

static pthread_mutex_t no_target_is_stopped = PTHREAD_MUTEX_INITIALIZER;

void hs_capture_hold_off(void)
{
	pthread_mutex_lock(&no_target_is_stopped);
}

void hs_capture_go_on(void)
{
	pthread_mutex_unlock(&no_target_is_stopped);
}

struct stop {
	struct hs_session *session;
	struct hs_tracees tracees;
	struct hs_error *error;
};

static struct hs_error *work_under_stop(struct stop *stop)
{
	struct hs_session *session = stop->session;

	HS_TRY(hs_tracees_stop(&stop->tracees));
	HS_TRY(hs_tracees_registers(&stop->tracees, &session->capture->threads));
	HS_TRY(hs_session_plan(session));
	HS_TRY(hs_session_read_uses(session));
	return hs_session_copy(session);
}

static void *run_tracer(void *argument)
{
	struct stop *stop = argument;
	struct hs_session *session = stop->session;
	/* The target waits: be served before others, here and in the copying threads, which inherit it. Needs rights; or not. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), STOP_NICE);
	uint64_t now_ns = hs_monotonic_ns();
	session->stop_deadline_ns = session->max_pause_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + session->max_pause_ns;
	stop->tracees.pid = session->pid;
	stop->tracees.deadline_ns = now_ns + MAX_STOP_WAIT_NS;
	if (stop->tracees.deadline_ns > session->stop_deadline_ns)
		stop->tracees.deadline_ns = session->stop_deadline_ns;

	stop->error = work_under_stop(stop);
	hs_tracees_detach(&stop->tracees);
	if (stop->tracees.first_interrupt_ns) {
		session->capture->pause_ns = hs_monotonic_ns() - stop->tracees.first_interrupt_ns;
		session->capture->taken_at_ns = stop->tracees.first_interrupt_ns + session->capture->pause_ns / 2;
	}
	session->capture->was_stopped = stop->tracees.was_stopped;
	return NULL;
}

/*
 * Signals that wait meanwhile, here and (by inheritance) in the tracer: SIGCHLD, so that the tracer can wait for it; those of job
 * control, because a tracer that is stopped (Ctrl-Z) would leave the target stopped with it. Other threads that could
 * take them, and stop all, hold off captures first.
 */
static void block_meanwhile(sigset_t *ret_before)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGTSTP);
	sigaddset(&blocked, SIGTTIN);
	sigaddset(&blocked, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &blocked, ret_before);
}

struct hs_error *hs_session_stop_and_copy(struct hs_session *session)
{
	struct stop stop = { .session = session };
	struct hs_capture *capture = session->capture;
	sigset_t before;
	pthread_t tracer;

	if (!hs_array_reserve(&capture->pauses_ns, capture->pauses_ns.n + 1))
		return hs_error_no_memory();
	block_meanwhile(&before);
	hs_capture_hold_off();
	int failure = pthread_create(&tracer, NULL, run_tracer, &stop);
	if (!failure)
		pthread_join(tracer, NULL);
	hs_capture_go_on();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	hs_tracees_free(&stop.tracees);
	if (failure)
		return hs_error_os(failure, "starting a thread");
	capture->pauses_ns.items[capture->pauses_ns.n++] = capture->pause_ns;
	return stop.error;
}
