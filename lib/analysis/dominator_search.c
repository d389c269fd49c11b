/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The depth-first search that numbers nodes: from the roots, then from what only late roots reach, then from one node of
 * each component that no root reaches. No recursion: a cursor for each node on the way from the root.
 */
#include <stdlib.h>

#include "array.h"
#include "dominator_solver.h"
#include "pages.h"

#define PREFETCH_AHEAD 8

struct search {
	const struct hs_csr *graph;
	struct hs_dominators *tree;
	uint32_t *cursors; /* by depth: entries of the row that are done with; a row is shorter than 2^32 (rows.h) */
	size_t cursor_bytes;
	bool is_full;
	const struct hs_cancel *cancel;
};

#define STRETCH ((uint32_t)1 << 16) /* nodes that are numbered without asking whether to go on */

/* Gives a node the next number. */
static uint32_t add(struct search *search, uint32_t node, uint32_t parent)
{
	struct hs_dominators *tree = search->tree;
	uint32_t number = tree->n_order++;

	tree->order[number] = node;
	tree->idom[number] = parent;
	if (node < tree->n)
		tree->place[node] = number;
	search->is_full |= tree->n_order >= MAX_NUMBERS;
	return number;
}

/* What a reference from `number` to a leaf tells: it is its dominator, unless another one refers to it too. */
static inline void note_leaf(uint32_t *place, uint32_t number)
{
	if (*place == PLACE_UNSEEN)
		*place = HS_PLACE_LEAF | number;
	else if (*place != (HS_PLACE_LEAF | number) && *place != HS_PLACE_LEAF)
		*place = PLACE_SHARED;
}

/*
 * Goes on with the row of `number` behind *cursor up to its next node that has no number yet, which it returns; HS_CSR_NONE:
 * there is none.
 */
static inline uint32_t next_child(struct search *search, uint32_t number, uint32_t *cursor)
{
	const struct hs_csr *graph = search->graph;
	uint32_t *place = search->tree->place;
	uint64_t begin = hs_csr_begin(graph, search->tree->order[number]), end = hs_csr_end(graph, search->tree->order[number]);
	uint64_t edge = begin + *cursor;

	for (; edge < end; edge++) {
		uint32_t target = graph->targets[edge];
		if (edge + PREFETCH_AHEAD < end)
			__builtin_prefetch(&place[graph->targets[edge + PREFETCH_AHEAD]]);
		if (!(place[target] & HS_PLACE_LEAF))
			continue;
		if (place[target] == PLACE_UNSEEN && !hs_csr_is_leaf(graph, target)) {
			*cursor = (uint32_t)(edge + 1 - begin);
			return target;
		}
		note_leaf(&place[target], number);
	}
	return HS_CSR_NONE;
}

/* Numbers what `node` reaches, if it is not numbered yet; `parent` is the number of the virtual node above it. */
static void search_from(struct search *search, uint32_t node, uint32_t parent)
{
	struct hs_dominators *tree = search->tree;
	size_t depth = 0;

	if (hs_csr_is_leaf(search->graph, node)) {
		/* a root refers to it: nothing but the virtual root can be above it */
		if (parent == 0)
			tree->place[node] = HS_PLACE_LEAF;
		else
			note_leaf(&tree->place[node], parent);
		return;
	}
	if (tree->place[node] != PLACE_UNSEEN || search->is_full)
		return;
	uint32_t number = add(search, node, parent);
	search->cursors[0] = 0;
	while (!search->is_full && (tree->n_order % STRETCH || !hs_is_cancelled(search->cancel))) {
		uint32_t child = next_child(search, number, &search->cursors[depth]);
		if (child != HS_CSR_NONE) {
			number = add(search, child, number);
			search->cursors[++depth] = 0;
		} else if (depth-- == 0) {
			return;
		} else {
			number = tree->idom[number];
		}
	}
}

HS_ARRAY_TYPE(node_list, uint32_t);

static bool append(struct node_list *list, uint32_t node)
{
	uint32_t *slot = hs_array_append(list);

	if (slot)
		*slot = node;
	return slot != NULL;
}

/* Marks what `node` reaches of what the search has not seen. `stack` is empty before and after. */
static bool mark_from(const struct search *search, uint32_t node, uint64_t *marks, struct node_list *stack)
{
	const struct hs_csr *graph = search->graph;

	hs_set_bit(marks, node);
	if (!append(stack, node))
		return false;
	while (stack->n) {
		node = stack->items[--stack->n];
		for (uint64_t edge = hs_csr_begin(graph, node); edge < hs_csr_end(graph, node); edge++) {
			uint32_t target = graph->targets[edge];
			if (search->tree->place[target] != PLACE_UNSEEN || hs_bit(marks, target))
				continue;
			hs_set_bit(marks, target);
			if (!append(stack, target))
				return false;
		}
	}
	return true;
}

