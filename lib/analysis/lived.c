/* SPDX-License-Identifier: Apache-2.0 */
/* Doubt goes from what is new to what it holds, and from parts that prove nothing to what is known by where they stand. */
#include "lived.h"

#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "fingerprint.h"
#include "path_shapes.h"

#define MAX_PARTS 64     /* what has more is a container, and known by what it kept */
#define MAX_REFERRERS 64 /* what is held by more is taken to be held by one that lived */

HS_ARRAY_TYPE(doubted_nodes, hs_node);

struct doubting {
	const struct hs_graph *graph;
	uint8_t *lived;
	struct doubted_nodes waiting; /* whose targets have not been looked at since they are doubted */
};

static void doubting_deinit(struct doubting *doubting)
{
	hs_array_free(&doubting->waiting);
}

static bool may_be_remade(const struct hs_graph *graph, hs_node node)
{
	const struct hs_type *type = hs_graph_type(graph, node);

	/* classes and modules are not made again in place of others */
	return type && !path_shapes_is_instance(type) && !(type->flags & HS_TPFLAGS_TYPE_SUBCLASS) && strcmp(type->kind->tp_name, "module");
}

/* What nothing but a root holds is not asked about. */
static bool is_held_by_old(const struct doubting *doubting, hs_node node)
{
	size_t n;

	/* None, small numbers: their referrers are not listed */
	if (hs_graph_is_hub(doubting->graph, node))
		return true;
	const hs_node *sources = hs_graph_sources(doubting->graph, node, &n);
	for (size_t i = 0; sources && i < n && i < MAX_REFERRERS; i++)
		if (sources[i] != node && (!hs_graph_is_object(doubting->graph, sources[i]) || doubting->lived[sources[i]] == HS_LIVED))
			return true;
	return !sources || !n || n > MAX_REFERRERS;
}

static struct hs_error *doubt_targets(struct doubting *doubting, hs_node holder)
{
	size_t n;
	const hs_node *targets = hs_graph_targets(doubting->graph, holder, &n);

	for (size_t i = 0; i < n; i++) {
		hs_node node = targets[i];
		if (!hs_graph_is_object(doubting->graph, node) || doubting->lived[node] != HS_LIVED || !may_be_remade(doubting->graph, node) ||
		    is_held_by_old(doubting, node))
			continue;
		doubting->lived[node] = HS_LIVED_UNKNOWN;
		hs_node *slot = hs_array_append(&doubting->waiting);
		if (!slot)
			return hs_error_no_memory();
		*slot = node;
	}
	return NULL;
}

/* Its class, what many have: tells none of them from the others. */
static bool is_shared(const struct hs_graph *graph, hs_node node)
{
	const struct hs_type *type = hs_graph_type(graph, node);
	size_t n;

	if (!type || type->flags & HS_TPFLAGS_TYPE_SUBCLASS || hs_graph_is_hub(graph, node))
		return true;
	return hs_graph_sources(graph, node, &n) && n > MAX_REFERRERS;
}

/* One of its parts is its own, and known to have been there: then so was it. What has no parts is known by its own words. */
static bool has_proof(const struct doubting *doubting, hs_node node)
{
	size_t n, n_own = 0;
	const hs_node *targets = hs_graph_targets(doubting->graph, node, &n);

	for (size_t i = 0; i < n && n <= MAX_PARTS; i++) {
		if (!hs_graph_is_object(doubting->graph, targets[i]) || is_shared(doubting->graph, targets[i]))
			continue;
		if (doubting->lived[targets[i]] == HS_LIVED)
			return true;
		n_own++;
	}
	return !n_own || n > MAX_PARTS;
}

static bool is_known_by_parts(const struct hs_graph *graph, hs_node node)
{
	const struct hs_type *type = hs_graph_type(graph, node);

	return type && !type->kind->is_leaf && (path_shapes_is_instance(type) || may_be_remade(graph, node));
}

/* An instance whose list was made again with it, at the same address, looks as before for that address alone. */
static struct hs_error *doubt_if_unproven(struct doubting *doubting, hs_node node)
{
	if (!hs_graph_is_object(doubting->graph, node) || doubting->lived[node] != HS_LIVED || !is_known_by_parts(doubting->graph, node) ||
	    has_proof(doubting, node))
		return NULL;
	doubting->lived[node] = HS_LIVED_UNKNOWN;
	hs_node *slot = hs_array_append(&doubting->waiting);
	if (!slot)
		return hs_error_no_memory();
	*slot = node;
	return NULL;
}

static struct hs_error *doubt_holders(struct doubting *doubting)
{
	for (hs_node node = 0; node < hs_graph_node_count(doubting->graph); node++)
		HS_TRY(doubt_if_unproven(doubting, node));
	while (doubting->waiting.n) {
		size_t n;
		const hs_node *sources = hs_graph_sources(doubting->graph, doubting->waiting.items[--doubting->waiting.n], &n);
		for (size_t i = 0; sources && i < n && i < MAX_REFERRERS; i++)
			HS_TRY(doubt_if_unproven(doubting, sources[i]));
	}
	return NULL;
}

struct hs_error *hs_lived_doubt(const struct hs_graph *graph, uint8_t *lived)
{
	HS_CLEANUP(doubting_deinit) struct doubting doubting = { .graph = graph, .lived = lived };

	HS_TRY(doubt_holders(&doubting));
	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		if (!hs_graph_is_object(graph, node) || lived[node] == HS_LIVED)
			continue;
		HS_TRY(doubt_targets(&doubting, node));
		while (doubting.waiting.n)
			HS_TRY(doubt_targets(&doubting, doubting.waiting.items[--doubting.waiting.n]));
	}
	return NULL;
}
