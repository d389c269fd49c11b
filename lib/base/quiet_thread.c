/* SPDX-License-Identifier: Apache-2.0 */
/* Starting threads. Knows nothing about what they do. */
#include "quiet_thread.h"

#include <signal.h>
#include <stddef.h>

/* Blocked, they kill without a handler having been called: nobody would give a terminal back. */
static const int own_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };

int hs_thread_start(pthread_t *ret, void *(*run)(void *argument), void *argument)
{
	sigset_t others, before;

	sigfillset(&others);
	for (size_t i = 0; i < sizeof(own_signals) / sizeof(*own_signals); i++)
		sigdelset(&others, own_signals[i]);
	pthread_sigmask(SIG_SETMASK, &others, &before);
	int failure = pthread_create(ret, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failure;
}
