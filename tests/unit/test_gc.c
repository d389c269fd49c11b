/* SPDX-License-Identifier: Apache-2.0 */
/* Collectors as text and as JSON: their exact form, in any width; and what is said about which figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gc.h"
#include "golden.h"
#include "report_sample.h"

static const struct hs_collector healthy = {
	.is_enabled = true,
	.lists_are_whole = true,
	.generations = {
		{ .threshold = 700, .count = 12, .n_objects = 14, .collections = 1204, .collected = 9012, .uncollectable = 0 },
		{ .threshold = 10, .count = 4, .n_objects = 3120, .collections = 109, .collected = 812 },
		{ .threshold = 10, .count = 2, .n_objects = 1213112, .collections = 9, .collected = 77 },
	},
	.n_frozen = 375,
	.n_long_lived = 1213000,
	.n_long_lived_pending = 112,
	.seconds = -1,
};

static struct hs_gc_object garbage[] = {
	{ .address = 0x7f0000001000, .type = "app.Node", .repr = (char *)"<app.Node name='gr\xc3\xb6\xc3\x9f""e', other=<app.Node \xe2\x80\xa6>>" },
	{ .address = 0x7f0000002000, .type = NULL, .repr = (char *)"<0x7f0000002000>" },
};
static struct hs_gc_object callbacks[] = { { .address = 0x7f0000003000, .type = "builtins.function", .repr = (char *)"<function app.on_gc>" } };

/* One note that begins with `words`, or none at all when it is NULL; as many as `n`. */
static void says(struct hs_collector state, uint64_t n_garbage, size_t n, const char *words)
{
	struct hs_gc_collector collector = { .state = state, .garbage = { .n = n_garbage } };
	bool is_said = !words;

	assert_null(hs_gc_add_notes(&collector));
	assert_int_equal(collector.notes.n, n);
	for (size_t i = 0; i < n; i++) {
		is_said |= words && strstr(collector.notes.items[i], words);
		free(collector.notes.items[i]);
	}
	hs_array_free(&collector.notes);
	assert_true(is_said);
}

static void notes_follow_from_figures(void **state)
{
	struct hs_collector changed = healthy;

	(void)state;
	says(healthy, 0, 0, NULL);
	changed.is_enabled = false;
	says(changed, 0, 1, "the collector is off");
	changed = healthy;
	changed.generations[0].threshold = 0;
	says(changed, 0, 1, "never runs by itself");
	changed.generations[0].threshold = 1000000;
	says(changed, 0, 1, "1,000,000 new containers");
	changed = healthy;
	changed.generations[2].count = 57;
	says(changed, 0, 1, "112 objects are new to it, a quarter of 1,213,000");
	changed.n_long_lived_pending = changed.n_long_lived;
	says(changed, 0, 0, NULL);
	changed = healthy;
	changed.n_frozen = 500000;
	says(changed, 0, 1, "500,000 objects are frozen");
	changed = healthy;
	changed.debug = HS_GC_DEBUG_SAVEALL;
	says(changed, 7, 1, "DEBUG_SAVEALL is set");
	says(healthy, 7, 1, "gc.garbage keeps 7 objects");
	changed = healthy;
	changed.is_collecting = true;
	changed.lists_are_whole = false;
	says(changed, 0, 2, "lower bounds");
}

static char *text_of(const struct hs_gc *gc, const struct hs_style *style)
{
	struct golden_stream stream;

	golden_open(&stream);
	if (style)
		hs_gc_text(stream.out, gc, style);
	else
		assert_null(hs_gc_json(stream.out, gc));
	return golden_close(&stream);
}

static void looks_the_same(void **state)
{
	const struct hs_style wide = { .width = 100, .utf8 = true }, narrow = { .width = 50 };
	struct hs_gc_collector collectors[2] = {
		{ .state = healthy, .garbage = { .n = 1002, .shown = { .items = garbage, .n = 2 } },
		  .callbacks = { .n = 1, .shown = { .items = callbacks, .n = 1 } } },
		{ .state = healthy },
	};
	struct report_sample report;

	(void)state;
	collectors[0].state.debug = HS_GC_DEBUG_STATS | HS_GC_DEBUG_SAVEALL;
	collectors[0].state.seconds = 1.25;
	collectors[1].state.interpreter_id = 3;
	collectors[1].state.is_enabled = false;
	collectors[1].state.is_incremental = true;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_gc gc = { .document = report.report.document, .collectors = { .items = collectors, .n = 2 } };
	gc.document.command = "gc";
	for (size_t i = 0; i < 2; i++)
		assert_null(hs_gc_add_notes(&collectors[i]));
	HS_FREE char *text = text_of(&gc, &wide), *narrow_text = text_of(&gc, &narrow), *json = text_of(&gc, NULL);
	golden_check("gc_100.txt", text);
	golden_check("gc_50_ascii.txt", narrow_text);
	golden_check("gc.json", json);
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < collectors[i].notes.n; j++)
			free(collectors[i].notes.items[j]);
		hs_array_free(&collectors[i].notes);
	}
	report_sample_deinit(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_follow_from_figures),
		cmocka_unit_test(looks_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
