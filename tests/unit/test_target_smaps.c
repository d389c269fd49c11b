/* SPDX-License-Identifier: Apache-2.0 */
/* The text of smaps: figures by mapping, lines of other forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smaps.h"

static const char two[] = "55cfda3eb000-55cfda3f1000 r-xp 00002000 fe:00 247498                     /usr/bin/head Rss: 1 kB\n"
			  "Size:                 24 kB\n"
			  "Rss:                  20 kB\n"
			  "Pss:                  10 kB\n"
			  "AnonHugePages:         2048 kB\n"
			  "Anonymous:             4 kB\n"
			  "Swap:                  8 kB\n"
			  "SwapPss:               3 kB\n"
			  "VmFlags: rd ex mr mw me \n"
			  "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
			  "Rss:                   4 kB";

static void figures_are_read_by_mapping(void **state)
{
	struct hs_mapping_uses uses = { 0 };

	(void)state;
	assert_null(hs_smaps_parse(two, strlen(two), &uses));
	assert_int_equal(uses.n, 2);
	assert_int_equal(uses.items[0].start, 0x55cfda3eb000);
	assert_int_equal(uses.items[0].end, 0x55cfda3f1000);
	assert_int_equal(uses.items[0].rss_bytes, 20 << 10);
	assert_int_equal(uses.items[0].anonymous_bytes, 4 << 10);
	assert_int_equal(uses.items[0].swap_bytes, 8 << 10);
	assert_int_equal(uses.items[1].rss_bytes, 4 << 10);
	assert_int_equal(uses.items[1].anonymous_bytes, 0);
	hs_array_free(&uses);
}

static void strange_texts_are_errors_or_nothing(void **state)
{
	static const char *const bad[] = {
		"zz-1000 rw-p\n", "1000\n", "1000-\n", "1000-2000\n", "2000-1000 rw-p\n", "1000-1000 rw-p\n", "\n", "2000-3000 rw-p\n1000-2000 rw-p\n",
	};
	static const char *const harmless[] = {
		"", "Rss: 4 kB\n", "1000-2000 rw-p\nRss:\n", "1000-2000 rw-p\nRss: x\n", "1000-2000 rw-p\nRs", "1000-2000 rw-p\nRss: 99999999999999999999999 kB\n",
	};
	struct hs_mapping_uses uses = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hs_error *error = hs_smaps_parse(bad[i], strlen(bad[i]), &uses);
		assert_non_null(error);
		assert_int_equal(error->code, HS_ERROR_BAD_DATA);
		hs_error_destroy(error);
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		assert_null(hs_smaps_parse(harmless[i], strlen(harmless[i]), &uses));
		assert_true(uses.n <= 1);
		hs_array_free(&uses);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_read_by_mapping),
		cmocka_unit_test(strange_texts_are_errors_or_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
