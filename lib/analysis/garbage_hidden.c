/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead, and never to be collected: objects that no root reaches, and that nothing holds but each other, as far as all references
 * count; but the collector is not told of all. An object of a type that is not collected and yet refers to its owner (datetime and
 * tzinfo), a reference that tp_traverse leaves out. Or a reference was counted and lost.
 *
 * Words of C code that name such an object hold nothing: all its references are known, and they are not among them.
 */
#include <stdlib.h>

#include "cleanup.h"
#include "collection.h"
#include "garbage_internal.h"
#include "pages.h"
#include "repr.h"

/* How many objects of a cycle are looked at for what hides it. */
#define MAX_LOOKED_AT 100000

struct candidates {
	const struct hs_garbage *garbage;
	hs_node n;
	uint64_t *doubtful; /* no exact root reaches them, and no other list has them */
	uint64_t *unnamed;  /* of these, those that no word of C code leads to */
	uint32_t *held;     /* by node: first references found; of doubtful ones, whether there are others */
};

static void candidates_deinit(struct candidates *candidates)
{
	hs_pages_free(candidates->held, candidates->n * sizeof(*candidates->held));
	free(candidates->doubtful);
	free(candidates->unnamed);
}

/* What never goes by intent: immortal objects and static storage. */
static bool is_undying(const struct hs_graph *graph, hs_node node)
{
	return !hs_graph_has_more_references(graph, node, 0) || !hs_graph_bytes(graph, node);
}

/* Takes out what objects hold that never go, and that nothing leads to either. */
static struct hs_error *drop_kept(struct candidates *candidates, const struct hs_csr *owned, uint64_t *undying)
{
	size_t n_words = hs_bit_words(candidates->n);
	HS_FREE uint64_t *within = calloc(n_words, sizeof(*within));

	if (!within)
		return hs_error_no_memory();
	for (size_t i = 0; i < n_words; i++)
		within[i] = candidates->doubtful[i] | undying[i];
	HS_TRY(hs_collection_follow(owned, NULL, 0, within, undying));
	for (size_t i = 0; i < n_words; i++) {
		candidates->doubtful[i] &= ~undying[i];
		candidates->unnamed[i] &= ~undying[i];
	}
	return NULL;
}

static struct hs_error *find_candidates(struct candidates *candidates, const struct hs_csr *owned, const uint64_t *explained)
{
	const struct hs_garbage *garbage = candidates->garbage;
	HS_FREE uint64_t *undying = calloc(hs_bit_words(candidates->n), sizeof(*undying));

	candidates->doubtful = calloc(hs_bit_words(candidates->n), sizeof(*candidates->doubtful));
	candidates->unnamed = calloc(hs_bit_words(candidates->n), sizeof(*candidates->unnamed));
	if (!candidates->doubtful || !candidates->unnamed || !undying)
		return hs_error_no_memory();
	for (hs_node node = 0; node < candidates->n; node++) {
		if (!hs_bit(garbage->doubtful, node) || hs_bit(explained, node))
			continue;
		if (is_undying(garbage->graph, node)) {
			hs_set_bit(undying, node);
			continue;
		}
		hs_set_bit(candidates->doubtful, node);
		if (hs_object_graph_reached(garbage->holders, node) == HS_REACHED_BY_NOTHING)
			hs_set_bit(candidates->unnamed, node);
	}
	return hs_is_empty_set(candidates->doubtful, candidates->n) ? NULL : drop_kept(candidates, owned, undying);
}

/* The set of objects that are dead and hidden. The caller frees *ret. */
static struct hs_error *find_dead(struct candidates *candidates, const struct hs_csr *owned, uint64_t **ret)
{
	const struct hs_graph *graph = candidates->garbage->graph;

	candidates->held = hs_pages_alloc_array(candidates->n, sizeof(*candidates->held));
	if (!candidates->held)
		return hs_error_no_memory();
	hs_graph_add_referrers(graph, candidates->held);
	for (hs_node node = 0; node < candidates->n; node++)
		if (hs_bit(candidates->doubtful, node))
			candidates->held[node] = hs_graph_has_more_references(graph, node, candidates->held[node]) ||
						 !hs_graph_has_more_references(graph, node, candidates->held[node] - 1ull);
	const struct hs_collection_input input = { .told = owned, .held = candidates->held };
	HS_TRY(hs_collection_perhaps(&input, NULL, 0, candidates->doubtful, ret));
	for (size_t i = 0; i < hs_bit_words(candidates->n); i++)
		(*ret)[i] |= candidates->unnamed[i];
	return NULL;
}

struct hider {
	const struct hs_garbage *garbage;
	const uint32_t *members; /* ascending */
	size_t n_members;
	bool is_told;            /* its holder tells something to the collector */
	struct hs_hidden *ret;
};

