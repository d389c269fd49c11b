/* SPDX-License-Identifier: Apache-2.0 */
/* Catching signals. Knows no more of what they interrupt than that a capture can be cancelled. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

#include "capture.h"

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
	hs_capture_cancel();
}

void hs_signals_catch(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

void hs_signals_restore(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

int hs_signals_caught(void)
{
	return caught;
}
