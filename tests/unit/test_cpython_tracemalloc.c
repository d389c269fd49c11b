/* SPDX-License-Identifier: Apache-2.0 */
/* tracemalloc's tables of every layout: what is in them, how it is added up; and tables that are half-changed or lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_traces.h"
#include "trace_groups.h"

static const char *const tables[] = { "3.8.18-upstream", "3.9.18-upstream", "3.11.7-upstream", "3.12.1-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(*tables))
#define V311 "3.11.7-upstream"
#define V38 "3.8.18-upstream"

/* Three files, three tracebacks, seven blocks of two domains. */
struct sample {
	struct fake_traces traces;
	hs_addr names[3];
	hs_addr a, b, recursive; /* app.py:1 < main.py:9; lib.py:5 < app.py:2 < main.py:9; app.py:1 three times, main.py:9 */
};

static struct sample sample_of(const char *table)
{
	struct sample sample = { .traces = fake_traces_open(table) };
	struct fake_traces *traces = &sample.traces;

	sample.names[0] = fake_filename(traces, "/srv/app.py");
	sample.names[1] = fake_filename(traces, "/srv/lib.pyc");
	sample.names[2] = fake_filename(traces, "/srv/main.py");
	sample.a = fake_traceback(traces, 2, (hs_addr[]){ sample.names[0], sample.names[2] }, (uint32_t[]){ 1, 9 });
	sample.b = fake_traceback(traces, 3, (hs_addr[]){ sample.names[1], sample.names[0], sample.names[2] }, (uint32_t[]){ 5, 2, 9 });
	sample.recursive = fake_traceback(traces, 4, (hs_addr[]){ sample.names[0], sample.names[0], sample.names[0], sample.names[2] },
					  (uint32_t[]){ 1, 1, 1, 9 });
	fake_trace_add(traces, traces->traces, 0, 0x1000, 10, sample.a, 0);
	fake_trace_add(traces, traces->traces, 0, 0x2000, 20, sample.a, 0);
	fake_trace_add(traces, traces->traces, 0, 0x3000, 400, sample.b, 0);
	fake_trace_add(traces, traces->traces, 15, 0x4000, 0, sample.b, 0);
	fake_trace_add(traces, traces->traces, 7, 0x5000, 3, sample.recursive, 0);
	hs_addr other = traces->domains_pointer ? fake_hashtable(traces) : traces->traces;
	fake_trace_add(traces, other, 3, 0x1000, 7, sample.a, 77);
	fake_trace_add(traces, other, 3, 0x9000, 5000, sample.b, 77);
	if (traces->domains_pointer)
		fake_domain_add(traces, 2, 77, other);
	fake_put(traces->fake, traces->traced_memory + (HS_HAS(traces->fake->layout, tracemalloc_state, config) ? 8 : -8), 9999);
	fake_open(traces->fake);
	return sample;
}

static struct hs_tracemalloc read_state(const struct sample *sample)
{
	struct hs_tracemalloc state;

	hs_tracemalloc_read(sample->traces.fake->py, &state);
	return state;
}

static struct hs_trace_groups groups_of(const struct sample *sample, const struct hs_trace_options *options)
{
	struct hs_tracemalloc state = read_state(sample);
	struct hs_trace_groups groups;

	assert_null(hs_trace_groups_of(sample->traces.fake->py, &state, options, &groups));
	return groups;
}

static void assert_group(const struct hs_trace_groups *groups, size_t i, const char *file, uint32_t line, uint64_t bytes, uint64_t count)
{
	assert_true(i < groups->groups.n);
	const struct hs_trace_group *group = &groups->groups.items[i];
	const struct hs_trace_place *place = hs_trace_place(groups, group, 0);
	assert_string_equal(hs_trace_file(groups, place), file);
	assert_int_equal(place->line, line);
	assert_int_equal(group->bytes, bytes);
	assert_int_equal(group->count, count);
}

