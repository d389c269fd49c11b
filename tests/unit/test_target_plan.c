/* SPDX-License-Identifier: Apache-2.0 */
/* The plan: what of which mapping is copied, how mappings become extents, and what a later plan adds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bits.h"
#include "plan.h"
#include "replan.h"

/* What this many pages, by page number modulo 8, look like to the page source below. */
enum page { ABSENT, PRESENT, SWAPPED, ZERO, FROM_FILE };
static const enum page pattern[8] = { PRESENT, ABSENT, PRESENT, SWAPPED, ZERO, FROM_FILE, ABSENT, PRESENT };

static size_t n_questions;  /* calls of the page source … */
static size_t n_asked;      /* … and pages in them */
static hs_addr touched;     /* a page that is present, whatever the pattern says */

static struct hs_error *mark_pattern(void *context, hs_addr start, hs_addr end, enum hs_copy_mode mode, struct hs_extent *extent,
				     size_t *n_swapped)
{
	(void)context;
	n_questions++;
	assert_true(start >= extent->start && start < end && end <= extent->end);
	for (hs_addr address = start; address < end; address += HS_PAGE_BYTES, n_asked++) {
		size_t bit = (address - extent->start) >> HS_PAGE_SHIFT;
		enum page page = address == touched ? PRESENT : pattern[(address >> HS_PAGE_SHIFT) % 8];
		if (page == ZERO)
			hs_bits_set(extent->zero, bit, bit + 1);
		if (page == ABSENT || page == ZERO || (page == FROM_FILE && mode == HS_COPY_WRITTEN))
			continue;
		hs_bits_set(extent->present, bit, bit + 1);
		*n_swapped += page == SWAPPED;
	}
	return NULL;
}

static const struct hs_page_source pattern_source = { mark_pattern, NULL };

static struct hs_mappings parse(const char *maps)
{
	struct hs_mappings mappings;

	assert_null(hs_mappings_parse(maps, strlen(maps), &mappings));
	return mappings;
}

static struct hs_plan *plan_by(const char *maps, const struct hs_page_source *source, const struct hs_address_ranges *skip)
{
	struct hs_mappings mappings = parse(maps);
	struct hs_plan *plan;

	n_questions = n_asked = 0;
	assert_null(hs_plan_make(&mappings, source, skip, &plan));
	hs_mappings_free(&mappings);
	return plan;
}

static struct hs_plan *plan_of(const char *maps)
{
	return plan_by(maps, &pattern_source, NULL);
}

static bool is_wanted(const struct hs_extent *extent, size_t bit)
{
	if (hs_bits_test(extent->present, bit))
		return true;
	return extent->of_file && (hs_bits_test(extent->of_file, bit) || hs_bits_test(extent->zero, bit));
}

/* The wanted pages of the only extent, as '1' and '0'. */
static void expect_pages(const char *maps, const char *expected)
{
	struct hs_plan *plan = plan_of(maps);

	if (!*expected) {
		assert_int_equal(plan->extents.n, 0);
		assert_int_equal(plan->bytes, 0);
	} else {
		assert_int_equal(plan->extents.n, 1);
		const struct hs_extent *extent = &plan->extents.items[0];
		assert_int_equal(extent->end - extent->start, strlen(expected) * HS_PAGE_BYTES);
		for (size_t i = 0; expected[i]; i++)
			assert_int_equal(is_wanted(extent, i), expected[i] == '1');
		assert_int_equal(plan->bytes, extent->n_pages * HS_PAGE_BYTES);
	}
	hs_plan_destroy(plan);
}

#define TEXT_OF_PYTHON "1000000-1002000 r-xp 00001000 08:01 7 /usr/bin/python3.11\n"
#define TEXT_OF_LIBRARY "1000000-1002000 r-xp 00001000 08:01 9 /usr/lib/libssl.so.3\n"

