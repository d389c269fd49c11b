/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where something grows, in groups: containers that became longer and kept what they had; and, below old objects that are no such
 * containers, the first new object, or what lies below it as far as that is nearly all of it. Rules 3 and 4.
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dict.h"
#include "suspect_internal.h"

/* A new object that has so much of what gathers above it is where to look. */
#define NEARLY_ALL 0.8
/* Objects of one type that lead to each other: fewer in a row are no chain. */
#define LEAST_LINKS 8
#define MAX_ROUND 4
#define MAX_WALK (1u << 20)
/* What is less, in bytes and as a part of all growth, is not looked at. */
#define LEAST_GROWTH 1024
#define LEAST_SHARE 0.002

static uint32_t number_above(const struct suspect_search *search, hs_node node)
{
	return hs_dominator_number(search->tree, node);
}

/*
 * The place of the type with least bytes. The new one takes its bytes on as well, as it may have been there before and lost its place: so
 * a type that has more than a part of all is never missing at the end. Its count stays a lower bound.
 */
static unsigned make_place(struct suspect_tally *tally, uint32_t type)
{
	unsigned least = 0;

	for (unsigned i = 1; i < tally->n; i++)
		least = tally->bytes[i] < tally->bytes[least] ? i : least;
	tally->types[least] = type;
	tally->counts[least] = 0;
	return least;
}

void suspect_tally_add(struct suspect_tally *tally, uint32_t type, uint64_t count, double bytes)
{
	unsigned i = 0;

	while (i < tally->n && tally->types[i] != type)
		i++;
	if (i == tally->n && i < SUSPECT_MAX_TALLY)
		tally->types[tally->n++] = type;
	else if (i == tally->n)
		i = make_place(tally, type);
	tally->counts[i] += count;
	tally->bytes[i] += bytes;
}

void suspect_tally_sort(struct suspect_tally *tally)
{
	for (unsigned i = 1; i < tally->n; i++)
		for (unsigned k = i; k > 0 && tally->bytes[k] > tally->bytes[k - 1]; k--) {
			struct suspect_tally was = *tally;
			tally->types[k] = was.types[k - 1], tally->types[k - 1] = was.types[k];
			tally->counts[k] = was.counts[k - 1], tally->counts[k - 1] = was.counts[k];
			tally->bytes[k] = was.bytes[k - 1], tally->bytes[k - 1] = was.bytes[k];
		}
}

/* It grows to its bound, and no more: nobody's leak. What it holds are names, which hold nothing. */
static bool is_in_type_cache(const struct suspect_search *search, const struct path_shape *shape)
{
	return shape->before == NO_SHAPE && hs_reach_root_at(search->input->reach, shape->root)->is_type_cache;
}

static struct hs_error *group_at(struct suspect_search *search, hs_node node, uint32_t *ret)
{
	uint32_t shape;

	*ret = HS_NO_INDEX;
	HS_TRY(path_shapes_of(&search->shapes, node, &shape));
	if (shape == NO_SHAPE || is_in_type_cache(search, &search->shapes.list.items[shape]))
		return NULL;
	while (search->by_shape.n <= shape)
		if (!hs_array_append(&search->by_shape))
			return hs_error_no_memory();
	if (!search->by_shape.items[shape]) {
		struct suspect_group *group = hs_array_append(&search->groups);
		if (!group)
			return hs_error_no_memory();
		*group = (struct suspect_group){ .shape = shape, .best = HS_NO_NODE, .twin = (uint32_t)search->groups.n - 1 };
		search->by_shape.items[shape] = (uint32_t)search->groups.n;
	}
	*ret = search->by_shape.items[shape] - 1;
	return NULL;
}

static void add_member(struct suspect_group *group, hs_node node, double growth)
{
	group->members++;
	if (group->best == HS_NO_NODE || growth > group->best_growth) {
		group->best = node;
		group->best_growth = growth;
	}
}

static bool add_lengths(const struct suspect_search *search, struct suspect_group *group, const struct hs_container_history *history)
{
	size_t n = search->input->n_samples;

	if (!group->lengths)
		group->lengths = calloc(n + 1, sizeof(*group->lengths));
	if (!group->is_unknown)
		group->is_unknown = calloc(n + 1, sizeof(*group->is_unknown));
	if (!group->lengths || !group->is_unknown)
		return false;
	group->lengths[n - 1] += history->length;
	for (size_t i = n - 1, length = history->length; i-- > 0;) {
		bool is_known = true;
		length = hs_observed_length_then(&search->observed, history, i, length, &is_known);
		group->lengths[i] += length;
		group->is_unknown[i] |= !is_known;
	}
	group->items += history->length - history->length_then;
	/* by length, so that one long container counts as much as many short ones */
	double weight = (double)(history->length - history->length_then) + 1;
	if (history->kept >= 0) {
		group->kept += history->kept * weight;
		group->weight += weight;
	}
	return true;
}

