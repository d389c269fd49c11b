/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files: identity, segments, symbols, data; and files that are none, or cut short anywhere. */
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

#include "dwarf_query.h"
#include "elf_file.h"

#define SAMPLE(name) DEBUG_SAMPLE_DIR "/" name

static struct hs_elf_file *open_sample(const char *path)
{
	struct hs_elf_file *file = NULL;

	assert_null(hs_elf_open_path(path, &file));
	return file;
}

static void build_id_is_read(void **state)
{
	(void)state;
	struct hs_elf_file *file = open_sample(SAMPLE("plain.so")), *other = open_sample(SAMPLE("other.so"));
	struct hs_elf_file *none = open_sample(SAMPLE("no_id.so"));
	size_t bytes;

	assert_non_null(hs_elf_build_id(file, &bytes));
	assert_int_equal(bytes, 20);
	assert_int_equal(strlen(hs_elf_build_id_hex(file)), 40);
	assert_string_not_equal(hs_elf_build_id_hex(file), hs_elf_build_id_hex(other));
	assert_string_equal(hs_elf_build_id_hex(none), "");
	hs_elf_close(file);
	hs_elf_close(other);
	hs_elf_close(none);
	hs_elf_close(NULL);
}

static void symbols_and_data_are_found(void **state)
{
	(void)state;
	struct hs_elf_file *file = open_sample(SAMPLE("plain.so"));
	const char *const names[] = { "sample_static", "sample_zeroed", "sample_use", "no_such_symbol" };
	hs_addr found[4] = { 0 };
	uint64_t value = 1;

	hs_elf_find_symbols(file, names, 4, found);
	assert_int_not_equal(found[0], 0);
	assert_int_not_equal(found[1], 0);
	assert_int_not_equal(found[2], 0);
	assert_int_equal(found[3], 0);
	assert_true(hs_elf_read(file, found[0], &value, sizeof(value)));
	assert_int_equal(value, 0x1122334455667788);
	/* .bss is in no file. */
	assert_true(hs_elf_read(file, found[1], &value, sizeof(value)));
	assert_int_equal(value, 0);
	assert_false(hs_elf_read(file, (hs_addr)1 << 60, &value, sizeof(value)));
	hs_elf_close(file);
}

static void stripping_leaves_dynamic_symbols(void **state)
{
	(void)state;
	struct hs_elf_file *file = open_sample(SAMPLE("plain_stripped.so"));

	assert_false(hs_elf_has_symbol(file, "sample_static"));
	assert_true(hs_elf_has_symbol(file, "sample_use"));
	assert_false(hs_elf_has_dwarf(file));
	hs_elf_close(file);
}

static void debug_file_has_no_data(void **state)
{
	(void)state;
	struct hs_elf_file *file = open_sample(SAMPLE("plain.debug"));

	assert_true(hs_elf_has_dwarf(file));
	assert_true(hs_elf_has_symbol(file, "sample_static"));
	hs_elf_close(file);
}

static void load_bias_is_that_of_the_mapping(void **state)
{
	(void)state;
	struct hs_elf_file *file = open_sample(SAMPLE("plain.so"));
	size_t n;
	const struct hs_elf_segment *segments = hs_elf_segments(file, &n);
	const hs_addr bias = 0x7f0000000000;

	bool has_code = false;

	for (size_t i = 0; i < n; i++) {
		hs_addr start = (bias + segments[i].vaddr) & ~(hs_addr)4095, found = 0;

		if (!segments[i].is_executable)
			continue;
		has_code = true;
		assert_true(hs_elf_load_bias(file, start, segments[i].file_offset & ~(uint64_t)4095, true, &found));
		assert_int_equal(found, bias);
	}
	assert_true(has_code);
	hs_addr untouched = 1;
	assert_false(hs_elf_load_bias(file, bias, 1u << 30, true, &untouched));
	assert_int_equal(untouched, 1);
	hs_elf_close(file);
}

static bool keep_first(void *context, const char *text)
{
	snprintf(context, 64, "%s", text);
	return true;
}

static void dynamic_strings_are_visited(void **state)
{
	(void)state;
	struct hs_elf_file *file = open_sample(SAMPLE("plain.so"));
	const int64_t soname = 14;
	char text[64] = "";

	assert_true(hs_elf_dynamic_strings(file, soname, keep_first, text));
	assert_string_equal(text, "libsample.so");
	assert_false(hs_elf_dynamic_strings(file, 0x6ffffff0dead, keep_first, text));
	hs_elf_close(file);
}