static void every_layout_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLES; i++) {
		struct sample sample = sample_of(tables[i]);
		struct hs_tracemalloc tracemalloc = read_state(&sample);
		assert_true(tracemalloc.is_known && tracemalloc.is_tracing && !tracemalloc.is_locked);
		assert_int_equal(tracemalloc.n_frames_max, FAKE_MAX_FRAMES);
		assert_int_equal(tracemalloc.traced_bytes, 5440);
		assert_int_equal(tracemalloc.peak_bytes, 9999);
		struct hs_trace_groups groups = groups_of(&sample, &(struct hs_trace_options){ 0 });
		assert_true(groups.walked.is_whole);
		assert_int_equal(groups.walked.n, 7);
		assert_int_equal(groups.walked.n_stated, 7);
		assert_int_equal(groups.walked.bytes, 5440);
		assert_int_equal(groups.groups.n, 2);
		assert_group(&groups, 0, "/srv/lib.pyc", 5, 5400, 3);
		assert_group(&groups, 1, "/srv/app.py", 1, 40, 4);
		hs_trace_groups_release(&groups);
		fake_traces_close(&sample.traces);
	}
}

static void a_held_lock_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLES; i++) {
		struct sample sample = sample_of(tables[i]);
		struct fake_heap *fake = sample.traces.fake;
		bool is_mutex = fake->layout->minor >= 14;
		hs_addr semaphore = fake_chunk(fake, 32);
		fake_put(fake, sample.traces.lock, is_mutex ? 0 : semaphore);
		fake_put(fake, semaphore, 1);
		assert_false(read_state(&sample).is_locked);
		fake_put(fake, is_mutex ? sample.traces.lock : semaphore, is_mutex);
		assert_true(read_state(&sample).is_locked);
		fake_traces_close(&sample.traces);
	}
}

static void groups_are_those_of_tracemalloc(void **state)
{
	struct sample sample = sample_of(V311);

	(void)state;
	struct hs_trace_groups groups = groups_of(&sample, &(struct hs_trace_options){ .grouping = HS_TRACE_BY_FILE });
	assert_int_equal(groups.groups.n, 2);
	assert_group(&groups, 0, "/srv/lib.pyc", 0, 5400, 3);
	hs_trace_groups_release(&groups);
	/* a block counts as often as a line is in its traceback */
	groups = groups_of(&sample, &(struct hs_trace_options){ .is_cumulative = true });
	assert_int_equal(groups.groups.n, 4);
	assert_group(&groups, 0, "/srv/main.py", 9, 5440, 7);
	assert_group(&groups, 1, "/srv/app.py", 2, 5400, 3);
	assert_group(&groups, 2, "/srv/lib.pyc", 5, 5400, 3);
	assert_group(&groups, 3, "/srv/app.py", 1, 37 + 3 * 3, 3 + 3);
	assert_int_equal(groups.bytes, 5440);
	hs_trace_groups_release(&groups);
	groups = groups_of(&sample, &(struct hs_trace_options){ .grouping = HS_TRACE_BY_FILE, .is_cumulative = true });
	assert_group(&groups, 0, "/srv/app.py", 0, 37 + 5400 + 3 * 3, 3 + 3 + 3);
	hs_trace_groups_release(&groups);
	groups = groups_of(&sample, &(struct hs_trace_options){ .grouping = HS_TRACE_BY_TRACEBACK });
	assert_int_equal(groups.groups.n, 3);
	assert_int_equal(groups.groups.items[2].n, 4);
	assert_int_equal(hs_trace_place(&groups, &groups.groups.items[2], 3)->line, 9);
	hs_trace_groups_release(&groups);
	fake_traces_close(&sample.traces);
}

static void blocks_are_chosen(void **state)
{
	struct sample sample = sample_of(V311);
	struct hs_trace_filter filter = { .glob = "*/app.py" };
	const struct hs_trace_options filtered = { .filters = &filter, .n_filters = 1 };
	const struct hs_trace_options in_any_frame = { .filters = &filter, .n_filters = 1, .matches_all_frames = true };
	const hs_addr blocks[] = { 0x1000, 0x4000, 0x9000 };

	(void)state;
	struct hs_trace_groups groups = groups_of(&sample, &filtered);
	assert_int_equal(groups.count, 4);
	assert_int_equal(groups.walked.n, 7);
	hs_trace_groups_release(&groups);
	filter.line = 2;
	groups = groups_of(&sample, &filtered);
	assert_int_equal(groups.groups.n, 0);
	hs_trace_groups_release(&groups);
	groups = groups_of(&sample, &in_any_frame);
	assert_int_equal(groups.count, 3);
	hs_trace_groups_release(&groups);
	filter = (struct hs_trace_filter){ .glob = "/srv/lib.py", .is_exclusive = true }; /* its .pyc is meant */
	groups = groups_of(&sample, &filtered);
	assert_int_equal(groups.count, 4);
	hs_trace_groups_release(&groups);
	groups = groups_of(&sample, &(struct hs_trace_options){ .has_domain = true, .domain = 77 });
	assert_int_equal(groups.bytes, 5007);
	hs_trace_groups_release(&groups);
	/* of the domain 0 alone: an extension's blocks may have the same addresses */
	groups = groups_of(&sample, &(struct hs_trace_options){ .blocks = blocks, .n_blocks = 3 });
	assert_int_equal(groups.count, 2);
	assert_int_equal(groups.bytes, 10);
	hs_trace_groups_release(&groups);
	fake_traces_close(&sample.traces);
}