/* How many of its n references can be to new objects; of a dict, an item has two. */
static uint64_t most_new(const struct hs_container_history *history, size_t n)
{
	if (history->kept < 0)
		return UINT64_MAX;
	double room = (double)history->length - history->kept * (double)history->length_then;
	return (uint64_t)(room + 0.5) * (n >= 2 * history->length ? 2 : 1);
}

/* Joined by path, all items count as new, of whatever type: as many of each as the container got of all. */
static uint64_t new_ones(const struct suspect_search *search, const struct hs_container_history *history, uint64_t n_fresh, uint64_t most)
{
	if (search->input->is_by_path && history->length > history->length_then)
		return (uint64_t)((double)n_fresh * (double)(history->length - history->length_then) / (double)history->length + 0.5);
	return n_fresh < most ? n_fresh : most;
}

/*
 * What is new right below a container, by type. Objects that look like any other count as new, the old ones among them, too: there are
 * no more than the container has got.
 */
static void tally_items(struct suspect_search *search, struct suspect_group *group, const struct hs_container_history *history)
{
	const struct hs_observed_growth *observed = &search->observed;
	struct suspect_tally own = { 0 };
	size_t n;
	const hs_node *targets = hs_graph_targets(search->input->graph, history->node, &n);
	uint64_t most = most_new(history, n);

	for (size_t i = 0; i < n; i++)
		if (hs_is_fresh(observed, targets[i]))
			suspect_tally_add(&own, hs_observed_group(observed, targets[i]), 1, hs_accumulation_at(&observed->accumulation, targets[i]));
	for (unsigned i = 0; i < own.n; i++)
		suspect_tally_add(&group->tally, own.types[i], new_ones(search, history, own.counts[i], most), own.bytes[i]);
}

/* A new object that hangs on an old one. */
static bool hangs_on_old(const struct suspect_search *search, hs_node node)
{
	hs_node above = search->tree->order[number_above(search, node)];

	return above >= search->tree->n || !hs_is_fresh(&search->observed, above);
}

/*
 * Goes through all that is new and reached from the container by way of what is new, as far as nobody has been there. Returns what of it
 * hangs on others, who hold it, too.
 */
static struct hs_error *claim(struct suspect_search *search, hs_node container, double *ret_shared)
{
	const struct hs_csr *graph = hs_object_graph_csr(search->input->holders);
	const struct hs_observed_growth *observed = &search->observed;
	uint32_t own = search->tree->place[container];

	search->waiting.n = 0;
	*ret_shared = 0;
	for (hs_node at = container;;) {
		for (uint64_t edge = hs_csr_begin(graph, at), end = hs_csr_end(graph, at); edge < end; edge++) {
			hs_node target = graph->targets[edge];
			if (!hs_is_fresh(observed, target) || hs_bit(search->claimed, target) || !hs_is_reached(search->tree, target))
				continue;
			hs_set_bit(search->claimed, target);
			if (number_above(search, target) != own && hangs_on_old(search, target))
				*ret_shared += hs_accumulation_at(&observed->accumulation, target);
			if (hs_csr_is_leaf(graph, target))
				continue;
			hs_node *slot = hs_array_append(&search->waiting);
			if (!slot)
				return hs_error_no_memory();
			*slot = target;
		}
		if (!search->waiting.n)
			return NULL;
		at = search->waiting.items[--search->waiting.n];
	}
}

static struct hs_error *add_container(struct suspect_search *search, const struct hs_container_history *history)
{
	uint32_t number;

	/* an index: what it has is held by others, or by nothing */
	if (hs_dict_is_interned(search->input->heap->py, hs_graph_address(search->input->graph, history->node)))
		return NULL;
	HS_TRY(group_at(search, history->node, &number));
	if (number == HS_NO_INDEX)
		return NULL;
	struct suspect_group *group = &search->groups.items[number];
	double exclusive = hs_accumulation_at(&search->observed.accumulation, history->node), shared;
	/* raw bytes: no number of the tree stands for it */
	if (!hs_is_numbered(search->tree, history->node) && history->own_growth > 0)
		exclusive += (double)history->own_growth;
	tally_items(search, group, history);
	HS_TRY(claim(search, history->node, &shared));
	double slow = history->is_slow ? suspect_add_slow(search, group, history) : 0;
	struct suspect_place *place = hs_array_append(&search->places);
	if (!place || !add_lengths(search, group, history))
		return hs_error_no_memory();
	*place = (struct suspect_place){ history->node, number };
	group->exclusive += exclusive;
	group->shared += shared;
	add_member(group, history->node, exclusive + shared + slow);
	return NULL;
}

