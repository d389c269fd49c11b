/* SPDX-License-Identifier: Apache-2.0 */
/* From a heap's graph to the plain arrays of the simulated collection, and back to objects. */
#include "garbage.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "collection.h"
#include "garbage_internal.h"
#include "monotonic.h"
#include "reference_name.h"
#include "repr.h"

static struct hs_csr owned_rows(const struct hs_graph *graph)
{
	return (struct hs_csr){ hs_graph_node_count(graph), *hs_graph_rows(graph), hs_graph_all_targets(graph) };
}

static uint64_t references(const void *context, uint32_t node, size_t i)
{
	return hs_graph_target_count(context, node, i);
}

static bool refcount(const void *context, uint32_t node, uint64_t *ret)
{
	const struct hs_graph *graph = context;
	struct hs_heap_object entry;

	return hs_graph_object(graph, node, &entry) && hs_object_refcount(hs_graph_python(graph), &entry.object, ret);
}

static uint64_t *copy_of(const uint64_t *set, uint32_t n)
{
	uint64_t *copy = calloc(hs_bit_words(n), sizeof(*copy));

	if (copy)
		memcpy(copy, set, hs_bit_words(n) * sizeof(*copy));
	return copy;
}

static const struct hs_collection_pair *scanned_pairs(const struct hs_garbage *garbage)
{
	_Static_assert(sizeof(struct hs_scanned_reference) == sizeof(struct hs_collection_pair), "one and the same");
	return (const struct hs_collection_pair *)garbage->collectable.scanned;
}

/* Objects with tp_del in the set, and what they lead to within it. */
static struct hs_error *find_uncollectable(const struct hs_garbage *garbage, const uint64_t *within, uint64_t **ret)
{
	uint32_t n = garbage->told.n;
	HS_FREE uint64_t *set = calloc(hs_bit_words(n), sizeof(*set));

	if (!set)
		return hs_error_no_memory();
	for (uint32_t node = 0; node < n; node++) {
		const struct hs_type *type = hs_bit(within, node) ? hs_graph_type(garbage->graph, node) : NULL;
		if (type && type->has_legacy_finalizer)
			hs_set_bit(set, node);
	}
	if (!hs_is_empty_set(set, n))
		HS_TRY(hs_collection_follow(&garbage->told, scanned_pairs(garbage), garbage->collectable.n_scanned, within, set));
	*ret = hs_take(set);
	return NULL;
}

/* The cycles of a set and what dies with it; *ret_dead is all of that, freed by the caller. */
static struct hs_error *list_cycles(const struct hs_garbage *garbage, const uint64_t *set, struct hs_cycles *ret, uint64_t **ret_dead)
{
	const struct hs_csr owned = owned_rows(garbage->graph);
	HS_FREE uint64_t *dead = copy_of(set, owned.n), *uncollectable = NULL;
	const struct hs_death_input dying = { .owned = &owned, .references = references, .refcount = refcount, .context = garbage->graph };

	if (!dead)
		return hs_error_no_memory();
	if (hs_is_empty_set(set, owned.n)) {
		*ret_dead = hs_take(dead);
		return NULL;
	}
	HS_TRY(find_uncollectable(garbage, set, &uncollectable));
	HS_TRY(hs_collection_deaths(&dying, dead));
	const struct hs_cycle_input input = {
		.told = &garbage->told, .set = set, .dead = dead, .owned = &owned, .sizes = hs_graph_sizes(garbage->graph),
	};
	HS_TRY(hs_cycles_find(&input, &ret->list));
	HS_TRY(garbage_mark(garbage, ret, uncollectable));
	*ret_dead = hs_take(dead);
	return NULL;
}

static struct hs_error *simulate(struct hs_garbage *garbage, uint64_t **ret_dead)
{
	uint64_t start = hs_monotonic_ns();

	HS_TRY(hs_collectable_init(&garbage->collectable, garbage->graph));
	garbage->told = (struct hs_csr){ garbage->collectable.n, garbage->collectable.rows, garbage->collectable.targets };
	const struct hs_collection_input input = { &garbage->told, garbage->collectable.domains, garbage->collectable.held };
	HS_TRY(hs_collection_unreachable(&input, &garbage->unreachable));
	garbage->simulation_ns = hs_monotonic_ns() - start;
	return list_cycles(garbage, garbage->unreachable, &garbage->found, ret_dead);
}

