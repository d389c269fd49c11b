/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of many readings of a length; and words that go away while they are watched, in this very process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch.h"

static struct hs_watched watch_of(const uint64_t *lengths, size_t n)
{
	struct hs_watched watched = { 0 };

	for (size_t i = 0; i < n; i++)
		hs_watched_add(&watched, i, lengths[i]);
	return watched;
}

static void a_drop_is_seen_in_two_readings(void **state)
{
	static const uint64_t grown[] = { 10, 20, 30, 40 }, sorted[] = { 100, 0, 100, 101 }, cleared[] = { 100, 3, 5, 90 },
			      slid[] = { 100, 97, 95, 96 };

	(void)state;
	assert_true(watch_of(grown, 4).largest_drop == 0);
	/* a list is empty while it is sorted */
	assert_true(watch_of(sorted, 4).largest_drop == 0);
	assert_true(watch_of(cleared, 4).largest_drop == 0.95);
	struct hs_watched watched = watch_of(slid, 4);
	assert_true(watched.largest_drop > 0.03 && watched.largest_drop < 0.05);
	assert_int_equal(watched.peak, 100);
	assert_int_equal(watched.previous, 96);
}

/* However many readings: a bounded number of points, from the first to nearly the last. */
static void points_cover_the_whole_time(void **state)
{
	struct hs_watched watched = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		hs_watched_add(&watched, i, i);
		assert_in_range(watched.n_points, 1, HS_WATCH_POINTS);
	}
	assert_int_equal(watched.points[0].time_ns, 0);
	assert_true(watched.n_points >= HS_WATCH_POINTS / 2);
	for (unsigned i = 1; i < watched.n_points; i++) {
		assert_true(watched.points[i].time_ns > watched.points[i - 1].time_ns);
		/* evenly, but for those from before the last thinning */
		assert_true(watched.points[i].time_ns - watched.points[i - 1].time_ns <= 4096);
	}
	assert_true(watched.points[watched.n_points - 1].time_ns > 100000 - 4096);
	assert_int_equal(watched.n_readings, 100000);
}

/* One gap after the other, as a long series watches: no stretch of it has more points than another. */
static void gaps_are_covered_alike(void **state)
{
	static const uint64_t lengths[] = { 4000, 4000, 1000, 4000, 60, 4000, 4000 };
	struct hs_watched all = { 0 };
	uint64_t time = 0;

	(void)state;
	for (unsigned gap = 0; gap < sizeof(lengths) / sizeof(*lengths); gap++) {
		struct hs_watched more = { 0 };
		for (uint64_t i = 0; i < lengths[gap]; i++, time++)
			hs_watched_add(&more, time, 100 + time);
		if (gap)
			hs_watched_join(&all, &more);
		else
			all = more;
		assert_in_range(all.n_points, 1, HS_WATCH_POINTS);
	}
	assert_int_equal(all.n_readings, time);
	assert_int_equal(all.previous, 100 + time - 1);
	assert_int_equal(all.peak, 100 + time - 1);
	assert_true(all.largest_drop == 0);
	assert_true(all.n_points >= HS_WATCH_POINTS / 4);
	for (unsigned i = 1; i < all.n_points; i++)
		assert_in_range(all.points[i].time_ns - all.points[i - 1].time_ns, 1, 2 * time / all.n_points);
	assert_true(all.points[all.n_points - 1].time_ns > time - 2 * time / all.n_points);
}

/* What falls between two gaps has fallen. */
static void a_drop_between_gaps_is_seen(void **state)
{
	struct hs_watched first = watch_of((const uint64_t[]){ 100, 200 }, 2), later = watch_of((const uint64_t[]){ 50, 60, 70 }, 3);

	(void)state;
	hs_watched_join(&first, &later);
	assert_true(first.largest_drop == 0.7);
	assert_int_equal(first.peak, 200);
	assert_int_equal(first.n_points, 5);
}

struct object {
	volatile uint64_t type, length;
};

static void add(struct hs_watch_targets *targets, hs_addr object, uint64_t type)
{
	struct hs_watch_target *target = hs_array_append(targets);

	*target = (struct hs_watch_target){ .object = object, .type = type, .type_at = object, .length_at = object + 8 };
}

/* Waits until the watch must have read at least that often, seen by a word that it reads: not at all by the clock alone. */
static void rest_ms(long ms)
{
	const struct timespec rest = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&rest, NULL);
}

