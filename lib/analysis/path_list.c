/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths to one node, from what the search left behind. A further path follows the cheapest one backwards from the target,
 * turns off it at some node to another referrer or root, and goes on by that one's own cheapest path.
 *
 *     root ── … ── a ── b ── c ── target        the cheapest
 *     root' ── … ── x ──────┘                   turns off at c, to x
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "pages.h"
#include "paths.h"

#define MAX_TURNS 4096 /* nodes of a path, from the target on, at which others are looked for */
#define MAX_REFERRERS ((size_t)1 << 16) /* of all of them */
#define MAX_STEPS ((uint64_t)1 << 26)   /* that all further paths together may be followed */
#define MAX_PATHS 256

/* The least cost of the references from `source` to `target`; false when memory is out. */
static bool edge_cost(const struct hs_path_input *input, uint32_t source, uint32_t target, uint32_t *ret)
{
	const uint8_t *by_class = input->costs[input->classes ? input->classes[source] : 0];
	uint64_t begin = hs_csr_begin(input->graph, source), end = hs_csr_end(input->graph, source);

	if (by_class[0] != HS_PATH_ASK) {
		*ret = by_class[input->classes ? input->classes[target] : 0];
		return true;
	}
	HS_FREE uint8_t *asked = malloc(end - begin + 1);
	if (!asked)
		return false;
	input->ask(input->context, source, end - begin, asked);
	*ret = HS_PATH_MAX_COST;
	for (uint64_t edge = begin; edge < end; edge++)
		if (input->graph->targets[edge] == target && asked[edge - begin] < *ret)
			*ret = asked[edge - begin];
	return true;
}

static bool is_reached(const struct hs_paths *paths, uint32_t node)
{
	return paths->nodes[node].cost && !hs_csr_is_leaf(paths->input.graph, node);
}

/* No root but a late one reaches the node. */
static bool is_late(const struct hs_paths *paths, uint32_t node)
{
	return paths->nodes[node].cost > paths->late_cost;
}

static struct hs_path_step step_of(const struct hs_paths *paths, const struct hs_path_node *reached)
{
	uint32_t n = paths->input.graph->n;

	return (struct hs_path_step){
		.parent = reached->parent < n ? reached->parent : HS_CSR_NONE,
		.root = reached->parent < n ? HS_CSR_NONE : reached->parent - n,
		.cost = hs_path_cost(paths, reached->cost),
	};
}

bool hs_paths_step(const struct hs_paths *paths, uint32_t node, struct hs_path_step *ret)
{
	const struct hs_path_input *input = &paths->input;
	struct hs_path_node best = paths->nodes[node];
	size_t n = 0;

	if (input->excluded && hs_bit(input->excluded, node))
		return false;
	const uint32_t *sources = hs_csr_is_leaf(input->graph, node) ? input->sources(input->context, node, &n) : NULL;
	for (size_t i = 0; sources && i < n; i++) {
		uint32_t cost;
		if (!is_reached(paths, sources[i]) || (best.cost && paths->nodes[sources[i]].cost >= best.cost) ||
		    !edge_cost(input, sources[i], node, &cost))
			continue;
		cost += paths->nodes[sources[i]].cost;
		if (!best.cost || cost < best.cost)
			best = (struct hs_path_node){ cost, sources[i] };
	}
	if (!best.cost)
		return false;
	*ret = step_of(paths, &best);
	return true;
}

/* Where a further path leaves the cheapest one. */
struct turn {
	uint32_t at;     /* counted from the target: 0 is the target itself */
	uint32_t parent; /* HS_CSR_NONE: a root */
	uint32_t root;
	uint64_t cost;
};

struct finding {
	const struct hs_paths *paths;
	HS_ARRAY(uint32_t) back;  /* the cheapest path, from the target to the root's node */
	HS_ARRAY(uint64_t) costs; /* of the paths to each of them */
	uint64_t *tail;           /* a set of nodes: what a further path must not come back to */
	bool is_late;             /* the cheapest path begins at a late root: others may, too */
	size_t n_referrers;       /* looked at */
	uint64_t n_steps;         /* made */
	HS_ARRAY(struct turn) turns;
	HS_ARRAY(struct hs_path) list;
};

