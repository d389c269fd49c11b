/* SPDX-License-Identifier: Apache-2.0 */
/* Separate debug files: every place that they are looked for in, and refusal of those that do not belong. */
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

#include "debug_file.h"
#include "dwarf_query.h"
#include "fixtures/debug_sample.h"

#define SAMPLE(name) DEBUG_SAMPLE_DIR "/" name

/* A scratch directory for one test. */
struct scratch {
	char path[64];
};

static int set_up(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	strcpy(scratch->path, "/tmp/heapspy-debug-XXXXXX");
	*state = scratch;
	return mkdtemp(scratch->path) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct scratch *scratch = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", scratch->path);
	int status = system(command);
	free(scratch);
	return status;
}

static void copy(const char *from, const char *folder, const char *name)
{
	char command[1024];

	snprintf(command, sizeof(command), "mkdir -p '%s' && cp '%s' '%s/%s'", folder, from, folder, name);
	assert_int_equal(system(command), 0);
}

/* Looks for the debug file of `path`; the search is left with what was rejected. */
static struct hs_elf_file *find(const char *path, const char *as_path, const char *root, const char *debug_dir,
				struct hs_debug_search *search)
{
	struct hs_elf_file *file = NULL, *debug = NULL;
	const char *roots[] = { root };

	*search = (struct hs_debug_search){ .file_path = as_path, .roots = roots, .n_roots = 1, .debug_dir = debug_dir };
	assert_null(hs_elf_open_path(path, &file));
	assert_null(hs_debug_file_find(file, search, &debug));
	hs_elf_close(file);
	return debug;
}

static void expect_found(struct hs_elf_file *debug, struct hs_debug_search *search)
{
	assert_non_null(debug);
	assert_true(hs_elf_has_dwarf(debug));
	hs_elf_close(debug);
	free(search->rejected);
}

static void expect_rejected(struct hs_elf_file *debug, struct hs_debug_search *search, const char *why)
{
	assert_null(debug);
	assert_non_null(search->rejected);
	assert_non_null(strstr(search->rejected, why));
	free(search->rejected);
}

static void beside_the_file(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	char path[128];

	copy(SAMPLE("plain.debug"), scratch->path, "plain.debug");
	snprintf(path, sizeof(path), "%s/plain.so", scratch->path);
	expect_found(find(SAMPLE("plain_stripped.so"), path, "", NULL, &search), &search);
}

static void in_the_folder_dot_debug(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	char path[128], folder[128];

	snprintf(path, sizeof(path), "%s/plain.so", scratch->path);
	snprintf(folder, sizeof(folder), "%s/.debug", scratch->path);
	copy(SAMPLE("plain.debug"), folder, "plain.debug");
	expect_found(find(SAMPLE("plain_stripped.so"), path, "", NULL, &search), &search);
}

static void below_a_root(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	char folder[128];

	snprintf(folder, sizeof(folder), "%s/usr/lib/debug/opt/app", scratch->path);
	copy(SAMPLE("plain.debug"), folder, "plain.debug");
	expect_found(find(SAMPLE("plain_stripped.so"), "/opt/app/plain.so", scratch->path, NULL, &search), &search);
}

static void by_build_id_in_the_given_directory(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	struct hs_elf_file *file = NULL, *debug = NULL;
	char folder[128], name[128], hex[64];

	assert_null(hs_elf_open_path(SAMPLE("plain_stripped.so"), &file));
	snprintf(hex, sizeof(hex), "%s", hs_elf_build_id_hex(file));
	snprintf(folder, sizeof(folder), "%s/.build-id/%.2s", scratch->path, hex);
	snprintf(name, sizeof(name), "%s.debug", hex + 2);
	hs_elf_close(file);
	copy(SAMPLE("plain.debug"), folder, name);
	expect_found(find(SAMPLE("plain_stripped.so"), "", "/no/such/root", scratch->path, &search), &search);

	/* The build-id is enough. */
	assert_null(hs_debug_file_find_by_id(hex, &search, &debug));
	assert_non_null(debug);
	hs_elf_close(debug);
}

