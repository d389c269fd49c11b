/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the numbers of the tree, in which a dominator comes before what it dominates: down, for what new nodes weigh; up, for
 * what they add up to.
 */
#include "accumulation.h"

#include <stdlib.h>

#include "cleanup.h"

#define BY_TYPE (-1.0f)

/* The number of the node's dominator; of the virtual root itself 0. */
static uint32_t number_above(const struct hs_dominators *tree, uint32_t node)
{
	uint32_t place = tree->place[node];

	return place & HS_PLACE_LEAF ? place & ~HS_PLACE_LEAF : tree->idom[place];
}

static bool is_fresh(const struct hs_accumulation *accumulation, uint32_t node)
{
	return node < accumulation->input->tree->n && hs_bit(accumulation->input->fresh, node);
}

static uint64_t bytes_of(const struct hs_accumulation *accumulation, uint32_t node)
{
	const struct hs_sizes *sizes = accumulation->input->sizes;

	return hs_size_units(sizes, node) * sizes->unit_bytes;
}

/* What a new node weighs, below one that gives `above` to those right below it. */
static float weight_of(const struct hs_accumulation *accumulation, uint32_t node, float above)
{
	const struct hs_accumulation_input *input = accumulation->input;

	if (input->vouched && hs_bit(input->vouched, node))
		return 1;
	return input->passing && hs_bit(input->passing, node) ? 0 : above;
}

/*
 * Downwards. A new node hands on what it weighs itself: a record is as much of a growth as the list that it stands in. An old one begins
 * anew.
 */
static void find_weights(struct hs_accumulation *accumulation)
{
	const struct hs_accumulation_input *input = accumulation->input;
	const struct hs_dominators *tree = input->tree;

	for (uint32_t number = 0; number < tree->n_order; number++)
		accumulation->weights[number] = BY_TYPE;
	for (size_t i = 0; i < input->n_changes; i++) {
		uint32_t node = input->changes[i].node;
		if (hs_is_reached(tree, node) && hs_is_numbered(tree, node))
			accumulation->weights[tree->place[node]] = (float)input->changes[i].weight;
	}
	for (uint32_t number = 1; number < tree->n_order; number++) {
		uint32_t node = tree->order[number];
		if (!is_fresh(accumulation, node))
			continue;
		float weight = weight_of(accumulation, node, accumulation->weights[tree->idom[number]]);
		/* it has changed, that is all */
		if (weight < 0 && !input->has_more[input->type_of(input->context, node)])
			hs_clear_bit(input->fresh, node);
		else
			accumulation->weights[number] = weight;
	}
}

/* By type: the bytes of new instances that containers vouch for, and of the others. */
struct type_sums {
	double vouched, others;
};

static void add_to_type(const struct hs_accumulation *accumulation, struct type_sums *sums, uint32_t node)
{
	const struct hs_accumulation_input *input = accumulation->input;
	float weight = weight_of(accumulation, node, accumulation->weights[number_above(input->tree, node)]);
	struct type_sums *sum = &sums[input->type_of(input->context, node)];

	if (weight < 0)
		sum->others += (double)bytes_of(accumulation, node);
	else
		sum->vouched += weight * (double)bytes_of(accumulation, node);
}

/* Calls a function for each node in the tree that is new. */
#define EACH_FRESH(accumulation, node, call)                                                                \
	do {                                                                                                \
		const struct hs_accumulation_input *input_ = (accumulation)->input;                         \
		uint32_t n_ = input_->tree->n;                                                              \
		for (uint32_t node = hs_next_bit(input_->fresh, 0, n_); node < n_; node = hs_next_bit(input_->fresh, node + 1, n_)) \
			if (hs_is_reached(input_->tree, node))                                              \
				call;                                                                       \
	} while (0)

static struct hs_error *find_type_weights(struct hs_accumulation *accumulation)
{
	const struct hs_accumulation_input *input = accumulation->input;
	HS_FREE struct type_sums *sums = calloc((size_t)input->n_types + 1, sizeof(*sums));

	if (!sums)
		return hs_error_no_memory();
	EACH_FRESH(accumulation, node, add_to_type(accumulation, sums, node));
	for (uint32_t type = 0; type < input->n_types; type++) {
		double left = (double)input->type_growth[type] - sums[type].vouched;
		if (left > 0 && sums[type].others > 0)
			accumulation->by_type[type] = left < sums[type].others ? left / sums[type].others : 1;
	}
	return NULL;
}

