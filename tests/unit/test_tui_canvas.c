/* SPDX-License-Identifier: Apache-2.0 */
/* The grid: wide and combining characters, clipping, cutting, ASCII, and what must never get onto a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canvas.h"
#include "cleanup.h"

#define WIDE "\xe5\x80\x89\xe5\xba\xab" /* two characters of two columns */
#define ACUTE "e\xcc\x81"

static struct hs_canvas canvas;

static int make(void **state)
{
	(void)state;
	return hs_canvas_init(&canvas, 10, 2, true) != NULL;
}

static int drop(void **state)
{
	(void)state;
	hs_canvas_deinit(&canvas);
	return 0;
}

static void assert_row(unsigned y, const char *expected)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	hs_canvas_write_row(&canvas, y, out);
	fclose(out);
	assert_string_equal(text, expected);
}

static void clips_at_its_edges(void **state)
{
	(void)state;
	assert_int_equal(hs_canvas_put(&canvas, 6, 0, 100, HS_CELL_PLAIN, HS_CUT_END, "abcdef"), 4);
	assert_row(0, "      abc\xe2\x80\xa6");
	assert_row(1, "");
	assert_int_equal(hs_canvas_put(&canvas, 0, 2, 5, HS_CELL_PLAIN, HS_CUT_END, "below"), 0);
	assert_int_equal(hs_canvas_put(&canvas, 10, 0, 5, HS_CELL_PLAIN, HS_CUT_END, "beside"), 0);
	hs_canvas_put_right(&canvas, 3, 1, 10, HS_CELL_PLAIN, "abc");
	assert_row(1, "abc");
	hs_canvas_restyle(&canvas, 8, 5, 100, HS_CELL_BAR);
	hs_canvas_bar(&canvas, 8, 0, 5, 1, 1);
	hs_canvas_sparkline(&canvas, 8, 0, 5, (const uint64_t[]){ 1 }, 1, HS_CELL_BAR);
	assert_row(0, "      abc\xe2\x80\xa6");
}

static void cuts_where_it_says_least(void **state)
{
	(void)state;
	hs_canvas_put(&canvas, 0, 0, 6, HS_CELL_PLAIN, HS_CUT_START, "package.Type");
	assert_row(0, "\xe2\x80\xa6.Type");
	hs_canvas_put(&canvas, 0, 1, 7, HS_CELL_PLAIN, HS_CUT_MIDDLE, "abcdefghijkl");
	assert_row(1, "abc\xe2\x80\xa6jkl");
}

static void keeps_wide_characters_whole(void **state)
{
	(void)state;
	assert_int_equal(hs_canvas_text_width(WIDE), 4);
	assert_int_equal(hs_canvas_put(&canvas, 0, 0, 4, HS_CELL_PLAIN, HS_CUT_END, WIDE), 4);
	assert_int_equal(hs_canvas_cell(&canvas, 0, 0)->width, 2);
	assert_int_equal(hs_canvas_cell(&canvas, 1, 0)->width, 0);
	/* half of one is overwritten: the other half goes, too */
	hs_canvas_put(&canvas, 1, 0, 1, HS_CELL_PLAIN, HS_CUT_END, "x");
	assert_row(0, " x\xe5\xba\xab");
	hs_canvas_put(&canvas, 2, 0, 1, HS_CELL_PLAIN, HS_CUT_END, "y");
	assert_row(0, " xy");
	/* one that does not fit is left out */
	hs_canvas_put(&canvas, 9, 1, 1, HS_CELL_PLAIN, HS_CUT_END, "\xe5\x80\x89");
	assert_row(1, "");
	hs_canvas_put(&canvas, 0, 1, 4, HS_CELL_PLAIN, HS_CUT_END, WIDE WIDE);
	assert_row(1, "\xe5\x80\x89\xe2\x80\xa6");
}

static void combines(void **state)
{
	(void)state;
	assert_int_equal(hs_canvas_put(&canvas, 0, 0, 10, HS_CELL_PLAIN, HS_CUT_END, "caf" ACUTE), 4);
	assert_row(0, "caf" ACUTE);
	/* more marks than a cell holds, and one without a character */
	hs_canvas_put(&canvas, 0, 1, 10, HS_CELL_PLAIN, HS_CUT_END, "\xcc\x81" ACUTE "\xcc\x81\xcc\x81\xcc\x81\xcc\x81");
	assert_row(1, ACUTE "\xcc\x81\xcc\x81");
}

static void shows_no_commands_to_a_terminal(void **state)
{
	(void)state;
	hs_canvas_put(&canvas, 0, 0, 10, HS_CELL_PLAIN, HS_CUT_END, "a\x1b[2J\n\x7f\xc2\x9b");
	assert_row(0, "a?[2J???");
	hs_canvas_put(&canvas, 0, 1, 10, HS_CELL_PLAIN, HS_CUT_END, "\xff\xc3(\xed\xa0\x80" "b");
	assert_row(1, "?" "?(?b");
}

static void draws_in_ascii(void **state)
{
	static const uint64_t values[] = { 0, 4, 7 };

	(void)state;
	canvas.utf8 = false;
	hs_canvas_put(&canvas, 0, 0, 7, HS_CELL_PLAIN, HS_CUT_END, "a\xc2\xb7" ACUTE WIDE);
	assert_row(0, "a-e????");
	hs_canvas_put(&canvas, 6, 0, 4, HS_CELL_PLAIN, HS_CUT_END, "longer");
	assert_row(0, "a-e???lon~");
	hs_canvas_bar(&canvas, 0, 1, 4, 1, 2);
	hs_canvas_sparkline(&canvas, 5, 1, 3, values, 3, HS_CELL_PLAIN);
	assert_row(1, "##   _+#");
}

static void draws_bars_and_histories(void **state)
{
	static const uint64_t values[] = { 900, 5, 5, 10, 15 };

	(void)state;
	hs_canvas_bar(&canvas, 0, 0, 4, 1, 1000000);
	assert_row(0, "\xe2\x96\x8f");
	hs_canvas_bar(&canvas, 0, 0, 4, 2, 1); /* more than all */
	assert_row(0, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88");
	hs_canvas_sparkline(&canvas, 0, 1, 4, values, 5, HS_CELL_PLAIN); /* the last four, by their own least and largest */
	assert_row(1, "\xe2\x96\x81\xe2\x96\x81\xe2\x96\x85\xe2\x96\x88");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(clips_at_its_edges), TEST(cuts_where_it_says_least), TEST(keeps_wide_characters_whole), TEST(combines),
		TEST(shows_no_commands_to_a_terminal), TEST(draws_in_ascii), TEST(draws_bars_and_histories),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
