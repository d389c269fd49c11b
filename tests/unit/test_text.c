/* SPDX-License-Identifier: Apache-2.0 */
/* Figures, bars and columns of the text output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "text.h"

static void writes_figures(void **state)
{
	char figure[HS_FIGURE_BYTES];

	(void)state;
	assert_string_equal(hs_text_count(figure, 0), "0");
	assert_string_equal(hs_text_count(figure, 999), "999");
	assert_string_equal(hs_text_count(figure, 1000), "1,000");
	assert_string_equal(hs_text_count(figure, UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(hs_text_count_change(figure, 0), "0");
	assert_string_equal(hs_text_count_change(figure, 9030), "+9,030");
	assert_string_equal(hs_text_count_change(figure, INT64_MIN), "-9,223,372,036,854,775,808");
	assert_string_equal(hs_text_short_count(figure, 9999), "9,999");
	assert_string_equal(hs_text_short_count(figure, 10410000), "10.41 M");
	assert_string_equal(hs_text_short_count(figure, 999999), "1.00 M");
	assert_string_equal(hs_text_size(figure, 1023), "1023 B");
	assert_string_equal(hs_text_size(figure, 1024), "1.0 KiB");
	assert_string_equal(hs_text_size(figure, 1048575), "1.0 MiB");
	assert_string_equal(hs_text_size(figure, 812ull << 20), "812 MiB");
	assert_string_equal(hs_text_size(figure, UINT64_MAX), "16777216 TiB");
	assert_string_equal(hs_text_seconds(figure, 21000000), "0.021 s");
	assert_string_equal(hs_text_seconds(figure, 400000), "0.0004 s");
	assert_string_equal(hs_text_age(figure, 59999), "59 s");
	assert_string_equal(hs_text_age(figure, 725000), "12 min 05 s");
	assert_string_equal(hs_text_age(figure, 7500000), "2 h 05 min");
	assert_string_equal(hs_text_age(figure, 76ull * 3600000), "3 d 04 h");
}

static void rounds_percentages(void **state)
{
	char figure[HS_FIGURE_BYTES];

	(void)state;
	assert_string_equal(hs_text_percent(figure, 0, 0), "-");
	assert_string_equal(hs_text_percent(figure, 9999, 10000), "99.9 %");
	assert_string_equal(hs_text_percent(figure, UINT64_MAX, UINT64_MAX), "100.0 %");
	assert_string_equal(hs_text_percent(figure, UINT64_MAX - 1, UINT64_MAX), "99.9 %");
	assert_string_equal(hs_text_share(figure, 3646, 10000), "36.5 %");
	assert_string_equal(hs_text_share(figure, UINT64_MAX - 1, UINT64_MAX), "100.0 %");
	assert_string_equal(hs_text_share(figure, 1, 0), "-");
}

static void check_name(const char *text, unsigned width, bool utf8, const char *expected)
{
	const struct hs_style style = { .width = 80, .utf8 = utf8 };
	HS_FREE char *written = NULL;
	size_t bytes;
	FILE *out = open_memstream(&written, &bytes);

	hs_text_put_name(out, &style, text, width);
	fclose(out);
	assert_string_equal(written, expected);
	assert_int_equal(hs_text_width(written), width);
}

static void pads_and_cuts_names_by_columns(void **state)
{
	(void)state;
	check_name("dict", 6, true, "dict  ");
	check_name("app.Session", 8, true, "\xe2\x80\xa6Session");
	check_name("app.Session", 8, false, "..ession");
	check_name("\xe6\x97\xa5\xe6\x9c\xac", 4, true, "\xe6\x97\xa5\xe6\x9c\xac");         /* two columns each */
	check_name("\xe6\x97\xa5\xe6\x9c\xac", 3, true, "\xe2\x80\xa6\xe6\x9c\xac");
	check_name("a\xe6\x97\xa5\xe6\x9c\xac", 4, true, "\xe2\x80\xa6\xe6\x9c\xac ");       /* half a character is none */
	check_name("abe\xcc\x81" "f", 2, true, "\xe2\x80\xa6" "f");                          /* no accent without its letter */
	check_name("abc", 0, true, "");
	check_name("abc", 1, false, " ");
}

