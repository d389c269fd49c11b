/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers hold of the new objects behind their items: those that grew vouch for it; those that let go what they take make it pass,
 * unless somebody else has it for good.
 */
#include <stdlib.h>

#include "cleanup.h"
#include "observed_internal.h"

HS_ARRAY_TYPE(numbers, uint32_t);

/* Objects of a group of types, and their bytes. */
struct group_sum {
	uint64_t count, bytes;
};

/* Which new objects a walk goes to, and what it adds up. */
struct walk {
	uint64_t *seen;        /* set of nodes: those that were met are left out, and added */
	const uint64_t *but;   /* never these; NULL: none */
	const uint64_t *only;  /* only these; NULL: all that are new */
	const uint64_t *revived; /* these are new from now on, when they are met; NULL: none */
	struct group_sum *sums; /* by group; NULL: nothing is added up */
	struct numbers met; /* groups that have a sum */
	struct numbers waiting;
};

static void walk_deinit(struct walk *walk)
{
	hs_array_free(&walk->waiting);
	hs_array_free(&walk->met);
}

static bool add_sum(const struct hs_observed_growth *observed, struct walk *walk, uint32_t node)
{
	uint32_t group = hs_observed_group(observed, node);
	struct group_sum *sum = &walk->sums[group];

	if (!sum->count) {
		uint32_t *slot = hs_array_append(&walk->met);
		if (!slot)
			return false;
		*slot = group;
	}
	sum->count++;
	sum->bytes += hs_graph_bytes(observed->input.graph, node);
	return true;
}

/* Goes to all that is new and reached from `start` by way of what is new. */
static struct hs_error *follow(const struct hs_observed_growth *observed, uint32_t start, struct walk *walk)
{
	const struct hs_csr *graph = hs_object_graph_csr(observed->input.holders);

	for (uint32_t at = start;;) {
		for (uint64_t edge = hs_csr_begin(graph, at), end = hs_csr_end(graph, at); edge < end; edge++) {
			uint32_t target = graph->targets[edge];
			if (walk->revived && hs_bit(walk->revived, target))
				hs_set_bit(observed->fresh, target);
			if (!hs_is_fresh(observed, target) || hs_bit(walk->seen, target) || (walk->but && hs_bit(walk->but, target)) ||
			    (walk->only && !hs_bit(walk->only, target)))
				continue;
			hs_set_bit(walk->seen, target);
			if (walk->sums && !add_sum(observed, walk, target))
				return hs_error_no_memory();
			if (hs_csr_is_leaf(graph, target))
				continue;
			uint32_t *slot = hs_array_append(&walk->waiting);
			if (!slot)
				return hs_error_no_memory();
			*slot = target;
		}
		if (!walk->waiting.n)
			return NULL;
		at = walk->waiting.items[--walk->waiting.n];
	}
}

/* Adds to a set of new objects what is new and can be reached from them by way of new objects. */
static struct hs_error *close_over(const struct hs_observed_growth *observed, uint64_t *set, const uint64_t *revived)
{
	HS_CLEANUP(walk_deinit) struct walk walk = { .seen = set, .revived = revived };
	hs_node n = hs_graph_node_count(observed->input.graph);

	for (hs_node node = hs_next_bit(set, 0, n); node < n; node = hs_next_bit(set, node + 1, n))
		HS_TRY(follow(observed, node, &walk));
	return NULL;
}

struct hs_error *observed_vouch(struct hs_observed_growth *observed)
{
	return close_over(observed, observed->vouched, observed->changed_dicts);
}

#define MAX_REFERRERS 256 /* of one object, that are looked at */

/* Somebody else has it as well, who is neither new nor lets go of what he takes. */
static bool is_held(const struct hs_observed_growth *observed, uint32_t node, const uint64_t *letting_go)
{
	size_t n;

	/* None, small numbers: to list their referrers takes as long as there are references */
	if (hs_graph_is_hub(observed->input.graph, node))
		return true;
	const hs_node *sources = hs_graph_sources(observed->input.graph, node, &n);
	for (size_t i = 0; sources && i < n && i < MAX_REFERRERS; i++)
		if (!hs_is_fresh(observed, sources[i]) && !hs_bit(letting_go, sources[i]))
			return true;
	return n > MAX_REFERRERS;
}

