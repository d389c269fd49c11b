/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on objects, distances between names, addresses as users write them, and the tables that objects stand in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "json_line.h"
#include "object_filter.h"
#include "options.h"
#include "table.h"
#include "type_match.h"

static bool fits(const char *condition, uint64_t length, const char *repr)
{
	struct hs_object_filter filter;
	struct hs_object_row row = { 0 };

	assert_true(hs_object_filter_parse(condition, &filter));
	hs_object_row_set(&row, HS_OBJECT_LENGTH, length);
	hs_object_row_set(&row, HS_OBJECT_BYTES, length);
	snprintf(row.repr, sizeof(row.repr), "%s", repr);
	return hs_object_filter_fits(&filter, &row);
}

static void conditions(void **state)
{
	(void)state;
	assert_true(fits("len>100", 101, ""));
	assert_false(fits("len>100", 100, ""));
	assert_true(fits("len>=100", 100, ""));
	assert_true(fits("len<3", 2, ""));
	assert_true(fits("len<=3", 3, ""));
	assert_true(fits("len=3", 3, ""));
	assert_true(fits("len==3", 3, ""));
	assert_true(fits("len!=3", 4, ""));
	assert_true(fits("bytes>=1k", 1024, ""));
	assert_false(fits("bytes>=1M", (1 << 20) - 1, ""));
	assert_true(fits("repr~*b>5*", 0, "ab>5c"));
	assert_false(fits("repr~b", 0, "abc"));
	/* it has none: it fulfils nothing that is said of it */
	assert_false(fits("retained>0", 1, ""));
	/* it is immortal: that is more than any number */
	assert_false(fits("refcount<1000", 1, ""));
	assert_true(fits("refcount>1000", 1, ""));
}

static void no_conditions(void **state)
{
	static const char *const texts[] = { "", "len", "len>", "len>x", "size>5", ">5", "len>5>6", "repr>5", "len~x", "bytes>=1Q", "len>-1", "len=>1",
					     "bytes>99999999999999999999", "bytes>99999999999999G" };
	struct hs_object_filter filter;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(hs_object_filter_parse(texts[i], &filter));
}

static void distances(void **state)
{
	(void)state;
	assert_int_equal(hs_edit_distance("Session", "Session", 3), 0);
	assert_int_equal(hs_edit_distance("session", "Session", 3), 0);
	assert_int_equal(hs_edit_distance("Sesion", "Session", 3), 1);
	assert_int_equal(hs_edit_distance("dct", "dict", 3), 1);
	assert_int_equal(hs_edit_distance("", "abc", 3), 3);
	assert_int_equal(hs_edit_distance("kitten", "sitting", 3), 3);
	assert_int_equal(hs_edit_distance("kitten", "sitting", 2), UINT_MAX);
	char large[300];
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_int_equal(hs_edit_distance(large, "x", 1000), UINT_MAX);
}

static void addresses(void **state)
{
	static const char *const wrong[] = { "", "0x", "0xzz", "x", "-5", "0x-5", " 5", "12 ", "0x12345678901234567", "99999999999999999999", "7f12" };
	hs_addr address;

	(void)state;
	assert_true(hs_options_address("0x7f12a0000010", &address));
	assert_int_equal(address, 0x7f12a0000010);
	assert_true(hs_options_address("0X10", &address));
	assert_int_equal(address, 16);
	assert_true(hs_options_address("140012345", &address));
	assert_int_equal(address, 140012345);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(hs_options_address(wrong[i], &address));
}

static void a_table_fits_the_line(void **state)
{
	static const struct hs_table_column columns[] = { { "ADDRESS", true }, { "bytes", false }, { "OBJECT", true } };
	const struct hs_style style = { .width = 34, .utf8 = true };
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = 3 };
	HS_FREE char *text = NULL;
	size_t bytes;

	(void)state;
	hs_table_add(&table, "0x10");
	hs_table_add(&table, "%d B", 48);
	hs_table_add_text(&table, "short", &style);
	hs_table_add(&table, "0x7f0010");
	hs_table_add(&table, "%d B", 4800);
	hs_table_add_text(&table, "\x1b[31m a text that is too long", &style);
	FILE *out = open_memstream(&text, &bytes);
	hs_table_put(out, &table, 0, &style);
	fclose(out);
	assert_string_equal(text, "ADDRESS    bytes  OBJECT\n"
				  "0x10        48 B  short\n"
				  "0x7f0010  4800 B  \\x1b[31m a text\xe2\x80\xa6\n");
}

static void lines_of_json(void **state)
{
	HS_CLEANUP(hs_json_line_deinit) struct hs_json_line line = { 0 };

	(void)state;
	hs_json_line_raw(&line, "{\"a\":");
	hs_json_line_address(&line, 0x7f001fe0);
	hs_json_line_raw(&line, ",\"s\":");
	hs_json_line_string(&line, "a\"b\\c");
	hs_json_line_raw(&line, ",\"t\":");
	hs_json_line_text(&line, "x\x1by\xff");
	hs_json_line_raw(&line, ",\"n\":");
	hs_json_line_u64(&line, UINT64_MAX);
	hs_json_line_raw(&line, ",\"z\":");
	hs_json_line_u64(&line, 0);
	hs_json_line_raw(&line, ",\"o\":");
	hs_json_line_bool(&line, true);
	hs_json_line_raw(&line, "}");
	const char *expected = "{\"a\":\"0x7f001fe0\",\"s\":\"a\\\"b\\\\c\",\"t\":\"x\\\\x1by\\\\xff\",\"n\":18446744073709551615,\"z\":0,\"o\":true}";
	assert_int_equal(line.n, strlen(expected));
	assert_memory_equal(line.data, expected, line.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(no_conditions),
		cmocka_unit_test(distances),
		cmocka_unit_test(addresses),
		cmocka_unit_test(a_table_fits_the_line),
		cmocka_unit_test(lines_of_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
