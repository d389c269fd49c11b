/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables and copy brought together: pages left out, pages of zeros, swap; the parts of a mapping always add up to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "residency.h"

#define START ((hs_addr)0x7f0000000000)
#define N_PAGES 16
#define PAGE ((double)HS_PAGE_BYTES)

struct sample {
	uint64_t present, not_own; /* a bit a page */
	uint8_t *data;
	struct hs_mapping_use use;
	struct hs_capture capture;
	struct hs_residency residency;
};

static void open_sample(struct sample *sample, uint64_t present, uint64_t not_own, unsigned rss_pages, unsigned swap_pages)
{
	*sample = (struct sample){ .present = present, .not_own = not_own, .data = aligned_alloc(HS_PAGE_BYTES, N_PAGES * HS_PAGE_BYTES) };
	const struct hs_segment segment = {
		.start = START, .end = START + N_PAGES * HS_PAGE_BYTES, .data = sample->data, .present = &sample->present, .not_own = &sample->not_own,
		.is_writable = true, .is_anonymous = true,
	};

	assert_non_null(sample->data);
	assert_null(hs_image_create(&sample->capture.image));
	assert_null(hs_image_add_segment(sample->capture.image, &segment, NULL, NULL));
	assert_null(hs_image_seal(sample->capture.image));
	sample->use = (struct hs_mapping_use){ segment.start, segment.end, rss_pages * HS_PAGE_BYTES, 0, swap_pages * HS_PAGE_BYTES };
	sample->capture.uses.items = &sample->use;
	sample->capture.uses.n = 1;
	assert_null(hs_residency_init(&sample->residency, &sample->capture));
}

static void close_sample(struct sample *sample)
{
	hs_residency_deinit(&sample->residency);
	hs_image_destroy(sample->capture.image);
	free(sample->data);
}

static double pages(const struct sample *sample, unsigned first, unsigned end)
{
	return hs_resident_bytes(&sample->residency, START + first * HS_PAGE_BYTES, START + end * HS_PAGE_BYTES, NULL) / PAGE;
}

static bool is_about(double a, double b)
{
	return a - b < 1e-6 && b - a < 1e-6;
}

static void copied_pages_are_in_memory(void **state)
{
	struct sample sample;
	double by_mapping = 0;

	(void)state;
	open_sample(&sample, 0x00ff, 0, 8, 0);
	assert_true(is_about(pages(&sample, 0, 8), 8));
	assert_true(is_about(pages(&sample, 8, 16), 0));
	assert_true(is_about(pages(&sample, 6, 10), 2));
	/* parts of pages, and what lies outside all mappings */
	assert_true(is_about(hs_resident_bytes(&sample.residency, START + 100, START + HS_PAGE_BYTES + 50, &by_mapping), PAGE - 50));
	assert_true(is_about(by_mapping, PAGE - 50));
	assert_true(is_about(hs_resident_bytes(&sample.residency, START - HS_PAGE_BYTES, START + HS_PAGE_BYTES, &by_mapping), PAGE));
	assert_true(is_about(hs_resident_bytes(&sample.residency, 0, UINT64_MAX, NULL), 8 * PAGE));
	assert_int_equal(sample.residency.rss_bytes, 8 * HS_PAGE_BYTES);
	close_sample(&sample);
}

static void what_was_left_out_takes_the_rest(void **state)
{
	struct sample sample;

	(void)state;
	/* four pages copied, ten in memory: six among the twelve that were not copied */
	open_sample(&sample, 0x000f, 0, 10, 0);
	assert_true(is_about(pages(&sample, 0, 4), 4));
	assert_true(is_about(pages(&sample, 4, 16), 6));
	assert_true(is_about(pages(&sample, 4, 8), 2));
	close_sample(&sample);
}

static void pages_of_zeros_take_nothing(void **state)
{
	struct sample sample;

	(void)state;
	open_sample(&sample, 0x0fff, 0x0ff0, 4, 0);
	assert_true(is_about(pages(&sample, 0, 4), 4));
	assert_true(is_about(pages(&sample, 4, 16), 0));
	close_sample(&sample);
	/* a kernel that does not tell them apart: the page tables' figure holds */
	open_sample(&sample, 0x0fff, 0, 4, 0);
	assert_true(is_about(pages(&sample, 0, 12), 4));
	assert_true(is_about(pages(&sample, 0, 3), 1));
	close_sample(&sample);
}

static void what_is_in_swap_is_not_in_memory(void **state)
{
	struct sample sample;

	(void)state;
	open_sample(&sample, 0x00ff, 0, 6, 2);
	assert_true(is_about(pages(&sample, 0, 16), 6));
	assert_true(is_about(pages(&sample, 0, 4), 3));
	assert_int_equal(sample.residency.swap_bytes, 2 * HS_PAGE_BYTES);
	close_sample(&sample);
	open_sample(&sample, 0x00ff, 0, 0, 8);
	assert_true(is_about(pages(&sample, 0, 16), 0));
	close_sample(&sample);
	open_sample(&sample, 0xffff, 0, 0, 0);
	assert_true(is_about(pages(&sample, 0, 16), 0));
	close_sample(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copied_pages_are_in_memory),
		cmocka_unit_test(what_was_left_out_takes_the_rest),
		cmocka_unit_test(pages_of_zeros_take_nothing),
		cmocka_unit_test(what_is_in_swap_is_not_in_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