static void mark_roots(const struct hs_observed_growth *observed, uint64_t *set)
{
	size_t n = 0;
	const struct hs_reach_root *roots = observed->input.reach ? hs_reach_roots(observed->input.reach, &n) : NULL;

	for (size_t i = 0; i < n; i++)
		if (hs_is_fresh(observed, roots[i].node))
			hs_set_bit(set, roots[i].node);
}

/* Of what containers that let go have, in `observed->passing`: takes out what others hold, and what these hold. */
static struct hs_error *keep_held(struct hs_observed_growth *observed, const uint64_t *letting_go)
{
	hs_node n = hs_graph_node_count(observed->input.graph);
	HS_FREE uint64_t *held = calloc(hs_bit_words(n), sizeof(*held));

	if (!held)
		return hs_error_no_memory();
	mark_roots(observed, held);
	for (hs_node node = hs_next_bit(observed->passing, 0, n); node < n; node = hs_next_bit(observed->passing, node + 1, n))
		if (is_held(observed, node, letting_go))
			hs_set_bit(held, node);
	HS_TRY(close_over(observed, held, NULL));
	for (size_t i = 0; i < hs_bit_words(n); i++)
		observed->passing[i] &= ~held[i];
	return NULL;
}

/*
 * What is turned over has a length of its own, up and down: what it has more or less now than then is no growth of its types, nor a want
 * of it. How many of each type it had then follows from how many it has now, by length.
 */
static void discount(struct hs_observed_growth *observed, const struct hs_container_history *history, const struct walk *own)
{
	double each = history->length ? 1 / (double)history->length : 0, more = each ? 1 - each * (double)history->length_then : 0;

	for (size_t k = 0; k < own->met.n; k++) {
		uint32_t group = own->met.items[k];
		observed->count_growth[group] -= (int64_t)(more * (double)own->sums[group].count);
		observed->byte_growth[group] -= (int64_t)(more * (double)own->sums[group].bytes);
	}
	for (size_t i = 0; own->met.n && i < observed->input.n_samples; i++) {
		double part = each * (double)hs_observed_length(observed, history->address, i);
		double *counts = &observed->passing_counts[i * observed->n_groups];
		for (size_t k = 0; k < own->met.n; k++)
			counts[own->met.items[k]] += part * (double)own->sums[own->met.items[k]].count;
	}
}

struct hs_error *observed_pass_over(struct hs_observed_growth *observed)
{
	hs_node n = hs_graph_node_count(observed->input.graph);
	HS_FREE uint64_t *letting_go = calloc(hs_bit_words(n), sizeof(*letting_go)), *seen = calloc(hs_bit_words(n), sizeof(*seen));
	HS_FREE struct group_sum *sums = calloc((size_t)observed->n_groups + 1, sizeof(*sums));
	HS_CLEANUP(walk_deinit) struct walk all = { .seen = observed->passing, .but = observed->vouched };
	HS_CLEANUP(walk_deinit) struct walk own = { .seen = seen, .only = observed->passing, .sums = sums };

	observed->passing_counts = calloc(observed->input.n_samples * observed->n_groups + 1, sizeof(*observed->passing_counts));
	if (!letting_go || !seen || !sums || !observed->passing_counts)
		return hs_error_no_memory();
	for (size_t i = 0; i < observed->containers.n; i++) {
		const struct hs_container_history *history = &observed->containers.items[i];
		if (!history->lets_go)
			continue;
		hs_set_bit(letting_go, history->node);
		HS_TRY(follow(observed, history->node, &all));
	}
	HS_TRY(keep_held(observed, letting_go));
	for (size_t i = 0; i < observed->containers.n; i++) {
		const struct hs_container_history *history = &observed->containers.items[i];
		if (!history->lets_go)
			continue;
		HS_TRY(follow(observed, history->node, &own));
		discount(observed, history, &own);
		/* there are many such containers, and many groups, of which each has few */
		for (size_t k = 0; k < own.met.n; k++)
			sums[own.met.items[k]] = (struct group_sum){ 0 };
		own.met.n = 0;
	}
	for (uint32_t group = 0; group + 1 < observed->n_groups; group++)
		observed->has_more[group] = observed->count_growth[group] > 0;
	return NULL;
}