static int compare_nodes(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* The first reference among the members that no collector is told. */
static bool look_at_edge(void *context, const struct hs_graph_edge *edge)
{
	struct hider *hider = context;

	if (!hs_relation_holds(edge->relation) || (hider->is_told && edge->relation & HS_VISITED) ||
	    !bsearch(&edge->target, hider->members, hider->n_members, sizeof(edge->target), compare_nodes))
		return true;
	hider->ret->holder = edge->source;
	hider->ret->target = edge->target;
	hider->ret->why = HS_HIDDEN_UNVISITED;
	return false;
}

static enum hs_hiding why_untold(const struct hs_object *object, bool is_tracked)
{
	if (!object->type->has_gc)
		return HS_HIDDEN_UNCOLLECTED;
	return is_tracked ? HS_HIDDEN_FROZEN : HS_HIDDEN_UNTRACKED;
}

/* More references than all nodes together hold. */
static bool is_lost(const struct hs_garbage *garbage, hs_node node, const struct hs_object *object)
{
	uint64_t refcount, n_found = 0;
	size_t n_sources, n_targets;
	const hs_node *sources = hs_graph_sources(garbage->graph, node, &n_sources);

	if (!hs_object_refcount(hs_graph_python(garbage->graph), object, &refcount))
		return false;
	for (size_t i = 0; sources && i < n_sources; i++) {
		if (i && sources[i] == sources[i - 1])
			continue;
		const hs_node *targets = hs_graph_targets(garbage->graph, sources[i], &n_targets);
		for (size_t k = 0; k < n_targets; k++)
			if (targets[k] == node)
				n_found += hs_graph_target_count(garbage->graph, sources[i], k);
	}
	return refcount > n_found;
}

/* What `node` hides, if anything. */
static struct hs_hidden hidden_by(struct hider *hider, hs_node node)
{
	const struct hs_garbage *garbage = hider->garbage;
	struct hs_hidden found = { HS_NO_NODE, HS_NO_NODE, HS_HIDDEN_UNKNOWN };
	struct hs_heap_object entry;

	if (!hs_graph_object(garbage->graph, node, &entry))
		return found;
	hider->ret = &found;
	hider->is_told = garbage->collectable.domains[node];
	hs_graph_each_edge(garbage->graph, node, look_at_edge, hider);
	if (found.why == HS_HIDDEN_UNVISITED && !hider->is_told)
		found.why = why_untold(&entry.object, entry.is_gc_tracked);
	if (found.why == HS_HIDDEN_UNKNOWN && is_lost(garbage, node, &entry.object))
		found = (struct hs_hidden){ node, HS_NO_NODE, HS_HIDDEN_LOST };
	return found;
}

/* The best reason that a member has: a dict is not tracked because of what is in it. */
static void find_hider(const struct hs_garbage *garbage, const struct hs_cycle *cycle, struct hs_hidden *ret)
{
	struct hider hider = {
		.garbage = garbage, .members = garbage->never.list.nodes + cycle->first, .n_members = cycle->n_members,
	};

	*ret = (struct hs_hidden){ HS_NO_NODE, HS_NO_NODE, HS_HIDDEN_UNKNOWN };
	for (size_t i = 0; i < cycle->n_members && i < MAX_LOOKED_AT && ret->why != HS_HIDDEN_UNCOLLECTED; i++) {
		const struct hs_hidden found = hidden_by(&hider, hider.members[i]);
		if (found.why > ret->why)
			*ret = found;
	}
}

struct hs_error *garbage_find_hidden(struct hs_garbage *garbage, const uint64_t *explained)
{
	const struct hs_csr owned = {
		hs_graph_node_count(garbage->graph), *hs_graph_rows(garbage->graph), hs_graph_all_targets(garbage->graph),
	};
	HS_CLEANUP(candidates_deinit) struct candidates candidates = { .garbage = garbage, .n = owned.n };
	HS_FREE uint64_t *set = NULL;

	HS_TRY(find_candidates(&candidates, &owned, explained));
	if (hs_is_empty_set(candidates.doubtful, owned.n))
		return NULL;
	HS_TRY(find_dead(&candidates, &owned, &set));
	if (hs_is_empty_set(set, owned.n))
		return NULL;
	const struct hs_cycle_input input = {
		.told = &owned, .set = set, .dead = set, .owned = &owned, .sizes = hs_graph_sizes(garbage->graph),
	};
	HS_TRY(hs_cycles_find(&input, &garbage->never.list));
	HS_TRY(garbage_mark(garbage, &garbage->never, NULL));
	garbage->hidden = calloc(garbage->never.list.n + 1, sizeof(*garbage->hidden));
	if (!garbage->hidden)
		return hs_error_no_memory();
	for (size_t i = 0; i < garbage->never.list.n; i++)
		find_hider(garbage, &garbage->never.list.items[i], &garbage->hidden[i]);
	return NULL;
}
