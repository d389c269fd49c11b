/* SPDX-License-Identifier: Apache-2.0 */
/* Cache entries and versions: what was written comes back, what is forged or damaged is refused and leaves no trace. */
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

#include "cache.h"
#include "field_names.h"
#include "version.h"

#define BASE 0x7f0000000000u

static struct hs_layout *sample(void)
{
	struct hs_layout *layout = hs_layout_create();

	assert_non_null(layout);
	hs_version_set(layout, 0x030b02f0);
	layout->runtime_base = layout->runtime_start = BASE;
	layout->runtime_end = BASE + 0x100000;
	return layout;
}

static struct hs_layout *filled(void)
{
	struct hs_layout *layout = sample();

	layout->struct_bytes[HS_STRUCT_PyListObject] = 40;
	layout->fields[HS_FIELD_PyListObject_ob_item] = (struct hs_field){ .offset = 24, .bytes = 8 };
	layout->symbols[HS_SYMBOL_arenas] = BASE + 0x1234;
	assert_true(hs_reserved_add(&layout->reserved, HS_STRUCT_PyListObject, 0, 24));
	strcpy(layout->source, "debug file (build-id 571d98…)");
	return layout;
}

static void what_was_written_comes_back(void **state)
{
	(void)state;
	struct hs_layout *written = filled(), *read = sample();
	char *text = hs_cache_format(written);

	/* Loaded elsewhere this time. */
	read->runtime_base = read->runtime_start = BASE + 0x5000000;
	read->runtime_end = read->runtime_base + 0x100000;
	assert_true(hs_cache_parse(text, strlen(text), read));
	assert_int_equal(read->struct_bytes[HS_STRUCT_PyListObject], 40);
	assert_int_equal(read->fields[HS_FIELD_PyListObject_ob_item].offset, 24);
	assert_int_equal(read->fields[HS_FIELD_PyListObject_allocated].offset, HS_ABSENT);
	assert_int_equal(read->symbols[HS_SYMBOL_arenas], BASE + 0x5001234);
	assert_int_equal(read->reserved.n, 1);
	assert_string_equal(read->source, written->source);
	free(text);
	hs_layout_destroy(read);
	hs_layout_destroy(written);
}

static void refuse(const char *text, size_t bytes)
{
	struct hs_layout *layout = sample();

	assert_false(hs_cache_parse(text, bytes, layout));
	assert_int_equal(layout->struct_bytes[HS_STRUCT_PyListObject], 0);
	assert_int_equal(layout->fields[HS_FIELD_PyListObject_ob_item].offset, HS_ABSENT);
	assert_int_equal(layout->symbols[HS_SYMBOL_arenas], 0);
	assert_int_equal(layout->reserved.n, 0);
	hs_layout_destroy(layout);
}

static void refuse_with(const char *good, const char *line)
{
	char *text;

	assert_true(asprintf(&text, "%s%s\n", good, line) > 0);
	refuse(text, strlen(text));
	free(text);
}

static void forged_entries_are_refused(void **state)
{
	(void)state;
	struct hs_layout *layout = filled();
	char *text = hs_cache_format(layout), *other;

	refuse("", 0);
	refuse("heapspy-layout-cache\n", 21);
	refuse_with(text, "symbol arenas 99999999999");
	refuse_with(text, "symbol arenas");
	refuse_with(text, "PyListObject 40: ob_item@-8:8");
	refuse_with(text, "what is this");
	/* Of another interpreter, and of another heapspy. */
	hs_version_set(layout, 0x030c01f0);
	other = hs_cache_format(layout);
	refuse(other, strlen(other));
	text[25] ^= 1;
	refuse(text, strlen(text));
	free(other);
	free(text);
	hs_layout_destroy(layout);
}

static void cut_entries_do_no_harm(void **state)
{
	(void)state;
	struct hs_layout *layout = filled();
	char *text = hs_cache_format(layout);

	for (size_t bytes = strlen(text); bytes-- > 0;) {
		struct hs_layout *read = sample();

		hs_cache_parse(text, bytes, read);
		hs_layout_destroy(read);
	}
	free(text);
	hs_layout_destroy(layout);
}

static void files_are_private_and_links_are_not_followed(void **state)
{
	(void)state;
	char folder[] = "/tmp/heapspy-cache-XXXXXX";
	struct hs_cache_key key, link_key;
	struct hs_layout *written = filled(), *read = sample();
	struct stat status;

	assert_non_null(mkdtemp(folder));
	snprintf(key.path, sizeof(key.path), "%s/deep/er/entry.layout", folder);
	snprintf(link_key.path, sizeof(link_key.path), "%s/deep/er/link.layout", folder);
	assert_false(hs_cache_load(&key, read));
	hs_cache_store(&key, written);
	assert_int_equal(stat(key.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(symlink(key.path, link_key.path), 0);
	assert_false(hs_cache_load(&link_key, read));
	assert_int_equal(chmod(key.path, 0666), 0);
	assert_false(hs_cache_load(&key, read));
	assert_int_equal(chmod(key.path, 0600), 0);
	assert_true(hs_cache_load(&key, read));

	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
	hs_layout_destroy(read);
	hs_layout_destroy(written);
}

static void expect_version(const char *text, uint32_t version_hex, size_t n)
{
	size_t parsed = 0;

	assert_int_equal(hs_version_parse(text, strlen(text), &parsed), version_hex);
	if (version_hex)
		assert_int_equal(parsed, n);
}

static void versions_are_parsed_and_written(void **state)
{
	(void)state;
	struct hs_layout *layout = sample();

	expect_version("3.11.2", 0x030b02f0, 6);
	expect_version("3.8.18 (default", 0x030812f0, 6);
	expect_version("3.9.2+", 0x030902f0, 6);
	expect_version("3.15.0b1", 0x030f00b1, 8);
	expect_version("3.14.0rc2", 0x030e00c2, 9);
	expect_version("2.7.18", 0, 0);
	expect_version("3.", 0, 0);
	expect_version("3.11", 0, 0);
	expect_version("3.11.", 0, 0);
	expect_version("3.999.1", 0, 0);
	hs_version_set(layout, 0x030f00b1);
	assert_string_equal(layout->version, "3.15.0b1");
	hs_version_set(layout, 0x030d12f0);
	assert_string_equal(layout->version, "3.13.18");
	hs_layout_destroy(layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_comes_back),
		cmocka_unit_test(forged_entries_are_refused),
		cmocka_unit_test(cut_entries_do_no_harm),
		cmocka_unit_test(files_are_private_and_links_are_not_followed),
		cmocka_unit_test(versions_are_parsed_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
