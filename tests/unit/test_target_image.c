/* SPDX-License-Identifier: Apache-2.0 */
/* The image: reads inside, across and outside of segments and holes; nothing that was not captured is ever read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"

#define BASE ((hs_addr)0x7f0000000000)
#define N_PAGES 4

static uint8_t pages[N_PAGES * HS_PAGE_BYTES];

static struct hs_segment segment_at(hs_addr start, const uint64_t *present)
{
	return (struct hs_segment){ .start = start, .end = start + sizeof(pages), .data = pages, .present = present, .is_writable = true };
}

static struct hs_image *image_of(const struct hs_segment *segments, size_t n)
{
	struct hs_image *image;

	assert_null(hs_image_create(&image));
	for (size_t i = 0; i < n; i++)
		assert_null(hs_image_add_segment(image, &segments[i], NULL, NULL));
	assert_null(hs_image_seal(image));
	return image;
}

static int fill_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pages); i++)
		pages[i] = (uint8_t)(i * 7 + i / HS_PAGE_BYTES);
	return 0;
}

static void reads_inside_a_segment(void **state)
{
	struct hs_segment segment = segment_at(BASE, NULL);
	struct hs_image *image = image_of(&segment, 1);
	uint64_t word;

	(void)state;
	assert_ptr_equal(hs_image_at(image, BASE, 1), pages);
	assert_ptr_equal(hs_image_at(image, BASE, sizeof(pages)), pages);
	assert_true(hs_image_u64(image, BASE + 4092, &word)); /* across a page border */
	assert_memory_equal(&word, pages + 4092, 8);
	assert_int_equal(hs_image_captured_bytes(image), sizeof(pages));
	hs_image_destroy(image);
}

static void refuses_what_is_outside(void **state)
{
	struct hs_segment segment = segment_at(BASE, NULL);
	struct hs_image *image = image_of(&segment, 1);
	uint64_t word = 42;

	(void)state;
	assert_null(hs_image_at(image, BASE - 1, 1));
	assert_null(hs_image_at(image, BASE - 1, 8));
	assert_null(hs_image_at(image, BASE + sizeof(pages), 1));
	assert_null(hs_image_at(image, BASE + sizeof(pages) - 7, 8));
	assert_null(hs_image_at(image, BASE, SIZE_MAX));
	assert_null(hs_image_at(image, 0, 1));
	assert_null(hs_image_at(image, UINT64_MAX, 8));
	assert_null(hs_image_at(image, (hs_addr)1 << 47, 8));
	assert_false(hs_image_u64(image, BASE + sizeof(pages), &word));
	assert_true(word == 42);
	hs_image_destroy(image);
}

static void refuses_holes(void **state)
{
	uint64_t present = 0x9; /* pages 0 and 3 */
	struct hs_segment segment = segment_at(BASE, &present);
	struct hs_image *image = image_of(&segment, 1);

	(void)state;
	assert_non_null(hs_image_at(image, BASE + HS_PAGE_BYTES - 8, 8));
	assert_null(hs_image_at(image, BASE + HS_PAGE_BYTES - 7, 8));
	assert_null(hs_image_at(image, BASE + HS_PAGE_BYTES, 1));
	assert_null(hs_image_at(image, BASE + 3 * HS_PAGE_BYTES - 1, 1));
	assert_non_null(hs_image_at(image, BASE + 3 * HS_PAGE_BYTES, HS_PAGE_BYTES));
	assert_null(hs_image_at(image, BASE, sizeof(pages))); /* its ends are there, its middle is not */
	assert_non_null(hs_image_find(image, BASE + HS_PAGE_BYTES));
	assert_int_equal(hs_image_captured_bytes(image), 2 * HS_PAGE_BYTES);
	hs_image_destroy(image);
}