static struct hs_error *add_turn(struct finding *finding, struct turn turn)
{
	struct turn *slot = hs_array_append(&finding->turns);

	if (!slot)
		return hs_error_no_memory();
	*slot = turn;
	return NULL;
}

/* The cheapest path, backwards. *ret_step: its first step. */
static struct hs_error *follow(struct finding *finding, uint32_t target, struct hs_path_step *ret_step)
{
	struct hs_path_step step;

	for (uint32_t node = target; node != HS_CSR_NONE; node = step.parent) {
		uint32_t *slot = hs_array_append(&finding->back);
		uint64_t *cost = hs_array_append(&finding->costs);
		if (!slot || !cost)
			return hs_error_no_memory();
		if (!hs_paths_step(finding->paths, node, &step)) {
			finding->back.n = 0;
			return NULL;
		}
		*slot = node;
		*cost = step.cost;
	}
	*ret_step = step;
	return NULL;
}

/* Puts the first `n` nodes, from the target on, into the tail, or takes them out. */
static void set_tail(struct finding *finding, size_t n, bool is_in)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t node = finding->back.items[i];
		if (is_in)
			hs_set_bit(finding->tail, node);
		else
			finding->tail[node / 64] = 0;
	}
}

/* Turns at one node of the cheapest path: other referrers of it. */
static struct hs_error *find_turns_at(struct finding *finding, uint32_t at)
{
	const struct hs_path_input *input = &finding->paths->input;
	uint32_t node = finding->back.items[at], next = at + 1 < finding->back.n ? finding->back.items[at + 1] : HS_CSR_NONE;
	uint64_t rest = finding->costs.items[0] - finding->costs.items[at];
	size_t n = 0;
	const uint32_t *sources = input->sources(input->context, node, &n);

	if (!sources && n)
		return hs_error_no_memory();
	for (size_t i = 0; i < n && finding->n_referrers < MAX_REFERRERS; i++) {
		uint32_t cost;
		finding->n_referrers++;
		if (sources[i] == next || (i && sources[i] == sources[i - 1]) || !is_reached(finding->paths, sources[i]) ||
		    is_late(finding->paths, sources[i]) != finding->is_late)
			continue;
		if (!edge_cost(input, sources[i], node, &cost))
			return hs_error_no_memory();
		cost += hs_path_cost(finding->paths, finding->paths->nodes[sources[i]].cost);
		HS_TRY(add_turn(finding, (struct turn){ at, sources[i], HS_CSR_NONE, cost + rest }));
	}
	return NULL;
}

/* Turns to other roots that refer to nodes of the cheapest path. */
static struct hs_error *find_root_turns(struct finding *finding, uint32_t used_root)
{
	const struct hs_path_input *input = &finding->paths->input;
	size_t n_turns = finding->back.n < MAX_TURNS ? finding->back.n : MAX_TURNS;
	struct hs_error *error = NULL;

	set_tail(finding, n_turns, true);
	for (size_t root = 0; root < input->n_roots && !error; root++) {
		uint32_t at = 0, node = input->roots[root].node;
		if (root == used_root || !hs_bit(finding->tail, node))
			continue;
		while (finding->back.items[at] != node)
			at++;
		uint64_t rest = finding->costs.items[0] - finding->costs.items[at];
		error = add_turn(finding, (struct turn){ at, HS_CSR_NONE, (uint32_t)root, input->roots[root].cost + rest });
	}
	set_tail(finding, n_turns, false);
	return error;
}

static int compare_turns(const void *a, const void *b)
{
	const struct turn *left = a, *right = b;

	if (left->cost != right->cost)
		return left->cost < right->cost ? -1 : 1;
	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	if (left->parent != right->parent)
		return left->parent < right->parent ? -1 : 1;
	return left->root < right->root ? -1 : left->root > right->root;
}

HS_ARRAY_TYPE(node_list, uint32_t);