/*
 * One node for each component of the unreached that nothing outside it refers to. Taken in the order of nodes, each not yet
 * marked, they reach everything, but a later one may reach an earlier one; never the other way round. So going back from the
 * last, those that no later one reaches are what is looked for.
 */
static bool find_tops(const struct search *search, const struct hs_dominator_input *input, struct node_list *ret)
{
	size_t n_words = hs_bit_words(search->graph->n);
	uint64_t *marks = hs_pages_alloc_array(n_words, sizeof(*marks));
	struct node_list stack = { 0 };
	bool is_done = marks != NULL;

	for (uint32_t node = 0; is_done && node < search->graph->n; node++) {
		if (search->tree->place[node] != PLACE_UNSEEN || hs_bit(marks, node) ||
		    (input->is_something && !input->is_something(input->context, node)))
			continue;
		is_done = append(ret, node) && mark_from(search, node, marks, &stack);
	}
	size_t n = 0;
	if (is_done && ret->n)
		memset(marks, 0, n_words * sizeof(*marks));
	for (size_t i = ret->n; is_done && i-- > 0;) {
		uint32_t node = ret->items[i];
		if (hs_bit(marks, node))
			continue;
		is_done = mark_from(search, node, marks, &stack);
		ret->items[ret->n - ++n] = node;
	}
	/* they stand at the end, still in the order of nodes */
	if (n)
		memmove(ret->items, ret->items + ret->n - n, n * sizeof(*ret->items));
	ret->n = n;
	hs_array_free(&stack);
	hs_pages_free(marks, n_words * sizeof(*marks));
	return is_done;
}

/* Late roots that the search has not seen are roots like others. They are `taken` before any of them is searched from. */
static bool search_from_late_roots(struct search *search, const struct hs_dominator_input *input, struct node_list *taken)
{
	for (size_t i = 0; i < input->n_late_roots; i++)
		if (search->tree->place[input->late_roots[i]] == PLACE_UNSEEN && !append(taken, input->late_roots[i]))
			return false;
	for (size_t i = 0; i < taken->n; i++)
		search_from(search, taken->items[i], 0);
	return true;
}

/* A virtual node above some nodes refers to them: their semidominator is not below it. */
static void bound_semi(const struct hs_dominators *tree, const uint32_t *nodes, size_t n, uint32_t above, uint32_t *semi)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t number = tree->place[nodes[i]];
		if (!(number & HS_PLACE_LEAF) && semi[number] > above)
			semi[number] = above;
	}
}

static struct hs_error *run(struct search *search, const struct hs_dominator_input *input, uint32_t *semi, struct node_list *late,
			    struct node_list *tops)
{
	struct hs_dominators *tree = search->tree;

	add(search, tree->n, 0);
	for (size_t i = 0; i < input->n_roots; i++)
		search_from(search, input->roots[i], 0);
	tree->first_late = tree->n_order;
	HS_TRY(hs_check_cancelled(search->cancel));
	if (!search_from_late_roots(search, input, late) || !find_tops(search, input, tops))
		return hs_error_no_memory();
	tree->unreachable = tree->n_order;
	if (tops->n) {
		add(search, tree->n + 1, 0);
		for (size_t i = 0; i < tops->n; i++)
			search_from(search, tops->items[i], tree->unreachable);
	}
	HS_TRY(hs_check_cancelled(search->cancel));
	if (search->is_full)
		return hs_error_new(HS_ERROR_LIMIT, "more than 2^31 objects with references");
	memcpy(semi, tree->idom, tree->n_order * sizeof(*semi));
	bound_semi(tree, input->roots, input->n_roots, 0, semi);
	bound_semi(tree, late->items, late->n, 0, semi);
	return NULL;
}

struct hs_error *hs_number_nodes(struct hs_dominators *tree, const struct hs_dominator_input *input, uint32_t *semi)
{
	struct search search = { .graph = input->graph, .tree = tree, .cancel = input->cancel, .cursor_bytes = ((size_t)tree->n + 1) * sizeof(*search.cursors) };
	struct node_list late = { 0 }, tops = { 0 };

	hs_pages_populate(tree->place, tree->n * sizeof(*tree->place));
	memset(tree->place, 0xff, tree->n * sizeof(*tree->place));
	search.cursors = hs_pages_alloc(search.cursor_bytes);
	struct hs_error *error = search.cursors ? run(&search, input, semi, &late, &tops) : hs_error_no_memory();
	hs_pages_free(search.cursors, search.cursor_bytes);
	hs_array_free(&late);
	hs_array_free(&tops);
	return error;
}
