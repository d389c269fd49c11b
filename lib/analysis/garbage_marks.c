/* SPDX-License-Identifier: Apache-2.0 */
/* What may keep a cycle from going when the collector finds it: code that runs before, and what that code can do. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "garbage_internal.h"
#include "generator.h"
#include "reference_name.h"

struct marking {
	const struct hs_garbage *garbage;
	struct hs_cycles *cycles;
	struct place {      /* of each object of the list, ascending */
		uint32_t node, cycle;
	} *places;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	return left->node < right->node ? -1 : left->node > right->node;
}

/* A generator that has ended has nothing left to run. */
static bool runs_code(const struct hs_graph *graph, hs_node node, const struct hs_type *type)
{
	struct hs_heap_object entry;

	if (!type->has_finalizer)
		return false;
	if (!hs_graph_object(graph, node, &entry) || !hs_is_generator(&entry.object))
		return true;
	return hs_generator_state(hs_graph_python(graph), &entry.object) != HS_GENERATOR_ENDED;
}

static void mark_objects(const struct hs_garbage *garbage, struct hs_cycles *cycles, const uint64_t *uncollectable)
{
	for (size_t i = 0; i < cycles->list.n; i++) {
		const struct hs_cycle *cycle = &cycles->list.items[i];
		const uint32_t *nodes = cycles->list.nodes + cycle->first;
		struct hs_cycle_marks *marks = &cycles->marks[i];
		uint16_t domain = garbage->collectable.domains[nodes[0]];
		marks->interpreter = domain ? domain - 1u : 0;
		marks->is_uncollectable = uncollectable && hs_bit(uncollectable, nodes[0]);
		for (uint32_t k = 0; k < cycle->n_nodes; k++) {
			const struct hs_type *type = hs_graph_type(garbage->graph, nodes[k]);
			marks->n_finalizers += type && runs_code(garbage->graph, nodes[k], type);
			marks->n_legacy += type && type->has_legacy_finalizer;
		}
		cycles->n_objects += cycle->n_nodes;
		cycles->bytes += cycle->bytes;
	}
}

/* True if instances are weak references: their struct has a member of that kind which is no list of such. */
static bool is_weak_reference(const struct hs_type *type)
{
	for (size_t i = 0; type && i < type->fields.n; i++)
		if (type->fields.items[i].relation == HS_WEAK && !strcmp(type->fields.items[i].name, "object"))
			return true;
	return false;
}

struct weak_edges {
	hs_node target;
	bool has_callback;
};

static bool look_at_edge(void *context, const struct hs_graph_edge *edge)
{
	struct weak_edges *edges = context;

	if (edge->kind != HS_EDGE_FIELD && edge->kind != HS_EDGE_SLOT)
		return true;
	if (edge->relation == HS_WEAK && !strcmp(edge->run->name, "object"))
		edges->target = edge->target;
	edges->has_callback |= edge->relation & HS_OWNED && strstr(edge->run->name, "callback") != NULL;
	return true;
}

static void mark_callbacks(const struct marking *marking, hs_node reference)
{
	struct weak_edges edges = { .target = HS_NO_NODE };

	hs_graph_each_edge(marking->garbage->graph, reference, look_at_edge, &edges);
	if (edges.target == HS_NO_NODE || !edges.has_callback)
		return;
	const struct place key = { .node = edges.target };
	const struct place *place = bsearch(&key, marking->places, marking->cycles->list.n_nodes, sizeof(key), compare_places);
	/* one that goes itself calls nobody (Modules/gcmodule.c handle_weakrefs) */
	if (place && !bsearch(&(struct place){ .node = reference }, marking->places, marking->cycles->list.n_nodes, sizeof(key), compare_places))
		marking->cycles->marks[place->cycle].n_callbacks++;
}

static struct hs_error *find_callbacks(const struct marking *marking)
{
	const struct hs_graph *graph = marking->garbage->graph;
	size_t n_types;
	const struct hs_type *const *types = hs_types_all(hs_graph_types(graph), &n_types);
	HS_FREE bool *is_weak = calloc(n_types + 1, sizeof(*is_weak));

	if (!is_weak)
		return hs_error_no_memory();
	for (size_t i = 0; i < n_types; i++)
		is_weak[i] = is_weak_reference(types[i]);
	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		const struct hs_type *type = hs_graph_type(graph, node);
		if (type && type->index < n_types && is_weak[type->index])
			mark_callbacks(marking, node);
	}
	return NULL;
}

struct hs_error *garbage_mark(const struct hs_garbage *garbage, struct hs_cycles *cycles, const uint64_t *uncollectable)
{
	struct hs_cycle_list *list = &cycles->list;
	HS_FREE struct place *places = calloc(list->n_nodes + 1, sizeof(*places));
	const struct marking marking = { .garbage = garbage, .cycles = cycles, .places = places };

	cycles->marks = calloc(list->n + 1, sizeof(*cycles->marks));
	if (!cycles->marks || !places)
		return hs_error_no_memory();
	mark_objects(garbage, cycles, uncollectable);
	if (!list->n)
		return NULL;
	for (size_t i = 0; i < list->n; i++)
		for (uint32_t k = 0; k < list->items[i].n_nodes; k++)
			places[list->items[i].first + k] = (struct place){ list->nodes[list->items[i].first + k], (uint32_t)i };
	qsort(places, list->n_nodes, sizeof(*places), compare_places);
	return find_callbacks(&marking);
}
