/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracemalloc's tables and the collector's state with bytes that were changed: answers may be wrong, but nothing may crash, hang or
 * read beside the image, and no more traces may come out than the image has room for. The input is changes, each 12 bytes (where, how,
 * which word, the value), that are made to a process of each layout.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "collector.h"
#include "fake_traces.h"
#include "trace_groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define N_PLACES 3
#define N_BLOCKS 40

static const char *const tables[] = { "3.8.18-upstream", "3.11.7-upstream", "3.12.1-upstream", "3.14.0-ubuntu", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

struct process {
	struct fake_traces traces;
	struct place places[N_PLACES]; /* pointers to the tables; the tables and what hangs on them; the collector's state */
};

static void make_process(struct process *process, const char *table)
{
	struct fake_traces *traces = &process->traces;
	hs_addr first;

	*traces = fake_traces_open(table);
	hs_features_refine(traces->fake->layout);
	first = traces->traces;
	hs_addr names[2] = { fake_filename(traces, "/srv/app.py"), fake_filename(traces, "/srv/main.py") };
	hs_addr tracebacks[2] = { fake_traceback(traces, 2, names, (uint32_t[]){ 3, 4 }), fake_traceback(traces, 1, names, (uint32_t[]){ 9 }) };
	for (unsigned i = 0; i < N_BLOCKS; i++)
		fake_trace_add(traces, traces->traces, i % FAKE_N_BUCKETS, 0x1000 + i * 64, i, tracebacks[i % 2], 0);
	if (traces->domains_pointer) {
		hs_addr other = fake_hashtable(traces);
		fake_trace_add(traces, other, 1, 0x9000, 5, tracebacks[0], 7);
		fake_domain_add(traces, 7, 7, other);
	}
	hs_addr collector = traces->fake->py->interpreters.items[0].collector;
	process->places[0] = (struct place){ traces->config, 64 };
	process->places[1] = (struct place){ first - 16, (uint32_t)(traces->fake->top_chunk - first) };
	process->places[2] = (struct place){ collector, HS_SIZEOF(traces->fake->layout, gc_runtime_state) };
}

static void drop(struct hs_error *error)
{
	if (error && error->code != HS_ERROR_NO_MEMORY)
		abort();
	hs_error_destroy(error);
}

static void look(const struct process *process)
{
	const struct fake_heap *fake = process->traces.fake;
	uint64_t most = hs_image_captured_bytes(fake->image) / HS_SIZEOF(fake->layout, Py_hashtable_entry);
	struct hs_trace_groups groups;
	struct hs_tracemalloc state;
	struct hs_collector collector;
	struct hs_trace trace;
	bool is_found;

	hs_tracemalloc_read(fake->py, &state);
	for (unsigned grouping = HS_TRACE_BY_LINE; grouping <= HS_TRACE_BY_TRACEBACK; grouping++) {
		const struct hs_trace_options options = { .grouping = (enum hs_trace_grouping)grouping, .is_cumulative = grouping == HS_TRACE_BY_FILE };
		drop(hs_trace_groups_of(fake->py, &state, &options, &groups));
		if (groups.walked.n > groups.walked.n_stated || groups.walked.n > most)
			abort();
		hs_tracemalloc_complete(fake->py, &groups.walked, &state);
		hs_trace_groups_release(&groups);
	}
	drop(hs_trace_find(fake->py, &state, 0x1010, &trace, &groups, &is_found));
	hs_trace_groups_release(&groups);
	drop(hs_collector_read(fake->py, 0, &collector));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct process processes[N_TABLES];
	struct change changes[MAX_CHANGES];

	for (size_t i = 0; i < N_TABLES; i++) {
		struct process *process = &processes[i];
		if (!process->traces.fake)
			make_process(process, tables[i]);
		size_t n = changes_apply(process->traces.fake, process->places, N_PLACES, data, bytes, changes);
		look(process);
		changes_undo(changes, n);
	}
	return 0;
}
