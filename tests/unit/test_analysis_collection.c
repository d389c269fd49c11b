/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated collection against its definition, and what dies with what it finds against counting by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collection.h"
#include "plain_graph.h"

#define MAX_NODES 64

/* What a heap would say: which nodes are tracked by whom, how many references each has. */
struct sample {
	struct plain_graph graph;
	uint16_t domains[MAX_NODES];
	uint32_t held[MAX_NODES];     /* as the collector sees it: from outside its domain */
	uint64_t refcounts[MAX_NODES];
};

/* The rows that one collector is told: edges within a domain. */
struct told {
	struct plain_graph graph;
};

static void told_init(struct told *told, const struct sample *sample)
{
	struct plain_edge edges[MAX_NODES * 4];
	const struct hs_csr *csr = &sample->graph.csr;
	size_t n = 0;

	for (uint32_t node = 0; node < csr->n; node++)
		for (uint64_t edge = hs_csr_begin(csr, node); edge < hs_csr_end(csr, node); edge++)
			if (sample->domains[node] && sample->domains[node] == sample->domains[csr->targets[edge]])
				edges[n++] = (struct plain_edge){ node, csr->targets[edge] };
	plain_graph_init(&told->graph, csr->n, edges, n);
}

/* Two domains, some nodes of none; about every third node is held from outside. */
static void sample_init(struct sample *sample, uint64_t seed)
{
	uint64_t random = seed;
	uint32_t n = 1 + plain_random(&random) % (MAX_NODES - 1);

	memset(sample, 0, sizeof(*sample));
	plain_graph_random(&sample->graph, n, plain_random(&random) % (2 * n), seed);
	for (uint32_t node = 0; node < n; node++)
		sample->domains[node] = (uint16_t)(plain_random(&random) % 8 < 5 ? 1 : plain_random(&random) % 3);
	for (uint32_t node = 0; node < n; node++) {
		uint32_t n_outside = plain_random(&random) % 3 == 0;
		sample->held[node] += n_outside;
		sample->refcounts[node] += n_outside;
		for (uint64_t edge = hs_csr_begin(&sample->graph.csr, node); edge < hs_csr_end(&sample->graph.csr, node); edge++) {
			uint32_t to = sample->graph.csr.targets[edge];
			sample->refcounts[to]++;
			sample->held[to] += !sample->domains[node] || sample->domains[node] != sample->domains[to];
		}
	}
}

/* Held, or told by one that is: as long as anything changes. */
static void reach_by_definition(const struct sample *sample, const struct hs_csr *told, bool *reached)
{
	bool changes = true;

	for (uint32_t node = 0; node < told->n; node++)
		reached[node] = sample->domains[node] && sample->held[node];
	while (changes) {
		changes = false;
		for (uint32_t node = 0; node < told->n; node++)
			for (uint64_t edge = hs_csr_begin(told, node); reached[node] && edge < hs_csr_end(told, node); edge++) {
				changes |= !reached[told->targets[edge]];
				reached[told->targets[edge]] = true;
			}
	}
}

static void random_heaps_obey_the_definition(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct sample sample;
		struct told told;
		bool reached[MAX_NODES];
		uint64_t *unreachable;
		sample_init(&sample, seed);
		told_init(&told, &sample);
		const struct hs_collection_input input = { &told.graph.csr, sample.domains, sample.held };
		assert_null(hs_collection_unreachable(&input, &unreachable));
		reach_by_definition(&sample, &told.graph.csr, reached);
		for (uint32_t node = 0; node < told.graph.csr.n; node++)
			assert_int_equal(hs_bit(unreachable, node), sample.domains[node] && !reached[node]);
		/* no bit behind the last node */
		for (uint32_t node = told.graph.csr.n; node < hs_bit_words(told.graph.csr.n) * 64; node++)
			assert_false(hs_bit(unreachable, node));
		free(unreachable);
		plain_graph_deinit(&told.graph);
		plain_graph_deinit(&sample.graph);
	}
}

/* 0 → 1 → 0 is garbage; 2, held, tells of 3; 4 ↔ 5 are held by each other and from outside by one more. */
static void counts_decide(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 1, 0 }, { 2, 3 }, { 4, 5 }, { 5, 4 } };
	const uint16_t domains[] = { 1, 1, 1, 1, 1, 1 };
	uint32_t held[] = { 0, 0, 1, 0, 0, 1 };
	struct plain_graph graph;
	uint64_t *unreachable;

	(void)state;
	plain_graph_init(&graph, 6, edges, 5);
	const struct hs_collection_input input = { &graph.csr, domains, held };
	assert_null(hs_collection_unreachable(&input, &unreachable));
	assert_int_equal(*unreachable, 0x3);
	free(unreachable);
	/* a count that wrapped around: more was told than counted, and that is no reason to call it garbage */
	held[0] = UINT32_MAX;
	assert_null(hs_collection_unreachable(&input, &unreachable));
	assert_int_equal(*unreachable, 0);
	free(unreachable);
	plain_graph_deinit(&graph);
}

