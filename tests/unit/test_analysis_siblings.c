/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several processes differs, and in which holder: from places made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "siblings.h"

#define KIB ((uint64_t)1024)

static bool is_apart(const uint64_t *values, size_t n, size_t *ret_outlier)
{
	uint64_t median;

	return hs_outlier_find(values, n, 30, ret_outlier, &median);
}

static void one_stands_apart_from_those_that_vary(void **state)
{
	size_t outlier;

	(void)state;
	assert_true(is_apart((const uint64_t[]){ 1200, 1180, 12345 }, 3, &outlier));
	assert_int_equal(outlier, 2);
	assert_true(is_apart((const uint64_t[]){ 1200, 12, 1190, 1210 }, 4, &outlier));
	assert_int_equal(outlier, 1);
	/* a quarter more, where the others are alike */
	assert_true(is_apart((const uint64_t[]){ 20600, 20617, 20598, 27140 }, 4, &outlier));
	assert_int_equal(outlier, 3);
	/* all vary, one a little more */
	assert_false(is_apart((const uint64_t[]){ 1000, 1100, 1250, 900 }, 4, &outlier));
	assert_false(is_apart((const uint64_t[]){ 100, 300, 500 }, 3, &outlier));
	/* by few items */
	assert_false(is_apart((const uint64_t[]){ 3, 4, 25 }, 3, &outlier));
	assert_false(is_apart((const uint64_t[]){ 7, 7, 7 }, 3, &outlier));
	/* of two there is no middle */
	assert_true(is_apart((const uint64_t[]){ 100, 200 }, 2, &outlier));
	assert_int_equal(outlier, 1);
	assert_false(is_apart((const uint64_t[]){ 140, 100 }, 2, &outlier));
}

/* The places of one process: {path, members, length, retained}, ended by a path that is NULL. */
struct made {
	const char *path;
	uint64_t members, length, retained;
};

static struct hs_path_places places_of(const struct made *made)
{
	struct hs_path_places places = { 0 };

	for (; made->path; made++) {
		struct hs_path_place *place = hs_array_append(&places.list);
		assert_non_null(place);
		uint64_t key = 5381;
		for (const char *at = made->path; *at; at++)
			key = key * 33 + (unsigned char)*at;
		*place = (struct hs_path_place){ .key = key, .count = made->members, .n_containers = made->members, .length = made->length,
						 .retained_bytes = made->retained, .path = strdup(made->path), .type = strdup("builtins.list") };
	}
	return places;
}

#define N 3

static struct hs_sibling_rows compare(const struct made *const *made, struct hs_path_places places[N])
{
	const struct hs_path_places *pointers[N];
	struct hs_sibling_rows rows = { 0 };

	for (size_t i = 0; i < N; i++) {
		places[i] = places_of(made[i]);
		pointers[i] = &places[i];
	}
	assert_null(hs_sibling_holders(pointers, N, &rows));
	return rows;
}

static void release(struct hs_sibling_rows *rows, struct hs_path_places places[N])
{
	hs_sibling_rows_release(rows);
	for (size_t i = 0; i < N; i++)
		hs_path_places_release(&places[i]);
}

static void the_holder_is_named_not_what_it_holds(void **state)
{
	static const struct made usual[] = { { "app.EVENTS", 1, 100, 40 * KIB }, { "app.EVENTS[*]", 100, 400, 30 * KIB },
					     { "app.ROUTES", 1, 310, 90 * KIB }, { NULL, 0, 0, 0 } };
	static const struct made leaking[] = { { "app.EVENTS", 1, 9000, 3600 * KIB }, { "app.EVENTS[*]", 9000, 36000, 2700 * KIB },
					       { "app.ROUTES", 1, 310, 90 * KIB }, { NULL, 0, 0, 0 } };
	struct hs_path_places places[N];

	(void)state;
	struct hs_sibling_rows rows = compare((const struct made *const[]){ usual, leaking, usual }, places);
	assert_int_equal(rows.list.n, 1);
	assert_string_equal(rows.list.items[0].path, "app.EVENTS");
	assert_int_equal(rows.list.items[0].outlier, 1);
	assert_int_equal(rows.list.items[0].median_length, 100);
	assert_int_equal(rows.list.items[0].excess_items, 8900);
	assert_int_equal(rows.list.items[0].excess_bytes, 3560 * KIB);
	release(&rows, places);
}