static void a_block_is_found_by_any_address_in_it(void **state)
{
	struct sample sample = sample_of(V38);
	struct hs_tracemalloc tracemalloc = read_state(&sample);
	struct hs_trace_groups groups;
	struct hs_trace trace;
	bool is_found;

	(void)state;
	assert_null(hs_trace_find(sample.traces.fake->py, &tracemalloc, 0x3000 + 399, &trace, &groups, &is_found));
	assert_true(is_found);
	assert_int_equal(trace.block, 0x3000);
	assert_group(&groups, 0, "/srv/lib.pyc", 5, 400, 1);
	assert_int_equal(groups.groups.items[0].n, 3);
	hs_trace_groups_release(&groups);
	assert_null(hs_trace_find(sample.traces.fake->py, &tracemalloc, 0x3000 + 400, &trace, &groups, &is_found));
	assert_false(is_found);
	hs_trace_groups_release(&groups);
	assert_null(hs_trace_find(sample.traces.fake->py, &tracemalloc, 0x4000, &trace, &groups, &is_found));
	assert_true(is_found);
	hs_trace_groups_release(&groups);
	fake_traces_close(&sample.traces);
}

static void changes_are_those_of_compare_to(void **state)
{
	struct sample sample = sample_of(V311);
	struct fake_traces *traces = &sample.traces;
	struct hs_trace_changes changes = { 0 };

	(void)state;
	struct hs_trace_groups before = groups_of(&sample, &(struct hs_trace_options){ 0 });
	/* bucket 0 is emptied, something new comes */
	fake_put(traces->fake, FAKE_GET(traces->fake, traces->traces, Py_hashtable, buckets), 0);
	FAKE_PUT(traces->fake, traces->traces, Py_hashtable, nentries, 2);
	hs_addr fresh = fake_traceback(traces, 1, &sample.names[2], (uint32_t[]){ 30 });
	fake_trace_add(traces, traces->traces, 4, 0xa000, 600, fresh, 0);
	struct hs_trace_groups after = groups_of(&sample, &(struct hs_trace_options){ 0 });
	assert_true(after.walked.is_whole);
	assert_null(hs_trace_changes_of(&before, &after, &changes));
	assert_int_equal(changes.n, 3);
	assert_null(changes.items[0].before);
	assert_int_equal(changes.items[0].bytes, 600);
	assert_int_equal(changes.items[1].bytes, -400);
	assert_int_equal(changes.items[1].count, -1);
	assert_int_equal(changes.items[2].bytes, -30);
	assert_int_equal(changes.items[2].count, -2);
	hs_array_free(&changes);
	/* the other way round, a place is gone */
	assert_null(hs_trace_changes_of(&after, &before, &changes));
	assert_null(changes.items[0].after);
	assert_int_equal(changes.items[0].bytes, -600);
	hs_array_free(&changes);
	hs_trace_groups_release(&before);
	hs_trace_groups_release(&after);
	fake_traces_close(&sample.traces);
}

/* --- tables that lie --- */

static void count_trace(void *context, const struct hs_trace *trace)
{
	(void)trace;
	++*(uint64_t *)context;
}

/* Walks, and groups in every way; nothing may be whole. Returns how many traces were reported. */
static uint64_t walk_broken(const struct sample *sample)
{
	struct hs_tracemalloc tracemalloc = read_state(sample);
	struct hs_traces_walked walked;
	uint64_t n = 0;

	hs_traces_each(sample->traces.fake->py, &tracemalloc, count_trace, &n, &walked);
	assert_int_equal(walked.n, n);
	assert_true(n <= walked.n_stated);
	for (unsigned grouping = HS_TRACE_BY_LINE; grouping <= HS_TRACE_BY_TRACEBACK; grouping++) {
		struct hs_trace_groups groups = groups_of(sample, &(struct hs_trace_options){ .grouping = (enum hs_trace_grouping)grouping });
		assert_false(groups.walked.is_whole);
		hs_trace_groups_release(&groups);
	}
	return n;
}