/* The tracked ones among the objects that no exact root reaches, without those that the simulation found; NULL: memory is out. */
static uint64_t *perhaps_candidates(const struct hs_garbage *garbage)
{
	uint64_t *set = copy_of(garbage->doubtful, garbage->told.n);

	for (size_t i = 0; set && i < hs_bit_words(garbage->told.n); i++) {
		set[i] &= ~garbage->unreachable[i];
		for (uint64_t rest = set[i]; rest; rest &= rest - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(rest);
			if (!garbage->collectable.domains[i * 64 + bit])
				set[i] &= ~((uint64_t)1 << bit);
		}
	}
	return set;
}

static struct hs_error *find_perhaps(struct hs_garbage *garbage, uint64_t **ret_dead)
{
	const struct hs_collection_input input = { &garbage->told, garbage->collectable.domains, garbage->collectable.held };
	HS_FREE uint64_t *candidates = perhaps_candidates(garbage), *set = NULL;

	if (!candidates)
		return hs_error_no_memory();
	HS_TRY(hs_collection_perhaps(&input, scanned_pairs(garbage), garbage->collectable.n_scanned, candidates, &set));
	return list_cycles(garbage, set, &garbage->perhaps, ret_dead);
}

struct hs_error *hs_garbage_find(struct hs_garbage *garbage, const struct hs_graph *graph, const struct hs_object_graph *holders)
{
	HS_FREE uint64_t *dead = NULL, *perhaps_dead = NULL;

	*garbage = (struct hs_garbage){ .graph = graph, .holders = holders };
	HS_TRY(simulate(garbage, &dead));
	if (!holders)
		return NULL;
	HS_TRY(hs_object_graph_doubtful(holders, &garbage->doubtful));
	HS_TRY(find_perhaps(garbage, &perhaps_dead));
	for (size_t i = 0; i < hs_bit_words(garbage->told.n); i++)
		dead[i] |= perhaps_dead[i];
	return garbage_find_hidden(garbage, dead);
}

static void cycles_deinit(struct hs_cycles *cycles)
{
	hs_cycles_deinit(&cycles->list);
	free(cycles->marks);
}

void hs_garbage_deinit(struct hs_garbage *garbage)
{
	cycles_deinit(&garbage->found);
	cycles_deinit(&garbage->perhaps);
	cycles_deinit(&garbage->never);
	free(garbage->hidden);
	free(garbage->unreachable);
	free(garbage->doubtful);
	hs_collectable_deinit(&garbage->collectable);
}

/* Classes, modules, and what hangs on both: nodes that every cycle could be led through. */
static void leave_out_namespaces(const struct hs_garbage *garbage, uint64_t *set)
{
	const struct hs_cpython *py = hs_graph_python(garbage->graph);

	for (uint32_t node = 0; node < garbage->told.n; node++) {
		const struct hs_type *type = hs_bit(set, node) ? hs_graph_type(garbage->graph, node) : NULL;
		struct hs_heap_object entry;
		if (!type)
			continue;
		bool is_module = !strcmp(type->kind->tp_name, "module");
		if (is_module || type->flags & HS_TPFLAGS_TYPE_SUBCLASS)
			set[node / 64] &= ~((uint64_t)1 << node % 64);
		if (!is_module || !hs_graph_object(garbage->graph, node, &entry))
			continue;
		hs_node dict = hs_graph_node_at(garbage->graph, hs_object_field(py, &entry.object, "__dict__"));
		if (dict != HS_NO_NODE)
			set[dict / 64] &= ~((uint64_t)1 << dict % 64);
	}
}

struct hs_error *hs_garbage_reachable_cycles(const struct hs_garbage *garbage, struct hs_cycle_list *ret)
{
	uint32_t n = garbage->told.n;
	HS_FREE uint64_t *set = calloc(hs_bit_words(n), sizeof(*set));

	if (!set)
		return hs_error_no_memory();
	for (uint32_t node = 0; node < n; node++)
		if (garbage->collectable.domains[node] && !hs_bit(garbage->unreachable, node))
			hs_set_bit(set, node);
	leave_out_namespaces(garbage, set);
	const struct hs_cycle_input input = { .told = &garbage->told, .set = set, .sizes = hs_graph_sizes(garbage->graph) };
	return hs_cycles_find(&input, ret);
}
