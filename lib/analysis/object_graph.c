/* SPDX-License-Identifier: Apache-2.0 */
/* From a heap's graph to the plain rows that the algorithms work on; the roots; what comes out, by node. */
#include "object_graph.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "monotonic.h"
#include "retained.h"
#include "thread_starts.h"

HS_ARRAY_TYPE(node_list, uint32_t);

struct hs_object_graph {
	const struct hs_graph *graph;
	struct hs_csr csr, reverse;
	struct hs_dominators tree;
	struct hs_retained retained;
	struct hs_late_roots late_roots; /* by node; those in use */
	struct hs_retainer *largest;
	size_t n_largest;
	struct hs_object_graph_figures figures;
};

struct collecting {
	const struct hs_graph *graph;
	struct node_list exact;    /* each once */
	uint64_t *met;             /* which they are */
	struct hs_late_roots late; /* words of running calls that may be left over, then what no decoder knows */
	bool out_of_memory;
};

static void deinit_collecting(struct collecting *collecting)
{
	hs_array_free(&collecting->exact);
	hs_array_free(&collecting->late);
	free(collecting->met);
}

static void take_root(void *context, const struct hs_root *root)
{
	struct collecting *collecting = context;
	hs_node node = hs_graph_node_at(collecting->graph, root->address);

	if (node == HS_NO_NODE)
		return;
	if (root->kind == HS_ROOT_FRAME && root->relation & HS_SCANNED) {
		struct hs_late_root *slot = hs_array_append(&collecting->late);
		if (slot)
			*slot = (struct hs_late_root){ .node = node, .kind = HS_LATE_STACK, .where = root->where };
		collecting->out_of_memory |= !slot;
		return;
	}
	if (hs_bit(collecting->met, node))
		return;
	hs_set_bit(collecting->met, node);
	uint32_t *slot = hs_array_append(&collecting->exact);
	if (slot)
		*slot = node;
	collecting->out_of_memory |= !slot;
}

static struct hs_error *collect(struct collecting *collecting, const struct hs_thread_list *threads)
{
	const struct hs_graph *graph = collecting->graph;
	struct hs_late_roots words = { 0 };

	collecting->met = calloc(hs_bit_words(hs_graph_node_count(graph)), sizeof(*collecting->met));
	if (!collecting->met)
		return hs_error_no_memory();
	HS_TRY(hs_heap_roots_visit(hs_graph_heap(graph), take_root, collecting));
	struct hs_error *error = hs_late_roots_find(graph, threads, &words);
	if (!error && hs_array_reserve(&collecting->late, collecting->late.n + words.n)) {
		if (words.n)
			memcpy(collecting->late.items + collecting->late.n, words.items, words.n * sizeof(*words.items));
		collecting->late.n += words.n;
	} else {
		collecting->out_of_memory = true;
	}
	hs_array_free(&words);
	if (!error && collecting->out_of_memory)
		return hs_error_no_memory();
	return error;
}

static bool is_object(const void *context, uint32_t node)
{
	return hs_graph_is_object(context, node);
}

static int compare_late_roots(const void *a, const void *b)
{
	const struct hs_late_root *left = a, *right = b;

	if (left->node != right->node)
		return left->node < right->node ? -1 : 1;
	return left->kind < right->kind ? -1 : left->kind > right->kind;
}

/* Keeps those late roots on which something hangs: nodes that no exact root reaches, held by the virtual root. */
static struct hs_error *keep_late_roots(struct hs_object_graph *object_graph, struct hs_late_roots *late)
{
	const struct hs_dominators *tree = &object_graph->tree;

	if (late->n)
		qsort(late->items, late->n, sizeof(*late->items), compare_late_roots);
	for (size_t i = 0; i < late->n; i++) {
		uint32_t node = late->items[i].node, place = tree->place[node];
		struct hs_late_roots *kept = &object_graph->late_roots;
		bool is_late = hs_is_numbered(tree, node) ? place >= tree->first_late && place < tree->unreachable : place == HS_PLACE_LEAF;
		if (!is_late || (kept->n && kept->items[kept->n - 1].node == node))
			continue;
		struct hs_late_root *slot = hs_array_append(kept);
		if (!slot)
			return hs_error_no_memory();
		*slot = late->items[i];
	}
	return NULL;
}

/* Leaves that both an exact root and a word elsewhere refer to are held exactly. */
static void drop_exact_roots(struct collecting *collecting)
{
	size_t n = 0;

	for (size_t i = 0; i < collecting->late.n; i++)
		if (!hs_bit(collecting->met, collecting->late.items[i].node))
			collecting->late.items[n++] = collecting->late.items[i];
	collecting->late.n = n;
}