static hs_addr bucket_at(const struct sample *sample, unsigned i)
{
	return FAKE_GET(sample->traces.fake, sample->traces.traces, Py_hashtable, buckets) + i * 8;
}

#define LIE(statement, at_most)                                     \
	for (size_t version = 0; version < N_TABLES; version++) {   \
		struct sample sample = sample_of(tables[version]);  \
		struct fake_traces *traces = &sample.traces;        \
		struct fake_heap *fake = traces->fake;              \
		hs_addr table = traces->traces, first = fake_get(fake, bucket_at(&sample, 0)); \
		(void)table, (void)first;                           \
		statement;                                          \
		assert_true(walk_broken(&sample) <= (at_most));     \
		fake_traces_close(traces);                          \
	}

static void chains_end(void **state)
{
	(void)state;
	/* a chain that bites its tail; one that many buckets share; one that leads out of the image */
	LIE(FAKE_PUT(fake, first, Py_hashtable_entry, next, first), 7);
	LIE(for (unsigned i = 1; i < FAKE_N_BUCKETS; i++) fake_put(fake, bucket_at(&sample, i), first), 7);
	LIE(FAKE_PUT(fake, first, Py_hashtable_entry, next, 0x123456), 7);
	LIE(fake_put(fake, bucket_at(&sample, 0), 0xfffffffffffffff8), 7);
}

static void counts_that_lie_are_noticed(void **state)
{
	(void)state;
	LIE(FAKE_PUT(fake, table, Py_hashtable, nentries, 3), 5);
	LIE(FAKE_PUT(fake, table, Py_hashtable, nentries, 1000), 7);
	LIE(FAKE_PUT(fake, table, Py_hashtable, nentries, UINT64_MAX), 7);
	LIE(FAKE_PUT(fake, table, Py_hashtable, nbuckets, 4), 7);
	LIE(FAKE_PUT(fake, table, Py_hashtable, nbuckets, UINT64_MAX), 7);
	LIE(FAKE_PUT(fake, table, Py_hashtable, buckets, 0x10), 7);
	LIE(fake_put(fake, traces->traces_pointer, 0), 7);
	LIE(fake_put(fake, traces->traces_pointer, 0xffffffffffff0000), 7);
}

/* A chain of `n` entries, which its table says to have, is the whole of what a walk may see: with `n` buckets it could be n squared. */
static void shared_chains_cost_no_more_than_is_stated(void **state)
{
	struct sample sample = sample_of(V311);
	struct fake_traces *traces = &sample.traces;
	hs_addr table = traces->traces;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		fake_trace_add(traces, table, 0, 0x10000 + i * 64, 1, sample.a, 0);
	for (unsigned i = 1; i < FAKE_N_BUCKETS; i++)
		fake_put(traces->fake, bucket_at(&sample, i), fake_get(traces->fake, bucket_at(&sample, 0)));
	assert_int_equal(walk_broken(&sample), 205 + 2);
	fake_traces_close(traces);
}

/* The traces of a thousand domains are those of one table. */
static void domains_cannot_multiply(void **state)
{
	struct sample sample = sample_of(V311);
	struct fake_traces *traces = &sample.traces;

	(void)state;
	hs_addr entry = 0;
	for (unsigned i = 0; i < 8; i++)
		entry = fake_domain_add(traces, 9, 1000 + i, traces->traces);
	/* its last entry leads back to the first */
	FAKE_PUT(traces->fake, entry, Py_hashtable_entry, next, entry);
	FAKE_PUT(traces->fake, fake_get(traces->fake, traces->domains_pointer), Py_hashtable, nentries, 4000);
	uint64_t n = walk_broken(&sample);
	assert_true(n <= hs_image_captured_bytes(traces->fake->image) / HS_SIZEOF(traces->fake->layout, Py_hashtable_entry));
	fake_traces_close(traces);
}

