/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth that no path leads to: objects with references that nobody is known to have, and what is left then, which a collection would
 * take if it came by. Rule 6.
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "collector.h"
#include "generation.h"
#include "suspect_internal.h"

#define LEAST_OBJECTS 8
#define LEAST_BYTES 4096
#define LEAST_SHARE 0.01 /* of all growth */

/* New objects with unexplained references that nothing reaches exactly, by group of type. */
struct lost {
	uint64_t *counts;
	double *bytes;
	hs_node *best;
	double all_unreachable;
};

static void lost_deinit(struct lost *lost)
{
	free(lost->counts);
	free(lost->bytes);
	free(lost->best);
}

static void add_unexplained(const struct suspect_search *search, struct lost *lost, const struct hs_unexplained *unexplained)
{
	enum hs_reached reached = hs_object_graph_reached(search->input->holders, unexplained->node);
	uint32_t type = hs_observed_group(&search->observed, unexplained->node);
	double bytes = hs_accumulation_at(&search->observed.accumulation, unexplained->node);

	if (unexplained->place == HS_UNEXPLAINED_STACK || !hs_is_fresh(&search->observed, unexplained->node) || reached == HS_REACHED_EXACTLY)
		return;
	if (!lost->counts[type] || bytes > hs_accumulation_at(&search->observed.accumulation, lost->best[type]))
		lost->best[type] = unexplained->node;
	lost->counts[type]++;
	lost->bytes[type] += bytes;
	if (reached == HS_REACHED_BY_NOTHING)
		lost->all_unreachable += bytes;
}

static struct hs_error *add_suspect(struct suspect_search *search, struct hs_suspects *ret, enum hs_suspect_kind kind, hs_node node,
				    const struct suspect_tally *tally, double bytes, struct hs_suspect **ret_suspect)
{
	struct hs_suspect *suspect = suspect_append(ret);

	if (!suspect)
		return hs_error_no_memory();
	suspect->kind = kind;
	suspect->root = HS_SUSPECT_OF_NOTHING;
	suspect_set_node(search, suspect, node);
	suspect_set_types(search, suspect, tally);
	suspect->members = tally->counts[0];
	suspect->figures.items = tally->counts[0];
	suspect->figures.bytes = bytes;
	suspect->figures.seconds = search->observed.seconds;
	suspect_set_figures_by_type(search, suspect, tally->types[0]);
	if (search->observed.is_long)
		suspect_stretch_type(search, suspect, tally->types[0]);
	*ret_suspect = suspect;
	return NULL;
}

static struct hs_error *list_unexplained(struct suspect_search *search, const struct lost *lost, struct hs_suspects *ret)
{
	const struct hs_observed_growth *observed = &search->observed;
	struct hs_suspect *suspect = NULL;

	for (uint32_t type = 0; type < observed->n_groups; type++) {
		struct suspect_tally tally = { 0 };
		/* at most twice as many as their type grew by: of one that merely changes, many look new */
		if (lost->counts[type] < LEAST_OBJECTS || observed->count_growth[type] * 2 < (int64_t)lost->counts[type])
			continue;
		suspect_tally_add(&tally, type, lost->counts[type], lost->bytes[type]);
		HS_TRY(add_suspect(search, ret, HS_SUSPECT_UNEXPLAINED, lost->best[type], &tally, lost->bytes[type], &suspect));
		/* what was moved about when the process was stopped is held by nobody for that moment */
		suspect->figures.is_by_type = suspect->figures.steadiness == 0;
		suspect_rank(suspect);
	}
	return NULL;
}

#define MAX_ROUND_NODES 512 /* that a way around may go by */

