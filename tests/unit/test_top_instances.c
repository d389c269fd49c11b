/* SPDX-License-Identifier: Apache-2.0 */
/* The ages of objects in the browser: in how many of the samples kept each was seen. On a process made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_modules.h"
#include "top_pages.h"

#define N_EACH 5

static struct fake_modules modules;
static struct hs_top_source source;

static void keep(const struct hs_process_heap *heap, uint64_t serial)
{
	const struct hs_sample_options options = { .wants_identities = true };
	struct hs_census *census;

	assert_null(hs_census_of(heap, NULL, &census));
	assert_null(hs_sample_take(heap, census, &options, &source.samples[source.n_samples]));
	source.serials[source.n_samples++] = serial;
	source.serial = serial;
	hs_census_destroy(census);
}

static void look(uint64_t serial)
{
	struct hs_process_heap *heap;

	assert_null(hs_process_heap_open(modules.fake->image, modules.fake->layout, &(struct hs_heap_options){ .n_workers = 1 }, &heap));
	keep(heap, serial);
	hs_process_heap_close(heap);
}

static void make(const char *name, hs_addr *ret)
{
	char text[64];

	for (unsigned i = 0; i < N_EACH; i++) {
		snprintf(text, sizeof(text), "%s, number %u", name, i);
		ret[i] = fake_str(modules.fake, text);
	}
}

static const char *age_of(const struct hs_page *page, hs_addr address)
{
	const struct hs_section *section = &page->sections[page->first_section];

	for (size_t i = 0; i < section->rows.n; i++)
		if (section->rows.items[i].address == address)
			return section->rows.items[i].values[1].text;
	fail_msg("no row of 0x%lx", (unsigned long)address);
	return "";
}

/* Samples 1, 2, 5 and 6 are kept: of what came with 5 nobody knows whether 3 or 4 had it. */
static void ages_are_counted_in_samples(void **state)
{
	const struct hs_page_place place = { .view = HS_VIEW_INSTANCES, .is_somewhere = true, .name = "str" };
	hs_addr all[5 * N_EACH];
	struct hs_invocation invocation = { 0 };

	(void)state;
	fake_modules_init(&modules, "3.11.7-upstream");
	make("there at first", all);
	look(1);
	make("came with the second", all + N_EACH);
	look(2);
	make("came with the fifth", all + 2 * N_EACH);
	look(5);
	make("came with the sixth", all + 3 * N_EACH);
	look(6);
	make("new", all + 4 * N_EACH);
	fake_import(&modules, "app", (const struct fake_global[]){ { "ALL", fake_list(modules.fake, all, 5 * N_EACH, 5 * N_EACH) }, { 0 } });
	fake_modules_open(&modules, &(struct hs_reach_options){ 0 });
	keep(&modules.heap, 7);
	invocation.heap = &modules.heap;
	invocation.graph = modules.graph;
	invocation.reach = modules.reach;
	assert_null(hs_object_graph_create(modules.graph, &(struct hs_object_graph_options){ 0 }, &invocation.holders));
	source.invocation = &invocation;
	struct hs_page *page = hs_page_create(&place);
	assert_null(hs_top_page_fill(&source, page));
	assert_string_equal(age_of(page, all[0]), "7+");
	assert_string_equal(age_of(page, all[N_EACH]), "6");
	assert_string_equal(age_of(page, all[2 * N_EACH]), "3+");
	assert_string_equal(age_of(page, all[3 * N_EACH]), "2");
	assert_string_equal(age_of(page, all[4 * N_EACH]), "new");
	/* what is new comes first */
	assert_true(page->sections[page->first_section].rows.items[0].values[1].number == -1);
	/* a sample between that proves nothing any more is not asked */
	hs_sample_drop_identities(source.samples[2]);
	hs_page_destroy(page);
	page = hs_page_create(&place);
	assert_null(hs_top_page_fill(&source, page));
	assert_string_equal(age_of(page, all[0]), "7+");
	assert_string_equal(age_of(page, all[2 * N_EACH]), "2+");
	assert_string_equal(age_of(page, all[4 * N_EACH]), "new");
	hs_page_destroy(page);
	hs_object_graph_destroy(invocation.holders);
	for (size_t i = 0; i < source.n_samples; i++)
		hs_sample_destroy(source.samples[i]);
	fake_modules_close(&modules);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ages_are_counted_in_samples) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
