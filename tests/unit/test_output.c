/* SPDX-License-Identifier: Apache-2.0 */
/* Results on disk: whole or not at all, for their owner only; devices and pipes are not replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "output.h"

static char directory[] = "/tmp/test_output_XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? chdir(directory) : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return chdir("/") || rmdir(directory);
}

static unsigned n_files(void)
{
	DIR *listing = opendir(".");
	unsigned n = 0;

	assert_non_null(listing);
	for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing))
		n += entry->d_name[0] != '.';
	closedir(listing);
	return n;
}

static void replaces_a_file_as_a_whole(void **state)
{
	struct stat status;
	char text[16] = "";

	(void)state;
	assert_null(hs_output_write("file", "an older, longer text", 21));
	assert_null(hs_output_write("file", "new", 3));
	HS_FCLOSE FILE *file = fopen("file", "r");
	assert_int_equal(fread(text, 1, sizeof(text), file), 3);
	assert_string_equal(text, "new");
	assert_int_equal(stat("file", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(n_files(), 1);
	assert_int_equal(unlink("file"), 0);
}

static void leaves_nothing_behind_when_it_fails(void **state)
{
	(void)state;
	assert_int_equal(mkdir("folder", 0700), 0);
	struct hs_error *error = hs_output_write("folder", "x", 1);
	assert_non_null(error);
	hs_error_destroy(error);
	error = hs_output_write("no/such/folder", "x", 1);
	assert_int_equal(error->code, HS_ERROR_OS);
	assert_non_null(strstr(error->message, "no/such/folder"));
	hs_error_destroy(error);
	assert_int_equal(n_files(), 1);
	assert_int_equal(rmdir("folder"), 0);
}

static void is_checked_before_it_is_written(void **state)
{
	static const char *const wrong[] = { "folder", "no/such/folder", "file/below", NULL };

	(void)state;
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_null(hs_output_write("file", "x", 1));
	for (size_t i = 0; wrong[i]; i++) {
		struct hs_error *error = hs_output_check(wrong[i]);
		assert_non_null(error);
		assert_non_null(strstr(error->message, wrong[i]));
		hs_error_destroy(error);
	}
	assert_null(hs_output_check(NULL));
	assert_null(hs_output_check("file"));
	assert_null(hs_output_check("folder/new"));
	assert_null(hs_output_check("/dev/null"));
	assert_int_equal(n_files(), 2);
	assert_int_equal(unlink("file"), 0);
	assert_int_equal(rmdir("folder"), 0);
}

static void writes_to_a_pipe_as_it_is(void **state)
{
	struct stat status;

	(void)state;
	assert_null(hs_output_write("/dev/null", "x", 1));
	assert_int_equal(stat("/dev/null", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
}

static void expect_text(const char *path, const char *expected)
{
	char text[64] = "";
	HS_FCLOSE FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(expected));
	assert_string_equal(text, expected);
}

/* As /dev/stdout is one. */
static void writes_through_a_link(void **state)
{
	struct stat status;

	(void)state;
	assert_null(hs_output_write("file", "an older, longer text", 21));
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("new", "dangling"), 0);
	assert_null(hs_output_check("link"));
	assert_null(hs_output_check("dangling"));
	assert_null(hs_output_write("link", "new", 3));
	assert_null(hs_output_write("dangling", "made", 4));
	expect_text("file", "new");
	expect_text("new", "made");
	assert_int_equal(lstat("link", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(lstat("new", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(n_files(), 4);
	assert_int_equal(unlink("file") | unlink("link") | unlink("new") | unlink("dangling"), 0);
}

static struct hs_error *put_much(FILE *out, const void *context)
{
	(void)context;
	for (unsigned i = 0; i < 3000000; i++)
		fputc('x', out);
	errno = 0;
	return NULL;
}

static void says_why_it_could_not_write(void **state)
{
	const struct hs_output_options options = { .path = "/dev/full" };

	(void)state;
	struct hs_error *error = hs_output_stream(&options, put_much, NULL);
	assert_non_null(error);
	assert_int_equal(error->os_errno, ENOSPC);
	assert_non_null(strstr(error->message, "/dev/full"));
	hs_error_destroy(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_a_file_as_a_whole),
		cmocka_unit_test(is_checked_before_it_is_written),
		cmocka_unit_test(leaves_nothing_behind_when_it_fails),
		cmocka_unit_test(writes_to_a_pipe_as_it_is),
		cmocka_unit_test(writes_through_a_link),
		cmocka_unit_test(says_why_it_could_not_write),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
