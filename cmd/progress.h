/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line on a terminal's standard error that says what takes so long, shown only after the first second. A thread of
 * its own draws it, so that it appears even while the work does not report.
 */
#ifndef HS_PROGRESS_H
#define HS_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct hs_progress {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	const char *phase;   /* static text; NULL: nothing to say yet */
	uint64_t done, all;  /* all = 0: unknown */
	/* Told as well, or instead where nothing was started; NULL: nobody. Kept by hs_progress_start(). */
	void (*listen)(void *listener, const char *phase, uint64_t done, uint64_t all);
	void *listener;
	bool is_started;
	bool is_over;
};

/* Starts the second. Does nothing where standard error is no terminal. */
void hs_progress_start(struct hs_progress *progress);
/* As the `progress` callbacks of lib/ want it; the context is a struct hs_progress, started or zeroed. Any thread. */
void hs_progress_update(void *context, const char *phase, uint64_t done, uint64_t all);
/* Takes the line off the screen. Harmless when nothing was started. */
void hs_progress_end(struct hs_progress *progress);

#endif
