/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting a linear pass over threads. Knows nothing about what the pass does. */
#include "workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define MAX_WORKERS 64

struct pass {
	hs_work *work;
	void *context;
	size_t n_items;
	size_t chunk;
	atomic_size_t next;
};

struct worker {
	struct pass *pass;
	unsigned index;
	pthread_t thread;
};

static void *take_chunks(void *argument)
{
	struct worker *worker = argument;
	struct pass *pass = worker->pass;

	for (;;) {
		size_t begin = atomic_fetch_add_explicit(&pass->next, pass->chunk, memory_order_relaxed);
		if (begin >= pass->n_items)
			return NULL;
		size_t end = pass->n_items - begin < pass->chunk ? pass->n_items : begin + pass->chunk;
		pass->work(pass->context, begin, end, worker->index);
	}
}

void hs_workers_run(hs_work *work, void *context, size_t n_items, size_t chunk, unsigned n_workers)
{
	struct pass pass = { .work = work, .context = context, .n_items = n_items, .chunk = chunk ? chunk : 1 };
	struct worker workers[MAX_WORKERS];
	unsigned n_started = 1;

	if (n_workers > MAX_WORKERS)
		n_workers = MAX_WORKERS;
	workers[0] = (struct worker){ .pass = &pass };
	while (n_started < n_workers && (size_t)n_started * pass.chunk < n_items) {
		workers[n_started] = (struct worker){ .pass = &pass, .index = n_started };
		if (pthread_create(&workers[n_started].thread, NULL, take_chunks, &workers[n_started]))
			break;
		n_started++;
	}
	take_chunks(&workers[0]);
	for (unsigned i = 1; i < n_started; i++)
		pthread_join(workers[i].thread, NULL);
}

unsigned hs_workers_default(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	int n = CPU_COUNT(&set);
	return n < 1 ? 1 : (unsigned)n;
}