/* As many rooms in each, but those of one have longer histories. */
static void the_ones_that_are_longer_are_named_not_what_holds_them(void **state)
{
	static const struct made usual[] = { { "app.ROOMS", 1, 50, 50 * KIB }, { "app.ROOMS[*]", 50, 500, 40 * KIB }, { NULL, 0, 0, 0 } };
	static const struct made leaking[] = { { "app.ROOMS", 1, 50, 950 * KIB }, { "app.ROOMS[*]", 50, 9500, 940 * KIB }, { NULL, 0, 0, 0 } };
	struct hs_path_places places[N];

	(void)state;
	struct hs_sibling_rows rows = compare((const struct made *const[]){ leaking, usual, usual }, places);
	assert_int_equal(rows.list.n, 1);
	assert_string_equal(rows.list.items[0].path, "app.ROOMS[*]");
	assert_int_equal(rows.list.items[0].outlier, 0);
	release(&rows, places);
}

/* It has as many items as the others have, but heavier ones, which are no containers. */
static void one_that_only_weighs_more_is_named(void **state)
{
	static const struct made usual[] = { { "app.PAGES", 1, 40, 100 * KIB }, { NULL, 0, 0, 0 } };
	static const struct made heavy[] = { { "app.PAGES", 1, 40, 9000 * KIB }, { NULL, 0, 0, 0 } };
	struct hs_path_places places[N];

	(void)state;
	struct hs_sibling_rows rows = compare((const struct made *const[]){ usual, usual, heavy }, places);
	assert_int_equal(rows.list.n, 1);
	assert_int_equal(rows.list.items[0].outlier, 2);
	assert_int_equal(rows.list.items[0].excess_items, 0);
	release(&rows, places);
}

/* A holder that one of them does not have at all is one with nothing in it. */
static void what_one_does_not_have_is_told(void **state)
{
	static const struct made usual[] = { { "app.CACHE", 1, 400, 100 * KIB }, { NULL, 0, 0, 0 } };
	static const struct made empty[] = { { NULL, 0, 0, 0 } };
	struct hs_path_places places[N];

	(void)state;
	struct hs_sibling_rows rows = compare((const struct made *const[]){ usual, empty, usual }, places);
	assert_int_equal(rows.list.n, 1);
	assert_int_equal(rows.list.items[0].outlier, 1);
	assert_int_equal(rows.list.items[0].excess_items, -400);
	release(&rows, places);
}

static void nothing_differs_where_all_are_alike(void **state)
{
	static const struct made usual[] = { { "app.CACHE", 1, 400, 100 * KIB }, { "app.EVENTS", 1, 90, 9 * KIB }, { NULL, 0, 0, 0 } };
	struct hs_path_places places[N];

	(void)state;
	struct hs_sibling_rows rows = compare((const struct made *const[]){ usual, usual, usual }, places);
	assert_int_equal(rows.list.n, 0);
	assert_int_equal(rows.n_compared, 2);
	release(&rows, places);
}

static void types_are_told_by_their_bytes(void **state)
{
	struct hs_census_type usual[] = { { .name = (char *)"app.Event", .count = 100, .bytes = 10 * KIB },
					  { .name = (char *)"app.Route", .count = 300, .bytes = 30 * KIB } };
	struct hs_census_type leaking[] = { { .name = (char *)"app.Event", .count = 9000, .bytes = 900 * KIB },
					    { .name = (char *)"app.Route", .count = 300, .bytes = 30 * KIB } };
	const struct hs_census one = { .types = { .items = usual, .n = 2 } }, other = { .types = { .items = leaking, .n = 2 } };
	struct hs_sibling_rows rows = { 0 };

	(void)state;
	assert_null(hs_sibling_types((const struct hs_census *const[]){ &one, &one, &other }, N, &rows));
	assert_int_equal(rows.list.n, 1);
	assert_string_equal(rows.list.items[0].type, "app.Event");
	assert_int_equal(rows.list.items[0].outlier, 2);
	assert_int_equal(rows.list.items[0].members[2], 9000);
	assert_int_equal(rows.list.items[0].excess_bytes, 890 * KIB);
	hs_sibling_rows_release(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_stands_apart_from_those_that_vary),
		cmocka_unit_test(the_holder_is_named_not_what_it_holds),
		cmocka_unit_test(the_ones_that_are_longer_are_named_not_what_holds_them),
		cmocka_unit_test(one_that_only_weighs_more_is_named),
		cmocka_unit_test(what_one_does_not_have_is_told),
		cmocka_unit_test(nothing_differs_where_all_are_alike),
		cmocka_unit_test(types_are_told_by_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
