/* SPDX-License-Identifier: Apache-2.0 */
/* When the browser's next sample is due; what a series of counts says. No process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "top_sampling.h"

#define SECOND 1000000000ull

/* Samples whose pauses vary, each at the time that was planned: at none of them more than the share is paused, but for the first. */
static void keeps_the_duty(void **state)
{
	struct hs_top_sampling sampling = { .first_ns = 1000 * SECOND };
	uint64_t now = sampling.first_ns;
	struct hs_top_due due;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		sampling.last_pause_ns = 30000000 + 10000000 * (i % 3);
		sampling.paused_ns += sampling.last_pause_ns;
		sampling.taken_ns = sampling.tried_ns = now;
		sampling.source.serial = i + 1;
		if (i)
			assert_true((double)sampling.paused_ns <= 0.0101 * (double)(now - sampling.first_ns) + 20000000);
		hs_top_sampling_plan(&sampling, 1000, 10, &due);
		assert_int_equal(due.reason, HS_NEXT_DUTY);
		assert_true(due.sample_ns >= now + sampling.last_pause_ns * 100);
		now = due.sample_ns;
	}
}

static void gaps_are_never_equal(void **state)
{
	struct hs_top_sampling sampling = { .first_ns = SECOND };
	uint64_t before = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct hs_top_due due;
		sampling.taken_ns = sampling.tried_ns = SECOND;
		sampling.source.serial = i + 1;
		hs_top_sampling_plan(&sampling, 10000, 10, &due);
		assert_int_equal(due.reason, HS_NEXT_INTERVAL);
		assert_in_range(due.sample_ns - SECOND, 7 * SECOND, 13 * SECOND);
		assert_int_not_equal(due.sample_ns, before);
		before = due.sample_ns;
	}
}

/* What a sample costs heapspy itself, and another interval for the same sample. */
static void leaves_time_for_others(void **state)
{
	struct hs_top_sampling sampling = { .first_ns = SECOND, .taken_ns = SECOND, .tried_ns = SECOND, .work_ns = 4 * SECOND, .last_pause_ns = 1000 };
	struct hs_top_due due;

	(void)state;
	hs_top_sampling_plan(&sampling, 1000, 10, &due);
	assert_int_equal(due.reason, HS_NEXT_WORK);
	assert_int_equal(due.sample_ns, 13 * SECOND);
	hs_top_due_change(&due, 60000);
	assert_int_equal(due.reason, HS_NEXT_INTERVAL);
}

static struct hs_top_history history;

static void add(uint64_t growing, uint64_t saw, uint64_t gone)
{
	char names[3][16] = { "growing", "saw", "gone" };
	const struct hs_census_type types[] = {
		{ .name = names[1], .count = saw, .bytes = saw * 16 }, { .name = names[0], .count = growing, .bytes = growing * 32 },
		{ .name = names[2], .count = gone, .bytes = gone },
	};

	assert_null(hs_top_history_add(&history, (history.n_samples + 1) * SECOND, types, gone ? 3 : 2));
}

static struct hs_top_trend trend_of(const char *name)
{
	for (size_t i = 0; i < history.series.n; i++)
		if (!strcmp(history.series.items[i].name, name))
			return hs_top_trend_of(&history, &history.series.items[i]);
	fail_msg("no series of %s", name);
	return (struct hs_top_trend){ 0 };
}

static int drop_history(void **state)
{
	(void)state;
	hs_top_history_deinit(&history);
	return 0;
}

static void tells_growth_from_turnover(void **state)
{
	static const uint64_t saw[] = { 100, 900, 300, 700, 110, 950, 120, 130 };

	(void)state;
	add(1000, saw[0], 5);
	assert_int_equal(trend_of("growing").kind, HS_TREND_NONE);
	add(1100, saw[1], 5);
	assert_int_equal(trend_of("saw").kind, HS_TREND_CHANGE); /* two samples prove nothing */
	for (unsigned i = 2; i < 8; i++)
		add(1000 + 100 * i, saw[i], 0);
	struct hs_top_trend growing = trend_of("growing"), turning = trend_of("saw"), gone = trend_of("gone");
	assert_int_equal(growing.kind, HS_TREND_GROWTH);
	assert_int_equal(growing.change, 700);
	assert_int_equal(growing.rate_thousandths, 100000);
	assert_true(growing.has_floor);
	assert_int_equal(growing.floor_change, 400);
	assert_int_equal(turning.kind, HS_TREND_TURNOVER);
	assert_int_equal(turning.floor_change, 10);
	assert_int_equal(gone.change, -5);
	assert_int_not_equal(gone.kind, HS_TREND_GROWTH);
}

static void keeps_a_baseline_and_little_else(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * HS_TOP_SAMPLES; i++)
		add(1000 + i, 7, i < 3 ? 9 : 0);
	assert_int_equal(history.n_samples, HS_TOP_SAMPLES);
	assert_int_equal(trend_of("growing").change, 3 * HS_TOP_SAMPLES - 1); /* since the first of all, which is not kept any more */
	hs_top_history_set_base(&history);
	assert_int_equal(trend_of("growing").change, 0);
	assert_int_equal(trend_of("growing").kind, HS_TREND_NONE);
	add(2000, 7, 0);
	assert_int_equal(trend_of("growing").change, 2000 - (1000 + 3 * HS_TOP_SAMPLES - 1));
	for (unsigned i = 0; i < HS_TOP_SAMPLES; i++)
		add(1, 1, 0);
	assert_int_equal(history.series.n, 2); /* what is gone for long is forgotten */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_duty), cmocka_unit_test(gaps_are_never_equal), cmocka_unit_test(leaves_time_for_others),
		cmocka_unit_test_teardown(tells_growth_from_turnover, drop_history), cmocka_unit_test_teardown(keeps_a_baseline_and_little_else, drop_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
