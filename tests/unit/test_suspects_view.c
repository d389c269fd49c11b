/* SPDX-License-Identifier: Apache-2.0 */
/* Suspects as text and as JSON: the exact form of one with everything, of one with nothing, of many places, of none at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cleanup.h"
#include "golden.h"
#include "suspects_view.h"

#define MIB ((uint64_t)1 << 20)

static struct hs_named_step steps[] = {
	{ 0, 0x7f0000001000, HS_EDGE_VALUE, (char *)"app" },
	{ 0x7f0000001000, 0x7f0000002000, HS_EDGE_FIELD, (char *)"__dict__" },
	{ 0x7f0000002000, 0x7f0000003000, HS_EDGE_VALUE, (char *)"'POOL'" },
	{ 0x7f0000003000, 0x7f0000004000, HS_EDGE_VALUE, NULL },
};
static uint64_t lengths[] = { 1204082, 1207092, 1213112 }, room_lengths[] = { 3000, 3010, 3300 };
static struct hs_watched watched = {
	.object = 0x7f0000004000, .points = { { 1, 1204100 }, { 2, 1206000 }, { 3, 1209000 } }, .n_points = 3, .n_readings = 3, .peak = 1209000,
};

static struct hs_suspect suspects[] = {
	{ .kind = HS_SUSPECT_LIST, .root = HS_SUSPECT_OF_MODULE, .confidence = HS_CONFIDENCE_HIGH, .score = 394000, .address = 0x7f0000004000,
	  .type = "builtins.list",
	  .path = { .expression = (char *)"app.POOL['queue']", .is_evaluable = true, .steps = { .items = steps, .n = 4 } },
	  .owner = (char *)"app.POOL", .owner_is_evaluable = true, .tail = (char *)"['queue']",
	  .also = { { (char *)"app.INDEX" }, 1 },
	  .writers = { { (char *)"app.process_event (app.py:12)", (char *)"app.Pool.put (app.py:40)" }, 2 },
	  .definition = (char *)"/srv/shop/app.py:30", .hint = "nothing removes items", .members = 1,
	  .grows_by = { { "builtins.dict", 9030, 1e6 }, { "app.\x1b[31mEvil", 30, 1e3 } }, .n_grows_by = 2, .lengths = lengths, .watched = &watched,
	  .figures = { .bytes = 11.3 * 1048576, .seconds = 30, .items = 9030, .kept = 1, .steadiness = 0.98, .share = 0.998 },
	  .retained_bytes = 402 * MIB, .retained_growth_bytes = (int64_t)(11 * MIB) },
	{ .kind = HS_SUSPECT_DEQUE, .root = HS_SUSPECT_OF_MODULE, .confidence = HS_CONFIDENCE_LOW, .score = 100, .address = 0x7f0000005000,
	  .type = "collections.deque", .path = { .expression = (char *)"app.ROOMS[17].history" }, .shape = (char *)"app.ROOMS[*].history",
	  .owner = (char *)"app.ROOMS[17].history", .tail = (char *)"", .members = 300, .lengths = room_lengths,
	  .evidence = { { (char *)"it did not grow evenly: a longer run tells more", (char *)"it was seen to shrink between samples" }, 2 },
	  .figures = { .bytes = 65536, .seconds = 30, .items = 300, .kept = 0.96, .steadiness = 0.1, .share = 1, .is_bounded = true },
	  .has_bound = true, .bound = { 10000, 3300, 670, 3 * MIB }, .retained_bytes = MIB, .retained_growth_bytes = 65536 },
	{ .kind = HS_SUSPECT_CYCLES, .root = HS_SUSPECT_OF_NOTHING, .confidence = HS_CONFIDENCE_MEDIUM, .score = 10, .address = 0x7f0000006000,
	  .type = "app.Node", .members = 40, .figures = { .bytes = 9000, .seconds = 30, .items = 40, .kept = HS_UNKNOWN, .steadiness = HS_UNKNOWN, .share = 1 },
	  .retained_bytes = 9000, .retained_growth_bytes = 9000 },
};

static struct hs_suspects made(size_t n)
{
	return (struct hs_suspects){
		.list = { .items = suspects, .n = n }, .n_samples = 3, .seconds = 30, .growth_bytes = 12e6,
		.ruled_out = { .n_containers = 10403, .n_turnover = 12, .n_bounded = 1, .largest_turnover = (char *)"app.CACHE" },
	};
}

static char *text_of(const struct hs_suspects *found, size_t n_max, unsigned width)
{
	const struct hs_style style = { .width = width, .utf8 = true };
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	hs_suspects_put(out, found, n_max, &style);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void suspects_as_text(void **state)
{
	const struct hs_suspects found = made(3), none = made(0);

	(void)state;
	HS_FREE char *wide = text_of(&found, 10, 120), *narrow = text_of(&found, 2, 60), *empty = text_of(&none, 5, 80);
	golden_check("suspects.txt", wide);
	golden_check("suspects-narrow.txt", narrow);
	golden_check("suspects-none.txt", empty);
}

/* One alone, and not sure: nothing then accuses. */
static void growth_that_may_be_no_leak(void **state)
{
	struct hs_suspect unsure = suspects[1];
	struct hs_suspects found = made(1);

	(void)state;
	unsure.confidence = HS_CONFIDENCE_LOW;
	found.list.items = &unsure;
	HS_FREE char *text = text_of(&found, 5, 100);
	golden_check("suspects-unsure.txt", text);
}

static void suspects_of_one_picture_as_text(void **state)
{
	struct hs_suspects found = made(1);

	(void)state;
	found.is_static = true;
	found.n_samples = 1;
	HS_FREE char *text = text_of(&found, 5, 100);
	golden_check("suspects-static.txt", text);
}

static void suspects_as_json(void **state)
{
	const struct hs_suspects found = made(3);

	(void)state;
	json_t *list = hs_suspects_json(&found);
	assert_non_null(list);
	HS_FREE char *text = json_dumps(list, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(list);
	golden_check("suspects.json", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suspects_as_text),
		cmocka_unit_test(growth_that_may_be_no_leak),
		cmocka_unit_test(suspects_of_one_picture_as_text),
		cmocka_unit_test(suspects_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