static void what_goes_away_is_lost_and_the_rest_is_watched_on(void **state)
{
	static struct object steady = { 1, 10 }, replaced = { 1, 20 };
	struct hs_watch_targets targets = { 0 };
	struct hs_watched_list list = { 0 };
	struct hs_watched seen;
	struct hs_watch *watch;

	(void)state;
	add(&targets, (hs_addr)(uintptr_t)&steady, 1);
	add(&targets, 0x1000, 1); /* nothing is mapped there */
	add(&targets, (hs_addr)(uintptr_t)&replaced, 1);
	for (unsigned round = 0; round < 2; round++) {
		assert_null(hs_watch_start(getpid(), &targets, &watch));
		rest_ms(500);
		if (!round) {
			assert_true(hs_watch_see(watch, (hs_addr)(uintptr_t)&replaced, &seen));
			assert_true(!seen.is_lost && seen.n_readings >= 1 && seen.previous == 20);
			assert_true(hs_watch_see(watch, 0x1000, &seen) && seen.is_lost);
			assert_false(hs_watch_see(watch, 0x2000, &seen));
		}
		replaced.type = 2;
		steady.length = 11;
		rest_ms(500);
		assert_null(hs_watch_stop(watch, &list));
	}
	assert_int_equal(list.n, 4);
	const struct hs_watched *resident = hs_watched_find(&list, HS_WATCH_RESIDENT);
	assert_true(!resident->is_lost && resident->n_readings >= 4 && resident->peak > 1 << 20 && resident->peak < (uint64_t)1 << 40);
	const struct hs_watched *first = hs_watched_find(&list, (hs_addr)(uintptr_t)&steady), *last = hs_watched_find(&list, (hs_addr)(uintptr_t)&replaced);
	assert_false(first->is_lost);
	assert_true(first->n_readings >= 4);
	assert_int_equal(first->peak, 11);
	assert_true(hs_watched_find(&list, 0x1000)->is_lost);
	assert_int_equal(hs_watched_find(&list, 0x1000)->n_readings, 0);
	assert_true(last->is_lost);
	assert_int_equal(last->peak, 20);
	hs_array_free(&targets);
	hs_array_free(&list);
}

/* Those that are watched on stay, and the process itself. */
static void what_is_watched_no_more_makes_room(void **state)
{
	struct hs_watch_targets next = { 0 };
	struct hs_watched_list list = { 0 };

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		struct hs_watched *watched = hs_array_append(&list);
		assert_non_null(watched);
		*watched = (struct hs_watched){ .object = i * 16, .type = i ? 1 : 0, .is_lost = i == 20 };
		if (i == 400)
			hs_watched_make_room(&list, &next);
	}
	add(&next, 10 * 16, 1);
	add(&next, 20 * 16, 1);
	add(&next, 30 * 16, 2);
	assert_int_equal(list.n, 600);
	hs_watched_make_room(&list, &next);
	assert_int_equal(list.n, 2);
	assert_non_null(hs_watched_find(&list, HS_WATCH_RESIDENT));
	assert_non_null(hs_watched_find(&list, 10 * 16));
	hs_array_free(&next);
	hs_array_free(&list);
}

/* Until it has been read, or is lost. */
static void wait_until(struct hs_watch *watch, hs_addr object, bool is_lost)
{
	struct hs_watched seen = { 0 };

	for (unsigned i = 0; i < 1000; i++) {
		assert_true(hs_watch_see(watch, object, &seen));
		if (is_lost ? seen.is_lost : seen.n_readings > 0)
			return;
		rest_ms(10);
	}
	fail();
}

/* Another list at the address of one that was lost: its peak is its own. */
static void what_takes_the_place_of_another_begins_anew(void **state)
{
	static struct object place = { 1, 1000 };
	struct hs_watch_targets targets = { 0 };
	struct hs_watched_list list = { 0 };
	struct hs_watch *watch;

	(void)state;
	add(&targets, (hs_addr)(uintptr_t)&place, 1);
	for (unsigned round = 0; round < 3; round++) {
		targets.items[0].type = place.type = round ? 2 : 1;
		place.length = round ? 10 : 1000;
		assert_null(hs_watch_start(getpid(), &targets, &watch));
		wait_until(watch, (hs_addr)(uintptr_t)&place, false);
		place.type = round == 2 ? 2 : 3;
		if (round < 2)
			wait_until(watch, (hs_addr)(uintptr_t)&place, true);
		assert_null(hs_watch_stop(watch, &list));
		const struct hs_watched *seen = hs_watched_find(&list, (hs_addr)(uintptr_t)&place);
		assert_int_equal(list.n, 2);
		assert_int_equal(seen->peak, round ? 10 : 1000);
		assert_true(seen->largest_drop == 0);
	}
	assert_false(hs_watched_find(&list, (hs_addr)(uintptr_t)&place)->is_lost);
	hs_array_free(&targets);
	hs_array_free(&list);
}

static void a_process_that_is_not_there_is_lost_as_a_whole(void **state)
{
	struct hs_watch_targets targets = { 0 };
	struct hs_watched_list list = { 0 };
	struct hs_watch *watch;

	(void)state;
	add(&targets, 0x7f0000000000, 1);
	assert_null(hs_watch_start(0x7fffffff, &targets, &watch));
	rest_ms(50);
	assert_null(hs_watch_stop(watch, &list));
	assert_int_equal(list.n, 2);
	assert_true(hs_watched_find(&list, HS_WATCH_RESIDENT)->is_lost);
	hs_array_free(&targets);
	hs_array_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drop_is_seen_in_two_readings),
		cmocka_unit_test(points_cover_the_whole_time),
		cmocka_unit_test(gaps_are_covered_alike),
		cmocka_unit_test(a_drop_between_gaps_is_seen),
		cmocka_unit_test(what_goes_away_is_lost_and_the_rest_is_watched_on),
		cmocka_unit_test(a_process_that_is_not_there_is_lost_as_a_whole),
		cmocka_unit_test(what_is_watched_no_more_makes_room),
		cmocka_unit_test(what_takes_the_place_of_another_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
