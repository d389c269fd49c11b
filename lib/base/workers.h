/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting a linear pass over threads: the caller's thread and n - 1 others take chunks of the index range in turn. */
#ifndef HS_WORKERS_H
#define HS_WORKERS_H

#include <stddef.h>

/*
 * Handles the items [begin, end); `worker` is 0 … n_workers - 1 and names the caller's scratch space.
 * It must not depend on the order in which chunks are taken.
 */
typedef void hs_work(void *context, size_t begin, size_t end, unsigned worker);

/*
 * Runs `work` over [0, n_items) in chunks of `chunk` items on up to `n_workers` threads, and waits for all.
 * A thread that cannot be started is made up for by the others, so the range is always done whole.
 */
void hs_workers_run(hs_work *work, void *context, size_t n_items, size_t chunk, unsigned n_workers);

/* Threads that this process may use at once: its affinity mask's count, at least 1. */
unsigned hs_workers_default(void);

#endif
