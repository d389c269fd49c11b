/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's state of every layout, and lists that are broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector.h"
#include "fake_heap.h"
#include "sequence.h"

static const char *const tables[] = { "3.8.18-upstream", "3.11.7-upstream", "3.13.5-debian", "3.14.10-debian", "3.14.0-ubuntu", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(*tables))
#define V311 "3.11.7-upstream"
#define V314_INCREMENTAL "3.14.0-ubuntu"

static struct fake_heap *heap_of(const char *table)
{
	struct fake_heap *fake = fake_heap_create(table);

	hs_features_refine(fake->layout);
	fake_open(fake);
	return fake;
}

static hs_addr collector_at(const struct fake_heap *fake)
{
	return fake->py->interpreters.items[0].collector;
}

static struct hs_collector read_it(const struct fake_heap *fake)
{
	struct hs_collector collector;

	assert_null(hs_collector_read(fake->py, 0, &collector));
	return collector;
}

/* The statistics of a generation, wherever this version has them; 3.15: entry `index` of its ring. */
static hs_addr stats_at(struct fake_heap *fake, unsigned generation, unsigned index)
{
	const struct hs_layout *layout = fake->layout;
	hs_addr stats = collector_at(fake) + (uint32_t)HS_OFFSET(layout, gc_runtime_state, generation_stats);
	uint32_t bytes = HS_SIZEOF(layout, gc_generation_stats);

	if (!HS_HAS(layout, gc_stats, young))
		return stats + generation * bytes;
	if (!fake_get(fake, stats))
		fake_put(fake, stats, fake_chunk(fake, HS_SIZEOF(layout, gc_stats)));
	stats = fake_get(fake, stats);
	hs_addr old = stats + (uint32_t)HS_OFFSET(layout, gc_stats, old) + (generation - 1) * HS_SIZEOF(layout, gc_old_stats_buffer);
	hs_addr items = generation ? old + (uint32_t)HS_OFFSET(layout, gc_old_stats_buffer, items) : stats + (uint32_t)HS_OFFSET(layout, gc_stats, young);
	if (generation)
		FAKE_PUT(fake, old, gc_old_stats_buffer, index, index);
	else
		FAKE_PUT(fake, stats, gc_stats, young_index, index);
	return items + index * bytes;
}

static void put_figures(struct fake_heap *fake)
{
	hs_addr gc = collector_at(fake);

	FAKE_PUT(fake, gc, gc_runtime_state, enabled, 1);
	FAKE_PUT(fake, gc, gc_runtime_state, debug, HS_GC_DEBUG_SAVEALL);
	FAKE_PUT(fake, gc, gc_runtime_state, long_lived_total, 1000);
	FAKE_PUT(fake, gc, gc_runtime_state, long_lived_pending, 10);
	for (unsigned i = 0; i < HS_N_GENERATIONS; i++) {
		hs_addr stats = stats_at(fake, i, 2);
		FAKE_PUT(fake, fake_gc_head(fake, i), gc_generation, threshold, 100 + i);
		FAKE_PUT(fake, fake_gc_head(fake, i), gc_generation, count, 200 + i);
		FAKE_PUT(fake, stats, gc_generation_stats, collections, 300 + i);
		FAKE_PUT(fake, stats, gc_generation_stats, collected, 400 + i);
		FAKE_PUT(fake, stats, gc_generation_stats, uncollectable, 500 + i);
	}
}

static void every_layout_is_read(void **state)
{
	(void)state;
	for (size_t version = 0; version < N_TABLES; version++) {
		struct fake_heap *fake = heap_of(tables[version]);
		put_figures(fake);
		hs_addr list = fake_list(fake, NULL, 0, 0);
		struct hs_collector collector = read_it(fake);
		assert_true(collector.is_enabled && !collector.is_collecting && collector.lists_are_whole);
		assert_int_equal(collector.debug, HS_GC_DEBUG_SAVEALL);
		assert_int_equal(collector.is_incremental, !strcmp(tables[version], V314_INCREMENTAL));
		assert_int_equal(collector.n_long_lived, collector.is_incremental ? 0 : 1000);
		for (unsigned i = 0; i < HS_N_GENERATIONS; i++) {
			assert_int_equal(collector.generations[i].count, 200 + i);
			assert_int_equal(collector.generations[i].threshold, collector.is_incremental && i == 2 ? 0 : 100 + i);
			assert_int_equal(collector.generations[i].collections, 300 + i);
			assert_int_equal(collector.generations[i].collected, 400 + i);
			assert_int_equal(collector.generations[i].uncollectable, 500 + i);
		}
		assert_true(collector.generations[0].n_objects >= 1 && list);
		fake_heap_destroy(fake);
	}
}