static void a_range_with_holes_comes_in_pieces(void **state)
{
	uint64_t present = 0xd; /* all but page 1 */
	struct hs_segment segment = segment_at(BASE, &present);
	struct hs_image *image = image_of(&segment, 1);
	struct hs_image_piece piece;
	hs_addr at = BASE + 16;

	(void)state;
	assert_true(hs_image_next_piece(image, &at, BASE + 4 * HS_PAGE_BYTES - 32, &piece));
	assert_int_equal(piece.address, BASE + 16);
	assert_ptr_equal(piece.data, pages + 16);
	assert_int_equal(piece.bytes, HS_PAGE_BYTES - 16);
	assert_true(hs_image_next_piece(image, &at, BASE + 4 * HS_PAGE_BYTES - 32, &piece));
	assert_int_equal(piece.address, BASE + 2 * HS_PAGE_BYTES);
	assert_ptr_equal(piece.data, pages + 2 * HS_PAGE_BYTES);
	assert_int_equal(piece.bytes, 2 * HS_PAGE_BYTES - 32);
	assert_false(hs_image_next_piece(image, &at, BASE + 4 * HS_PAGE_BYTES - 32, &piece));
	at = BASE + HS_PAGE_BYTES;
	assert_false(hs_image_next_piece(image, &at, BASE + 2 * HS_PAGE_BYTES, &piece));
	/* a range that lies goes no further than the segment; one that ends before it starts, nowhere */
	at = BASE + 3 * HS_PAGE_BYTES;
	assert_true(hs_image_next_piece(image, &at, UINT64_MAX, &piece));
	assert_int_equal(piece.bytes, HS_PAGE_BYTES);
	assert_false(hs_image_next_piece(image, &at, UINT64_MAX, &piece));
	at = BASE + 64;
	assert_false(hs_image_next_piece(image, &at, BASE, &piece));
	at = 0;
	assert_false(hs_image_next_piece(image, &at, BASE, &piece));
	assert_int_equal(hs_image_next_present(image, BASE + 16, BASE + HS_PAGE_BYTES), BASE + 16);
	assert_int_equal(hs_image_next_present(image, BASE + HS_PAGE_BYTES + 16, UINT64_MAX), BASE + 2 * HS_PAGE_BYTES);
	assert_int_equal(hs_image_next_present(image, BASE + HS_PAGE_BYTES, BASE + HS_PAGE_BYTES + 64), BASE + HS_PAGE_BYTES + 64);
	assert_int_equal(hs_image_next_present(image, 0, BASE), BASE);
	hs_image_destroy(image);
}

static void finds_among_neighbours(void **state)
{
	/* Four segments in one MiB, in any order, with a gap; and one that starts in a later one. */
	struct hs_segment segments[] = {
		segment_at(BASE + 0x20000, NULL), segment_at(BASE, NULL), segment_at(BASE + sizeof(pages), NULL),
		segment_at(BASE + 0x30000, NULL), segment_at(BASE + 0x5000000, NULL),
	};
	struct hs_image *image = image_of(segments, 5);
	size_t n;

	(void)state;
	const struct hs_segment *sorted = hs_image_segments(image, &n);
	assert_int_equal(n, 5);
	for (size_t i = 1; i < n; i++)
		assert_true(sorted[i - 1].end <= sorted[i].start);
	assert_ptr_equal(hs_image_find(image, BASE + sizeof(pages)), &sorted[1]);
	assert_ptr_equal(hs_image_find(image, BASE + 0x30000 + sizeof(pages) - 1), &sorted[3]);
	assert_null(hs_image_find(image, BASE + 2 * sizeof(pages)));
	assert_null(hs_image_find(image, BASE + 0x1000000));
	assert_ptr_equal(hs_image_find(image, BASE + 0x5000000), &sorted[4]);
	/* Two segments that touch are still two: a read does not cross. */
	assert_null(hs_image_at(image, BASE + sizeof(pages) - 4, 8));
	hs_image_destroy(image);
}

static void finds_in_a_segment_of_many_granules(void **state)
{
	size_t bytes = (size_t)5 << 20;
	uint8_t *data = calloc(1, bytes);
	struct hs_segment segment = { .start = BASE + 0xff000, .end = BASE + 0xff000 + bytes, .data = data };
	struct hs_image *image = image_of(&segment, 1);

	(void)state;
	for (size_t offset = 0; offset < bytes; offset += 0xfff0)
		assert_ptr_equal(hs_image_at(image, segment.start + offset, 1), data + offset);
	assert_null(hs_image_find(image, segment.start - 1));
	assert_null(hs_image_find(image, segment.end));
	hs_image_destroy(image);
	free(data);
}