static void copies_what_is_there_of_anonymous_memory(void **state)
{
	(void)state;
	expect_pages("10000-18000 rw-p 00000000 00:00 0\n", "10110101");
	expect_pages("10000-18000 rw-p 00000000 00:00 0 [heap]\n", "10110101");
	expect_pages("10000-18000 rw-p 00000000 00:00 0 [stack]\n", "10110101");
	expect_pages("10000-18000 rw-p 00000000 00:00 0 [anon:glibc: malloc]\n", "10110101");
	expect_pages("10000-18000 rwxp 00000000 00:00 0\n", "10110101");
	expect_pages("10000-18000 r--p 00000000 00:00 0\n", "10110101");
}

static void copies_data_segments_whole(void **state)
{
	(void)state;
	expect_pages("10000-18000 rw-p 00001000 08:01 7 /usr/bin/python3.11\n" TEXT_OF_PYTHON, "11111111");
	expect_pages("10000-18000 rw-p 00001000 08:01 9 /usr/lib/libssl.so.3\n" TEXT_OF_LIBRARY, "11111111");
}

static void copies_of_a_private_data_file_what_was_written(void **state)
{
	(void)state;
	expect_pages("10000-18000 rw-p 00000000 08:01 5 /var/data.bin\n" TEXT_OF_LIBRARY, "10110001");
}

static void copies_read_only_segments_of_modules(void **state)
{
	(void)state;
	expect_pages("10000-18000 r--p 00000000 08:01 7 /usr/bin/python3.11\n" TEXT_OF_PYTHON, "11111111");
	expect_pages("10000-18000 r--p 00001000 08:01 9 /usr/lib/libssl.so.3\n" TEXT_OF_LIBRARY, "10110101");
	/* its header is there, whether the target has looked at it or not */
	expect_pages("11000-19000 r--p 00000000 08:01 9 /usr/lib/libssl.so.3\n" TEXT_OF_LIBRARY, "11111011");
	expect_pages("11000-19000 r--p 00001000 08:01 9 /usr/lib/libssl.so.3\n" TEXT_OF_LIBRARY, "01101011");
	/* Same inode on another device: another file, and no module. */
	expect_pages("10000-18000 r--p 00000000 08:02 9 /usr/share/data\n" TEXT_OF_LIBRARY, "");
}

static void names_extension_modules(void **state)
{
	static const char *const paths[] = {
		"/usr/lib/python3.11/lib-dynload/_queue.so", "/x/site-packages/foo/core.so", "/x/dist-packages/foo.so",
		"/build/_foo.cpython-312-x86_64-linux-gnu.so", "/build/foo.abi3.so", "/opt/lib/libpython3.12.so.1.0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char maps[512];
		snprintf(maps, sizeof(maps), "10000-18000 r--p 00000000 08:01 7 %s\n1000000-1002000 r-xp 00001000 08:01 7 %s\n", paths[i],
			 paths[i]);
		expect_pages(maps, "11111111");
	}
}

static void leaves_out_text_but_not_headers_in_it(void **state)
{
	(void)state;
	expect_pages(TEXT_OF_PYTHON, "");
	expect_pages("10000-18000 r-xp 00000000 08:01 7 /usr/bin/python3.11\n", "11111111");
	expect_pages("10000-18000 r-xp 00000000 00:00 0\n", "");
	expect_pages("10000-12000 r-xp 00000000 00:00 0 [vdso]\n", "11");
}

static void leaves_out_what_is_no_memory_of_its_own(void **state)
{
	(void)state;
	expect_pages("10000-18000 ---p 00000000 00:00 0\n", "");
	expect_pages("10000-18000 r--p 00000000 00:00 0 [vvar]\n", "");
	expect_pages("10000-18000 r--p 00000000 00:00 0 [vvar_vclock]\n", "");
	expect_pages("ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0 [vsyscall]\n", "");
	expect_pages("10000-18000 r--p 00000000 08:01 3 /usr/lib/locale/locale-archive\n", "");
	expect_pages("10000-18000 r--s 00000000 08:01 3 /usr/lib/gconv/gconv-modules.cache\n", "");
}

