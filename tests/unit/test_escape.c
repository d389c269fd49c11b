/* SPDX-License-Identifier: Apache-2.0 */
/* hs_escape: nothing that a target chose reaches the terminal as a control, and nothing is written past the buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "escape.h"

static void check(const char *text, size_t bytes, const char *expected)
{
	char out[256];
	size_t n = hs_escape(out, sizeof(out), text, bytes);

	assert_string_equal(out, expected);
	assert_int_equal(n, strlen(expected));
}

#define CHECK(literal, expected) check((literal), sizeof(literal) - 1, (expected))

static void keeps_printable_text(void **state)
{
	(void)state;
	CHECK("", "");
	CHECK("app.Session", "app.Session");
	CHECK("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x8d", "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x8d");
}

static void escapes_controls(void **state)
{
	(void)state;
	CHECK("a\nb\tc\rd", "a\\nb\\tc\\rd");
	CHECK("\x1b[2J", "\\x1b[2J");
	CHECK("\0x", "\\x00x");
	CHECK("\x7f", "\\x7f");
	CHECK("\xc2\x9b" "31m", "\\x9b" "31m"); /* C1 CSI, as valid UTF-8 */
}

static void escapes_what_reorders_or_hides(void **state)
{
	(void)state;
	CHECK("a\xe2\x80\xae" "b", "a\\u202eb");         /* right-to-left override */
	CHECK("a\xe2\x81\xa6" "b", "a\\u2066b");         /* left-to-right isolate */
	CHECK("a\xe2\x80\x8b" "b", "a\\u200bb");         /* zero-width space */
	CHECK("\xef\xbb\xbf" "a", "\\ufeffa");           /* byte-order mark */
	CHECK("\xf3\xa0\x81\x81", "\\U000e0041");        /* tag character */
	CHECK("\xe2\x80\xa8", "\\u2028");                /* line separator */
}

static void escapes_invalid_utf8(void **state)
{
	(void)state;
	CHECK("\xff", "\\xff");
	CHECK("\x80", "\\x80");
	CHECK("\xc0\xaf", "\\xc0\\xaf");                 /* overlong '/' */
	CHECK("\xed\xa0\x80", "\\xed\\xa0\\x80");        /* surrogate */
	CHECK("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
}

static void does_not_read_past_a_truncated_sequence(void **state)
{
	static const char euro[] = { '\xe2', '\x82', '\xac' };

	(void)state;
	check(euro, 1, "\\xe2");
	check(euro, 2, "\\xe2\\x82");
	check(euro, 3, "\xe2\x82\xac");
}

static void cuts_whole_pieces_with_an_ellipsis(void **state)
{
	char out[9];

	(void)state;
	assert_int_equal(hs_escape(out, sizeof(out), "12345", 5), 5);
	assert_string_equal(out, "12345");
	hs_escape(out, sizeof(out), "123456789", 9);
	assert_string_equal(out, "12345\xe2\x80\xa6");
	hs_escape(out, sizeof(out), "1234\x1b" "56789", 10); /* \x1b would need four bytes of the room left */
	assert_string_equal(out, "1234\xe2\x80\xa6");
}

/* Every buffer size, from none at all: a NUL inside the buffer, nothing behind it, no half sequence. */
static void stays_inside_every_buffer(void **state)
{
	static const char text[] = "ab\xe2\x80\xae\xff\xf0\x9f\x90\x8d\ncd\xc3";
	char out[64];

	(void)state;
	for (size_t size = 0; size < sizeof(out); size++) {
		memset(out, '#', sizeof(out));
		size_t n = hs_escape(out, size, text, sizeof(text) - 1);
		if (size == 0) {
			assert_int_equal(n, 0);
		} else {
			assert_true(n < size);
			assert_int_equal(out[n], '\0');
		}
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
	}
}

static void single_characters(void **state)
{
	static const struct {
		uint32_t code;
		const char *text;
	} cases[] = {
		{ 'a', "a" }, { '\n', "\\n" }, { 0x1b, "\\x1b" }, { 0xe9, "\xc3\xa9" }, { 0xa0, "\\xa0" }, { 0x205f, "\\u205f" }, { 0x202e, "\\u202e" },
		{ 0x65e5, "\xe6\x97\xa5" }, { 0xd800, "\\ud800" }, { 0xffff, "\\uffff" }, { 0x1f600, "\xf0\x9f\x98\x80" }, { 0x10ffff, "\\U0010ffff" },
		{ 0xffffffff, "\\Uffffffff" }, { 0x378, "\\u0378" }, { 0x3000, "\\u3000" }, { 0xe000, "\\ue000" }, { ' ', " " }, { '~', "~" },
		{ 0x7f, "\\x7f" }, { 0xad, "\\xad" }, { 0xae, "\xc2\xae" }, { 0xe01ef, "\xf3\xa0\x87\xaf" }, { 0xe01f0, "\\U000e01f0" }, { 0, "\\x00" },
	};
	char text[HS_ESCAPED_CODE_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(hs_escape_code(text, cases[i].code), strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_characters),
		cmocka_unit_test(keeps_printable_text),
		cmocka_unit_test(escapes_controls),
		cmocka_unit_test(escapes_what_reorders_or_hides),
		cmocka_unit_test(escapes_invalid_utf8),
		cmocka_unit_test(does_not_read_past_a_truncated_sequence),
		cmocka_unit_test(cuts_whole_pieces_with_an_ellipsis),
		cmocka_unit_test(stays_inside_every_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
