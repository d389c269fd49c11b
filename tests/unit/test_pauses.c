/* SPDX-License-Identifier: Apache-2.0 */
/* Pauses go on from one capture to the next; none is lost, none is counted twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pauses.h"

static void put(struct hs_pauses *pauses, uint64_t pause_ns)
{
	assert_true(hs_array_reserve(pauses, pauses->n + 1));
	pauses->items[pauses->n++] = pause_ns;
}

static void expect(const struct hs_capture *capture, uint64_t first, uint64_t second, uint64_t third)
{
	assert_int_equal(capture->pauses_ns.n, 3);
	assert_int_equal(capture->pauses_ns.items[0], first);
	assert_int_equal(capture->pauses_ns.items[1], second);
	assert_int_equal(capture->pauses_ns.items[2], third);
	assert_int_equal(capture->pause_ns, first + second + third);
}

static void are_listed_in_their_order(void **state)
{
	struct hs_capture capture = { .pause_ns = 5 };
	struct hs_pauses earlier = { 0 }, later = { 0 };

	(void)state;
	put(&capture.pauses_ns, 5);
	put(&earlier, 3);
	put(&later, 4);
	assert_null(hs_pauses_put_before(&capture, &earlier));
	assert_null(hs_pauses_put_behind(&capture, &later));
	expect(&capture, 3, 5, 4);
	assert_int_equal(earlier.n + later.n, 0);
	assert_null(hs_pauses_put_behind(&capture, &later));
	assert_null(hs_pauses_put_before(&capture, &earlier));
	expect(&capture, 3, 5, 4);
	hs_array_free(&capture.pauses_ns);
}

static void wait_for_a_capture(void **state)
{
	struct hs_capture first = { .pause_ns = 7 }, second = { .pause_ns = 1 };
	struct hs_pauses untold = { 0 };

	(void)state;
	put(&first.pauses_ns, 7);
	put(&untold, 2);
	assert_null(hs_pauses_move(&untold, &first.pauses_ns));
	put(&second.pauses_ns, 1);
	assert_null(hs_pauses_put_before(&second, &untold));
	expect(&second, 2, 7, 1);
	hs_array_free(&second.pauses_ns);
}

/* What a file says of its pauses stands, whatever it lists. */
static void leave_a_capture_alone_where_there_are_none(void **state)
{
	struct hs_capture capture = { .pause_ns = 9 };
	struct hs_pauses none = { 0 };

	(void)state;
	assert_null(hs_pauses_put_before(&capture, &none));
	assert_int_equal(capture.pause_ns, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_listed_in_their_order),
		cmocka_unit_test(wait_for_a_capture),
		cmocka_unit_test(leave_a_capture_alone_where_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
