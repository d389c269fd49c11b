/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of source files, through the root and the working directory of a process: this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "source_lines.h"

static char directory[] = "/tmp/heapspy-source-XXXXXX";

static void write_file(const char *name, const char *text, size_t bytes)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

static void assert_line(struct hs_source_lines *lines, const char *path, uint32_t number, const char *wanted)
{
	size_t bytes = 0;
	const char *text = hs_source_line(lines, path, number, &bytes);

	if (!wanted) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_int_equal(bytes, strlen(wanted));
	assert_memory_equal(text, wanted, bytes);
}

static struct hs_source_lines *open_lines(void)
{
	static struct hs_process process;

	process.memory_tid = getpid();
	struct hs_source_lines *lines = hs_source_lines_open(&process);
	assert_non_null(lines);
	return lines;
}

static void lines_are_found(void **state)
{
	static const char text[] = "first\r\n\t  second  \n\nlast";
	struct hs_source_lines *lines = open_lines();
	char path[256];

	(void)state;
	write_file("app.py", text, sizeof(text) - 1);
	snprintf(path, sizeof(path), "%s/app.py", directory);
	assert_line(lines, path, 1, "first");
	assert_line(lines, path, 2, "second");
	assert_line(lines, path, 3, "");
	assert_line(lines, path, 4, "last");
	assert_line(lines, path, 5, NULL);
	assert_line(lines, path, UINT32_MAX, NULL);
	assert_line(lines, path, 0, NULL);
	assert_line(lines, "app.py", 1, "first");
	hs_source_lines_close(lines);
}

static void what_is_no_file_has_no_lines(void **state)
{
	struct hs_source_lines *lines = open_lines();
	char path[256];

	(void)state;
	write_file("empty.py", "", 0);
	assert_line(lines, "empty.py", 1, NULL);
	assert_line(lines, "<frozen importlib>", 1, NULL);
	assert_line(lines, "", 1, NULL);
	assert_line(lines, "nothing.py", 1, NULL);
	assert_line(lines, directory, 1, NULL);
	snprintf(path, sizeof(path), "%s/pipe", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_line(lines, path, 1, NULL); /* and does not wait for a writer */
	/* what leads out of the working directory is not followed */
	snprintf(path, sizeof(path), "%s/out.py", directory);
	assert_int_equal(symlink("../../etc/passwd", path), 0);
	assert_line(lines, "out.py", 1, NULL);
	assert_line(lines, "../../etc/passwd", 1, NULL);
	hs_source_lines_close(lines);
	hs_source_lines_close(NULL);
}

static void too_large_files_are_left_alone(void **state)
{
	struct hs_source_lines *lines = open_lines();
	char path[256];

	(void)state;
	write_file("large.py", "x\n", 2);
	snprintf(path, sizeof(path), "%s/large.py", directory);
	assert_int_equal(truncate(path, 64 << 20), 0);
	assert_line(lines, path, 1, NULL);
	hs_source_lines_close(lines);
}

/* More files than are kept. */
static void files_come_and_go(void **state)
{
	struct hs_source_lines *lines = open_lines();
	char name[32], text[32];

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 50; i++) {
			snprintf(name, sizeof(name), "file%u.py", i);
			snprintf(text, sizeof(text), "line of %u\n", i);
			if (!round)
				write_file(name, text, strlen(text));
			text[strlen(text) - 1] = '\0';
			assert_line(lines, name, 1, text);
		}
	hs_source_lines_close(lines);
}

static int make_directory(void **state)
{
	(void)state;
	return !mkdtemp(directory) || chdir(directory);
}

static int remove_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_found),
		cmocka_unit_test(what_is_no_file_has_no_lines),
		cmocka_unit_test(too_large_files_are_left_alone),
		cmocka_unit_test(files_come_and_go),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