static struct hs_error *find_dominators(struct hs_object_graph *object_graph, struct collecting *collecting, unsigned n_workers)
{
	const struct hs_graph *graph = object_graph->graph;
	size_t n_hubs = hs_graph_hubs(graph, NULL, 0);
	HS_FREE uint32_t *hubs = calloc(n_hubs + 1, sizeof(*hubs));
	HS_FREE uint32_t *late = calloc(collecting->late.n + 1, sizeof(*late));

	if (!hubs || !late)
		return hs_error_no_memory();
	hs_graph_hubs(graph, hubs, n_hubs);
	for (size_t i = 0; i < collecting->late.n; i++)
		late[i] = collecting->late.items[i].node;
	const struct hs_dominator_input input = {
		.graph = &object_graph->csr, .reverse = &object_graph->reverse, .hubs = hubs, .n_hubs = n_hubs,
		.roots = collecting->exact.items, .n_roots = collecting->exact.n, .late_roots = late, .n_late_roots = collecting->late.n,
		.is_something = is_object, .context = graph, .n_workers = n_workers,
		.cancel = hs_heap_cancel(hs_graph_heap(graph)),
	};
	return hs_dominators_init(&object_graph->tree, &input);
}

static const void *type_of(const void *context, uint32_t node)
{
	return hs_graph_type(context, node);
}

static struct hs_error *build(struct hs_object_graph *object_graph, const struct hs_object_graph_options *options)
{
	const struct hs_graph *graph = object_graph->graph;
	struct hs_object_graph_figures *figures = &object_graph->figures;
	HS_CLEANUP(deinit_collecting) struct collecting collecting = { .graph = graph };
	unsigned n_workers = options->n_workers ? options->n_workers : hs_graph_workers(graph);
	uint64_t start = hs_monotonic_ns();

	HS_TRY(collect(&collecting, options->threads));
	HS_TRY(hs_check_cancelled(hs_heap_cancel(hs_graph_heap(graph))));
	drop_exact_roots(&collecting);
	uint64_t collected = hs_monotonic_ns();
	HS_TRY(find_dominators(object_graph, &collecting, n_workers));
	HS_TRY(keep_late_roots(object_graph, &collecting.late));
	uint64_t dominated = hs_monotonic_ns();
	HS_TRY(hs_retained_init(&object_graph->retained, &object_graph->tree, hs_graph_sizes(graph)));
	if (options->n_largest)
		HS_TRY(hs_retainers_find(&object_graph->retained, type_of, graph, options->n_largest, &object_graph->largest, &object_graph->n_largest));
	const struct hs_dominators *tree = &object_graph->tree;
	*figures = (struct hs_object_graph_figures){
		.n_exact_roots = collecting.exact.n, .n_late_roots = object_graph->late_roots.n,
		.n_perhaps = tree->unreachable - tree->first_late,
		.n_unreachable = tree->unreachable < tree->n_order ? tree->n_order - tree->unreachable - 1 : 0,
		.roots_ns = collected - start, .dominators_ns = dominated - collected, .retained_ns = hs_monotonic_ns() - dominated,
	};
	return NULL;
}

struct hs_error *hs_object_graph_create(const struct hs_graph *graph, const struct hs_object_graph_options *options,
					struct hs_object_graph **ret)
{
	static const struct hs_object_graph_options none;
	struct hs_object_graph *object_graph = calloc(1, sizeof(*object_graph));

	if (!object_graph)
		return hs_error_no_memory();
	object_graph->graph = graph;
	object_graph->csr = (struct hs_csr){ hs_graph_node_count(graph), *hs_graph_rows(graph), hs_graph_all_targets(graph) };
	object_graph->reverse = (struct hs_csr){ hs_graph_node_count(graph), *hs_graph_source_rows(graph), hs_graph_all_sources(graph) };
	struct hs_error *error = build(object_graph, options ? options : &none);
	if (error) {
		hs_object_graph_destroy(object_graph);
		return error;
	}
	*ret = object_graph;
	return NULL;
}

void hs_object_graph_destroy(struct hs_object_graph *object_graph)
{
	if (!object_graph)
		return;
	hs_retained_deinit(&object_graph->retained);
	hs_dominators_deinit(&object_graph->tree);
	hs_array_free(&object_graph->late_roots);
	free(object_graph->largest);
	free(object_graph);
}

struct hs_object_graph_figures hs_object_graph_figures(const struct hs_object_graph *object_graph)
{
	return object_graph->figures;
}

const struct hs_late_root *hs_object_graph_late_roots(const struct hs_object_graph *object_graph, size_t *ret_n)
{
	*ret_n = object_graph->late_roots.n;
	return object_graph->late_roots.items;
}

static bool is_late_root(const struct hs_object_graph *object_graph, hs_node node)
{
	const struct hs_late_root wanted = { .node = node };
	size_t low = 0, high = object_graph->late_roots.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (object_graph->late_roots.items[middle].node < wanted.node)
			low = middle + 1;
		else
			high = middle;
	}
	return low < object_graph->late_roots.n && object_graph->late_roots.items[low].node == node;
}