static void of_another_build_is_rejected(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	char path[128];

	copy(SAMPLE("other.so"), scratch->path, "plain.debug");
	snprintf(path, sizeof(path), "%s/plain.so", scratch->path);
	expect_rejected(find(SAMPLE("plain_stripped.so"), path, "", NULL, &search), &search, "another build");
}

static void without_build_ids_the_crc_decides(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	char path[128];

	snprintf(path, sizeof(path), "%s/no_id.so", scratch->path);
	copy(SAMPLE("no_id.debug"), scratch->path, "no_id.debug");
	expect_found(find(SAMPLE("no_id_stripped.so"), path, "", NULL, &search), &search);
	copy(SAMPLE("other.so"), scratch->path, "no_id.debug");
	expect_rejected(find(SAMPLE("no_id_stripped.so"), path, "", NULL, &search), &search, "CRC");
}

static void that_is_cut_short_is_rejected(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	char path[128], name[128];

	copy(SAMPLE("plain.debug"), scratch->path, "plain.debug");
	snprintf(path, sizeof(path), "%s/plain.so", scratch->path);
	snprintf(name, sizeof(name), "%s/plain.debug", scratch->path);
	assert_int_equal(truncate(name, 3000), 0);
	expect_rejected(find(SAMPLE("plain_stripped.so"), path, "", NULL, &search), &search, "truncated");
}

static void that_has_no_dwarf_is_rejected(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;
	char path[128];

	copy(SAMPLE("plain_stripped.so"), scratch->path, "plain.debug");
	snprintf(path, sizeof(path), "%s/plain.so", scratch->path);
	expect_rejected(find(SAMPLE("plain_stripped.so"), path, "", NULL, &search), &search, "no DWARF");
}

static void nowhere_is_no_error(void **state)
{
	struct scratch *scratch = *state;
	struct hs_debug_search search;

	assert_null(find(SAMPLE("plain_stripped.so"), "/opt/app/plain.so", scratch->path, NULL, &search));
	assert_null(search.rejected);
}

/* Made only where dwz is installed. */
static void shared_debug_information_is_followed(void **state)
{
	(void)state;
	const char *roots[] = { "" };
	struct hs_debug_search search = { .file_path = SAMPLE("shared_a.so"), .roots = roots, .n_roots = 1 };
	struct hs_elf_file *file = NULL, *alternate = NULL;
	struct hs_dwarf_member member = { .path = "nested.deepest.value" };
	struct hs_dwarf_query query = { 0 };

	if (access(SAMPLE("shared_a.so"), R_OK) != 0)
		skip();
	struct hs_dwarf_struct *wanted = hs_array_append(&query.structs);
	*wanted = (struct hs_dwarf_struct){ .names = "sample_outer", .members = &member, .n_members = 1 };
	assert_null(hs_elf_open_path(SAMPLE("shared_a.so"), &file));
	assert_null(hs_debug_file_find_alternate(file, &search, &alternate));
	assert_non_null(alternate);
	assert_null(hs_dwarf_lookup(file, alternate, &query));
	assert_true(member.is_found);
	assert_int_equal(member.offset, offsetof(struct sample_outer, nested.deepest.value));
	hs_array_free(&query.structs.items[0].others);
	hs_array_free(&query.structs);
	hs_elf_close(alternate);
	hs_elf_close(file);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(beside_the_file),
		TEST(in_the_folder_dot_debug),
		TEST(below_a_root),
		TEST(by_build_id_in_the_given_directory),
		TEST(of_another_build_is_rejected),
		TEST(without_build_ids_the_crc_decides),
		TEST(that_is_cut_short_is_rejected),
		TEST(that_has_no_dwarf_is_rejected),
		TEST(nowhere_is_no_error),
		cmocka_unit_test(shared_debug_information_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