static void lists_what_is_missing(void **state)
{
	struct hs_plan *plan = plan_of("10000-18000 rw-s 00000000 00:01 3 /dev/shm/ring\n"
				       "18000-20000 rw-p 00000000 00:06 4 /dev/dri/card0\n"
				       "20000-28000 rw-p 00000000 00:00 0\n"
				       "30000-38000 r--s 00000000 08:01 5 /cache\n");

	(void)state;
	assert_int_equal(plan->extents.n, 1);
	assert_int_equal(plan->missing.n, 2);
	assert_true(plan->missing.items[0].start == 0x10000 && plan->missing.items[0].end == 0x18000);
	assert_string_equal(plan->missing.items[0].why, "shared memory");
	assert_string_equal(plan->missing.items[1].why, "device memory");
	hs_plan_destroy(plan);
}

static void joins_what_touches(void **state)
{
	/* .data, .bss and a heap that follow each other; then a gap; then a border between two protections. */
	struct hs_plan *plan = plan_of("10000-12000 rw-p 00001000 08:01 7 /usr/bin/python3.11\n"
				       "12000-14000 rw-p 00000000 00:00 0\n"
				       "14000-18000 rw-p 00000000 00:00 0 [heap]\n"
				       "20000-22000 rw-p 00000000 00:00 0\n"
				       "22000-24000 r--p 00000000 00:00 0\n"
				       "24000-25000 ---p 00000000 00:00 0\n"
				       "25000-26000 rw-p 00000000 00:00 0\n" TEXT_OF_PYTHON);

	(void)state;
	assert_int_equal(plan->extents.n, 4);
	assert_true(plan->extents.items[0].start == 0x10000 && plan->extents.items[0].end == 0x18000);
	assert_false(plan->extents.items[0].is_anonymous);
	assert_true(plan->extents.items[0].is_writable);
	assert_true(hs_bits_test(plan->extents.items[0].of_file, 1)); /* not touched, but of .data */
	assert_true(plan->extents.items[1].is_anonymous && plan->extents.items[1].is_writable);
	assert_true(plan->extents.items[2].start == 0x22000 && !plan->extents.items[2].is_writable);
	assert_true(plan->extents.items[3].start == 0x25000);
	hs_plan_destroy(plan);
}

static void counts_swapped_and_zero_pages(void **state)
{
	struct hs_plan *plan = plan_of("10000-18000 rw-p 00000000 00:00 0\n");

	(void)state;
	assert_int_equal(plan->swapped_bytes, HS_PAGE_BYTES);
	assert_true(hs_bits_test(plan->extents.items[0].zero, 4));
	assert_false(hs_bits_test(plan->extents.items[0].present, 4));
	hs_plan_destroy(plan);
}

static void skips_whole_pages_of_raw_data(void **state)
{
	struct hs_address_range range = { 0x10001, 0x13fff };
	struct hs_address_ranges skip = { &range, 1, 1 };
	struct hs_plan *plan = plan_by("10000-18000 rw-p 00000000 00:00 0\n", &pattern_source, &skip);

	(void)state;
	/* 0x11000 to 0x13000: its first and its last page hold something else, too. */
	assert_true(hs_bits_test(plan->extents.items[0].present, 0));
	assert_false(hs_bits_test(plan->extents.items[0].present, 2));
	assert_true(hs_bits_test(plan->extents.items[0].present, 3));
	assert_int_equal(plan->missing.n, 1);
	assert_true(plan->missing.items[0].start == 0x11000 && plan->missing.items[0].end == 0x13000);
	hs_plan_destroy(plan);
}

struct runs {
	hs_addr bounds[32];
	size_t n;
};