static void refuses_overlap(void **state)
{
	struct hs_segment segments[] = { segment_at(BASE, NULL), segment_at(BASE + HS_PAGE_BYTES, NULL) };
	struct hs_image *image;

	(void)state;
	assert_null(hs_image_create(&image));
	assert_null(hs_image_add_segment(image, &segments[0], NULL, NULL));
	assert_null(hs_image_add_segment(image, &segments[1], NULL, NULL));
	struct hs_error *error = hs_image_seal(image);
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	hs_error_destroy(error);
	hs_image_destroy(image);
}

static void refuses_impossible_segments(void **state)
{
	struct hs_segment empty = { .start = BASE, .end = BASE, .data = pages };
	struct hs_segment backwards = { .start = BASE, .end = BASE - HS_PAGE_BYTES, .data = pages };
	struct hs_segment beyond = { .start = (hs_addr)1 << 47, .end = ((hs_addr)1 << 47) + HS_PAGE_BYTES, .data = pages };
	const struct hs_segment *const all[] = { &empty, &backwards, &beyond };
	struct hs_image *image;

	(void)state;
	assert_null(hs_image_create(&image));
	for (size_t i = 0; i < 3; i++) {
		struct hs_error *error = hs_image_add_segment(image, all[i], NULL, NULL);
		assert_non_null(error);
		assert_int_equal(error->code, HS_ERROR_INVALID);
		hs_error_destroy(error);
	}
	hs_image_destroy(image);
	hs_image_destroy(NULL);
}

static void reads_strings(void **state)
{
	uint64_t present = 0x3;
	static uint8_t text[3 * HS_PAGE_BYTES];
	struct hs_segment segment = { .start = BASE, .end = BASE + sizeof(text), .data = text, .present = &present };
	struct hs_image *image = image_of(&segment, 1);
	size_t bytes = 99;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "dict", 5);
	assert_string_equal(hs_image_string(image, BASE, 100, &bytes), "dict");
	assert_int_equal(bytes, 4);
	assert_non_null(hs_image_string(image, BASE, 4, &bytes));
	assert_null(hs_image_string(image, BASE, 3, &bytes));
	text[HS_PAGE_BYTES + 10] = '\0'; /* it ends on the second page */
	assert_non_null(hs_image_string(image, BASE + HS_PAGE_BYTES - 5, 100, &bytes));
	assert_int_equal(bytes, 15);
	text[HS_PAGE_BYTES + 10] = 'a'; /* now it runs into the hole, and out of the segment */
	assert_null(hs_image_string(image, BASE + HS_PAGE_BYTES - 5, 2 * HS_PAGE_BYTES, &bytes));
	present = 0x7;
	assert_null(hs_image_string(image, BASE + sizeof(text) - 5, 100, &bytes));
	assert_null(hs_image_string(image, BASE - 1, 100, &bytes));
	hs_image_destroy(image);
}

static void count_release(void *context)
{
	++*(int *)context;
}

static void releases_each_buffer_once(void **state)
{
	struct hs_segment segments[] = { segment_at(BASE, NULL), segment_at(BASE + 0x100000, NULL) };
	struct hs_image *image;
	int n_released = 0;

	(void)state;
	assert_null(hs_image_create(&image));
	assert_null(hs_image_add_segment(image, &segments[0], count_release, &n_released));
	assert_null(hs_image_add_segment(image, &segments[1], count_release, &n_released));
	assert_int_equal(n_released, 0);
	hs_image_destroy(image);
	assert_int_equal(n_released, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_inside_a_segment),
		cmocka_unit_test(refuses_what_is_outside),
		cmocka_unit_test(refuses_holes),
		cmocka_unit_test(a_range_with_holes_comes_in_pieces),
		cmocka_unit_test(finds_among_neighbours),
		cmocka_unit_test(finds_in_a_segment_of_many_granules),
		cmocka_unit_test(refuses_overlap),
		cmocka_unit_test(refuses_impossible_segments),
		cmocka_unit_test(reads_strings),
		cmocka_unit_test(releases_each_buffer_once),
	};

	return cmocka_run_group_tests(tests, fill_pages, NULL);
}
