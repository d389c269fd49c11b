/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 1, 5, 9 and 10: each figure moves score and confidence, and none of them alone makes a leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suspect_rules.h"

#define S (uint64_t)1000000000

/* A list that grows by 100 items a second, as if it never did anything else. */
static const struct hs_suspect_figures grower = {
	.bytes = 1 << 20, .seconds = 10, .items = 1000, .kept = 1, .steadiness = 1, .share = 1,
};

static void assert_confidence(struct hs_suspect_figures figures, enum hs_confidence confidence, unsigned doubts)
{
	unsigned is;

	assert_int_equal(hs_suspect_confidence(&figures, &is), confidence);
	assert_int_equal(is, doubts);
}

static void a_grower_is_highly_believed(void **state)
{
	(void)state;
	assert_confidence(grower, HS_CONFIDENCE_HIGH, 0);
}

/* Rule 10: each of its conditions, off by a little. */
static void one_doubt_makes_it_medium(void **state)
{
	struct hs_suspect_figures figures = grower;

	(void)state;
	figures.kept = 0.94;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_KEPT);
	figures = grower;
	figures.steadiness = 0.49;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_UNSTEADY);
	figures = grower;
	figures.share = 0.79;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_SHARED);
	figures = grower;
	figures.drop = 0.06;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_DROPPED);
	figures = grower;
	figures.is_bounded = true;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_BOUNDED);
	figures = grower;
	figures.is_indirect = true;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_INDIRECT);
	figures = grower;
	figures.is_by_type = true;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_BY_TYPE);
}

/* Just at the bounds there is no doubt; right below them there is one. */
static void the_bounds_are_where_they_are_said_to_be(void **state)
{
	struct hs_suspect_figures figures = grower;

	(void)state;
	figures.kept = 0.95;
	figures.steadiness = 0.5;
	figures.share = 0.8;
	figures.drop = 0.05;
	figures.items = 30;
	figures.bytes = 1;
	assert_confidence(figures, HS_CONFIDENCE_HIGH, 0);
	figures.kept = 0.949;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_KEPT);
	figures.kept = 0.95;
	figures.steadiness = 0.499;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_UNSTEADY);
	figures.steadiness = 0.5;
	figures.share = 0.799;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_SHARED);
	figures.share = 0.8;
	figures.drop = 0.051;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_DROPPED);
}

/* 30 items are enough, or 64 KiB in fewer. */
static void little_growth_is_no_high(void **state)
{
	struct hs_suspect_figures figures = grower;

	(void)state;
	figures.items = 29;
	figures.bytes = 65535;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_SMALL);
	figures.items = 30;
	assert_confidence(figures, HS_CONFIDENCE_HIGH, 0);
	figures.items = 1;
	figures.bytes = 65536;
	assert_confidence(figures, HS_CONFIDENCE_HIGH, 0);
}

static void two_doubts_make_it_low(void **state)
{
	struct hs_suspect_figures figures = grower;

	(void)state;
	figures.steadiness = 0.1;
	figures.is_bounded = true;
	assert_confidence(figures, HS_CONFIDENCE_LOW, HS_DOUBT_UNSTEADY | HS_DOUBT_BOUNDED);
}

static void unknown_figures_are_doubts(void **state)
{
	struct hs_suspect_figures figures = grower;

	(void)state;
	figures.kept = HS_UNKNOWN;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_KEPT);
	figures = grower;
	figures.steadiness = HS_UNKNOWN;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_UNSTEADY);
}

/* A single sample shows no growth: whatever is large is suspected, and nothing more. */
static void what_was_seen_once_is_at_most_medium(void **state)
{
	const struct hs_suspect_figures figures = { .bytes = 1 << 30, .items = 1000000, .kept = HS_UNKNOWN, .steadiness = HS_UNKNOWN, .share = 1 };

	(void)state;
	assert_confidence(figures, HS_CONFIDENCE_MEDIUM, HS_DOUBT_STATIC);
}

/* Rule 9: each factor counts; how long the container is, and how many there are, does not. */
static void each_figure_moves_the_score(void **state)
{
	double whole = hs_suspect_score(&grower);
	struct hs_suspect_figures figures = grower;

	(void)state;
	figures.bytes /= 2;
	assert_true(hs_suspect_score(&figures) < 0.51 * whole);
	figures = grower;
	figures.seconds *= 2;
	assert_true(hs_suspect_score(&figures) < 0.51 * whole);
	figures = grower;
	figures.kept = 0.8;
	assert_true(hs_suspect_score(&figures) < 0.81 * whole);
	figures = grower;
	figures.steadiness = 0.5;
	assert_true(hs_suspect_score(&figures) < 0.6 * whole);
	figures.steadiness = 0;
	assert_true(hs_suspect_score(&figures) > 0 && hs_suspect_score(&figures) < 0.1 * whole);
	figures = grower;
	figures.share = 0.5;
	assert_true(hs_suspect_score(&figures) < 0.51 * whole);
	figures = grower;
	figures.is_bounded = true;
	assert_true(hs_suspect_score(&figures) < 0.31 * whole && hs_suspect_score(&figures) > 0.29 * whole);
	figures = grower;
	figures.items *= 1000;
	assert_true(hs_suspect_score(&figures) == whole);
}