static struct hs_error *note_run(void *context, hs_addr start, hs_addr end)
{
	struct runs *runs = context;

	runs->bounds[runs->n++] = start;
	runs->bounds[runs->n++] = end;
	return NULL;
}

static void finds_runs(void **state)
{
	struct hs_plan *plan = plan_of("10000-18000 rw-p 00000000 00:00 0\n");
	struct runs runs = { .n = 0 };
	static const hs_addr expected[] = { 0x10000, 0x11000, 0x12000, 0x14000, 0x15000, 0x16000, 0x17000, 0x18000 };

	(void)state;
	assert_null(hs_extent_for_each_run(&plan->extents.items[0], note_run, &runs));
	assert_int_equal(runs.n, 8);
	assert_memory_equal(runs.bounds, expected, sizeof(expected));
	hs_plan_destroy(plan);
}

static void sets_and_clears_any_range_of_bits(void **state)
{
	(void)state;
	for (size_t begin = 0; begin < 200; begin += 3) {
		for (size_t end = begin; end <= 200; end += 7) {
			uint64_t set[4] = { 0 }, cleared[4] = { ~0ull, ~0ull, ~0ull, ~0ull };
			hs_bits_set(set, begin, end);
			hs_bits_clear(cleared, begin, end);
			for (size_t bit = 0; bit < 256; bit++) {
				assert_int_equal(hs_bits_test(set, bit), bit >= begin && bit < end);
				assert_int_equal(hs_bits_test(cleared, bit), !(bit >= begin && bit < end));
			}
			assert_int_equal(hs_bits_count(set, 256), end - begin);
			assert_int_equal(hs_bits_next(set, 0, 256, true), begin < end ? begin : 256);
			assert_int_equal(hs_bits_next(set, begin, 256, false), end);
		}
	}
}

static void plans_again_what_is_known_without_asking(void **state)
{
	static const char before[] = TEXT_OF_PYTHON "10000000-10100000 rw-p 00001000 08:01 7 /usr/bin/python3.11\n"
				     "10200000-10240000 rw-p 00000000 00:00 0\n";
	/* The anonymous mapping has become larger, on both sides. */
	static const char after[] = TEXT_OF_PYTHON "10000000-10100000 rw-p 00001000 08:01 7 /usr/bin/python3.11\n"
				    "101f0000-10250000 rw-p 00000000 00:00 0\n";
	struct hs_plan *earlier = plan_of(before), *fresh;
	struct hs_known_pages known = { earlier, pattern_source };
	struct hs_page_source source = hs_known_pages_source(&known);

	(void)state;
	touched = 0x10201000;
	struct hs_plan *plan = plan_by(after, &source, NULL), *whole = plan_of(after);
	assert_int_equal(plan->extents.n, whole->extents.n);
	for (size_t i = 0; i < plan->extents.n; i++) {
		const struct hs_extent *extent = &plan->extents.items[i];
		size_t n_words = hs_bits_words((extent->end - extent->start) >> HS_PAGE_SHIFT);
		assert_memory_equal(extent->present, whole->extents.items[i].present, n_words * 8);
	}
	assert_null(hs_plan_new_pages(plan, earlier, &fresh));
	/* 16 pages below and 16 above, five of eight present in each, and the touched one. */
	assert_int_equal(fresh->bytes, (20 + 1) * HS_PAGE_BYTES);
	assert_true(hs_bits_test(fresh->extents.items[1].present, 0x11));
	touched = 0;
	hs_plan_destroy(earlier);
	hs_plan_destroy(plan);
	hs_plan_destroy(whole);
	hs_plan_destroy(fresh);
}

static struct hs_error *mark_all(void *context, hs_addr start, hs_addr end, enum hs_copy_mode mode, struct hs_extent *extent, size_t *n_swapped)
{
	(void)context, (void)mode, (void)n_swapped;
	n_questions++;
	hs_bits_set(extent->present, (start - extent->start) >> HS_PAGE_SHIFT, (end - extent->start) >> HS_PAGE_SHIFT);
	return NULL;
}

