/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPython an image holds: by debug offsets, by Py_Version, by text; and builds that are not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "field_names.h"
#include "version.h"

#define START 0x7f0000000000u
#define BYTES 8192

/* A process whose runtime is nothing but two pages of data. */
struct sample {
	_Alignas(8) uint8_t data[BYTES];
	struct hs_image *image;
	struct hs_mapped_file runtime;
	struct hs_layout *layout;
};

static int set_up(void **state)
{
	struct sample *sample = calloc(1, sizeof(*sample));
	const struct hs_segment segment = { .start = START, .end = START + BYTES, .data = sample->data, .is_writable = true };

	sample->runtime = (struct hs_mapped_file){ .path = "/usr/bin/python3", .bias = START, .start = START, .end = START + BYTES };
	sample->layout = hs_layout_create();
	assert_null(hs_image_create(&sample->image));
	assert_null(hs_image_add_segment(sample->image, &segment, NULL, NULL));
	assert_null(hs_image_seal(sample->image));
	*state = sample;
	return 0;
}

static int tear_down(void **state)
{
	struct sample *sample = *state;

	hs_image_destroy(sample->image);
	hs_layout_destroy(sample->layout);
	free(sample);
	return 0;
}

static void put_words(struct sample *sample, size_t at, const uint64_t *words, size_t n)
{
	memcpy(sample->data + at, words, n * sizeof(*words));
}

static void put_debug_offsets(struct sample *sample, uint64_t version_hex, uint64_t free_threaded)
{
	uint64_t words[3] = { 0, version_hex, free_threaded };

	memcpy(words, "xdebugpy", 8);
	put_words(sample, 512, words, 3);
	sample->layout->symbols[HS_SYMBOL__PyRuntime] = START + 512;
}

static void expect(struct sample *sample, const char *version)
{
	assert_null(hs_version_find(&sample->runtime, sample->image, sample->layout));
	assert_string_equal(sample->layout->version, version);
	assert_int_not_equal(sample->layout->features.arena_bytes, 0);
}

static void expect_error(struct sample *sample, enum hs_error_code code, const char *text)
{
	struct hs_error *error = hs_version_find(&sample->runtime, sample->image, sample->layout);

	assert_non_null(error);
	assert_int_equal(error->code, code);
	if (!strstr(error->message, text))
		fail_msg("\"%s\" does not say \"%s\"", error->message, text);
	hs_error_destroy(error);
}

static void debug_offsets_state_it(void **state)
{
	put_debug_offsets(*state, 0x030d05f0, 0);
	expect(*state, "3.13.5");
}

static void py_version_states_it(void **state)
{
	struct sample *sample = *state;
	const uint64_t version_hex = 0x030b02f0;

	put_words(sample, 1024, &version_hex, 1);
	sample->layout->symbols[HS_SYMBOL_Py_Version] = START + 1024;
	expect(sample, "3.11.2");
}

static void old_text_states_it(void **state)
{
	struct sample *sample = *state;

	strcpy((char *)sample->data + 3000, "expat_3.9.9");
	strcpy((char *)sample->data + 4001, "3.8.18 (default, Oct  2 2023, 10:00:00) \n[GCC 12.2.0]");
	expect(sample, "3.8.18");
}

static void new_text_states_it(void **state)
{
	struct sample *sample = *state;

	strcpy((char *)sample->data + 4001, "3.10.13 (main, Oct  2 2023, 10:00:00) [GCC 12.2.0]");
	expect(sample, "3.10.13");
}

static void text_at_the_very_end_is_not_read_beyond(void **state)
{
	struct sample *sample = *state;

	memcpy(sample->data + BYTES - 9, "3.10.13 (", 9);
	expect_error(sample, HS_ERROR_LOOKUP, "no trace of its version");
}

static void free_threaded_builds_are_named(void **state)
{
	put_debug_offsets(*state, 0x030d05f0, 1);
	expect_error(*state, HS_ERROR_UNSUPPORTED, "free-threaded");
}

static void newer_versions_are_named(void **state)
{
	put_debug_offsets(*state, 0x031000f0, 0);
	expect_error(*state, HS_ERROR_UNSUPPORTED, "3.16.0");
}

static void older_versions_are_named(void **state)
{
	struct sample *sample = *state;

	strcpy((char *)sample->data + 100, "3.7.16 (default, Oct  2 2023, 10:00:00) \n[GCC 12.2.0]");
	expect_error(sample, HS_ERROR_UNSUPPORTED, "3.7.16");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(debug_offsets_state_it),
		TEST(py_version_states_it),
		TEST(old_text_states_it),
		TEST(new_text_states_it),
		TEST(text_at_the_very_end_is_not_read_beyond),
		TEST(free_threaded_builds_are_named),
		TEST(newer_versions_are_named),
		TEST(older_versions_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