/* Neither believed nor ruled out: half of what the figure could be. */
static void what_is_unknown_halves_the_score(void **state)
{
	double whole = hs_suspect_score(&grower);
	struct hs_suspect_figures figures = grower;

	(void)state;
	figures.kept = HS_UNKNOWN;
	assert_true(hs_suspect_score(&figures) == 0.5 * whole);
	figures = grower;
	figures.share = HS_UNKNOWN;
	assert_true(hs_suspect_score(&figures) == 0.5 * whole);
	figures = grower;
	figures.steadiness = HS_UNKNOWN;
	assert_true(hs_suspect_score(&figures) > 0.5 * whole && hs_suspect_score(&figures) < 0.55 * whole);
}

static void assert_near(double is, double wanted)
{
	if (is < wanted - 1e-6 || is > wanted + 1e-6)
		fail_msg("%f, not %f", is, wanted);
}

/* Gaps are unequal: rates count, not differences. */
static void steadiness_is_of_rates(void **state)
{
	static const uint64_t times[] = { 0, 3 * S, 8 * S };
	static const uint64_t even[] = { 100, 130, 180 }, uneven[] = { 100, 130, 155 }, once[] = { 100, 100, 180 }, back[] = { 100, 150, 140 };

	(void)state;
	assert_near(hs_steadiness(times, even, 3), 1);
	assert_near(hs_steadiness(times, uneven, 3), 0.5);
	assert_near(hs_steadiness(times, once, 3), 0);
	assert_near(hs_steadiness(times, back, 3), 0);
	assert_near(hs_steadiness(times, even, 2), HS_UNKNOWN);
}

/* Of four values each gap counts: the second of these is half as steep as the first. */
static void four_values_have_three_gaps(void **state)
{
	static const uint64_t times[] = { 0, 1 * S, 2 * S, 3 * S, 4 * S };
	static const uint64_t values[] = { 100, 120, 130, 150, 151 };

	(void)state;
	assert_near(hs_steadiness(times, values, 4), 0.5);
}

/* In a long run, what is filled and emptied has a floor that does not rise; one with a leak below it has. */
static void a_long_run_goes_by_the_floor(void **state)
{
	uint64_t times[16], saw[16], leak[16];

	(void)state;
	for (uint64_t i = 0; i < 16; i++) {
		times[i] = i * S;
		saw[i] = 1000 * (i % 4);
		leak[i] = saw[i] + 10 * i;
	}
	assert_near(hs_steadiness(times, saw, 16), 0);
	assert_near(hs_steadiness(times, leak, 16), 1);
}

/* The rise of the floor, as if for the whole time; of few values, from the first to the last. */
static void a_rise_is_that_of_the_floor(void **state)
{
	uint64_t times[16], saw[16], leak[16];

	(void)state;
	for (uint64_t i = 0; i < 16; i++) {
		times[i] = i * S;
		saw[i] = 1000 * ((i + 1) % 4);
		leak[i] = saw[i] + 10 * i;
	}
	assert_true(saw[15] == 0 && saw[14] == 3000);
	assert_int_equal(hs_rise(times, saw, 15), 0);
	assert_int_equal(hs_rise(times, leak, 16), 150);
	assert_int_equal(hs_rise(times, saw, 7), (int64_t)saw[6] - (int64_t)saw[0]);
	assert_int_equal(hs_rise(times, saw, 1), 0);
}

static void drops_are_seen_between_samples(void **state)
{
	static const uint64_t up[] = { 100, 110, 110, 120 }, emptied[] = { 100, 200, 0, 50 }, little[] = { 100, 200, 195, 220 };
	static const uint64_t long_one[] = { 1000000, 1009000, 1000000, 1009000 };

	(void)state;
	assert_near(hs_largest_drop(up, 4), 0);
	assert_near(hs_largest_drop(emptied, 4), 1);
	assert_near(hs_largest_drop(little, 4), 0.025);
	/* little of its length, but all that it had gained */
	assert_near(hs_largest_drop(long_one, 4), 1);
	assert_near(hs_largest_drop(NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grower_is_highly_believed),
		cmocka_unit_test(one_doubt_makes_it_medium),
		cmocka_unit_test(the_bounds_are_where_they_are_said_to_be),
		cmocka_unit_test(little_growth_is_no_high),
		cmocka_unit_test(two_doubts_make_it_low),
		cmocka_unit_test(unknown_figures_are_doubts),
		cmocka_unit_test(what_was_seen_once_is_at_most_medium),
		cmocka_unit_test(each_figure_moves_the_score),
		cmocka_unit_test(what_is_unknown_halves_the_score),
		cmocka_unit_test(steadiness_is_of_rates),
		cmocka_unit_test(four_values_have_three_gaps),
		cmocka_unit_test(a_long_run_goes_by_the_floor),
		cmocka_unit_test(a_rise_is_that_of_the_floor),
		cmocka_unit_test(drops_are_seen_between_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
