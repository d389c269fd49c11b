/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line. Knows nothing about the work. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define QUIET_NS 1000000000ull
#define REDRAW_NS 100000000ull

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void hs_progress_start(struct hs_progress *progress)
{
	*progress = (struct hs_progress){ .started_ns = now_ns(), .is_enabled = isatty(STDERR_FILENO) };
}

void hs_progress_update(void *context, const char *phase, uint64_t done, uint64_t all)
{
	struct hs_progress *progress = context;

	if (!progress->is_enabled)
		return;
	uint64_t now = now_ns();
	if (now - progress->started_ns < QUIET_NS || now - progress->shown_ns < REDRAW_NS)
		return;
	progress->shown_ns = now;
	if (all)
		fprintf(stderr, "\r\033[K%s %3u %%", phase, (unsigned)(done < all ? (double)done / (double)all * 100 : 100));
	else
		fprintf(stderr, "\r\033[K%s", phase);
	fflush(stderr);
}

void hs_progress_end(struct hs_progress *progress)
{
	if (!progress->shown_ns)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->shown_ns = 0;
}
