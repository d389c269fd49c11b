/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding up what is known to refer to each object, in linear passes; then looking, for the few objects that have more references
 * than that, for words anywhere else that name them.
 */
#include "unexplained.h"

#include <stdlib.h>

#include "cleanup.h"
#include "csr.h"
#include "loose_words.h"
#include "pages.h"
#include "repr.h"
#include "root.h"

struct weighing {
	const struct hs_graph *graph;
	uint32_t *found;   /* by node */
	uint64_t *wanted;  /* nodes with more references than that */
	uint64_t *on_stack; /* nodes that a running call's stack may hold, in a word that may be stale */
};

static void weighing_deinit(struct weighing *weighing)
{
	hs_pages_free(weighing->found, hs_graph_node_count(weighing->graph) * sizeof(*weighing->found));
	free(weighing->wanted);
	free(weighing->on_stack);
}

const char *hs_unexplained_place_name(enum hs_unexplained_place place)
{
	static const char *const names[HS_N_UNEXPLAINED_PLACES] = {
		[HS_UNEXPLAINED_NOTHING] = "nothing", [HS_UNEXPLAINED_NATIVE] = "native", [HS_UNEXPLAINED_STACK] = "stack",
	};

	return (unsigned)place < HS_N_UNEXPLAINED_PLACES ? names[place] : "?";
}

static void add_root(void *context, const struct hs_root *root)
{
	struct weighing *weighing = context;
	hs_node node = hs_graph_node_at(weighing->graph, root->address);

	if (node == HS_NO_NODE)
		return;
	if (root->relation & HS_OWNED)
		weighing->found[node] += weighing->found[node] < UINT32_MAX;
	else if (root->relation & HS_SCANNED)
		hs_set_bit(weighing->on_stack, node);
}

static struct hs_error *weigh(struct weighing *weighing)
{
	const struct hs_graph *graph = weighing->graph;
	hs_node n = hs_graph_node_count(graph);

	weighing->found = hs_pages_alloc_array(n, sizeof(*weighing->found));
	weighing->wanted = calloc(hs_bit_words(n), sizeof(*weighing->wanted));
	weighing->on_stack = calloc(hs_bit_words(n), sizeof(*weighing->on_stack));
	if (!weighing->found || !weighing->wanted || !weighing->on_stack)
		return hs_error_no_memory();
	hs_graph_add_referrers(graph, weighing->found);
	HS_TRY(hs_roots_visit(hs_graph_python(graph), hs_graph_types(graph), add_root, weighing));
	hs_graph_find_excess(graph, weighing->found, weighing->wanted);
	return NULL;
}

static struct hs_error *list_wanted(const struct weighing *weighing, struct hs_unexplained_list *list)
{
	const struct hs_cpython *py = hs_graph_python(weighing->graph);
	struct hs_heap_object entry;

	for (hs_node node = 0; node < hs_graph_node_count(weighing->graph); node++) {
		if (node % 64 == 0 && !weighing->wanted[node / 64]) {
			node += 63;
			continue;
		}
		if (!hs_bit(weighing->wanted, node) || !hs_graph_object(weighing->graph, node, &entry))
			continue;
		struct hs_unexplained *slot = hs_array_append(list);
		if (!slot)
			return hs_error_no_memory();
		*slot = (struct hs_unexplained){ .node = node, .n_found = weighing->found[node] };
		slot->place = hs_bit(weighing->on_stack, node) ? HS_UNEXPLAINED_STACK : HS_UNEXPLAINED_NOTHING;
		hs_object_refcount(py, &entry.object, &slot->refcount);
	}
	return NULL;
}

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
	HS_FREE uint64_t *wanted = calloc(hs_bit_words(hs_graph_node_count(graph)), sizeof(*wanted));
	HS_CLEANUP(free_words) struct hs_late_roots words = { 0 };

	if (!wanted)
		return hs_error_no_memory();
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].place == HS_UNEXPLAINED_NOTHING)
			hs_set_bit(wanted, list->items[i].node);
	if (hs_is_empty_set(wanted, hs_graph_node_count(graph)))
		return NULL;
	HS_TRY(hs_loose_words_find(graph, threads, wanted, &words));
	take_words(list, &words);
	return NULL;
}

struct hs_error *hs_unexplained_find(const struct hs_graph *graph, const struct hs_thread_list *threads, struct hs_unexplained_list *ret)
{
	HS_CLEANUP(weighing_deinit) struct weighing weighing = { .graph = graph };
	HS_CLEANUP(free_words) struct hs_late_roots words = { 0 };
	size_t n = 0;

	HS_TRY(weigh(&weighing));
	HS_TRY(list_wanted(&weighing, ret));
	if (!ret->n)
		return NULL;
	HS_TRY(hs_late_words_find(graph, threads, weighing.wanted, &words));
	take_words(ret, &words);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->items[i].n_found < ret->items[i].refcount)
			ret->items[n++] = ret->items[i];
	ret->n = n;
	return look_everywhere(graph, threads, ret);
}
