/* SPDX-License-Identifier: Apache-2.0 */
/* One line on a terminal's standard error that says what takes so long, shown only after the first second. */
#ifndef HS_PROGRESS_H
#define HS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct hs_progress {
	uint64_t started_ns;
	uint64_t shown_ns; /* when the line was last written; 0: it is not on the screen */
	bool is_enabled;   /* standard error is a terminal */
};

void hs_progress_start(struct hs_progress *progress);
/* As the `progress` callbacks of lib/ want it; `progress` is a struct hs_progress. One thread at a time. */
void hs_progress_update(void *progress, const char *phase, uint64_t done, uint64_t all);
/* Takes the line off the screen. Harmless when there is none. */
void hs_progress_end(struct hs_progress *progress);

#endif