double hs_accumulation_credit(const struct hs_accumulation *accumulation, uint32_t node)
{
	const struct hs_accumulation_input *input = accumulation->input;

	if (!is_fresh(accumulation, node) || !hs_is_reached(input->tree, node))
		return 0;
	double weight = weight_of(accumulation, node, accumulation->weights[number_above(input->tree, node)]);
	return weight < 0 ? accumulation->by_type[input->type_of(input->context, node)] : weight;
}

static void add_bytes(struct hs_accumulation *accumulation, uint32_t node)
{
	const struct hs_dominators *tree = accumulation->input->tree;
	uint32_t at = hs_is_numbered(tree, node) ? tree->place[node] : number_above(tree, node);

	accumulation->growth[at] += hs_accumulation_credit(accumulation, node) * (double)bytes_of(accumulation, node);
}

/* Upwards, from new nodes to what dominates them. */
static void add_up(struct hs_accumulation *accumulation)
{
	const struct hs_accumulation_input *input = accumulation->input;
	const struct hs_dominators *tree = input->tree;

	EACH_FRESH(accumulation, node, add_bytes(accumulation, node));
	for (size_t i = 0; i < input->n_changes; i++) {
		uint32_t node = input->changes[i].node;
		if (hs_is_reached(tree, node) && hs_is_numbered(tree, node))
			accumulation->growth[tree->place[node]] += (double)input->changes[i].own_growth;
		else if (hs_is_reached(tree, node))
			accumulation->total += (double)input->changes[i].own_growth;
	}
	for (uint32_t number = tree->n_order; number-- > 0;) {
		double growth = accumulation->growth[number];
		if (number && is_fresh(accumulation, tree->order[number])) {
			accumulation->growth[tree->idom[number]] += growth;
			continue;
		}
		accumulation->total += growth;
		if (number >= tree->unreachable)
			accumulation->unreachable += growth;
	}
}

struct hs_error *hs_accumulation_init(struct hs_accumulation *accumulation, const struct hs_accumulation_input *input)
{
	size_t n = (size_t)input->tree->n_order + 1;

	*accumulation = (struct hs_accumulation){
		.input = input, .growth = calloc(n, sizeof(*accumulation->growth)), .weights = calloc(n, sizeof(*accumulation->weights)),
		.by_type = calloc((size_t)input->n_types + 1, sizeof(*accumulation->by_type)),
	};
	if (!accumulation->growth || !accumulation->weights || !accumulation->by_type)
		return hs_error_no_memory();
	find_weights(accumulation);
	HS_TRY(find_type_weights(accumulation));
	add_up(accumulation);
	return NULL;
}

void hs_accumulation_deinit(struct hs_accumulation *accumulation)
{
	free(accumulation->growth);
	free(accumulation->weights);
	free(accumulation->by_type);
	*accumulation = (struct hs_accumulation){ 0 };
}

double hs_accumulation_at(const struct hs_accumulation *accumulation, uint32_t node)
{
	const struct hs_dominators *tree = accumulation->input->tree;

	if (node >= tree->n || !hs_is_reached(tree, node))
		return 0;
	if (hs_is_numbered(tree, node))
		return accumulation->growth[tree->place[node]];
	return hs_accumulation_credit(accumulation, node) * (double)bytes_of(accumulation, node);
}

struct hs_error *hs_heaviest_init(struct hs_heaviest *heaviest, const struct hs_accumulation *accumulation)
{
	const struct hs_dominators *tree = accumulation->input->tree;

	heaviest->of = calloc((size_t)tree->n_order + 1, sizeof(*heaviest->of));
	if (!heaviest->of)
		return hs_error_no_memory();
	for (uint32_t number = 1; number < tree->n_order; number++) {
		uint32_t *best = &heaviest->of[tree->idom[number]];
		if (is_fresh(accumulation, tree->order[number]) && (!*best || accumulation->growth[number] > accumulation->growth[*best]))
			*best = number;
	}
	return NULL;
}

void hs_heaviest_deinit(struct hs_heaviest *heaviest)
{
	free(heaviest->of);
	heaviest->of = NULL;
}