static void traces_that_lead_nowhere_are_told(void **state)
{
	(void)state;
	/* a traceback with too many frames, one that is not there, a file that is none */
	for (size_t version = 0; version < N_TABLES; version++) {
		struct sample sample = sample_of(tables[version]);
		struct fake_heap *fake = sample.traces.fake;
		uint16_t much = 60000;
		memcpy(fake_at(fake, sample.b + (uint32_t)HS_OFFSET(fake->layout, tracemalloc_traceback, nframe), 2), &much, 2);
		assert_int_equal(walk_broken(&sample), 7);
		fake_traces_close(&sample.traces);
	}
	LIE(fake_trace_add(traces, table, 1, 0xb000, 5, 0, 0), 8);
	LIE(fake_trace_add(traces, table, 1, 0xb000, 5, 0x123458, 0), 8);
	LIE(fake_trace_add(traces, table, 1, 0xb000, 5, fake_traceback(traces, 1, (hs_addr[]){ 0x40 }, (uint32_t[]){ 1 }), 0), 8);
	LIE(fake_trace_add(traces, table, 1, 0xb000, 5, fake_traceback(traces, 0, NULL, NULL), 0), 8);
}

static void keys_of_3_8_have_a_size(void **state)
{
	static const uint64_t sizes[] = { 0, 7, 17, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct sample sample = sample_of(V38);
		FAKE_PUT(sample.traces.fake, sample.traces.traces, Py_hashtable, key_size, sizes[i]);
		assert_int_equal(walk_broken(&sample), 0);
		fake_traces_close(&sample.traces);
	}
}

static void off_and_unknown_differ(void **state)
{
	struct sample sample = sample_of(V311);
	struct hs_layout *layout = sample.traces.fake->layout;

	(void)state;
	HS_ADDRESS_OF(layout, tracemalloc_traces) = 0;
	assert_false(read_state(&sample).is_known);
	FAKE_PUT(sample.traces.fake, sample.traces.config, PyTraceMalloc_Config, tracing, 0);
	assert_true(read_state(&sample).is_known);
	assert_false(read_state(&sample).is_tracing);
	HS_ADDRESS_OF(layout, _Py_tracemalloc_config) = 0;
	assert_false(read_state(&sample).is_known);
	fake_traces_close(&sample.traces);
}

/* Stripped binaries up to 3.11 give no name to the figures. */
static void figures_are_added_up_and_found(void **state)
{
	struct sample sample = sample_of(V311);
	struct fake_heap *fake = sample.traces.fake;
	struct hs_traces_walked walked = { .bytes = 5440, .is_whole = true };

	(void)state;
	HS_ADDRESS_OF(fake->layout, tracemalloc_traced_memory) = HS_ADDRESS_OF(fake->layout, tracemalloc_peak_traced_memory) = 0;
	struct hs_tracemalloc tracemalloc = read_state(&sample);
	assert_true(tracemalloc.traced_bytes == UINT64_MAX && tracemalloc.peak_bytes == UINT64_MAX);
	hs_tracemalloc_complete(fake->py, &walked, &tracemalloc);
	assert_int_equal(tracemalloc.traced_bytes, 5440);
	assert_int_equal(tracemalloc.peak_bytes, 9999);
	/* nothing there has that sum: no peak */
	tracemalloc = read_state(&sample);
	walked.bytes = 5441;
	hs_tracemalloc_complete(fake->py, &walked, &tracemalloc);
	assert_true(tracemalloc.peak_bytes == UINT64_MAX);
	fake_traces_close(&sample.traces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_read),
		cmocka_unit_test(a_held_lock_is_seen),
		cmocka_unit_test(groups_are_those_of_tracemalloc),
		cmocka_unit_test(blocks_are_chosen),
		cmocka_unit_test(a_block_is_found_by_any_address_in_it),
		cmocka_unit_test(changes_are_those_of_compare_to),
		cmocka_unit_test(chains_end),
		cmocka_unit_test(counts_that_lie_are_noticed),
		cmocka_unit_test(shared_chains_cost_no_more_than_is_stated),
		cmocka_unit_test(domains_cannot_multiply),
		cmocka_unit_test(traces_that_lead_nowhere_are_told),
		cmocka_unit_test(keys_of_3_8_have_a_size),
		cmocka_unit_test(off_and_unknown_differ),
		cmocka_unit_test(figures_are_added_up_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