/* True if a way leads from the node back to it: it is a part of a cycle, and does not only hang on one. */
static bool is_in_cycle(const struct suspect_search *search, hs_node start)
{
	hs_node met[MAX_ROUND_NODES] = { start };
	size_t n_met = 1;

	for (size_t at = 0; at < n_met; at++) {
		size_t n;
		const hs_node *targets = hs_graph_targets(search->input->graph, met[at], &n);
		for (size_t i = 0; i < n; i++) {
			bool is_known = false;
			if (targets[i] == start)
				return true;
			/* what is held leads nowhere but away */
			if (n_met == MAX_ROUND_NODES || hs_object_graph_reached(search->input->holders, targets[i]) != HS_REACHED_BY_NOTHING)
				continue;
			for (size_t k = 0; k < n_met && !is_known; k++)
				is_known = met[k] == targets[i];
			if (!is_known)
				met[n_met++] = targets[i];
		}
	}
	return false;
}

/* The first new instance of a group of types among what nothing reaches. */
static hs_node first_of_type(const struct suspect_search *search, uint32_t type)
{
	const struct hs_dominators *tree = search->tree;
	const struct hs_observed_growth *observed = &search->observed;

	for (uint32_t number = tree->unreachable + 1; number < tree->n_order; number++) {
		hs_node node = tree->order[number];
		if (node < tree->n && hs_is_fresh(observed, node) && hs_observed_group(observed, node) == type)
			return node;
	}
	return HS_NO_NODE;
}

/* New objects below the virtual node of all that nothing reaches; and one of the type that most of the cycles themselves are. */
static hs_node tally_garbage(const struct suspect_search *search, struct suspect_tally *tally)
{
	const struct hs_dominators *tree = search->tree;
	const struct hs_observed_growth *observed = &search->observed;

	for (uint32_t number = tree->unreachable + 1; number < tree->n_order; number++) {
		hs_node node = tree->order[number];
		double own = node < tree->n && hs_is_fresh(observed, node) ? hs_accumulation_at(&observed->accumulation, node) : 0;
		const struct hs_type *type = own > 0 ? hs_graph_type(search->input->graph, node) : NULL;
		/* instances of classes say more than their dicts */
		if (!type || !(path_shapes_is_instance(type) || tree->idom[number] == tree->unreachable))
			continue;
		suspect_tally_add(tally, hs_observed_group(observed, node), 1, own);
	}
	suspect_tally_sort(tally);
	for (unsigned i = 0; i < tally->n; i++) {
		hs_node node = first_of_type(search, tally->types[i]);
		if (path_shapes_is_instance(hs_graph_type(search->input->graph, node)) && is_in_cycle(search, node))
			return node;
	}
	return tally->n ? first_of_type(search, tally->types[0]) : HS_NO_NODE;
}

/* A threshold that garbage would take so many times longer to reach is none … */
#define NEVER 100
/* … unless it is one of those that interpreters begin with: sooner or later these are reached. */
#define LEAST_NEVER 1e6

static double left_of(const struct hs_generation_state *generation)
{
	double left = (double)generation->threshold - generation->count;

	return left > 1 ? left : 1;
}

bool suspect_is_out_of_reach(const struct hs_collector *collector, uint64_t n_objects)
{
	const struct hs_generation_state *generations = collector->generations;
	double left = left_of(&generations[0]) + (left_of(&generations[1]) - 1) * generations[0].threshold +
		      (left_of(&generations[2]) - 1) * generations[1].threshold * generations[0].threshold;

	return left > NEVER * (double)n_objects && left > LEAST_NEVER;
}

#define MAX_ASKED_GENERATION 64 /* objects that are looked for on the collector's lists */

/* Some of the garbage, spread evenly; ascending addresses. */
static size_t pick_garbage(const struct suspect_search *search, hs_addr ret[MAX_ASKED_GENERATION])
{
	const struct hs_dominators *tree = search->tree;
	const struct hs_graph *graph = search->input->graph;
	uint32_t stride = (tree->n_order - tree->unreachable) / MAX_ASKED_GENERATION + 1;
	size_t n = 0;

	for (uint32_t number = tree->unreachable + 1; number < tree->n_order; number++) {
		hs_node node = tree->order[number];
		const struct hs_type *type = node < tree->n ? hs_graph_type(graph, node) : NULL;
		if (!type || !type->has_gc || (search->observed.fresh && !hs_is_fresh(&search->observed, node)))
			continue;
		if (n == MAX_ASKED_GENERATION)
			break;
		ret[n++] = hs_graph_address(graph, node);
		number += stride - 1;
	}
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && ret[k] < ret[k - 1]; k--) {
			hs_addr was = ret[k];
			ret[k] = ret[k - 1];
			ret[k - 1] = was;
		}
	return n;
}

