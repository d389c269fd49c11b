/* SPDX-License-Identifier: Apache-2.0 */
/* The growth of RSS in parts: they add up to the byte whatever they are, and the verdict is the largest that can be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attribution.h"

#define MIB ((int64_t)1 << 20)

struct steps {
	int64_t objects, native, free_blocks, files, other;
};

static struct hs_sample sample_of(const struct steps *steps, uint64_t second)
{
	struct hs_sample sample = { .has_memory = true, .time_ns = second * 1000000000 };

	sample.memory.steps[HS_MEMORY_OBJECTS] = 100 * (uint64_t)MIB + (uint64_t)steps->objects;
	sample.memory.steps[HS_MEMORY_MALLOC_OTHER] = 100 * (uint64_t)MIB + (uint64_t)steps->native;
	sample.memory.steps[HS_MEMORY_POOL_FREE] = 100 * (uint64_t)MIB + (uint64_t)steps->free_blocks;
	sample.memory.steps[HS_MEMORY_FILES] = 100 * (uint64_t)MIB + (uint64_t)steps->files;
	sample.memory.unattributed_bytes = 100 * (uint64_t)MIB + (uint64_t)steps->other;
	sample.memory.rss_bytes = 500 * (uint64_t)MIB + (uint64_t)(steps->objects + steps->native + steps->free_blocks + steps->files + steps->other);
	return sample;
}

static struct hs_attribution attribute(const struct steps *middle, const struct steps *end, const struct hs_growing *suspects, size_t n_suspects,
				       int64_t garbage)
{
	const struct steps zero = { 0 };
	struct hs_sample samples[] = { sample_of(&zero, 0), sample_of(middle, 10), sample_of(end, 20) };
	const struct hs_sample *list[] = { &samples[0], &samples[1], &samples[2] };
	const struct hs_growing_list growing = { .items = (struct hs_growing *)suspects, .n = n_suspects };
	struct hs_attribution attribution;
	int64_t sum = 0;

	assert_null(hs_attribution_of(list, 3, &growing, garbage, NULL, &attribution));
	assert_true(attribution.is_known);
	for (size_t i = 0; i < attribution.parts.n; i++)
		sum += attribution.parts.items[i].bytes;
	assert_true(sum == attribution.rss_growth_bytes);
	return attribution;
}

static int64_t part(const struct hs_attribution *attribution, enum hs_cause cause)
{
	int64_t sum = 0;

	for (size_t i = 0; i < attribution->parts.n; i++)
		if (attribution->parts.items[i].cause == cause)
			sum += attribution->parts.items[i].bytes;
	return sum;
}

static void assert_verdict(const struct hs_attribution *attribution, enum hs_verdict verdict)
{
	assert_string_equal(hs_verdict_name(attribution->verdict), hs_verdict_name(verdict));
}

static void parts_add_up(void **state)
{
	static const struct steps middle = { .objects = 6 * MIB }, end = { 12 * MIB, MIB, -3 * MIB, MIB / 2, MIB / 4 };
	static const struct hs_growing suspects[] = { { .bytes = 11 * MIB, .rank = 1, .is_convincing = true }, { .bytes = MIB / 2, .rank = 2 } };
	struct hs_attribution attribution = attribute(&middle, &end, suspects, 2, MIB / 8);

	(void)state;
	assert_int_equal(attribution.parts.n, 2 + 5);
	assert_true(attribution.rss_growth_bytes == 12 * MIB + MIB - 3 * MIB + MIB / 2 + MIB / 4);
	assert_true(part(&attribution, HS_CAUSE_SUSPECT) == 11 * MIB + MIB / 2);
	assert_true(part(&attribution, HS_CAUSE_NATIVE) == MIB);
	assert_true(part(&attribution, HS_CAUSE_FRAGMENTATION) == -3 * MIB);
	assert_true(part(&attribution, HS_CAUSE_FILES) == MIB / 2);
	assert_true(part(&attribution, HS_CAUSE_GARBAGE) == MIB / 8);
	assert_true(part(&attribution, HS_CAUSE_UNATTRIBUTED) == MIB / 2 + MIB / 4 - MIB / 8);
	assert_verdict(&attribution, HS_VERDICT_LEAK);
	hs_attribution_release(&attribution);
}

/* Objects that fill free blocks grow while RSS does not. */
static void a_leak_into_free_blocks_is_a_leak(void **state)
{
	static const struct steps middle = { .objects = MIB / 2, .free_blocks = -MIB / 2 }, end = { .objects = MIB, .free_blocks = -MIB };
	static const struct hs_growing suspect = { .bytes = MIB, .rank = 1, .is_convincing = true };
	struct hs_attribution attribution = attribute(&middle, &end, &suspect, 1, 0);

	(void)state;
	assert_true(attribution.rss_growth_bytes == 0);
	assert_true(part(&attribution, HS_CAUSE_FRAGMENTATION) == -MIB);
	assert_verdict(&attribution, HS_VERDICT_LEAK);
	hs_attribution_release(&attribution);
}

