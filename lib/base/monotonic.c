/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the kernel for the time. */
#include "monotonic.h"

#include <time.h>

uint64_t hs_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
