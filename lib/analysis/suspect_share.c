/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that hold the same new objects: a list and an index over it are one suspect with two tails, and each alone would look as if
 * it shared all that it holds. What is left is held by others, who might keep it alive were the suspect emptied.
 */
#include <stdlib.h>

#include "cleanup.h"
#include "lru_cache.h"
#include "suspect_internal.h"

#define MAX_SHARED ((size_t)1 << 18)  /* new objects that are kept in mind */
#define MAX_ASKED 256                 /* of a group, whose referrers are looked at */
#define MAX_REFERRERS 64
#define TWIN_OVERLAP 0.5
#define BOUND_OVERLAP 0.95

/* Groups that hold one new object. */
#define MAX_HOLDERS 4
struct holders {
	uint32_t groups[MAX_HOLDERS];
	unsigned n;
};

struct sharing {
	struct suspect_search *search;
	struct hs_address_index index; /* node + 1 → shared */
	HS_ARRAY(struct holders) shared;
	uint64_t *held;                /* by group: new objects in the index */
	uint32_t *pairs;               /* group × group: those that both hold; by place among the selected */
	uint32_t *place_of;            /* by group: place among the selected + 1 */
};

static void sharing_deinit(struct sharing *sharing)
{
	hs_address_index_free(&sharing->index);
	hs_array_free(&sharing->shared);
	free(sharing->held);
	free(sharing->pairs);
	free(sharing->place_of);
}

static bool is_selected(const struct sharing *sharing, uint32_t group)
{
	return group != HS_NO_INDEX && sharing->place_of[group];
}

static struct hs_error *add_items(struct sharing *sharing, const struct suspect_place *place)
{
	const struct suspect_search *search = sharing->search;
	size_t n;
	const hs_node *targets = hs_graph_targets(search->input->graph, place->node, &n);

	for (size_t i = 0; i < n; i++) {
		bool is_new;
		if (!hs_is_fresh(&search->observed, targets[i]) || hs_dominator_number(search->tree, targets[i]) == search->tree->place[place->node])
			continue;
		uint32_t number = sharing->shared.n < MAX_SHARED ? hs_address_index_add(&sharing->index, (uint64_t)targets[i] + 1, &is_new)
								 : hs_address_index_find(&sharing->index, (uint64_t)targets[i] + 1);
		if (number == HS_NO_INDEX)
			continue;
		while (sharing->shared.n <= number)
			if (!hs_array_append(&sharing->shared))
				return hs_error_no_memory();
		struct holders *holders = &sharing->shared.items[number];
		bool is_known = false;
		for (unsigned k = 0; k < holders->n; k++)
			is_known |= holders->groups[k] == place->group;
		if (!is_known && holders->n < MAX_HOLDERS)
			holders->groups[holders->n++] = place->group;
		sharing->held[place->group] += !is_known;
	}
	return NULL;
}

static uint32_t *pair(struct sharing *sharing, uint32_t a, uint32_t b)
{
	return &sharing->pairs[(size_t)(sharing->place_of[a] - 1) * SUSPECT_MAX_GROUPS + sharing->place_of[b] - 1];
}

static void count_pairs(struct sharing *sharing)
{
	for (size_t i = 0; i < sharing->shared.n; i++) {
		const struct holders *holders = &sharing->shared.items[i];
		for (unsigned a = 0; a < holders->n; a++)
			for (unsigned b = 0; b < holders->n; b++)
				if (a != b)
					++*pair(sharing, holders->groups[a], holders->groups[b]);
	}
}

static uint32_t twin_of(const struct suspect_search *search, uint32_t group)
{
	while (search->groups.items[group].twin != group)
		group = search->groups.items[group].twin;
	return group;
}

static bool goes_first(const struct suspect_search *search, uint32_t a, uint32_t b)
{
	const struct suspect_group *left = &search->groups.items[a], *right = &search->groups.items[b];

	/* one that is not shown would hide the other */
	if (left->is_passing != right->is_passing)
		return right->is_passing;
	if (suspect_group_growth(left) != suspect_group_growth(right))
		return suspect_group_growth(left) > suspect_group_growth(right);
	return a < b;
}

/* Both hold mostly the same: the one that holds more goes first. Groups hang on roots only, so that no way leads around. */
static void join(struct suspect_search *search, uint32_t a, uint32_t b)
{
	a = twin_of(search, a);
	b = twin_of(search, b);
	/* what is held by one with a bound says nothing of what the other holds besides */
	if (a == b || search->groups.items[a].has_bound != search->groups.items[b].has_bound)
		return;
	bool is_first = goes_first(search, a, b);
	search->groups.items[is_first ? b : a].twin = is_first ? a : b;
}