static struct hs_error *add_containers(struct suspect_search *search)
{
	const struct hs_container_histories *containers = &search->observed.containers;

	for (size_t i = 0; i < containers->n; i++)
		if (containers->items[i].is_grower && !hs_is_fresh(&search->observed, containers->items[i].node))
			HS_TRY(add_container(search, &containers->items[i]));
	return NULL;
}

static int compare_places(const void *a, const void *b)
{
	const struct suspect_place *left = a, *right = b;

	return left->node < right->node ? -1 : left->node > right->node;
}

uint32_t suspect_group_of(const struct suspect_search *search, hs_node container)
{
	const struct suspect_place wanted = { .node = container };
	const struct suspect_place *found =
		search->places.n ? bsearch(&wanted, search->places.items, search->places.n, sizeof(wanted), compare_places) : NULL;

	return found ? found->group : HS_NO_INDEX;
}

/* The new node below `node` that has nearly all of what gathers there; HS_NO_NODE: it fans out. */
static hs_node next_below(const struct suspect_search *search, hs_node node)
{
	const struct hs_accumulation *accumulation = &search->observed.accumulation;

	if (!hs_is_numbered(search->tree, node))
		return HS_NO_NODE;
	uint32_t number = search->tree->place[node], below = search->heaviest.of[number];
	if (!below || accumulation->growth[below] < NEARLY_ALL * accumulation->growth[number])
		return HS_NO_NODE;
	return search->tree->order[below];
}

/* How many objects of the type of `node` lead to each other from there on, with at most MAX_ROUND - 1 others between two. */
static uint64_t count_links(const struct suspect_search *search, hs_node node)
{
	const struct hs_type *type = hs_graph_type(search->input->graph, node);
	uint64_t links = 1;
	unsigned between = 0;

	for (unsigned i = 0; i < MAX_WALK && between < MAX_ROUND; i++) {
		const struct hs_accumulation *accumulation = &search->observed.accumulation;
		uint32_t number = hs_is_numbered(search->tree, node) ? search->heaviest.of[search->tree->place[node]] : 0;
		if (!number || accumulation->growth[number] <= 0)
			break;
		node = search->tree->order[number];
		between = hs_graph_type(search->input->graph, node) == type ? 0 : between + 1;
		links += between == 0;
	}
	return links;
}

/* The place to name, at or below the first new object. */
static hs_node descend(const struct suspect_search *search, hs_node top, uint64_t *ret_links)
{
	hs_node at = top;

	*ret_links = count_links(search, top);
	if (*ret_links >= LEAST_LINKS)
		return top;
	*ret_links = 0;
	for (unsigned i = 0; i < MAX_ROUND * LEAST_LINKS; i++) {
		hs_node below = next_below(search, at);
		const struct hs_container_history *history = hs_observed_history(&search->observed, at);
		if (below == HS_NO_NODE || (history && history->is_grower))
			break;
		at = below;
	}
	return at;
}

static void tally_chain(struct suspect_search *search, struct suspect_group *group, hs_node node, uint64_t n_links)
{
	uint32_t type = hs_observed_group(&search->observed, node);
	double bytes = hs_accumulation_at(&search->observed.accumulation, node);

	group->is_chain = true;
	group->links += n_links;
	group->items += n_links;
	suspect_tally_add(&group->tally, type, n_links, bytes);
}

static struct hs_error *add_top(struct suspect_search *search, hs_node top)
{
	double growth = hs_accumulation_at(&search->observed.accumulation, top);
	uint64_t n_links;
	hs_node node = descend(search, top, &n_links);
	uint32_t number;

