/* SPDX-License-Identifier: Apache-2.0 */
/* The waterfall as text and as JSON: its exact form, with and without growth, with another allocator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "golden.h"
#include "report_sample.h"
#include "waterfall.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

static struct hs_waterfall sample(const struct report_sample *report, bool is_growing)
{
	struct hs_waterfall waterfall = {
		.document = report->report.document,
		.memory = {
			.rss_bytes = 812 * MIB,
			.swap_bytes = 12 * MIB,
			.steps = {
				[HS_MEMORY_OBJECTS] = 601 * MIB, [HS_MEMORY_LARGE_OBJECTS] = 40 * MIB, [HS_MEMORY_FREELISTS] = 150 * KIB,
				[HS_MEMORY_POOL_UNKNOWN] = 992, [HS_MEMORY_POOL_OVERHEAD] = 3 * MIB, [HS_MEMORY_POOL_FREE] = 38 * MIB,
				[HS_MEMORY_POOLS_UNUSED] = 512 * KIB, [HS_MEMORY_MALLOC_OTHER] = 61 * MIB, [HS_MEMORY_MALLOC_FREE] = 10 * MIB,
				[HS_MEMORY_ANONYMOUS] = 9 * MIB, [HS_MEMORY_STACKS] = 1 * MIB, [HS_MEMORY_DATA] = 4 * MIB, [HS_MEMORY_FILES] = 40 * MIB,
			},
			.large_mapped_bytes = 20 * MIB,
			.other_mapped_bytes = 30 * MIB,
			.anonymous = { { MIB, 31, 700 * KIB }, { 16 * MIB, 2, 8 * MIB }, { 256 * MIB, 0, 0 }, { UINT64_MAX, 0, 0 } },
			.usage = {
				.n_arenas = 640, .arena_bytes = 640 * MIB, .n_pools_used = 40900, .n_pools_unused = 60, .n_blocks_live = 9000000,
				.live_bytes = 601 * MIB, .available_bytes = 38 * MIB, .header_bytes = 2 * MIB, .quantization_bytes = MIB,
				.alignment_bytes = 512 * KIB, .pools_by_use = { 100, 200, 0, 0, 500, 0, 1100, 2000, 7000, 30000 }, .n_freelist = 2300,
				.has_glibc = true, .n_malloc_arenas = 8, .system_bytes = 70 * MIB, .malloc_used_bytes = 58 * MIB, .malloc_free_bytes = 11 * MIB,
				.top_bytes = 5 * MIB, .tcache_bytes = MIB, .fastbin_bytes = 0, .n_mapped = 9, .mapped_bytes = 55 * MIB,
			},
			.overheads = { 80 * MIB, 150 * MIB, 3 * MIB, 20 * MIB },
		},
	};

	for (unsigned i = 0; i < HS_N_MEMORY_STEPS; i++)
		waterfall.memory.unattributed_bytes += waterfall.memory.steps[i];
	waterfall.memory.unattributed_bytes = waterfall.memory.rss_bytes - waterfall.memory.unattributed_bytes;
	waterfall.document.command = "memory";
	if (is_growing) {
		waterfall.has_before = true;
		waterfall.seconds = 30.25;
		waterfall.before = waterfall.memory;
		waterfall.before.rss_bytes -= 11 * MIB;
		waterfall.before.steps[HS_MEMORY_OBJECTS] -= 12 * MIB;
		waterfall.before.steps[HS_MEMORY_POOL_FREE] += MIB;
	}
	return waterfall;
}

static char *text_of(const struct hs_waterfall *waterfall, const struct hs_style *style)
{
	struct golden_stream stream;

	golden_open(&stream);
	if (style)
		hs_waterfall_text(stream.out, waterfall, style);
	else
		assert_null(hs_waterfall_json(stream.out, waterfall));
	return golden_close(&stream);
}

static void looks_the_same(void **state)
{
	const struct hs_style wide = { .width = 100, .utf8 = true }, narrow = { .width = 50 };
	struct report_sample report;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_waterfall plain = sample(&report, false), growing = sample(&report, true);
	HS_FREE char *text = text_of(&growing, &wide), *narrow_text = text_of(&plain, &narrow), *json = text_of(&growing, NULL);
	golden_check("waterfall_100.txt", text);
	golden_check("waterfall_50_ascii.txt", narrow_text);
	golden_check("waterfall.json", json);
	report_sample_deinit(&report);
}

static void another_allocator_is_said_so(void **state)
{
	const struct hs_style style = { .width = 80 };
	struct report_sample report;

	(void)state;
	report_sample_init(&report, NULL, HS_REPORT_BY_BYTES, 1);
	struct hs_waterfall waterfall = sample(&report, false);
	waterfall.memory.usage.has_glibc = false;
	HS_FREE char *text = text_of(&waterfall, &style), *json = text_of(&waterfall, NULL);
	assert_non_null(strstr(text, "not glibc's"));
	assert_non_null(strstr(json, "\"malloc\": null"));
	report_sample_deinit(&report);
}

static void every_step_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HS_N_MEMORY_STEPS; i++) {
		assert_non_null(hs_memory_step_name((enum hs_memory_step)i));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(hs_memory_step_name((enum hs_memory_step)i), hs_memory_step_name((enum hs_memory_step)k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_the_same),
		cmocka_unit_test(another_allocator_is_said_so),
		cmocka_unit_test(every_step_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