static void the_verdict_is_the_largest_part_that_can_be_believed(void **state)
{
	static const struct steps native_middle = { .native = MIB }, native_end = { .native = 2 * MIB }, once_end = { .native = 2 * MIB },
				  small = { .native = 1000 }, grown = { .objects = 2 * MIB }, zero = { 0 }, late = { .free_blocks = 3 * MIB }, little = { .free_blocks = MIB / 3 }, arena = { .free_blocks = MIB * 9 / 10 },
				  early = { .free_blocks = MIB }, both_middle = { .objects = 2 * MIB, .native = MIB },
				  freed_middle = { .objects = -MIB, .free_blocks = MIB },
				  filled_middle = { .objects = 2 * MIB, .free_blocks = -2 * MIB },
				  filled_end = { .objects = 4 * MIB, .free_blocks = -4 * MIB },
				  swung_middle = { .objects = -MIB, .free_blocks = MIB }, swung_end = { .objects = -MIB, .free_blocks = 3 * MIB },
				  freed_end = { .objects = -2 * MIB, .free_blocks = 2 * MIB }, both_end = { .objects = 4 * MIB, .native = 2 * MIB }, peak_end = { .objects = 4 * MIB, .native = 2 * MIB };
	static const struct hs_growing weak = { .bytes = MIB, .rank = 1 }, bounded = { .bytes = MIB, .rank = 1, .is_convincing = true, .is_bounded = true },
				       sure = { .bytes = 3 * MIB, .rank = 1, .is_convincing = true },
				       cycles = { .bytes = MIB / 4, .rank = 1, .is_convincing = true, .is_certain = true, .is_garbage = true },
				       doubted = { .bytes = MIB / 2, .rank = 1, .is_convincing = true },
				       certain = { .bytes = MIB / 5, .rank = 1, .is_convincing = true, .is_certain = true },
				       slight = { .bytes = MIB / 6, .rank = 1, .is_convincing = true, .is_certain = true };
	struct {
		const struct steps *middle, *end;
		const struct hs_growing *suspect;
		int64_t garbage;
		enum hs_verdict verdict;
	} cases[] = {
		{ &native_middle, &native_end, NULL, 0, HS_VERDICT_NATIVE },
		{ &both_middle, &both_end, NULL, 0, HS_VERDICT_NONE }, /* more of what grows is objects of no suspect */
		{ &native_middle, &peak_end, NULL, 0, HS_VERDICT_NATIVE }, /* objects that came once do not hide it */
		{ &zero, &once_end, NULL, 0, HS_VERDICT_NONE },     /* a step up, once: no growth */
		{ &zero, &small, NULL, 0, HS_VERDICT_NONE },        /* noise */
		{ &little, &arena, NULL, 0, HS_VERDICT_NONE },      /* not more than an arena */
		{ &early, &late, NULL, 0, HS_VERDICT_FRAGMENTATION },
		{ &freed_middle, &freed_end, NULL, 0, HS_VERDICT_NONE }, /* objects went, their blocks are free: no growth */
		{ &swung_middle, &swung_end, NULL, 0, HS_VERDICT_NONE }, /* free blocks became more in each stretch, memory did in one */
		{ &early, &late, &bounded, 0, HS_VERDICT_BOUNDED },      /* three times a suspect */
		{ &early, &late, &doubted, 0, HS_VERDICT_FRAGMENTATION },  /* six times one that is doubted */
		{ &early, &late, &certain, 0, HS_VERDICT_LEAK },           /* fifteen times one that is not */
		{ &early, &late, &slight, 0, HS_VERDICT_FRAGMENTATION },
		{ &filled_middle, &filled_end, NULL, MIB, HS_VERDICT_GARBAGE }, /* objects that fill free blocks are no growth that outdoes it */
		{ &zero, &grown, &weak, 0, HS_VERDICT_NONE },       /* nothing that convinces */
		{ &zero, &grown, &bounded, 0, HS_VERDICT_BOUNDED },
		{ &zero, &grown, NULL, 2 * MIB, HS_VERDICT_GARBAGE },
		{ &zero, &grown, NULL, MIB / 8, HS_VERDICT_NONE },       /* little, and no suspect says that it stays */
		{ &zero, &grown, &cycles, MIB / 8, HS_VERDICT_GARBAGE }, /* one does: it needs no least size */
		{ &early, &late, &cycles, MIB / 4, HS_VERDICT_GARBAGE }, /* and is outdone by no fragmentation but by far more */
		{ &native_middle, &native_end, &bounded, 0, HS_VERDICT_NATIVE },
		{ &native_middle, &native_end, &sure, 0, HS_VERDICT_LEAK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hs_attribution attribution =
			attribute(cases[i].middle, cases[i].end, cases[i].suspect, cases[i].suspect ? 1 : 0, cases[i].garbage);
		assert_verdict(&attribution, cases[i].verdict);
		hs_attribution_release(&attribution);
	}
}

/* Between the samples the process gave back most of what it had gained: that it had more at the last one is chance. */
static void what_falls_back_is_no_fragmentation(void **state)
{
	const struct steps zero = { 0 }, early = { .free_blocks = MIB, .native = MIB }, late = { .free_blocks = 3 * MIB, .native = 2 * MIB };
	struct hs_sample samples[] = { sample_of(&zero, 0), sample_of(&early, 10), sample_of(&late, 20) };
	const struct hs_sample *list[] = { &samples[0], &samples[1], &samples[2] };
	const struct hs_growing_list none = { 0 };
	struct hs_watched resident = { .peak = 100 * (uint64_t)MIB, .largest_drop = 0.02 };
	struct hs_attribution attribution;

	(void)state;
	assert_null(hs_attribution_of(list, 3, &none, 0, &resident, &attribution));
	assert_verdict(&attribution, HS_VERDICT_FRAGMENTATION);
	hs_attribution_release(&attribution);
	resident.largest_drop = 0.03;
	assert_null(hs_attribution_of(list, 3, &none, 0, &resident, &attribution));
	assert_verdict(&attribution, HS_VERDICT_NATIVE);
	hs_attribution_release(&attribution);
}

/* A floor that stays, below peaks of which the last sample met one; each fall is less than half of what grew. */
static void what_rests_on_its_floor_is_no_fragmentation(void **state)
{
	const struct steps zero = { 0 }, early = { .free_blocks = MIB }, late = { .free_blocks = 3 * MIB };
	struct hs_sample samples[] = { sample_of(&zero, 0), sample_of(&early, 10), sample_of(&late, 20) };
	const struct hs_sample *list[] = { &samples[0], &samples[1], &samples[2] };
	const struct hs_growing_list none = { 0 };
	struct hs_attribution attribution;

	(void)state;
	for (unsigned rises = 0; rises < 2; rises++) {
		struct hs_watched resident = { .object = HS_WATCH_RESIDENT };
		for (unsigned i = 0; i < 20; i++)
			hs_watched_add(&resident, i * 1000000000ull, (uint64_t)(100 * MIB + (i % 2) * MIB + rises * i * 3 * MIB / 20));
		assert_null(hs_attribution_of(list, 3, &none, 0, &resident, &attribution));
		assert_verdict(&attribution, rises ? HS_VERDICT_FRAGMENTATION : HS_VERDICT_NONE);
		hs_attribution_release(&attribution);
	}
}

static void without_two_samples_nothing_is_known(void **state)
{
	const struct steps zero = { 0 };
	struct hs_sample with = sample_of(&zero, 0), without = { 0 };
	const struct hs_sample *one[] = { &with }, *half[] = { &with, &without };
	const struct hs_growing_list none = { 0 };
	struct hs_attribution attribution;

	(void)state;
	assert_null(hs_attribution_of(one, 1, &none, 0, NULL, &attribution));
	assert_false(attribution.is_known);
	assert_null(hs_attribution_of(half, 2, &none, 0, NULL, &attribution));
	assert_false(attribution.is_known);
	assert_null(hs_attribution_of(one, 0, &none, 0, NULL, &attribution));
	assert_false(attribution.is_known);
}

/* Of one between it is not known what the memory was. */
static void a_sample_without_figures_is_left_out(void **state)
{
	static const struct steps zero = { 0 }, end = { .native = 2 * MIB };
	struct hs_sample samples[] = { sample_of(&zero, 0), { .time_ns = 10000000000 }, sample_of(&end, 20) };
	const struct hs_sample *list[] = { &samples[0], &samples[1], &samples[2] };
	const struct hs_growing_list growing = { 0 };
	struct hs_attribution attribution;

	(void)state;
	assert_null(hs_attribution_of(list, 3, &growing, 0, NULL, &attribution));
	assert_verdict(&attribution, HS_VERDICT_NATIVE);
	hs_attribution_release(&attribution);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_without_figures_is_left_out),
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(a_leak_into_free_blocks_is_a_leak),
		cmocka_unit_test(the_verdict_is_the_largest_part_that_can_be_believed),
		cmocka_unit_test(what_falls_back_is_no_fragmentation),
		cmocka_unit_test(what_rests_on_its_floor_is_no_fragmentation),
		cmocka_unit_test(without_two_samples_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