	HS_TRY(group_at(search, node, &number));
	if (number == HS_NO_INDEX)
		return NULL;
	struct suspect_group *group = &search->groups.items[number];
	const struct hs_container_history *history = hs_observed_history(&search->observed, node);
	group->exclusive += growth;
	group->n_rooted += number_above(search, top) == 0;
	add_member(group, node, growth);
	if (n_links) {
		tally_chain(search, group, node, n_links);
		return NULL;
	}
	if (history && history->is_grower) {
		tally_items(search, group, history);
		return add_lengths(search, group, history) ? NULL : hs_error_no_memory();
	}
	suspect_tally_add(&group->tally, hs_observed_group(&search->observed, node), 1, growth);
	return NULL;
}

/* The first new object below one that is old and no container of the list. */
static bool is_top(const struct suspect_search *search, hs_node node)
{
	const struct hs_dominators *tree = search->tree;
	const struct hs_observed_growth *observed = &search->observed;

	if (!hs_is_reached(tree, node) || hs_bit(observed->vouched, node) || hs_bit(search->claimed, node))
		return false;
	uint32_t number = number_above(search, node);
	if (number >= tree->unreachable)
		return false;
	hs_node above = tree->order[number];
	return above >= tree->n || (!hs_is_fresh(observed, above) && suspect_group_of(search, above) == HS_NO_INDEX);
}

static struct hs_error *add_tops(struct suspect_search *search)
{
	const uint64_t *fresh = search->observed.fresh;
	hs_node n = hs_graph_node_count(search->input->graph);

	for (hs_node node = hs_next_bit(fresh, 0, n); node < n; node = hs_next_bit(fresh, node + 1, n))
		if (is_top(search, node) && hs_accumulation_at(&search->observed.accumulation, node) >= 1)
			HS_TRY(add_top(search, node));
	return NULL;
}

double suspect_group_growth(const struct suspect_group *group)
{
	return group->exclusive + group->shared;
}

static int compare_groups(const void *a, const void *b, void *context)
{
	const struct suspect_search *search = context;
	const struct suspect_group *left = &search->groups.items[*(const uint32_t *)a], *right = &search->groups.items[*(const uint32_t *)b];
	double left_growth = suspect_group_growth(left), right_growth = suspect_group_growth(right);

	if (left_growth != right_growth)
		return left_growth > right_growth ? -1 : 1;
	return left->shape < right->shape ? -1 : left->shape > right->shape;
}

static struct hs_error *select_groups(struct suspect_search *search)
{
	double least = LEAST_SHARE * search->observed.accumulation.total;

	least = least > LEAST_GROWTH ? least : LEAST_GROWTH;
	for (uint32_t i = 0; i < search->groups.n; i++) {
		const struct suspect_group *group = &search->groups.items[i];
		/* a container whose new items are everybody's has no bytes of its own to show */
		if (suspect_group_growth(group) < least && group->items + group->slow_items < LEAST_LINKS)
			continue;
		uint32_t *slot = hs_array_append(&search->selected);
		if (!slot)
			return hs_error_no_memory();
		*slot = i;
	}
	if (search->selected.n)
		qsort_r(search->selected.items, search->selected.n, sizeof(*search->selected.items), compare_groups, search);
	if (search->selected.n > SUSPECT_MAX_GROUPS)
		search->selected.n = SUSPECT_MAX_GROUPS;
	return NULL;
}

struct hs_error *suspect_search_groups(struct suspect_search *search)
{
	HS_TRY(path_shapes_init(&search->shapes, search->input->reach, search->input->graph, false));
	search->shapes.merges_all = true;
	HS_TRY(hs_heaviest_init(&search->heaviest, &search->observed.accumulation));
	search->claimed = calloc(hs_bit_words(hs_graph_node_count(search->input->graph)), sizeof(*search->claimed));
	if (!search->claimed)
		return hs_error_no_memory();
	HS_TRY(add_containers(search));
	if (search->places.n)
		qsort(search->places.items, search->places.n, sizeof(*search->places.items), compare_places);
	HS_TRY(add_tops(search));
	for (size_t i = 0; i < search->groups.n; i++)
		suspect_tally_sort(&search->groups.items[i].tally);
	return select_groups(search);
}

void suspect_search_deinit(struct suspect_search *search)
{
	for (size_t i = 0; i < search->groups.n; i++) {
		free(search->groups.items[i].lengths);
		free(search->groups.items[i].is_unknown);
	}
	hs_array_free(&search->groups);
	hs_array_free(&search->places);
	hs_array_free(&search->by_shape);
	hs_array_free(&search->selected);
	hs_array_free(&search->waiting);
	free(search->claimed);
	hs_heaviest_deinit(&search->heaviest);
	path_shapes_deinit(&search->shapes);
	hs_observed_deinit(&search->observed);
	free(search->origins);
}
