/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON report: its exact text, and that hostile strings and large figures still give a document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cleanup.h"
#include "golden.h"
#include "report_sample.h"

static char *json_of(const struct report_sample *sample)
{
	struct golden_stream stream;

	golden_open(&stream);
	assert_null(hs_report_json(stream.out, &sample->report));
	return golden_close(&stream);
}

static void has_every_member(void **state)
{
	struct report_sample sample;

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, HS_REPORT_ALL_TYPES);
	sample.capture.pauses_ns.n = 2;
	HS_FREE char *text = json_of(&sample);
	golden_check("report.json", text);
	report_sample_deinit(&sample);
}

static void says_what_is_wrong(void **state)
{
	static char *warnings[] = { (char *)"broken list \xff\x01" };
	struct report_sample sample;

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 1);
	sample.report.document.is_nonblocking = true;
	sample.census.warnings.items = warnings;
	sample.census.warnings.n = 1;
	sample.census.is_complete = false;
	sample.census.n_objects = UINT64_MAX; /* beyond what JSON readers take: capped, never negative */
	sample.layout.is_debug_build = true;
	HS_FREE char *text = json_of(&sample);
	json_t *root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_true(json_is_false(json_object_get(root, "complete")));
	assert_int_equal(json_array_size(json_object_get(root, "warnings")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(root, "warnings"), 0)), "broken list \\xff\\x01");
	json_t *process = json_object_get(root, "process");
	assert_string_equal(json_string_value(json_array_get(json_object_get(process, "build"), 0)), "debug");
	json_t *census = json_object_get(root, "census");
	assert_true(json_integer_value(json_object_get(census, "objects")) == INT64_MAX);
	assert_int_equal(json_array_size(json_object_get(census, "types")), 1);
	json_decref(root);
	report_sample_deinit(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_member),
		cmocka_unit_test(says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