static void free_nodes(struct node_list *nodes)
{
	hs_array_free(nodes);
}

/* What the turn leaves of the cheapest path, then the way from there to a root. Empty when it comes back to itself. */
static struct hs_error *follow_turn(struct finding *finding, const struct turn *turn, struct node_list *ret, uint32_t *ret_root)
{
	struct hs_path_step step = { .root = turn->root };

	if (!hs_array_reserve(ret, turn->at + 1))
		return hs_error_no_memory();
	memcpy(ret->items, finding->back.items, (turn->at + 1) * sizeof(*ret->items));
	ret->n = turn->at + 1;
	for (uint32_t node = turn->parent; node != HS_CSR_NONE; node = step.parent) {
		uint32_t *slot = hs_array_append(ret);
		if (!slot)
			return hs_error_no_memory();
		*slot = node;
		if (hs_bit(finding->tail, node) || ++finding->n_steps > MAX_STEPS || !hs_paths_step(finding->paths, node, &step)) {
			ret->n = 0;
			return NULL;
		}
	}
	*ret_root = step.root;
	return NULL;
}

static struct hs_error *add_path(struct finding *finding, const struct turn *turn)
{
	HS_CLEANUP(free_nodes) struct node_list back = { 0 };
	uint32_t root = HS_CSR_NONE;

	set_tail(finding, turn->at + 1, true);
	struct hs_error *error = follow_turn(finding, turn, &back, &root);
	set_tail(finding, turn->at + 1, false);
	if (error || !back.n)
		return error;
	for (size_t i = 0; i < back.n / 2; i++) {
		uint32_t node = back.items[i];
		back.items[i] = back.items[back.n - 1 - i];
		back.items[back.n - 1 - i] = node;
	}
	struct hs_path *path = hs_array_append(&finding->list);
	if (!path)
		return hs_error_no_memory();
	*path = (struct hs_path){ .n = (uint32_t)back.n, .nodes = hs_take(back.items), .root = root, .cost = turn->cost };
	return NULL;
}

static struct hs_error *find(struct finding *finding, uint32_t target, size_t n_max)
{
	struct hs_path_step first = { 0 };

	HS_TRY(follow(finding, target, &first));
	if (!finding->back.n || !n_max)
		return NULL;
	finding->is_late = first.root >= finding->paths->input.n_roots;
	const struct turn none = { (uint32_t)finding->back.n - 1, HS_CSR_NONE, first.root, finding->costs.items[0] };
	HS_TRY(add_path(finding, &none));
	if (n_max == 1)
		return NULL;
	for (uint32_t at = 0; at < finding->back.n && at < MAX_TURNS; at++)
		HS_TRY(find_turns_at(finding, at));
	HS_TRY(find_root_turns(finding, first.root));
	if (finding->turns.n)
		qsort(finding->turns.items, finding->turns.n, sizeof(*finding->turns.items), compare_turns);
	for (size_t i = 0; i < finding->turns.n && finding->list.n < n_max; i++)
		HS_TRY(add_path(finding, &finding->turns.items[i]));
	return NULL;
}

struct hs_error *hs_paths_find(const struct hs_paths *paths, uint32_t target, size_t n_max, struct hs_path **ret, size_t *ret_n)
{
	size_t n_words = hs_bit_words(paths->input.graph->n);
	struct finding finding = { .paths = paths, .tail = hs_pages_alloc_array(n_words, sizeof(uint64_t)) };
	struct hs_error *error = hs_error_no_memory();

	if (finding.tail)
		error = find(&finding, target, n_max < MAX_PATHS ? n_max : MAX_PATHS);
	hs_pages_free(finding.tail, n_words * sizeof(*finding.tail));
	hs_array_free(&finding.back);
	hs_array_free(&finding.costs);
	hs_array_free(&finding.turns);
	if (error) {
		hs_path_list_free(finding.list.items, finding.list.n);
		return error;
	}
	*ret = finding.list.items;
	*ret_n = finding.list.n;
	return NULL;
}

void hs_path_list_free(struct hs_path *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].nodes);
	free(list);
}