static void expect_error(const char *path, enum hs_error_code code)
{
	struct hs_elf_file *file = NULL;
	struct hs_error *error = hs_elf_open_path(path, &file);

	assert_non_null(error);
	assert_int_equal(error->code, code);
	assert_null(file);
	hs_error_destroy(error);
}

static void what_is_no_elf_file_is_an_error(void **state)
{
	(void)state;
	expect_error("/no/such/file", HS_ERROR_OS);
	expect_error("/", HS_ERROR_BAD_DATA);
	expect_error("/dev/null", HS_ERROR_BAD_DATA);
	expect_error(DEBUG_SAMPLE_DIR "/../CTestTestfile.cmake", HS_ERROR_BAD_DATA);

	char fifo[] = "/tmp/heapspy-fifo-XXXXXX";
	assert_non_null(mkdtemp(fifo));
	char path[64];
	snprintf(path, sizeof(path), "%s/fifo", fifo);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_error(path, HS_ERROR_BAD_DATA);
	unlink(path);
	rmdir(fifo);
}

/* Asks everything of a file; what comes back does not matter. */
static void exercise(struct hs_elf_file *file)
{
	struct hs_dwarf_member member = { .path = "inner.value" };
	struct hs_dwarf_query query = { 0 };
	struct hs_dwarf_struct *wanted = hs_array_append(&query.structs);
	struct hs_dwarf_variable *variable = hs_array_append(&query.variables);
	struct hs_elf_section section;

	wanted->names = "sample_outer";
	wanted->members = &member;
	wanted->n_members = 1;
	variable->name = "sample_static";
	hs_elf_has_symbol(file, "sample_static");
	hs_elf_section(file, ".text", &section);
	if (hs_elf_has_dwarf(file))
		hs_error_destroy(hs_dwarf_lookup(file, NULL, &query));
	hs_array_free(&query.structs.items[0].others);
	hs_array_free(&query.structs);
	hs_array_free(&query.variables);
}

static char *read_file(const char *path, size_t *ret_bytes)
{
	FILE *in = fopen(path, "rb");
	char *bytes = malloc(1 << 20);

	assert_non_null(in);
	*ret_bytes = fread(bytes, 1, 1 << 20, in);
	fclose(in);
	return bytes;
}

static void try_bytes(const char *bytes, size_t n)
{
	char path[] = "/tmp/heapspy-elf-XXXXXX";
	int fd = mkstemp(path);
	struct hs_elf_file *file = NULL;

	unlink(path);
	assert_int_equal(write(fd, bytes, n), n);
	struct hs_error *error = hs_elf_open(fd, "cut", &file);
	close(fd);
	if (error)
		hs_error_destroy(error);
	else
		exercise(file);
	hs_elf_close(file);
}

static void truncated_files_do_no_harm(void **state)
{
	(void)state;
	size_t n;
	char *bytes = read_file(SAMPLE("plain.so"), &n);

	for (size_t cut = 0; cut < n; cut += 331)
		try_bytes(bytes, cut);
	free(bytes);
}

static void damaged_files_do_no_harm(void **state)
{
	(void)state;
	size_t n;
	char *bytes = read_file(SAMPLE("dwarf4.so"), &n);
	unsigned random = 12345;

	for (int round = 0; round < 400; round++) {
		size_t at[8];
		char before[8];

		for (int i = 0; i < 8; i++) {
			random = random * 1103515245 + 12345;
			at[i] = (random >> 8) % n;
			before[i] = bytes[at[i]];
			bytes[at[i]] = (char)(random >> 4);
		}
		try_bytes(bytes, n);
		for (int i = 8; i-- > 0;)
			bytes[at[i]] = before[i];
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_id_is_read),
		cmocka_unit_test(symbols_and_data_are_found),
		cmocka_unit_test(stripping_leaves_dynamic_symbols),
		cmocka_unit_test(debug_file_has_no_data),
		cmocka_unit_test(load_bias_is_that_of_the_mapping),
		cmocka_unit_test(dynamic_strings_are_visited),
		cmocka_unit_test(what_is_no_elf_file_is_an_error),
		cmocka_unit_test(truncated_files_do_no_harm),
		cmocka_unit_test(damaged_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
