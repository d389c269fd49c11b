/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as text and as JSON: their exact form, in any width, and what is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cleanup.h"
#include "golden.h"
#include "report_sample.h"
#include "threads.h"

static struct hs_call_variable locals[] = {
	{ .name = (char *)"self", .repr = (char *)"<app.Session id=3, user='u-3', history=[1, 2, 3, \xe2\x80\xa6], cache={'a': 1}>", .type = "app.Session",
	  .address = 0x7f0000001000 },
	{ .name = (char *)"gr\xc3\xb6\xc3\x9f""e", .repr = (char *)"42", .type = "builtins.int", .address = 0x7f0000002000 },
};
#define APP .module = (char *)"app", .file = (char *)"/srv/shop/app.py"

static struct hs_call frames[] = {
	{ APP, .function = (char *)"Session.load", .line = 33, .variables = { .items = locals, .n = 2 } },
	{ APP, .function = (char *)"<module>", .line = 0 },
};
static struct hs_running_thread running[] = {
	{ .ident = 140001, .native_ident = 4242, .name = (char *)"MainThread", .n_frames = 1002, .frames = { .items = frames, .n = 2 } },
	{ .ident = 140002, .n_frames = 1, .frames = { .items = frames, .n = 1 } },
};
static struct hs_suspended_call suspended[] = {
	{ .kind = "coroutine", .address = 0x7f0000003000, .n_alike = 9812,
	  .call = { APP, .function = (char *)"handle", .line = 71, .variables = { .items = locals + 1, .n = 1 } } },
	{ .kind = "generator", .address = 0x7f0000004000, .n_alike = 1,
	  .call = { APP, .function = (char *)"rows.<locals>.<genexpr>", .line = 80 } },
};

static struct hs_threads sample(const struct report_sample *report)
{
	struct hs_threads threads = {
		.document = report->report.document,
		.threads = { .items = running, .n = 2 },
		.n_suspended = 9900,
		.suspended = { .items = suspended, .n = 2 },
	};

	threads.document.command = "threads";
	return threads;
}

static char *text_of(const struct hs_threads *threads, const struct hs_style *style)
{
	struct golden_stream stream;

	golden_open(&stream);
	if (style)
		hs_threads_text(stream.out, threads, style);
	else
		assert_null(hs_threads_json(stream.out, threads));
	return golden_close(&stream);
}

static void looks_the_same(void **state)
{
	const struct hs_style wide = { .width = 100, .utf8 = true }, narrow = { .width = 50 };
	struct report_sample report;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_threads threads = sample(&report);
	HS_FREE char *text = text_of(&threads, &wide), *narrow_text = text_of(&threads, &narrow), *json = text_of(&threads, NULL);
	golden_check("threads_100.txt", text);
	golden_check("threads_50_ascii.txt", narrow_text);
	golden_check("threads.json", json);
	report_sample_deinit(&report);
}

static void nothing_runs(void **state)
{
	const struct hs_style style = { .width = 80 };
	struct report_sample report;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_threads threads = sample(&report);
	threads.threads.n = threads.suspended.n = threads.n_suspended = 0;
	HS_FREE char *text = text_of(&threads, &style);
	assert_non_null(text);
	report_sample_deinit(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_the_same),
		cmocka_unit_test(nothing_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