/* 3.14.0–.4: the two old spaces take turns. */
static void old_spaces_take_turns(void **state)
{
	struct fake_heap *fake = heap_of(V314_INCREMENTAL);

	(void)state;
	put_figures(fake);
	FAKE_PUT(fake, collector_at(fake), gc_runtime_state, visited_space, 1);
	struct hs_collector collector = read_it(fake);
	assert_int_equal(collector.generations[1].count, 202);
	assert_int_equal(collector.generations[2].count, 201);
	assert_int_equal(collector.generations[1].n_objects, 0);
	fake_heap_destroy(fake);
}

static void broken_lists_end(void **state)
{
	static const hs_addr nowhere[] = { 0, 0x1230, 0xfffffffffffffff0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fake_heap *fake = heap_of(V311);
		fake_put(fake, fake_gc_head(fake, 1), nowhere[i]);
		struct hs_collector collector = read_it(fake);
		assert_false(collector.lists_are_whole);
		assert_true(collector.generations[1].n_objects <= 1);
		fake_heap_destroy(fake);
	}
	/* a list that never comes back to its head */
	struct fake_heap *fake = heap_of(V311);
	hs_addr one = fake_list(fake, NULL, 0, 0) - HS_GC_HEAD_BYTES, other = fake_list(fake, NULL, 0, 0) - HS_GC_HEAD_BYTES;
	fake_put(fake, fake_gc_head(fake, 2), one);
	fake_put(fake, one, other);
	fake_put(fake, other, one);
	assert_false(read_it(fake).lists_are_whole);
	fake_heap_destroy(fake);
}

/* 3.15: the ring's place and its index are the target's. */
static void rings_that_lie_have_no_figures(void **state)
{
	struct fake_heap *fake = heap_of("3.15.2-debian");

	(void)state;
	put_figures(fake);
	stats_at(fake, 0, 2);
	FAKE_PUT(fake, fake_get(fake, collector_at(fake) + (uint32_t)HS_OFFSET(fake->layout, gc_runtime_state, generation_stats)), gc_stats, young_index, 200);
	assert_int_equal(read_it(fake).generations[0].collections, 0);
	assert_int_equal(read_it(fake).generations[1].collections, 301);
	fake_put(fake, collector_at(fake) + (uint32_t)HS_OFFSET(fake->layout, gc_runtime_state, generation_stats), 0x1000);
	assert_int_equal(read_it(fake).generations[1].collections, 0);
	fake_heap_destroy(fake);
}

static void lists_give_their_items(void **state)
{
	struct fake_heap *fake = heap_of(V311);
	hs_addr one = fake_int(fake, 1), list = fake_list(fake, (hs_addr[]){ one, one }, 2, 4);
	const hs_addr *items = NULL;
	uint64_t n = 0;

	(void)state;
	fake_open(fake);
	assert_true(hs_list_items(fake->py, fake->types_seen, list, &items, &n));
	assert_int_equal(n, 2);
	assert_true(items[1] == one);
	assert_false(hs_list_items(fake->py, fake->types_seen, one, &items, &n));
	assert_false(hs_list_items(fake->py, fake->types_seen, 0, &items, &n));
	FAKE_PUT(fake, list, PyVarObject, ob_size, (uint64_t)1 << 60);
	assert_false(hs_list_items(fake->py, fake->types_seen, list, &items, &n));
	FAKE_PUT(fake, list, PyVarObject, ob_size, 2);
	FAKE_PUT(fake, list, PyListObject, ob_item, 0x1001);
	assert_false(hs_list_items(fake->py, fake->types_seen, list, &items, &n));
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_read),
		cmocka_unit_test(old_spaces_take_turns),
		cmocka_unit_test(broken_lists_end),
		cmocka_unit_test(rings_that_lie_have_no_figures),
		cmocka_unit_test(lists_give_their_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