static void check_middle(const char *text, unsigned width, bool utf8, const char *expected)
{
	const struct hs_style style = { .width = 80, .utf8 = utf8 };
	HS_FREE char *written = NULL;
	size_t bytes;
	FILE *out = open_memstream(&written, &bytes);

	unsigned columns = hs_text_put_middle(out, &style, text, width);
	fclose(out);
	assert_string_equal(written, expected);
	assert_int_equal(hs_text_width(written), columns);
	assert_true(columns <= width);
}

static void cuts_paths_in_the_middle(void **state)
{
	(void)state;
	check_middle("app.EVENTS", 10, true, "app.EVENTS");
	check_middle("app.EVENTS", 9, true, "app.\xe2\x80\xa6" "ENTS");
	check_middle("app.EVENTS", 9, false, "app...NTS");
	check_middle("app.EVENTS", 5, true, "ap\xe2\x80\xa6TS");
	check_middle("app.EVENTS", 4, true, "app\xe2\x80\xa6");
	check_middle("app.EVENTS", 0, false, "");
	check_middle("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5, true, "\xe6\x97\xa5\xe2\x80\xa6\xe8\xaa\x9e"); /* two columns each */
	for (unsigned width = 5; width < 30; width++) {
		const struct hs_style style = { .width = 80, .utf8 = true };
		FILE *null = fopen("/dev/null", "w");
		assert_non_null(null);
		assert_int_equal(hs_text_put_middle(null, &style, "app.services.billing.invoices.REGISTRY", width), width);
		fclose(null);
	}
}

static void check_bar(uint64_t part, uint64_t whole, bool utf8, const char *expected)
{
	const struct hs_style style = { .width = 80, .utf8 = utf8 };
	HS_FREE char *written = NULL;
	size_t bytes;
	FILE *out = open_memstream(&written, &bytes);

	hs_text_put_bar(out, &style, part, whole, 4);
	fclose(out);
	assert_string_equal(written, expected);
}

static void draws_bars_in_eighths(void **state)
{
	(void)state;
	check_bar(0, 100, true, "");
	check_bar(1, 1000000, true, "\xe2\x96\x8f");
	check_bar(7, 32, true, "\xe2\x96\x89");
	check_bar(8, 32, true, "\xe2\x96\x88");
	check_bar(12, 32, true, "\xe2\x96\x88\xe2\x96\x8c");
	check_bar(UINT64_MAX, UINT64_MAX, true, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88");
	check_bar(50, 100, false, "##");
	check_bar(1, 0, false, "");
}

static void makes_names_safe(void **state)
{
	const struct hs_style utf8 = { .utf8 = true }, ascii = { .utf8 = false };
	HS_FREE char *kept = hs_text_safe("\xe6\x97\xa5\x1b", &utf8);
	HS_FREE char *plain = hs_text_safe("\xe6\x97\xa5\x1b", &ascii);
	char controls[2000], expected[8001] = "";

	(void)state;
	assert_string_equal(kept, "\xe6\x97\xa5\\x1b");
	assert_string_equal(plain, "?\\x1b");
	memset(controls, 1, sizeof(controls) - 1); /* every byte takes four: nothing may be cut */
	controls[sizeof(controls) - 1] = '\0';
	for (size_t i = 0; i < sizeof(controls) - 1; i++)
		strcat(expected, "\\x01");
	HS_FREE char *all = hs_text_safe(controls, &utf8);
	assert_string_equal(all, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_figures),
		cmocka_unit_test(rounds_percentages),
		cmocka_unit_test(pads_and_cuts_names_by_columns),
		cmocka_unit_test(cuts_paths_in_the_middle),
		cmocka_unit_test(draws_bars_in_eighths),
		cmocka_unit_test(makes_names_safe),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1; /* widths of characters outside ASCII come from the locale */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
