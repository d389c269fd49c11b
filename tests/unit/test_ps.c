/* SPDX-License-Identifier: Apache-2.0 */
/* The list of Python processes: which are listed, the tree, and the text. */
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
#include "ps.h"

#define PYTHON(p, up, started, name) \
	{ .pid = (p), .parent = (up), .start_time = (started), .age_ms = (p) * 1000ull, .state = 'S', .comm = "python3", \
	  .exe_path = (char *)"/usr/bin/python3.11", .script = (char *)(name), .rss_bytes = (p) << 20, .is_python = true, .python_version = "3.11" }
#define OTHER(p, up) { .pid = (p), .parent = (up), .start_time = (p), .state = 'S', .comm = "sh", .exe_path = (char *)"/bin/sh" }

/* A server with a shell between it and two of its workers, one of which has a child; and an unrelated script. */
static struct hs_process_entry entries[] = {
	OTHER(1, 0),
	PYTHON(10, 1, 10, "gunicorn app:app"),
	OTHER(11, 10),
	PYTHON(20, 11, 20, "gunicorn worker"),
	PYTHON(21, 11, 21, "gunicorn worker"),
	PYTHON(30, 20, 30, "python3 \x1b[2J.py"),
	{ .pid = 40, .parent = 1, .uid = 7, .state = 'S', .comm = "hidden" },
	PYTHON(50, 1, 50, "python3 cron.py"),
};
static const struct hs_process_list list = { .items = entries, .n = sizeof(entries) / sizeof(*entries) };

static char *text_of(const struct hs_ps *ps, unsigned width, bool utf8)
{
	const struct hs_style style = { .width = width, .utf8 = utf8 };
	struct golden_stream stream;

	golden_open(&stream);
	hs_ps_text(stream.out, ps, &style);
	return golden_close(&stream);
}

static void check_order(bool as_tree, const pid_t *expected, const unsigned *depths)
{
	struct hs_ps ps = { 0 };

	assert_null(hs_ps_select(&ps, &list, as_tree));
	assert_int_equal(ps.rows.n, 5);
	for (size_t i = 0; i < ps.rows.n; i++) {
		assert_int_equal(ps.rows.items[i].entry->pid, expected[i]);
		assert_int_equal(ps.rows.items[i].depth, depths[i]);
	}
	hs_ps_deinit(&ps);
}

static void lists_by_pid_or_as_a_tree(void **state)
{
	(void)state;
	check_order(false, (const pid_t[]){ 10, 20, 21, 30, 50 }, (const unsigned[]){ 0, 0, 0, 0, 0 });
	check_order(true, (const pid_t[]){ 10, 20, 30, 21, 50 }, (const unsigned[]){ 0, 1, 2, 1, 0 });
}

static void shows_a_tree(void **state)
{
	struct hs_ps ps = { .program = "heapspy", .interval_ms = 2000, .own_uid = 1000 };

	(void)state;
	assert_null(hs_ps_select(&ps, &list, true));
	for (size_t i = 0; i < ps.rows.n; i++) {
		ps.rows.items[i].has_dirty = i != 3;
		ps.rows.items[i].has_change = i != 3;
		ps.rows.items[i].dirty_bytes = 1000000 * i;
		ps.rows.items[i].dirty_change_bytes = i == 2 ? 123456 : i == 4 ? -4096 : 0;
	}
	HS_FREE char *wide = text_of(&ps, 100, true);
	golden_check("ps_tree.txt", wide);
	HS_FREE char *narrow = text_of(&ps, 60, false);
	golden_check("ps_tree_60_ascii.txt", narrow);
	hs_ps_deinit(&ps);
}

static void says_when_there_is_none(void **state)
{
	const struct hs_process_list none = { .items = entries, .n = 1 };
	struct hs_ps ps = { .program = "heapspy" };

	(void)state;
	assert_null(hs_ps_select(&ps, &none, true));
	HS_FREE char *text = text_of(&ps, 80, true);
	assert_string_equal(text, "no Python process found\nnext: heapspy demo\n");
	hs_ps_deinit(&ps);
}

/* PIDs are used again while the list is read: two processes may each seem to be the other's parent. */
static void survives_parents_in_a_circle(void **state)
{
	struct hs_process_entry circle[] = { PYTHON(2, 3, 5, "a"), PYTHON(3, 2, 5, "b"), PYTHON(4, 4, 5, "c") };
	const struct hs_process_list circles = { .items = circle, .n = 3 };
	struct hs_ps ps = { 0 };

	(void)state;
	assert_null(hs_ps_select(&ps, &circles, true));
	assert_int_equal(ps.rows.n, 3);
	hs_ps_deinit(&ps);
}

/* Deeper than the tree is drawn: every process is listed all the same. */
static void survives_a_deep_chain(void **state)
{
	struct hs_process_entry chain[200];
	const struct hs_process_list chains = { .items = chain, .n = 200 };
	struct hs_ps ps = { .program = "heapspy" };

	(void)state;
	for (int i = 0; i < 200; i++)
		chain[i] = (struct hs_process_entry)PYTHON(i + 1, i, (uint64_t)i, "worker");
	assert_null(hs_ps_select(&ps, &chains, true));
	assert_int_equal(ps.rows.n, 200);
	assert_int_equal(ps.rows.items[199].depth, HS_PS_MAX_DEPTH);
	HS_FREE char *text = text_of(&ps, 80, true);
	assert_non_null(text);
	hs_ps_deinit(&ps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_by_pid_or_as_a_tree),
		cmocka_unit_test(shows_a_tree),
		cmocka_unit_test(says_when_there_is_none),
		cmocka_unit_test(survives_parents_in_a_circle),
		cmocka_unit_test(survives_a_deep_chain),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1; /* widths of characters outside ASCII come from the locale */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
