/* SPDX-License-Identifier: Apache-2.0 */
/* Room for the copy: where extents are put, and where they are when a later plan has others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "destination.h"

#define GIB ((hs_addr)1 << 30)
#define BASE (1024 * GIB)

static struct hs_plan plan_of(struct hs_extent *extents, size_t n)
{
	struct hs_plan plan = { 0 };

	plan.extents.items = extents;
	plan.extents.n = n;
	return plan;
}

static void reserve(struct hs_destination *destination, struct hs_extent *extents, size_t n)
{
	struct hs_plan plan = plan_of(extents, n);

	assert_null(hs_destination_reserve(destination, &plan));
	for (size_t i = 0; i < n; i++) {
		size_t bytes = extents[i].end - extents[i].start;
		extents[i].local[0] = extents[i].local[bytes - 1] = 1;
		for (size_t k = 0; k < destination->areas.n; k++) {
			const struct hs_area *area = &destination->areas.items[k];
			uint8_t *mapped = area->mapped;
			bool begins = extents[i].local >= mapped && extents[i].local < mapped + area->mapped_bytes;
			bool ends = extents[i].local + bytes > mapped && extents[i].local + bytes <= mapped + area->mapped_bytes;
			assert_int_equal(begins, ends);
		}
	}
}

static void keeps_the_place_of_what_stays(void **state)
{
	struct hs_destination destination = { 0 };
	struct hs_extent first[] = { { .start = BASE, .end = BASE + GIB }, { .start = BASE + 2 * GIB, .end = BASE + 3 * GIB } };
	struct hs_extent second[] = { first[0], { .start = BASE + 2 * GIB, .end = BASE + 4 * GIB }, { .start = 2 * BASE, .end = 2 * BASE + GIB } };

	(void)state;
	reserve(&destination, first, 2);
	reserve(&destination, second, 3);
	assert_ptr_equal(second[0].local, first[0].local);
	assert_ptr_equal(second[1].local, first[1].local);
	hs_destination_release(&destination);
}

/* A part of it lies in its old area, and that one only. */
static void gives_what_outgrew_its_area_another(void **state)
{
	struct hs_destination destination = { 0 };
	struct hs_extent first[] = { { .start = BASE, .end = BASE + GIB } };
	struct hs_extent down[] = { { .start = BASE - 8 * GIB, .end = BASE + GIB } };
	struct hs_extent up[] = { { .start = BASE, .end = BASE + 12 * GIB } };
	struct hs_extent again[] = { { .start = BASE, .end = BASE + GIB } };

	(void)state;
	reserve(&destination, first, 1);
	reserve(&destination, down, 1);
	reserve(&destination, up, 1);
	reserve(&destination, again, 1);
	assert_ptr_equal(again[0].local, first[0].local);
	assert_int_equal(destination.areas.n, 3);
	hs_destination_release(&destination);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_place_of_what_stays),
		cmocka_unit_test(gives_what_outgrew_its_area_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