static void asks_nothing_about_a_dense_heap(void **state)
{
	static const char maps[] = "10000000-20000000 rw-p 00000000 00:00 0 [heap]\n";
	static const char grown[] = "ffff000-20001000 rw-p 00000000 00:00 0 [heap]\n";
	struct hs_page_source all = { mark_all, NULL };
	struct hs_plan *earlier = plan_by(maps, &all, NULL);
	struct hs_known_pages known = { earlier, all };
	struct hs_page_source source = hs_known_pages_source(&known);

	(void)state;
	struct hs_plan *plan = plan_by(maps, &source, NULL);
	assert_int_equal(n_questions, 0);
	assert_int_equal(plan->bytes, 0x10000000);
	hs_plan_destroy(plan);
	plan = plan_by(grown, &source, NULL);
	assert_int_equal(n_questions, 2); /* below and above */
	assert_int_equal(plan->bytes, 0x10002000);
	hs_plan_destroy(plan);
	hs_plan_destroy(earlier);
}

static void takes_a_sample_of_writable_pages(void **state)
{
	struct hs_plan *plan = plan_of("8000-10000 r--p 00000000 00:00 0\n10000-18000 rw-p 00000000 00:00 0\n"), *sample;

	(void)state;
	assert_null(hs_plan_sample(plan, 0, 3 * HS_PAGE_BYTES, &sample));
	assert_int_equal(sample->bytes, 3 * HS_PAGE_BYTES);
	assert_int_equal(sample->extents.items[0].n_pages, 0);
	assert_int_equal(hs_bits_count(sample->extents.items[1].present, 8), 3);
	hs_plan_destroy(sample);
	assert_null(hs_plan_sample(plan, 0, 1 << 20, &sample));
	assert_int_equal(sample->bytes, 5 * HS_PAGE_BYTES);
	hs_plan_destroy(sample);
	assert_null(hs_plan_sample(plan, 2 * HS_PAGE_BYTES, 2 * HS_PAGE_BYTES, &sample));
	assert_int_equal(sample->bytes, 2 * HS_PAGE_BYTES);
	assert_false(hs_bits_test(sample->extents.items[1].present, 2));
	assert_true(hs_bits_test(sample->extents.items[1].present, 3));
	assert_true(hs_bits_test(sample->extents.items[1].present, 5));
	assert_false(hs_bits_test(sample->extents.items[1].present, 7));
	hs_plan_destroy(sample);
	assert_null(hs_plan_sample(plan, 9 * HS_PAGE_BYTES, 2 * HS_PAGE_BYTES, &sample));
	assert_int_equal(sample->bytes, 0);
	hs_plan_destroy(sample);
	hs_plan_destroy(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_what_is_there_of_anonymous_memory),
		cmocka_unit_test(copies_data_segments_whole),
		cmocka_unit_test(copies_of_a_private_data_file_what_was_written),
		cmocka_unit_test(copies_read_only_segments_of_modules),
		cmocka_unit_test(names_extension_modules),
		cmocka_unit_test(leaves_out_text_but_not_headers_in_it),
		cmocka_unit_test(leaves_out_what_is_no_memory_of_its_own),
		cmocka_unit_test(lists_what_is_missing),
		cmocka_unit_test(joins_what_touches),
		cmocka_unit_test(counts_swapped_and_zero_pages),
		cmocka_unit_test(skips_whole_pages_of_raw_data),
		cmocka_unit_test(finds_runs),
		cmocka_unit_test(sets_and_clears_any_range_of_bits),
		cmocka_unit_test(plans_again_what_is_known_without_asking),
		cmocka_unit_test(asks_nothing_about_a_dense_heap),
		cmocka_unit_test(takes_a_sample_of_writable_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