/* 0 tells of 1; that 1 refers to 0 only a scan says. 2 and 3 likewise, but one is held. 4 is named by a word that counts nothing. */
static void scanned_references_make_doubtful_garbage(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 2, 3 } };
	static const struct hs_collection_pair pairs[] = { { 1, 0 }, { 3, 2 }, { 3, 4 } };
	const uint16_t domains[] = { 1, 1, 1, 1, 1 };
	uint32_t held[] = { 1, 0, 2, 0, 0 };
	const uint64_t all = 0x1f;
	struct plain_graph graph;
	uint64_t *unreachable, *perhaps;

	(void)state;
	plain_graph_init(&graph, 5, edges, 2);
	const struct hs_collection_input input = { &graph.csr, domains, held };
	assert_null(hs_collection_unreachable(&input, &unreachable));
	assert_int_equal(*unreachable, 0x10);
	assert_null(hs_collection_perhaps(&input, pairs, 3, &all, &perhaps));
	/* 4 is reached by the pair, from 3, which 2 tells of */
	assert_int_equal(*perhaps, 0x3);
	assert_int_equal(held[4], 0);
	free(unreachable);
	free(perhaps);
	plain_graph_deinit(&graph);
}

static void what_an_old_finalizer_holds_is_followed(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 1, 0 }, { 1, 2 }, { 3, 0 } };
	static const struct hs_collection_pair pairs[] = { { 1, 4 }, { 2, 3 } };
	const uint64_t within = 0xf;
	uint64_t set = 0x1;
	struct plain_graph graph;

	(void)state;
	plain_graph_init(&graph, 5, edges, 4);
	assert_null(hs_collection_follow(&graph.csr, NULL, 0, &within, &set));
	assert_int_equal(set, 0x7);
	/* 4 is outside */
	assert_null(hs_collection_follow(&graph.csr, pairs, 2, &within, &set));
	assert_int_equal(set, 0xf);
	plain_graph_deinit(&graph);
}

struct counted {
	const struct plain_graph *graph;
	const uint64_t *refcounts; /* 0: immortal */
	uint64_t n_of_each;
};

static uint64_t references(const void *context, uint32_t node, size_t i)
{
	const struct counted *counted = context;

	(void)node;
	(void)i;
	return counted->n_of_each;
}

static bool refcount(const void *context, uint32_t node, uint64_t *ret)
{
	const struct counted *counted = context;

	*ret = counted->refcounts[node];
	return *ret != 0;
}

/* 0 goes; 1 has one reference of it, 2 one more besides, 3 hangs on 1, 4 is immortal, 5 has two, of 1 and 3. */
static void the_last_reference_decides_who_dies(void **state)
{
	static const struct plain_edge edges[] = { { 0, 1 }, { 0, 2 }, { 0, 4 }, { 1, 3 }, { 1, 5 }, { 3, 5 } };
	static const uint64_t refcounts[] = { 1, 1, 2, 1, 0, 2 };
	struct plain_graph graph;
	uint64_t set = 0x1;

	(void)state;
	plain_graph_init(&graph, 6, edges, 6);
	struct counted counted = { &graph, refcounts, 1 };
	const struct hs_death_input input = { &graph.csr, references, refcount, &counted };
	assert_null(hs_collection_deaths(&input, &set));
	assert_int_equal(set, 0x2b);
	/* twice the references: the second one to 2 was among them, too */
	counted.n_of_each = 2;
	set = 0x1;
	assert_null(hs_collection_deaths(&input, &set));
	assert_int_equal(set, 0x2f);
	plain_graph_deinit(&graph);
}

#define LONG 3000000u

/* A list of a million links must not take a million frames of a C stack. */
static void long_chains_are_followed(void **state)
{
	struct plain_edge *edges = calloc(LONG, sizeof(*edges));
	uint16_t *domains = calloc(LONG, sizeof(*domains));
	uint32_t *held = calloc(LONG, sizeof(*held));
	struct plain_graph graph;
	uint64_t *unreachable;

	(void)state;
	for (uint32_t node = 0; node < LONG; node++) {
		edges[node] = (struct plain_edge){ node, (node + 1) % LONG };
		domains[node] = 1;
	}
	plain_graph_init(&graph, LONG, edges, LONG);
	const struct hs_collection_input input = { &graph.csr, domains, held };
	for (unsigned is_held = 0; is_held < 2; is_held++) {
		uint64_t n = 0;
		held[LONG / 2] = is_held;
		assert_null(hs_collection_unreachable(&input, &unreachable));
		for (uint32_t node = 0; node < LONG; node++)
			n += hs_bit(unreachable, node);
		assert_int_equal(n, is_held ? 0 : LONG);
		free(unreachable);
	}
	plain_graph_deinit(&graph);
	free(edges);
	free(domains);
	free(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_heaps_obey_the_definition),
		cmocka_unit_test(counts_decide),
		cmocka_unit_test(scanned_references_make_doubtful_garbage),
		cmocka_unit_test(what_an_old_finalizer_holds_is_followed),
		cmocka_unit_test(the_last_reference_decides_who_dies),
		cmocka_unit_test(long_chains_are_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