static enum hs_reached reached_number(const struct hs_dominators *tree, uint32_t number)
{
	if (number < tree->first_late)
		return HS_REACHED_EXACTLY;
	return number < tree->unreachable ? HS_REACHED_PERHAPS : HS_REACHED_BY_NOTHING;
}

/* A leaf that several nodes share has the best of them. */
static enum hs_reached reached_leaf(const struct hs_object_graph *object_graph, hs_node node)
{
	enum hs_reached best = HS_REACHED_BY_NOTHING;
	size_t n;
	const hs_node *sources = hs_graph_sources(object_graph->graph, node, &n);

	for (size_t i = 0; sources && i < n && best != HS_REACHED_EXACTLY; i++) {
		enum hs_reached reached = reached_number(&object_graph->tree, object_graph->tree.place[sources[i]]);
		if (reached < best)
			best = reached;
	}
	return best;
}

enum hs_reached hs_object_graph_reached(const struct hs_object_graph *object_graph, hs_node node)
{
	const struct hs_dominators *tree = &object_graph->tree;

	if (node >= tree->n || !hs_is_reached(tree, node))
		return HS_REACHED_NOT;
	if (hs_is_numbered(tree, node))
		return reached_number(tree, tree->place[node]);
	uint32_t above = tree->place[node] & ~HS_PLACE_LEAF;
	if (above)
		return reached_number(tree, above);
	enum hs_reached by_sources = reached_leaf(object_graph, node);
	if (by_sources == HS_REACHED_EXACTLY)
		return by_sources;
	/* nobody else refers to it, and yet it hangs on the root: a root does, or a word that may be a reference */
	if (is_late_root(object_graph, node))
		return HS_REACHED_PERHAPS;
	return by_sources == HS_REACHED_BY_NOTHING ? HS_REACHED_EXACTLY : by_sources;
}

static void mark_doubtful(const struct hs_object_graph *object_graph, hs_node node, uint64_t *set)
{
	enum hs_reached reached = hs_object_graph_reached(object_graph, node);

	if (reached == HS_REACHED_PERHAPS || reached == HS_REACHED_BY_NOTHING)
		hs_set_bit(set, node);
}

struct hs_error *hs_object_graph_doubtful(const struct hs_object_graph *object_graph, uint64_t **ret)
{
	const struct hs_dominators *tree = &object_graph->tree;
	const struct hs_csr *graph = &object_graph->csr;
	uint64_t *set = calloc(hs_bit_words(graph->n), sizeof(*set));

	if (!set)
		return hs_error_no_memory();
	for (uint32_t number = tree->first_late; number < tree->n_order; number++) {
		uint32_t node = tree->order[number];
		if (node >= graph->n)
			continue;
		hs_set_bit(set, node);
		for (uint64_t edge = hs_csr_begin(graph, node), end = hs_csr_end(graph, node); edge < end; edge++)
			if (!hs_is_numbered(tree, graph->targets[edge]) && !hs_bit(set, graph->targets[edge]))
				mark_doubtful(object_graph, graph->targets[edge], set);
	}
	/* leaves that no object refers to */
	for (size_t i = 0; i < object_graph->late_roots.n; i++)
		mark_doubtful(object_graph, object_graph->late_roots.items[i].node, set);
	for (uint32_t node = 0; node < graph->n; node++)
		if (tree->place[node] == (HS_PLACE_LEAF | tree->unreachable))
			hs_set_bit(set, node);
	*ret = set;
	return NULL;
}

uint64_t hs_object_graph_retained_bytes(const struct hs_object_graph *object_graph, hs_node node)
{
	return node < object_graph->tree.n ? hs_retained_bytes(&object_graph->retained, node) : 0;
}

uint32_t hs_object_graph_retained_count(const struct hs_object_graph *object_graph, hs_node node)
{
	return node < object_graph->tree.n ? hs_retained_count(&object_graph->retained, node) : 0;
}

uint64_t hs_object_graph_unreachable_bytes(const struct hs_object_graph *object_graph)
{
	return hs_retained_bytes(&object_graph->retained, object_graph->tree.n + 1);
}

hs_node hs_object_graph_holder(const struct hs_object_graph *object_graph, hs_node node)
{
	uint32_t holder = node < object_graph->tree.n ? hs_dominator(&object_graph->tree, node) : HS_CSR_NONE;

	return holder < object_graph->tree.n ? holder : HS_NO_NODE;
}

const struct hs_retainer *hs_object_graph_largest(const struct hs_object_graph *object_graph, size_t *ret_n)
{
	*ret_n = object_graph->n_largest;
	return object_graph->largest;
}

const struct hs_csr *hs_object_graph_csr(const struct hs_object_graph *object_graph)
{
	return &object_graph->csr;
}

const struct hs_dominators *hs_object_graph_dominators(const struct hs_object_graph *object_graph)
{
	return &object_graph->tree;
}
