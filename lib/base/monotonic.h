/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that durations are measured with, whatever happens to the time of day. */
#ifndef HS_MONOTONIC_H
#define HS_MONOTONIC_H

#include <stdint.h>

/* CLOCK_MONOTONIC, in nanoseconds. */
uint64_t hs_monotonic_ns(void);

#endif
