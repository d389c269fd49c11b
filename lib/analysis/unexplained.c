/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly every object has as many references as entries of the graph's rows name it: that is asked first, and needs no memory by
 * object. For those that have more, what else is known to refer to them is added up; then words anywhere else that name them are
 * looked for.
 */
#include "unexplained.h"

#include <stdlib.h>

#include "cleanup.h"
#include "csr.h"
#include "loose_words.h"
#include "repr.h"
#include "root.h"

const char *hs_unexplained_place_name(enum hs_unexplained_place place)
{
	static const char *const names[HS_N_UNEXPLAINED_PLACES] = {
		[HS_UNEXPLAINED_NOTHING] = "nothing", [HS_UNEXPLAINED_NATIVE] = "native", [HS_UNEXPLAINED_STACK] = "stack",
	};

	return (unsigned)place < HS_N_UNEXPLAINED_PLACES ? names[place] : "?";
}

struct weighing {
	const struct hs_graph *graph;
	const uint64_t *wanted; /* nodes that are in the list */
	struct hs_unexplained_list *list;
};

static struct hs_unexplained *find_node(const struct hs_unexplained_list *list, hs_node node)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->items[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->n && list->items[low].node == node ? &list->items[low] : NULL;
}

static struct hs_unexplained *find_wanted(const struct weighing *weighing, hs_node node)
{
	return hs_bit(weighing->wanted, node) ? find_node(weighing->list, node) : NULL;
}

static void add_extra(void *context, hs_node target, uint64_t n)
{
	struct hs_unexplained *unexplained = find_wanted(context, target);

	if (unexplained)
		unexplained->n_found += n;
}

static void add_root(void *context, const struct hs_root *root)
{
	const struct weighing *weighing = context;
	hs_node node = hs_graph_node_at(weighing->graph, root->address);
	struct hs_unexplained *unexplained = node == HS_NO_NODE ? NULL : find_wanted(weighing, node);

	if (!unexplained)
		return;
	if (root->relation & HS_OWNED)
		unexplained->n_found++;
	else if (root->relation & HS_SCANNED) /* a running call's stack, in a word that may be stale */
		unexplained->place = HS_UNEXPLAINED_STACK;
}

static struct hs_error *list_wanted(const struct weighing *weighing)
{
	const struct hs_graph *graph = weighing->graph;
	hs_node n = hs_graph_node_count(graph);
	struct hs_heap_object entry;

	for (hs_node node = hs_next_bit(weighing->wanted, 0, n); node < n; node = hs_next_bit(weighing->wanted, node + 1, n)) {
		if (!hs_graph_object(graph, node, &entry))
			continue;
		struct hs_unexplained *slot = hs_array_append(weighing->list);
		if (!slot)
			return hs_error_no_memory();
		*slot = (struct hs_unexplained){ .node = node, .n_found = hs_graph_entries_of(graph, node) };
		hs_object_refcount(hs_graph_python(graph), &entry.object, &slot->refcount);
	}
	return NULL;
}

/* Keeps those that have more references than were found. Static objects begin with one that nobody has. */
static void keep_excess(const struct hs_graph *graph, struct hs_unexplained_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		bool is_static = hs_graph_bytes(graph, list->items[i].node) == 0;
		if (list->items[i].n_found + is_static < list->items[i].refcount)
			list->items[n++] = list->items[i];
	}
	list->n = n;
}

/* The set of the listed nodes; `only_unnamed`: those that no word is known to name. The caller frees it; NULL: memory is out. */
static uint64_t *set_of(const struct hs_graph *graph, const struct hs_unexplained_list *list, bool only_unnamed)
{
	uint64_t *set = calloc(hs_bit_words(hs_graph_node_count(graph)), sizeof(*set));

	for (size_t i = 0; set && i < list->n; i++)
		if (!only_unnamed || list->items[i].place == HS_UNEXPLAINED_NOTHING)
			hs_set_bit(set, list->items[i].node);
	return set;
}

/* All but what words elsewhere say. */
static struct hs_error *weigh(const struct hs_graph *graph, struct hs_unexplained_list *ret)
{
	HS_FREE uint64_t *wanted = calloc(hs_bit_words(hs_graph_node_count(graph)), sizeof(*wanted));
	struct weighing weighing = { graph, wanted, ret };

	if (!wanted)
		return hs_error_no_memory();
	hs_graph_find_excess(graph, wanted);
	HS_TRY(list_wanted(&weighing));
	hs_graph_each_extra(graph, add_extra, &weighing);
	HS_TRY(hs_roots_visit(hs_graph_python(graph), hs_graph_types(graph), add_root, &weighing));
	keep_excess(graph, ret);
	return NULL;
}

/* A C variable holds a reference; other words may. */
static void take_word(struct hs_unexplained *unexplained, const struct hs_late_root *word)
{
	static const enum hs_unexplained_place places[] = {
		[HS_LATE_STACK] = HS_UNEXPLAINED_STACK, [HS_LATE_NATIVE] = HS_UNEXPLAINED_NATIVE,
	};

	if (word->kind == HS_LATE_STATIC) {
		unexplained->n_found++;
		return;
	}
	if (places[word->kind] > unexplained->place) {
		unexplained->place = places[word->kind];
		unexplained->where = word->where;
	}
}

static void free_words(struct hs_late_roots *words)
{
	hs_array_free(words);
}

static void take_words(struct hs_unexplained_list *list, const struct hs_late_roots *words)
{
	for (size_t i = 0; i < words->n; i++) {
		struct hs_unexplained *unexplained = find_node(list, words->items[i].node);
		if (unexplained)
			take_word(unexplained, &words->items[i]);
	}
}

/* Before a reference is called lost, all other memory is looked at. */
static struct hs_error *look_everywhere(const struct hs_graph *graph, const struct hs_thread_list *threads, struct hs_unexplained_list *list)
{
	HS_FREE uint64_t *wanted = set_of(graph, list, true);
	HS_CLEANUP(free_words) struct hs_late_roots words = { 0 };

	if (!wanted)
		return hs_error_no_memory();
	if (hs_is_empty_set(wanted, hs_graph_node_count(graph)))
		return NULL;
	HS_TRY(hs_loose_words_find(graph, threads, wanted, &words));
	take_words(list, &words);
	return NULL;
}

struct hs_error *hs_unexplained_find(const struct hs_graph *graph, const struct hs_thread_list *threads, struct hs_unexplained_list *ret)
{
	HS_CLEANUP(free_words) struct hs_late_roots words = { 0 };

	HS_TRY(weigh(graph, ret));
	HS_TRY(hs_check_cancelled(hs_heap_cancel(hs_graph_heap(graph))));
	HS_FREE uint64_t *wanted = set_of(graph, ret, false);
	if (!wanted)
		return hs_error_no_memory();
	if (!ret->n)
		return NULL;
	HS_TRY(hs_late_words_find(graph, threads, wanted, &words));
	take_words(ret, &words);
	keep_excess(graph, ret);
	HS_TRY(hs_check_cancelled(hs_heap_cancel(hs_graph_heap(graph))));
	return look_everywhere(graph, threads, ret);
}
