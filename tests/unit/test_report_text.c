/* SPDX-License-Identifier: Apache-2.0 */
/* The text report at several widths, with and without UTF-8 and colour, and with every line that is there only sometimes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "golden.h"
#include "report_sample.h"
#include "text.h"

static void check_at(const char *name, unsigned width, bool utf8, bool colour)
{
	struct report_sample sample;

	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	HS_FREE char *text = report_sample_text(&sample, width, utf8, colour);
	golden_check(name, text);
	report_sample_deinit(&sample);
}

static void at_80_columns(void **state)
{
	(void)state;
	check_at("report_80.txt", 80, true, false);
}

static void at_200_columns(void **state)
{
	(void)state;
	check_at("report_200.txt", 200, true, false);
}

static void at_40_columns(void **state)
{
	(void)state;
	check_at("report_40.txt", 40, true, false);
}

static void in_ascii(void **state)
{
	(void)state;
	check_at("report_80_ascii.txt", 80, false, false);
}

static void in_colour(void **state)
{
	(void)state;
	check_at("report_80_colour.txt", 80, true, true);
}

static void with_warnings_and_a_filter(void **state)
{
	static char *layout_warnings[] = {
		(char *)"no table for 3.11.2: the nearest of its minor, 3.11.0, is used; generations found by search",
	};
	static char *census_warnings[] = { (char *)"interpreter 1: \x1b[2Jbroken list at 0x7f0000001000" };
	struct report_sample sample;

	(void)state;
	report_sample_init(&sample, "app.*", HS_REPORT_BY_COUNT, 40);
	sample.layout.warnings.items = layout_warnings;
	sample.layout.warnings.n = 1;
	sample.census.warnings.items = census_warnings;
	sample.census.warnings.n = 1;
	sample.census.is_complete = false;
	sample.census.n_interpreters = 3;
	sample.capture.pauses_ns.n = 2;
	sample.capture.was_stopped = true;
	HS_FREE char *text = report_sample_text(&sample, 80, true, false);
	golden_check("report_warnings.txt", text);
	report_sample_deinit(&sample);
}

static void with_everything_to_look_at(void **state)
{
	struct report_sample sample;

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	sample.process.rss_bytes = (uint64_t)4 << 30;
	sample.report.hints = (struct hs_hints){ .is_known = true, .collector_is_off = true, .is_tracing = true, .has_unreached = true };
	HS_FREE char *text = report_sample_text(&sample, 80, true, false);
	golden_check("report_hints.txt", text);
	report_sample_deinit(&sample);
}

static void without_a_stop(void **state)
{
	struct report_sample sample;

	(void)state;
	report_sample_init(&sample, "Session", HS_REPORT_BY_TYPE, 40);
	sample.report.document.is_nonblocking = true;
	sample.capture.pauses_ns.n = 0;
	sample.capture.pause_ns = 0;
	sample.process.script = NULL;
	sample.census.in_use_bytes = 0;
	HS_FREE char *text = report_sample_text(&sample, 80, true, false);
	golden_check("report_nonblocking.txt", text);
	report_sample_deinit(&sample);
}

/* No line is wider than the screen, but the command at the end, which is to be copied as it is; no control gets out but line ends. */
static void fits_every_width(void **state)
{
	struct report_sample sample;

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 40);
	for (unsigned width = 44; width <= 250; width++) {
		HS_FREE char *text = report_sample_text(&sample, width, true, false);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			for (const char *c = line; *c; c++)
				assert_false((unsigned char)*c < 0x20 || *c == 0x7f);
			if (hs_text_width(line) > width && strncmp(line, "next: ", 6))
				fail_msg("%u columns at width %u: %s", hs_text_width(line), width, line);
		}
	}
	report_sample_deinit(&sample);
}

static void sorts_and_filters(void **state)
{
	static const struct {
		const char *filter;
		enum hs_report_sort sort;
		size_t n;
		const char *first;
	} cases[] = {
		{ NULL, HS_REPORT_BY_BYTES, 6, "builtins.dict" },
		{ NULL, HS_REPORT_BY_COUNT, 6, "builtins.str" },
		{ NULL, HS_REPORT_BY_TYPE, 6, "app.\x1b[31mEvil\xe2\x80\xae\xff" },
		{ "dict", HS_REPORT_BY_BYTES, 1, "builtins.dict" },
		{ "builtins.*", HS_REPORT_BY_BYTES, 3, "builtins.dict" },
		{ "Evil", HS_REPORT_BY_BYTES, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct report_sample sample;
		report_sample_init(&sample, cases[i].filter, cases[i].sort, 2);
		assert_int_equal(sample.report.rows.n, cases[i].n);
		assert_int_equal(sample.report.n_shown, cases[i].n < 2 ? cases[i].n : 2);
		if (cases[i].first)
			assert_string_equal(sample.report.rows.items[0]->name, cases[i].first);
		report_sample_deinit(&sample);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_80_columns),
		cmocka_unit_test(at_200_columns),
		cmocka_unit_test(at_40_columns),
		cmocka_unit_test(in_ascii),
		cmocka_unit_test(in_colour),
		cmocka_unit_test(with_warnings_and_a_filter),
		cmocka_unit_test(with_everything_to_look_at),
		cmocka_unit_test(without_a_stop),
		cmocka_unit_test(fits_every_width),
		cmocka_unit_test(sorts_and_filters),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1; /* widths of characters outside ASCII come from the locale */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
