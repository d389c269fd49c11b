/* SPDX-License-Identifier: Apache-2.0 */
/* The maps parser: every form the kernel writes, and refusal of every other, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "process.h"

static struct hs_mappings parse(const char *text)
{
	struct hs_mappings mappings = { 0 };

	assert_null(hs_mappings_parse(text, strlen(text), &mappings));
	return mappings;
}

static void refuse(const char *text, size_t bytes)
{
	struct hs_mappings mappings = { 0 };
	struct hs_error *error = hs_mappings_parse(text, bytes, &mappings);

	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	assert_null(mappings.items);
	hs_error_destroy(error);
}

#define REFUSE(literal) refuse((literal), sizeof(literal) - 1)

static void reads_every_column(void **state)
{
	struct hs_mappings mappings = parse(
		"7f0000001000-7f0000003000 r-xp 00002000 fe:10 10977288                   /usr/lib/libfoo.so\n");
	const struct hs_mapping *mapping = mappings.items;

	(void)state;
	assert_int_equal(mappings.n, 1);
	assert_true(mapping->start == 0x7f0000001000 && mapping->end == 0x7f0000003000);
	assert_string_equal(mapping->permissions, "r-xp");
	assert_int_equal(mapping->file_offset, 0x2000);
	assert_int_equal(mapping->device_major, 0xfe);
	assert_int_equal(mapping->device_minor, 0x10);
	assert_int_equal(mapping->inode, 10977288);
	assert_string_equal(mapping->path, "/usr/lib/libfoo.so");
	assert_false(mapping->is_deleted);
	hs_mappings_free(&mappings);
}

static void reads_mappings_without_a_path(void **state)
{
	struct hs_mappings mappings = parse("1000-2000 rw-p 00000000 00:00 0 \n"
					    "2000-3000 ---p 00000000 00:00 0\n"
					    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]");

	(void)state;
	assert_int_equal(mappings.n, 3);
	assert_string_equal(mappings.items[0].path, "");
	assert_string_equal(mappings.items[1].path, "");
	assert_string_equal(mappings.items[2].path, "[vsyscall]");
	hs_mappings_free(&mappings);
}

static void keeps_what_a_path_may_hold(void **state)
{
	struct hs_mappings mappings = parse("1000-2000 r--p 00000000 08:01 7    /a b/c  d \n"
					    "2000-3000 r--p 00000000 08:01 8    /new\\012line\\012\n"
					    "3000-4000 rw-p 00000000 00:00 0    [anon:glibc: malloc]\n"
					    "4000-5000 r--p 00000000 08:01 9    /\xff\x1b[2J\\01\n"
					    "5000-6000 rw-s 00000000 00:05 1    /SYSV00000000 (deleted)\n");

	(void)state;
	assert_string_equal(mappings.items[0].path, "/a b/c  d ");
	assert_string_equal(mappings.items[1].path, "/new\nline\n");
	assert_string_equal(mappings.items[2].path, "[anon:glibc: malloc]");
	assert_string_equal(mappings.items[3].path, "/\xff\x1b[2J\\01");
	assert_string_equal(mappings.items[4].path, "/SYSV00000000");
	hs_mappings_free(&mappings);
}

static void tells_deleted_files(void **state)
{
	struct hs_mappings mappings = parse("1000-2000 r-xp 00000000 08:01 7    /usr/bin/python3.11 (deleted)\n"
					    "2000-3000 r-xp 00000000 08:01 8    /odd (deleted) (deleted)\n"
					    "3000-4000 rw-p 00000000 00:00 0    [anon: (deleted)]\n"
					    "4000-5000 r-xp 00000000 08:01 9    /x (deleted)y\n"
					    "5000-6000 rw-p 00000000 00:00 18446744073709551615 name (deleted)\n");

	(void)state;
	assert_true(mappings.items[0].is_deleted);
	assert_string_equal(mappings.items[0].path, "/usr/bin/python3.11");
	assert_true(mappings.items[1].is_deleted);
	assert_string_equal(mappings.items[1].path, "/odd (deleted)");
	assert_false(mappings.items[2].is_deleted);
	assert_false(mappings.items[3].is_deleted);
	assert_false(mappings.items[4].is_deleted); /* no path of a file */
	assert_true(mappings.items[4].inode == UINT64_MAX);
	hs_mappings_free(&mappings);
}

static void refuses_other_forms(void **state)
{
	(void)state;
	REFUSE("\n");
	REFUSE("garbage\n");
	REFUSE("1000-2000\n");
	REFUSE("1000-2000 rw-p\n");
	REFUSE("1000-2000 rwzp 00000000 00:00 0\n");
	REFUSE("1000-2000 rw-p 00000000 00:00\n");
	REFUSE("1000-2000 rw-p 00000000 00:00 0x\n");
	REFUSE("1000-2000 rw-p 00000000 0000 0\n");
	REFUSE("2000-1000 rw-p 00000000 00:00 0\n");
	REFUSE("1000-1000 rw-p 00000000 00:00 0\n");
	REFUSE("1001-2000 rw-p 00000000 00:00 0\n");
	REFUSE("-1000-2000 rw-p 00000000 00:00 0\n");
	REFUSE("1000-10000000000000000 rw-p 00000000 00:00 0\n");
	REFUSE("1000-2000 rw-p 00000000 100000000:00 0\n");
	REFUSE("1000-2000 rw-p 00000000 00:00 99999999999999999999\n");
	REFUSE("1000-2000 rw-p 00000000 00:00 18446744073709551616\n"); /* 2^64 */
	REFUSE("1000-2000 rw-p 00000000 00:00 7 /a\0b\n");
	REFUSE("1000-2000 rw-p 00000000 00:00 0\n\n2000-3000 rw-p 00000000 00:00 0\n");
}

static void refuses_mappings_out_of_order(void **state)
{
	(void)state;
	REFUSE("3000-4000 rw-p 00000000 00:00 0\n1000-2000 rw-p 00000000 00:00 0\n");
	REFUSE("1000-3000 rw-p 00000000 00:00 0\n2000-4000 rw-p 00000000 00:00 0\n");
}

static void accepts_nothing_at_all(void **state)
{
	struct hs_mappings mappings = parse("");

	(void)state;
	assert_int_equal(mappings.n, 0);
	hs_mappings_free(&mappings);
}

/* Cut anywhere, a line is accepted only where what is left is a whole line, and never read past its end. */
static void survives_every_cut(void **state)
{
	static const char text[] = "7f0000001000-7f0000003000 r-xp 00002000 fe:10 10977288    /usr/lib/libfoo.so (deleted)\n";

	(void)state;
	for (size_t bytes = 1; bytes < sizeof(text); bytes++) {
		char copy[sizeof(text)];
		struct hs_mappings mappings = { 0 };
		memcpy(copy, text, bytes);
		memset(copy + bytes, '7', sizeof(copy) - bytes);
		struct hs_error *error = hs_mappings_parse(copy, bytes, &mappings);
		size_t inode_at = 46;
		assert_int_equal(error == NULL, bytes > inode_at);
		hs_error_destroy(error);
		hs_mappings_free(&mappings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_column),
		cmocka_unit_test(reads_mappings_without_a_path),
		cmocka_unit_test(keeps_what_a_path_may_hold),
		cmocka_unit_test(tells_deleted_files),
		cmocka_unit_test(refuses_other_forms),
		cmocka_unit_test(refuses_mappings_out_of_order),
		cmocka_unit_test(accepts_nothing_at_all),
		cmocka_unit_test(survives_every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
