/* SPDX-License-Identifier: Apache-2.0 */
/* Places of allocation as text, as JSON and folded: their exact form in any width, with hostile names; and where nobody traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "golden.h"
#include "lines.h"
#include "report_sample.h"

static char *files[] = { (char *)"/srv/shop/app.py", (char *)"/srv/shop/gr\xc3\xb6\xc3\x9f""e \x1b[31m;x.py", (char *)"<frozen importlib._bootstrap>" };
static struct hs_trace_place places[] = { { 0, 12 }, { 1, 0 }, { 0, 40 }, { 2, 7 } };
static struct hs_trace_group groups[] = {
	{ .first = 0, .n = 1, .bytes = 104857600, .count = 1579976 },
	{ .first = 1, .n = 3, .bytes = 4096, .count = 1 },
};
static const struct hs_trace_groups all = {
	.files = { .items = files, .n = 3 },
	.places = { .items = places, .n = 4 },
	.groups = { .items = groups, .n = 2 },
	.bytes = 104861696,
	.count = 1579977,
	.walked = { .n = 1600000, .bytes = 110000000, .n_stated = 1600000, .is_whole = true },
};

static char *texts[] = { (char *)"EVENTS[n] = {'order': Order(n), 'at': float(n)}  # \x1b[0m", NULL, NULL };

/* Everything in it is static, but for what hs_document_of fills in. */
static struct hs_lines sample(const struct report_sample *report, const struct hs_lines_options *options)
{
	static struct hs_lines_row rows[2];

	rows[0] = (struct hs_lines_row){ .groups = &all, .group = &groups[0], .bytes = 104857600, .count = 1579976, .bytes_change = 6186598,
					 .count_change = 105000, .texts = { .items = texts, .n = 1 } };
	rows[1] = (struct hs_lines_row){ .groups = &all, .group = &groups[1], .bytes = 0, .count = 0, .bytes_change = -4096, .count_change = -1,
					 .texts = { .items = texts + 1, .n = 1 } };
	struct hs_lines lines = {
		.document = report->report.document,
		.options = options,
		.after = { .state = { .is_known = true, .is_tracing = true, .n_frames_max = 25, .traced_bytes = 110000000, .peak_bytes = UINT64_MAX },
			   .groups = all },
		.n_groups = 102,
		.rows = { .items = rows, .n = 2 },
	};
	lines.document.command = "lines";
	return lines;
}

static char *text_of(const struct hs_lines *lines, const struct hs_style *style)
{
	struct golden_stream stream;

	golden_open(&stream);
	if (style)
		hs_lines_text(stream.out, lines, style);
	else
		assert_null(hs_lines_json(stream.out, lines));
	return golden_close(&stream);
}

static const struct hs_style wide = { .width = 110, .utf8 = true }, narrow = { .width = 50 };

static void lines_look_the_same(void **state)
{
	struct hs_lines_options options = { .n_rows = 2 };
	struct report_sample report;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_lines lines = sample(&report, &options);
	HS_FREE char *text = text_of(&lines, &wide), *narrow_text = text_of(&lines, &narrow), *json = text_of(&lines, NULL);
	golden_check("lines_110.txt", text);
	golden_check("lines_50_ascii.txt", narrow_text);
	golden_check("lines.json", json);
	report_sample_deinit(&report);
}

static void growth_looks_the_same(void **state)
{
	struct hs_lines_options options = { .n_rows = 2, .growth_s = 60, .traces = { .grouping = HS_TRACE_BY_TRACEBACK } };
	struct report_sample report;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_lines lines = sample(&report, &options);
	lines.is_compared = true;
	lines.before = lines.after;
	lines.before.groups.walked.is_whole = false;
	HS_FREE char *text = text_of(&lines, &wide), *json = text_of(&lines, NULL);
	golden_check("lines_growth_110.txt", text);
	golden_check("lines_growth.json", json);
	report_sample_deinit(&report);
}

static void definitions_look_the_same(void **state)
{
	static struct hs_definition definitions[] = {
		{ .kind = "class", .name = (char *)"app.Session", .file = (char *)"/srv/shop/app.py", .line = 33, .count = 4000, .bytes = 2201600 },
		{ .kind = "coroutine", .name = (char *)"handle\n", .file = (char *)"", .line = 0, .count = 1, .bytes = 480 },
	};
	struct hs_lines_options options = { .n_rows = 2 };
	struct report_sample report;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_lines lines = sample(&report, &options);
	lines.after = (struct hs_lines_sample){ .state = { .is_known = true, .traced_bytes = UINT64_MAX, .peak_bytes = UINT64_MAX } };
	lines.rows.n = lines.n_groups = 0;
	lines.definitions = (struct hs_definition_list){ .items = definitions, .n = 2 };
	lines.definition_texts.items = texts;
	lines.definition_texts.n = 2;
	HS_FREE char *text = text_of(&lines, &wide), *json = text_of(&lines, NULL);
	golden_check("lines_off_110.txt", text);
	golden_check("lines_off.json", json);
	/* what is not known is not called off */
	lines.after.state.is_known = false;
	HS_FREE char *unknown = text_of(&lines, &wide);
	assert_non_null(strstr(unknown, "whether it is tracing is not known"));
	assert_null(strstr(unknown, "off: nobody"));
	report_sample_deinit(&report);
}

static void stacks_are_folded(void **state)
{
	struct hs_lines_options options = { 0 };
	struct report_sample report;
	char *text = NULL;
	size_t bytes;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_lines lines = sample(&report, &options);
	FILE *out = open_memstream(&text, &bytes);
	hs_lines_folded(out, &lines);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "/srv/shop/app.py:12 104857600\n"
				  "<frozen_importlib._bootstrap>:7;/srv/shop/app.py:40;/srv/shop/gr\xc3\xb6\xc3\x9f""e_\\x1b[31m_x.py:0 0\n");
	free(text);
	report_sample_deinit(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_look_the_same),
		cmocka_unit_test(growth_looks_the_same),
		cmocka_unit_test(definitions_look_the_same),
		cmocka_unit_test(stacks_are_folded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
