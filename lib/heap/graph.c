/* SPDX-License-Identifier: Apache-2.0 */
/* A graph as a whole: the order in which it is built, and what is read from its rows. */
#include "graph_internal.h"


#include "cleanup.h"
#include "monotonic.h"
#include "pages.h"

#define MIN_CAPACITY ((size_t)1 << 16)

bool target_list_grow(struct target_list *list, size_t n)
{
	size_t old = list->capacity, wanted = old + old / 2;

	wanted = wanted < n ? n : wanted;
	wanted = wanted < MIN_CAPACITY ? MIN_CAPACITY : wanted;
	hs_node *grown = old ? hs_pages_grow(list->items, old * sizeof(*grown), wanted * sizeof(*grown)) : hs_pages_alloc_array(wanted, sizeof(*grown));
	if (!grown)
		return false;
	list->items = grown;
	list->capacity = wanted;
	return true;
}

void target_list_free(struct target_list *list)
{
	hs_pages_free(list->items, list->capacity * sizeof(*list->items));
	*list = (struct target_list){ 0 };
}

struct hs_error *graph_rows_init(struct hs_rows *rows, hs_node n)
{
	rows->bases = calloc(hs_rows_base_count(n), sizeof(*rows->bases));
	rows->offsets = hs_pages_alloc_array((size_t)n + 1, sizeof(*rows->offsets));
	return rows->bases && rows->offsets ? NULL : hs_error_no_memory();
}

static void free_rows(struct hs_rows *rows, hs_node n)
{
	free(rows->bases);
	hs_pages_free(rows->offsets, ((size_t)n + 1) * sizeof(*rows->offsets));
}

/* The nodes; *ret is to be destroyed in any case. */
static struct hs_error *open_nodes(const struct hs_heap *heap, unsigned n_workers, struct hs_graph **ret)
{
	struct hs_graph *graph = *ret = calloc(1, sizeof(*graph));

	if (!graph)
		return hs_error_no_memory();
	pthread_mutex_init(&graph->hubs_lock, NULL);
	graph->heap = heap;
	graph->n_workers = n_workers && n_workers < heap->n_workers ? n_workers : heap->n_workers;
	graph->figures.n_objects = heap->figures.n_objects;
	return graph_nodes_init(graph);
}

static struct hs_error *build_rows(struct hs_graph *graph, uint64_t start)
{
	HS_TRY(graph_build_forward(graph));
	uint64_t middle = hs_monotonic_ns();
	HS_TRY(graph_build_reverse(graph));
	graph->figures.forward_ns = middle - start;
	graph->figures.reverse_ns = hs_monotonic_ns() - middle;
	graph->figures.n_edges = graph->n_edges;
	graph->figures.n_reverse_edges = graph->n_reverse;
	graph->figures.n_hubs = (uint32_t)graph->hubs.n;
	return NULL;
}

static void destroy_graph(struct hs_graph **graph)
{
	hs_graph_destroy(*graph);
}

struct hs_error *hs_graph_build(const struct hs_heap *heap, unsigned n_workers, struct hs_graph **ret)
{
	HS_CLEANUP(destroy_graph) struct hs_graph *graph = NULL;
	uint64_t start = hs_monotonic_ns();

	HS_TRY(open_nodes(heap, n_workers, &graph));
	HS_TRY(build_rows(graph, start));
	*ret = hs_take(graph);
	return NULL;
}

struct hs_error *hs_graph_index(const struct hs_heap *heap, unsigned n_workers, struct hs_graph **ret)
{
	HS_CLEANUP(destroy_graph) struct hs_graph *graph = NULL;

	HS_TRY(open_nodes(heap, n_workers, &graph));
	*ret = hs_take(graph);
	return NULL;
}

void hs_graph_destroy(struct hs_graph *graph)
{
	if (!graph)
		return;
	for (size_t i = 0; i < graph->hubs.n; i++)
		free(graph->hubs.items[i].sources);
	hs_array_free(&graph->hubs);
	pthread_mutex_destroy(&graph->hubs_lock);
	free_rows(&graph->rows, graph->n_nodes);
	free_rows(&graph->source_rows, graph->n_nodes);
	hs_pages_free(graph->targets, graph->n_edges * sizeof(*graph->targets));
	hs_pages_free(graph->sources, graph->n_reverse * sizeof(*graph->sources));
	free(graph->extras);
	graph_nodes_deinit(graph);
	free(graph);
}

struct hs_graph_figures hs_graph_figures(const struct hs_graph *graph)
{
	return graph->figures;
}

const hs_node *hs_graph_targets(const struct hs_graph *graph, hs_node node, size_t *ret_n)
{
	if (node >= graph->n_nodes) {
		*ret_n = 0;
		return NULL;
	}
	*ret_n = hs_row_end(&graph->rows, node) - hs_row_begin(&graph->rows, node);
	return graph->targets + hs_row_begin(&graph->rows, node);
}

uint64_t hs_graph_target_count(const struct hs_graph *graph, hs_node node, size_t i)
{
	uint64_t edge = hs_row_begin(&graph->rows, node) + i, n = 1;
	size_t low = 0, high = graph->n_extras;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (graph->extras[middle] >> EXTRA_BITS < edge)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < graph->n_extras && graph->extras[low] >> EXTRA_BITS == edge; low++)
		n += graph->extras[low] & MAX_EXTRA;
	return n;
}

const struct hs_rows *hs_graph_rows(const struct hs_graph *graph)
{
	return &graph->rows;
}

const hs_node *hs_graph_all_targets(const struct hs_graph *graph)
{
	return graph->targets;
}

const struct hs_rows *hs_graph_source_rows(const struct hs_graph *graph)
{
	return &graph->source_rows;
}

const hs_node *hs_graph_all_sources(const struct hs_graph *graph)
{
	return graph->sources;
}

const struct hs_cpython *hs_graph_python(const struct hs_graph *graph)
{
	return graph->heap->py;
}

const struct hs_heap *hs_graph_heap(const struct hs_graph *graph)
{
	return graph->heap;
}

struct hs_types *hs_graph_types(const struct hs_graph *graph)
{
	return graph->heap->types;
}

unsigned hs_graph_workers(const struct hs_graph *graph)
{
	return graph->n_workers;
}

size_t hs_graph_hubs(const struct hs_graph *graph, hs_node *ret, size_t room)
{
	for (size_t i = 0; i < graph->hubs.n && i < room; i++)
		ret[i] = graph->hubs.items[i].node;
	return graph->hubs.n;
}
