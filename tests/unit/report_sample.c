/* SPDX-License-Identifier: Apache-2.0 */
#include "report_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct hs_census_type types[] = {
	{ .name = "builtins.dict", .n_types = 1, .count = 1213112, .gc_tracked = 1213100, .bytes = 281 << 20, .getsizeof_bytes = 200 << 20 },
	{ .name = "builtins.str", .n_types = 1, .count = 3400020, .gc_tracked = 0, .bytes = 204 << 20, .getsizeof_bytes = 190 << 20 },
	{ .name = "app.services.billing.invoices.PendingInvoiceLine", .n_types = 2, .count = 48113, .gc_tracked = 48113, .bytes = 9 << 20, .getsizeof_bytes = 3 << 20 },
	{ .name = "app.\xe5\x80\xa4\xe6\xae\xb5\xe8\xa1\xa8", .n_types = 1, .count = 120, .gc_tracked = 120, .bytes = 65536, .getsizeof_bytes = 60000 },
	{ .name = "app.\x1b[31mEvil\xe2\x80\xae\xff", .n_types = 1, .count = 2, .gc_tracked = 1, .bytes = 112, .getsizeof_bytes = 96 },
	{ .name = "builtins.NoneType", .n_types = 1, .count = 1, .gc_tracked = 0, .bytes = 0, .getsizeof_bytes = 16 },
};
static uint64_t pauses[] = { 20000000, 1500000 };
static struct hs_missing missing[] = { { .start = 0x7f0000001000, .end = 0x7f0000003000, .why = "gone while copying" } };

void report_sample_init(struct report_sample *ret, const char *filter, enum hs_report_sort sort, uint32_t n_max)
{
	*ret = (struct report_sample){
		.process = { .pid = 4242, .start_time = 123456, .boot_id = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", .state = 'S',
			     .rss_bytes = 812 << 20, .uptime_ms = (3 * 24 + 4) * 3600000ull, .script = (char *)"python3 /srv/shop/app.py" },
		.layout = { .version = "3.11.2", .source = "debug file (build-id 571d98ab)" },
		.capture = { .pause_ns = 21500000, .pauses_ns = { .items = pauses, .n = 1 }, .copied_bytes = 98 << 20,
			     .missing = { .items = missing, .n = 1 } },
		.census = { .types = { .items = types, .n = sizeof(types) / sizeof(*types) }, .n_objects = 4661368,
			    .bytes = (494 << 20) + 65536 + 112, .in_use_bytes = 505 << 20, .explained_bytes = 494 << 20,
			    .n_interpreters = 1, .is_complete = true },
	};
	ret->report = (struct hs_report){
		.document = { .program = "heapspy", .command = "report", .source = "4242", .time = 1700000000, .host = "web-1", .process = &ret->process,
			      .layout = &ret->layout, .capture = &ret->capture, .census = &ret->census },
	};
	assert_null(hs_report_select(&ret->report, filter, sort, n_max));
}

void report_sample_deinit(struct report_sample *sample)
{
	hs_report_deinit(&sample->report);
}

char *report_sample_text(const struct report_sample *sample, unsigned width, bool utf8, bool colour)
{
	const struct hs_style style = { .width = width, .utf8 = utf8, .colour = colour };
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	hs_report_text(out, &sample->report, &style);
	assert_int_equal(fclose(out), 0);
	return text;
}
