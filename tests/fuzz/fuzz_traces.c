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

#include "collector.h"
#include "fake_traces.h"
#include "trace_groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define CHANGE_BYTES 12
#define MAX_CHANGES 32
#define N_PLACES 3
#define N_BLOCKS 40

static const char *const tables[] = { "3.8.18-upstream", "3.11.7-upstream", "3.12.1-upstream", "3.14.0-ubuntu", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

/* What may be changed: pointers to the tables, the tables and what hangs on them, the collector's state. */
struct place {
	hs_addr start;
	uint32_t bytes;
};

struct process {
	struct fake_traces traces;
	struct place places[N_PLACES];
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

static uint64_t word_of(const struct process *process, uint8_t how, uint64_t old, uint32_t value)
{
	const struct place *place = &process->places[value % N_PLACES];

	switch (how & 7) {
	case 0:
		return value;
	case 1:
		return (uint64_t)value << 32;
	case 2:
		return place->start + (value >> 8) % place->bytes;
	case 3:
		return (place->start + (value >> 8) % place->bytes) & ~(uint64_t)7;
	case 4:
		return old + (uint64_t)(int64_t)(int32_t)value;
	case 5:
		return old ^ (uint64_t)1 << (value & 63);
	case 6:
		return 0 - (uint64_t)value;
	default:
		return (old & ~(uint64_t)0xff) | (value & 0xff);
	}
}

struct change {
	uint8_t *at;
	uint64_t before;
};

static size_t apply(const struct process *process, const uint8_t *data, size_t bytes, struct change *changes)
{
	size_t n = 0;

	for (; bytes >= CHANGE_BYTES && n < MAX_CHANGES; data += CHANGE_BYTES, bytes -= CHANGE_BYTES) {
		const struct place *place = &process->places[data[0] % N_PLACES];
		uint32_t offset, value;
		memcpy(&offset, data + 4, sizeof(offset));
		memcpy(&value, data + 8, sizeof(value));
		uint32_t at = offset % (place->bytes - 8);
		changes[n].at = fake_at(process->traces.fake, place->start + (data[1] & 8 ? at : at & ~7u), 8);
		memcpy(&changes[n].before, changes[n].at, sizeof(uint64_t));
		uint64_t word = word_of(process, data[1], changes[n].before, value);
		memcpy(changes[n++].at, &word, sizeof(word));
	}
	return n;
}

static void undo(const struct change *changes, size_t n)
{
	while (n--)
		memcpy(changes[n].at, &changes[n].before, sizeof(uint64_t));
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
		size_t n = apply(process, data, bytes, changes);
		look(process);
		undo(changes, n);
	}
	return 0;
}
