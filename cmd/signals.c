/* SPDX-License-Identifier: Apache-2.0 */
/* Catching signals. Knows no more of what they interrupt than that a capture can be cancelled. */
#include "signals.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "capture.h"

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
	hs_capture_cancel();
}

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
#define N_NUMBERS (sizeof(numbers) / sizeof(*numbers))

static struct sigaction before[N_NUMBERS];
static bool is_catching;

/* What was ignored when heapspy began (nohup, a script's background job) was so for a reason. */
void hs_signals_catch(void)
{
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	for (size_t i = 0; i < N_NUMBERS; i++) {
		if (!is_catching)
			sigaction(numbers[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
	is_catching = true;
}

void hs_signals_restore(void)
{
	for (size_t i = 0; is_catching && i < N_NUMBERS; i++)
		sigaction(numbers[i], &before[i], NULL);
	is_catching = false;
}

void hs_signals_forgive(void)
{
	caught = 0;
	hs_capture_cancel_not();
}

int hs_signals_caught(void)
{
	return caught;
}
