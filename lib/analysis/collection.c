/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated collection. Knows nodes and counts, nothing of Python. */
#include "collection.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "pages.h"

/* Nodes that were reached, and those of them whose references are still to be followed. */
struct walk {
	const struct hs_csr *told;
	const uint16_t *domains;  /* NULL: see `within` */
	const uint64_t *within;   /* NULL: all nodes of a domain */
	const struct hs_collection_pair *pairs;
	size_t n_pairs;
	uint64_t *reached;
	uint32_t *stack;
	uint32_t n_stack;
};

static size_t stack_bytes(const struct walk *walk)
{
	return ((size_t)walk->told->n + 1) * sizeof(*walk->stack);
}

static void walk_deinit(struct walk *walk)
{
	free(walk->reached);
	hs_pages_free(walk->stack, stack_bytes(walk));
}

static struct hs_error *walk_init(struct walk *walk)
{
	walk->reached = calloc(hs_bit_words(walk->told->n), sizeof(*walk->reached));
	walk->stack = hs_pages_alloc(stack_bytes(walk));
	return walk->reached && walk->stack ? NULL : hs_error_no_memory();
}

static inline void reach(struct walk *walk, uint32_t node)
{
	if (hs_bit(walk->reached, node) || (walk->within && !hs_bit(walk->within, node)))
		return;
	hs_set_bit(walk->reached, node);
	/* each node once, so that the stack has room for all */
	walk->stack[walk->n_stack++] = node;
}

static size_t first_pair(const struct walk *walk, uint32_t source)
{
	size_t low = 0, high = walk->n_pairs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (walk->pairs[middle].source < source)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void walk_on(struct walk *walk)
{
	const struct hs_csr *told = walk->told;

	while (walk->n_stack) {
		uint32_t node = walk->stack[--walk->n_stack];
		for (uint64_t edge = hs_csr_begin(told, node), end = hs_csr_end(told, node); edge < end; edge++)
			reach(walk, told->targets[edge]);
		for (size_t i = first_pair(walk, node); i < walk->n_pairs && walk->pairs[i].source == node; i++)
			reach(walk, walk->pairs[i].target);
	}
}

struct hs_error *hs_collection_unreachable(const struct hs_collection_input *input, uint64_t **ret)
{
	HS_CLEANUP(walk_deinit) struct walk walk = { .told = input->told };
	uint32_t n = input->told->n;

	HS_TRY(walk_init(&walk));
	/* in the order of nodes, which lie together if their objects do */
	for (uint32_t node = 0; node < n; node++) {
		if (!input->domains[node] || !input->held[node])
			continue;
		reach(&walk, node);
		walk_on(&walk);
	}
	for (uint32_t first = 0; first < n; first += 64) {
		uint64_t members = 0;
		for (uint32_t i = 0; i < 64 && i < n - first; i++)
			members |= (uint64_t)(input->domains[first + i] != 0) << i;
		walk.reached[first / 64] = members & ~walk.reached[first / 64];
		if (n - first <= 64)
			break;
	}
	*ret = hs_take(walk.reached);
	return NULL;
}

struct hs_error *hs_collection_perhaps(const struct hs_collection_input *input, const struct hs_collection_pair *pairs, size_t n_pairs,
				       const uint64_t *candidates, uint64_t **ret)
{
	HS_CLEANUP(walk_deinit) struct walk walk = { .told = input->told, .within = candidates, .pairs = pairs, .n_pairs = n_pairs };
	uint32_t n = input->told->n;

	HS_TRY(walk_init(&walk));
	for (size_t i = 0; i < n_pairs; i++) {
		/* a word that is no reference must not make a count wrap around */
		if (hs_bit(candidates, pairs[i].source) && hs_bit(candidates, pairs[i].target) && input->held[pairs[i].target])
			input->held[pairs[i].target]--;
	}
	for (uint32_t node = 0; node < n; node++) {
		if (!hs_bit(candidates, node) || !input->held[node])
			continue;
		reach(&walk, node);
		walk_on(&walk);
	}
	for (size_t i = 0; i < hs_bit_words(n); i++)
		walk.reached[i] = candidates[i] & ~walk.reached[i];
	*ret = hs_take(walk.reached);
	return NULL;
}

struct hs_error *hs_collection_follow(const struct hs_csr *told, const struct hs_collection_pair *pairs, size_t n_pairs,
				      const uint64_t *within, uint64_t *set)
{
	HS_CLEANUP(walk_deinit) struct walk walk = { .told = told, .within = within, .pairs = pairs, .n_pairs = n_pairs };

	HS_TRY(walk_init(&walk));
	for (uint32_t node = 0; node < told->n; node++) {
		if (!hs_bit(set, node))
			continue;
		reach(&walk, node);
		walk_on(&walk);
	}
	for (size_t i = 0; i < hs_bit_words(told->n); i++)
		set[i] |= walk.reached[i];
	return NULL;
}

/* Nodes that are to go, and how many references each other node has lost. */
struct deaths {
	const struct hs_death_input *input;
	uint64_t *set;
	uint32_t *lost;
	uint32_t *stack;
	uint32_t n_stack;
};

static void lose(struct deaths *deaths, uint32_t node, uint64_t n)
{
	uint64_t refcount, lost = deaths->lost[node] + n;

	deaths->lost[node] = lost < UINT32_MAX ? (uint32_t)lost : UINT32_MAX;
	if (hs_bit(deaths->set, node) || !deaths->input->refcount(deaths->input->context, node, &refcount) || lost < refcount)
		return;
	hs_set_bit(deaths->set, node);
	deaths->stack[deaths->n_stack++] = node;
}

static void go(struct deaths *deaths, uint32_t node)
{
	const struct hs_csr *owned = deaths->input->owned;
	uint64_t begin = hs_csr_begin(owned, node), end = hs_csr_end(owned, node);

	for (uint64_t edge = begin; edge < end; edge++)
		lose(deaths, owned->targets[edge], deaths->input->references(deaths->input->context, node, edge - begin));
}

struct hs_error *hs_collection_deaths(const struct hs_death_input *input, uint64_t *set)
{
	uint32_t n = input->owned->n;
	size_t n_words = hs_bit_words(n), bytes = ((size_t)n + 1) * sizeof(uint32_t);
	HS_FREE uint64_t *first = calloc(n_words, sizeof(*first));
	struct deaths deaths = { .input = input, .set = set, .lost = hs_pages_alloc(bytes), .stack = hs_pages_alloc(bytes) };
	bool has_memory = first && deaths.lost && deaths.stack;

	if (has_memory) {
		memcpy(first, set, n_words * sizeof(*first));
		for (uint32_t node = 0; node < n; node++)
			if (hs_bit(first, node))
				go(&deaths, node);
		while (deaths.n_stack)
			go(&deaths, deaths.stack[--deaths.n_stack]);
	}
	hs_pages_free(deaths.lost, bytes);
	hs_pages_free(deaths.stack, bytes);
	return has_memory ? NULL : hs_error_no_memory();
}
