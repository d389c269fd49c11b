/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line. Knows nothing about the work. */
#include "progress.h"

#include <stdio.h>
#include <time.h>

#include "quiet_thread.h"
#include "terminal.h"

#define QUIET_MS 1000
#define REDRAW_MS 100

static struct timespec after_ms(long ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_nsec += ms % 1000 * 1000000;
	time.tv_sec += ms / 1000 + time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

static void draw(const struct hs_progress *progress)
{
	if (!progress->phase)
		return;
	char text[128], percent[16] = "";

	if (progress->all)
		snprintf(percent, sizeof(percent), " %3u %%", (unsigned)(progress->done < progress->all ? (double)progress->done / (double)progress->all * 100 : 100));
	snprintf(text, sizeof(text), "%s%s", progress->phase, percent);
	hs_terminal_put_status(text);
}

static void *draw_until_over(void *argument)
{
	struct hs_progress *progress = argument;
	bool is_drawn = false;
	long wait_ms = QUIET_MS;

	pthread_mutex_lock(&progress->mutex);
	while (!progress->is_over) {
		struct timespec until = after_ms(wait_ms);
		if (!pthread_cond_timedwait(&progress->wake, &progress->mutex, &until))
			continue;
		draw(progress);
		is_drawn = true;
		wait_ms = REDRAW_MS;
	}
	pthread_mutex_unlock(&progress->mutex);
	if (is_drawn)
		hs_terminal_put_status("");
	return NULL;
}

void hs_progress_start(struct hs_progress *progress)
{
	pthread_condattr_t monotonic;

	*progress = (struct hs_progress){ .listen = progress->listen, .listener = progress->listener };
	if (!hs_terminal_has_status())
		return;
	pthread_mutex_init(&progress->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&progress->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	/* Signals are for the thread that works: they interrupt what it waits for. */
	progress->is_started = !hs_thread_start(&progress->thread, draw_until_over, progress);
}

void hs_progress_update(void *context, const char *phase, uint64_t done, uint64_t all)
{
	struct hs_progress *progress = context;

	if (progress->listen)
		progress->listen(progress->listener, phase, done, all);
	if (!progress->is_started)
		return;
	pthread_mutex_lock(&progress->mutex);
	progress->phase = phase;
	progress->done = done;
	progress->all = all;
	pthread_mutex_unlock(&progress->mutex);
}

void hs_progress_end(struct hs_progress *progress)
{
	if (!progress->is_started)
		return;
	pthread_mutex_lock(&progress->mutex);
	progress->is_over = true;
	pthread_cond_signal(&progress->wake);
	pthread_mutex_unlock(&progress->mutex);
	pthread_join(progress->thread, NULL);
	pthread_cond_destroy(&progress->wake);
	pthread_mutex_destroy(&progress->mutex);
	progress->is_started = false;
}
