/* SPDX-License-Identifier: Apache-2.0 */
/* Going down from each node to the child that retains most, as long as that is nearly everything. Knows no objects. */
#include "retainers.h"

#include <stdlib.h>

#include "array.h"
#include "cleanup.h"

/* A node that retains less than this much more than one that it dominates is not what holds the memory. */
#define LEAST_SURPLUS 0.1
/* Fewer in a row are of the same kind by chance: dicts in dicts. */
#define LEAST_LINKS 8

/* All by number. */
struct search {
	const struct hs_retained *retained;
	const void *(*kind_of)(const void *context, uint32_t node);
	const void *context;
	uint32_t *heaviest; /* the child that retains most; 0: none */
	uint64_t *in_chain; /* a bit for those that are links of a chain that was looked at */
	struct hs_retainer *list;
	size_t n, n_max;
};

static uint64_t bytes_of(const struct search *search, uint32_t number)
{
	return number ? hs_retained_by_number(search->retained, number) : 0;
}

static bool is_surplus(uint64_t bytes, uint64_t below)
{
	return (double)(bytes - below) >= LEAST_SURPLUS * (double)bytes;
}

static bool holds_much_itself(const struct search *search, uint32_t number)
{
	return is_surplus(bytes_of(search, number), bytes_of(search, search->heaviest[number]));
}

static const void *kind_at(const struct search *search, uint32_t number)
{
	const struct hs_dominators *tree = search->retained->tree;

	return number && tree->order[number] < tree->n ? search->kind_of(search->context, tree->order[number]) : NULL;
}

/* What is retained where the chain from `head` ends; all of it, if there is none. Its links are marked. */
static uint64_t bytes_behind_chain(struct search *search, uint32_t head)
{
	uint32_t at = head, next = search->heaviest[head];
	const void *kinds[2] = { kind_at(search, head), kind_at(search, next) };
	uint32_t turn = 0, period = kinds[0] == kinds[1] ? 1 : 2;

	while (next && kinds[(turn + 1) % period] && kind_at(search, next) == kinds[(turn + 1) % period] && !holds_much_itself(search, next)) {
		hs_set_bit(search->in_chain, at);
		turn++;
		at = next;
		next = search->heaviest[at];
	}
	return bytes_of(search, turn < LEAST_LINKS ? head : next);
}

/* Puts a retainer among the list, by descending bytes and ascending numbers. */
static void insert(struct search *search, struct hs_retainer retainer)
{
	size_t at = search->n < search->n_max ? search->n++ : search->n - 1;

	for (; at > 0 && search->list[at - 1].bytes < retainer.bytes; at--)
		search->list[at] = search->list[at - 1];
	search->list[at] = retainer;
}

static void consider(struct search *search, uint32_t number)
{
	const struct hs_dominators *tree = search->retained->tree;
	uint64_t bytes = bytes_of(search, number);

	if (tree->order[number] >= tree->n || (search->n == search->n_max && search->list[search->n - 1].bytes >= bytes))
		return;
	if (holds_much_itself(search, number) ||
	    (!hs_bit(search->in_chain, number) && is_surplus(bytes, bytes_behind_chain(search, number))))
		insert(search, (struct hs_retainer){ tree->order[number], bytes });
}

static void search_deinit(struct search *search)
{
	free(search->heaviest);
	free(search->in_chain);
	free(search->list);
}

struct hs_error *hs_retainers_find(const struct hs_retained *retained, const void *(*kind_of)(const void *context, uint32_t node),
				   const void *context, size_t n_max, struct hs_retainer **ret, size_t *ret_n)
{
	const struct hs_dominators *tree = retained->tree;
	HS_CLEANUP(search_deinit) struct search search = {
		.retained = retained, .kind_of = kind_of, .context = context, .n_max = n_max,
		.heaviest = calloc((size_t)tree->n_order + 1, sizeof(*search.heaviest)),
		.in_chain = calloc(hs_bit_words(tree->n_order), sizeof(*search.in_chain)),
		.list = calloc(n_max + 1, sizeof(*search.list)),
	};

	if (!search.heaviest || !search.in_chain || !search.list)
		return hs_error_no_memory();
	for (uint32_t number = 1; number < tree->n_order; number++)
		if (bytes_of(&search, number) > bytes_of(&search, search.heaviest[tree->idom[number]]))
			search.heaviest[tree->idom[number]] = number;
	/* a dominator's number is the smaller one: chains are met at their head */
	for (uint32_t number = 1; n_max && number < tree->n_order; number++)
		consider(&search, number);
	*ret = hs_take(search.list);
	*ret_n = search.n;
	return NULL;
}