/* Who is bounded holds nothing for ever; who holds only what that one holds goes with it. Done before others are joined: then all are roots. */
static void join_bounded(struct suspect_search *search, uint32_t a, uint32_t b, uint32_t both)
{
	uint32_t bounded = search->groups.items[a].has_bound ? a : b, free = bounded == a ? b : a;

	/* of a dict, new keys or new values: as many as it grew by */
	if ((double)both >= BOUND_OVERLAP * (double)search->groups.items[free].items && search->groups.items[free].twin == free)
		search->groups.items[free].twin = bounded;
}

/* Of all pairs that hold much of the same those of which one is bounded, or the others. */
static void join_pairs(struct sharing *sharing, bool is_bounded)
{
	struct suspect_search *search = sharing->search;

	for (size_t i = 0; i < search->selected.n; i++)
		for (size_t k = i + 1; k < search->selected.n; k++) {
			uint32_t a = search->selected.items[i], b = search->selected.items[k];
			uint64_t less = sharing->held[a] < sharing->held[b] ? sharing->held[a] : sharing->held[b];
			uint32_t both = *pair(sharing, a, b);
			if (!both || (double)both < TWIN_OVERLAP * (double)less)
				continue;
			bool is_of_two_kinds = search->groups.items[a].has_bound != search->groups.items[b].has_bound;
			if (is_of_two_kinds && is_bounded)
				join_bounded(search, a, b, both);
			else if (!is_of_two_kinds && !is_bounded)
				join(search, a, b);
		}
}

struct hs_error *suspect_find_twins(struct suspect_search *search)
{
	HS_CLEANUP(sharing_deinit) struct sharing sharing = {
		.search = search,
		.held = calloc(search->groups.n + 1, sizeof(*sharing.held)),
		.pairs = calloc((size_t)SUSPECT_MAX_GROUPS * SUSPECT_MAX_GROUPS, sizeof(*sharing.pairs)),
		.place_of = calloc(search->groups.n + 1, sizeof(*sharing.place_of)),
	};

	if (!sharing.held || !sharing.pairs || !sharing.place_of)
		return hs_error_no_memory();
	for (size_t i = 0; i < search->selected.n; i++)
		sharing.place_of[search->selected.items[i]] = (uint32_t)i + 1;
	for (size_t i = 0; i < search->places.n; i++)
		if (is_selected(&sharing, search->places.items[i].group))
			HS_TRY(add_items(&sharing, &search->places.items[i]));
	count_pairs(&sharing);
	join_pairs(&sharing, true);
	join_pairs(&sharing, false);
	return NULL;
}

/* What would not keep an object alive were the suspect emptied: one of its own, what is new itself, what lets go of all that it takes. */
static bool is_no_holder(const struct suspect_search *search, uint32_t group, hs_node source)
{
	uint32_t other = suspect_group_of(search, source);
	const struct hs_container_history *history = hs_observed_history(&search->observed, source);

	const struct hs_type *type = hs_graph_type(search->input->graph, source);

	if ((other != HS_NO_INDEX && twin_of(search, other) == group) || !type)
		return true;
	/* the cache around its own table */
	if (hs_is_lru_cache(&(struct hs_object){ .type = type }))
		return true;
	return hs_is_fresh(&search->observed, source) || (history && history->is_turnover);
}

static bool is_held_elsewhere(const struct suspect_search *search, uint32_t group, hs_node node)
{
	size_t n;

	if (hs_graph_is_hub(search->input->graph, node))
		return true;
	const hs_node *sources = hs_graph_sources(search->input->graph, node, &n);
	for (size_t i = 0; sources && i < n && i < MAX_REFERRERS; i++)
		if (!is_no_holder(search, group, sources[i]))
			return true;
	return n > MAX_REFERRERS;
}

struct asking {
	uint32_t group;
	unsigned n;
	double held, all; /* bytes */
};

static void ask_of(const struct suspect_search *search, const struct suspect_place *place, struct asking *asking)
{
	size_t n;
	const hs_node *targets = hs_graph_targets(search->input->graph, place->node, &n);

	/* the newest ones stand at the end; others may only just be using them */
	for (size_t i = n; i-- > 0 && asking->n < MAX_ASKED;) {
		if (!hs_is_fresh(&search->observed, targets[i]) || hs_dominator_number(search->tree, targets[i]) == search->tree->place[place->node])
			continue;
		double bytes = hs_accumulation_at(&search->observed.accumulation, targets[i]) + 1;
		asking->all += bytes;
		asking->held += is_held_elsewhere(search, asking->group, targets[i]) ? bytes : 0;
		asking->n++;
	}
}

double suspect_share_of(struct suspect_search *search, uint32_t group)
{
	const struct suspect_group *found = &search->groups.items[group];
	struct asking asking = { .group = group };

	if (found->shared <= 0)
		return 1;
	for (size_t i = 0; i < search->places.n && asking.n < MAX_ASKED; i++)
		if (twin_of(search, search->places.items[i].group) == group)
			ask_of(search, &search->places.items[i], &asking);
	double elsewhere = asking.all > 0 ? found->shared * asking.held / asking.all : 0;
	return (suspect_group_growth(found) - elsewhere) / suspect_group_growth(found);
}