double suspect_frozen_part(const struct suspect_search *search)
{
	const struct hs_cpython *py = search->input->heap->py;
	enum hs_generation generations[MAX_ASKED_GENERATION];
	hs_addr objects[MAX_ASKED_GENERATION];
	struct hs_collector collector;
	struct hs_error *error = hs_collector_read_head(py, 0, &collector);
	size_t n_frozen = 0;

	if (error || !collector.has_frozen) {
		hs_error_destroy(error);
		return 0;
	}
	size_t n = pick_garbage(search, objects);
	hs_generations_find(py, objects, n, generations);
	for (size_t i = 0; i < n; i++)
		n_frozen += generations[i] == HS_GENERATION_PERMANENT;
	return n ? (double)n_frozen / (double)n : 0;
}

/* Nothing will take it: the collector is off, does not see it, or has thresholds that `n_objects`, which came meanwhile, are far from. */
static bool is_never_collected(const struct suspect_search *search, uint64_t n_objects)
{
	struct hs_collector collector;
	struct hs_error *error = hs_collector_read_head(search->input->heap->py, 0, &collector);

	if (error) {
		hs_error_destroy(error);
		return false;
	}
	/* what was frozen before, as servers do that fork, hides none of what came since */
	return !collector.is_enabled || !collector.generations[0].threshold || search->frozen_part >= SUSPECT_MOSTLY_FROZEN ||
	       suspect_is_out_of_reach(&collector, n_objects);
}

static struct hs_error *list_garbage(struct suspect_search *search, struct hs_suspects *ret)
{
	struct suspect_tally tally = { 0 };
	struct hs_suspect *suspect = NULL;
	hs_node best = HS_NO_NODE;

	if (ret->garbage_bytes < LEAST_BYTES || ret->garbage_bytes < LEAST_SHARE * ret->growth_bytes)
		return NULL;
	best = tally_garbage(search, &tally);
	if (best == HS_NO_NODE || !tally.n)
		return NULL;
	HS_TRY(add_suspect(search, ret, HS_SUSPECT_CYCLES, best, &tally, ret->garbage_bytes, &suspect));
	/* what waits for a collector that is on may be gone at any time */
	search->frozen_part = suspect_frozen_part(search);
	bool is_certain = is_never_collected(search, tally.counts[0]);
	suspect->figures.kept = is_certain ? 1 : HS_UNKNOWN;
	suspect->figures.is_indirect = !is_certain;
	ret->garbage_bytes = suspect->figures.bytes;
	suspect_rank(suspect);
	return NULL;
}

struct hs_error *suspect_find_lost(struct suspect_search *search, struct hs_suspects *ret)
{
	uint32_t n = search->observed.n_groups;
	HS_CLEANUP(lost_deinit) struct lost lost = {
		.counts = calloc((size_t)n + 1, sizeof(*lost.counts)), .bytes = calloc((size_t)n + 1, sizeof(*lost.bytes)),
		.best = calloc((size_t)n + 1, sizeof(*lost.best)),
	};

	if (!lost.counts || !lost.bytes || !lost.best)
		return hs_error_no_memory();
	for (size_t i = 0; search->input->unexplained && i < search->input->unexplained->n; i++)
		add_unexplained(search, &lost, &search->input->unexplained->items[i]);
	ret->garbage_bytes = search->observed.accumulation.unreachable - lost.all_unreachable;
	if (ret->garbage_bytes < 0)
		ret->garbage_bytes = 0;
	HS_TRY(list_unexplained(search, &lost, ret));
	return list_garbage(search, ret);
}
