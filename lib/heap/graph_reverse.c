/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of who refers to a node. Each thread takes the targets of one range of nodes and goes through all edges: no two
 * of them write to the same row, and every row comes out in the order of its sources. Two passes: count, fill.
 */
#include "graph_internal.h"
#include "pages.h"
#include "workers.h"

#define MAX_RANGES 16
#define N_SAMPLES 4096
#define GROUPS_PER_CHUNK 1024

/*
 * A target without references of its own is a hub if it has more than this share of all edges (None, a small int, a name),
 * or if it is immortal; but not with so few that looking for them would never be worth the memory.
 */
#define HUB_SHARE 64
#define MIN_HUB_SOURCES 1024
#define STRETCH ((uint64_t)1 << 20) /* edges, or nodes, that are gone through without asking whether to go on */
#define IS_HUB UINT32_MAX /* in place of an offset, while rows are filled */

struct ranges {
	struct hs_graph *graph;
	hs_node starts[MAX_RANGES + 1];
	unsigned n;
	atomic_bool has_overflown; /* a count */
};

static int compare_nodes(const void *a, const void *b)
{
	hs_node left = *(const hs_node *)a, right = *(const hs_node *)b;

	return left < right ? -1 : left > right;
}

/* Ranges with about as many edges each, as a sample of the edges says. */
static void split(struct hs_graph *graph, struct ranges *ret)
{
	static const uint64_t odd = 0x9e3779b97f4a7c15;
	hs_node samples[N_SAMPLES];
	unsigned n = graph->n_workers < MAX_RANGES ? graph->n_workers : MAX_RANGES;

	*ret = (struct ranges){ .graph = graph, .n = n };
	ret->starts[n] = graph->n_nodes;
	if (n == 1 || !graph->n_edges)
		return;
	/* at intervals that no structure of the heap keeps step with */
	for (unsigned i = 0; i < N_SAMPLES; i++)
		samples[i] = graph->targets[(uint64_t)((unsigned __int128)(i * odd) * graph->n_edges >> 64)];
	qsort(samples, N_SAMPLES, sizeof(samples[0]), compare_nodes);
	for (unsigned i = 1; i < n; i++)
		ret->starts[i] = samples[i * N_SAMPLES / n];
}

/* The offset of each row becomes the number of edges to its node. */
static void count_range(void *context, size_t begin, size_t end, unsigned worker)
{
	struct ranges *ranges = context;
	const struct hs_graph *graph = ranges->graph;
	uint32_t *counts = graph->source_rows.offsets;

	(void)worker;
	for (size_t range = begin; range < end; range++) {
		hs_node start = ranges->starts[range], n = ranges->starts[range + 1] - start;
		for (uint64_t edge = 0; edge < graph->n_edges && !hs_is_cancelled(graph->heap->cancel);) {
			uint64_t stretch_end = graph->n_edges - edge < STRETCH ? graph->n_edges : edge + STRETCH;
			for (; edge < stretch_end; edge++)
				if (graph->targets[edge] - start < n && ++counts[graph->targets[edge]] == 0)
					atomic_store_explicit(&ranges->has_overflown, true, memory_order_relaxed);
		}
	}
}

/* The offset of each row is where the next source goes; when all are there, it is the end of the row. */
static void fill_range(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct ranges *ranges = context;
	const struct hs_graph *graph = ranges->graph;
	const uint64_t *bases = graph->source_rows.bases;
	uint32_t *next = graph->source_rows.offsets;

	(void)worker;
	for (size_t range = begin; range < end; range++) {
		hs_node start = ranges->starts[range], n = ranges->starts[range + 1] - start;
		uint64_t edge = 0;
		for (hs_node node = 0; node < graph->n_nodes && (node % STRETCH || !hs_is_cancelled(graph->heap->cancel)); node++)
			for (uint64_t row_end = hs_row_end(&graph->rows, node); edge < row_end; edge++) {
				hs_node target = graph->targets[edge];
				if (target - start < n && next[target] != IS_HUB)
					graph->sources[bases[target >> HS_ROWS_SHIFT] + next[target]++] = node;
			}
	}
}

static bool is_hub(const struct hs_graph *graph, hs_node node, uint64_t n)
{
	return n >= MIN_HUB_SOURCES && !graph_has_references(graph, node) &&
	       (n > graph->n_edges / HUB_SHARE || graph_is_immortal(graph, hs_graph_address(graph, node)));
}

/* From counts to the offsets of rows, leaving out hubs. False when a group of rows is too large. */
static bool place_group(struct hs_graph *graph, hs_node first, hs_node end, struct hs_error **ret_error)
{
	uint32_t *offsets = graph->source_rows.offsets;
	uint64_t sum = 0;

	graph->source_rows.bases[first >> HS_ROWS_SHIFT] = graph->n_reverse;
	for (hs_node node = first; node < end; node++) {
		uint64_t n = offsets[node];
		offsets[node] = (uint32_t)sum;
		if (n >= MIN_HUB_SOURCES && is_hub(graph, node, n)) {
			struct hub *hub = hs_array_append(&graph->hubs);
			if (!hub) {
				*ret_error = hs_error_no_memory();
				return false;
			}
			*hub = (struct hub){ .node = node, .n = n };
			offsets[node] = IS_HUB;
			n = 0;
		}
		sum += n;
	}
	graph->n_reverse += sum;
	return sum < UINT32_MAX;
}

static struct hs_error *place_rows(struct hs_graph *graph)
{
	struct hs_error *error = NULL;

	for (hs_node first = 0, end; first < graph->n_nodes; first = end) {
		end = graph->n_nodes - first < HS_ROWS_PER_BASE ? graph->n_nodes : first + HS_ROWS_PER_BASE;
		if (!place_group(graph, first, end, &error))
			return error ? error : hs_error_new(HS_ERROR_LIMIT, "2^32 references to a few objects");
	}
	return NULL;
}

/* From the ends of rows back to their beginnings, in groups of rows. */
static void settle_groups(void *context, size_t begin_group, size_t end_group, unsigned worker)
{
	const struct hs_graph *graph = context;
	uint32_t *offsets = graph->source_rows.offsets;

	(void)worker;
	for (size_t group = begin_group; group < end_group; group++) {
		size_t node = group << HS_ROWS_SHIFT, end_node = node + HS_ROWS_PER_BASE;
		uint32_t begin = 0;
		for (; node < end_node && node < graph->n_nodes; node++) {
			uint32_t end = offsets[node] == IS_HUB ? begin : offsets[node];
			offsets[node] = begin;
			begin = end;
		}
		if (node == graph->n_nodes && node < end_node)
			offsets[node] = begin;
	}
}

static void settle_rows(struct hs_graph *graph)
{
	size_t n_groups = hs_rows_base_count(graph->n_nodes);

	hs_workers_run(settle_groups, graph, n_groups, GROUPS_PER_CHUNK, graph->n_workers);
	if (graph->n_nodes % HS_ROWS_PER_BASE == 0) {
		graph->source_rows.bases[n_groups - 1] = graph->n_reverse;
		graph->source_rows.offsets[graph->n_nodes] = 0;
	}
}

struct hs_error *graph_build_reverse(struct hs_graph *graph)
{
	struct ranges ranges;

	HS_TRY(graph_rows_init(&graph->source_rows, graph->n_nodes));
	split(graph, &ranges);
	hs_workers_run(count_range, &ranges, ranges.n, 1, ranges.n);
	HS_TRY(hs_check_cancelled(graph->heap->cancel));
	if (ranges.has_overflown)
		return hs_error_new(HS_ERROR_LIMIT, "2^32 references to one object");
	HS_TRY(place_rows(graph));
	graph->sources = hs_pages_alloc_array(graph->n_reverse, sizeof(*graph->sources));
	if (!graph->sources)
		return hs_error_no_memory();
	hs_workers_run(fill_range, &ranges, ranges.n, 1, ranges.n);
	HS_TRY(hs_check_cancelled(graph->heap->cancel));
	settle_rows(graph);
	return NULL;
}

static struct hub *find_hub(const struct hs_graph *graph, hs_node node)
{
	size_t low = 0, high = graph->hubs.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (graph->hubs.items[middle].node == node)
			return &graph->hubs.items[middle];
		if (graph->hubs.items[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool hs_graph_is_hub(const struct hs_graph *graph, hs_node node)
{
	return find_hub(graph, node) != NULL;
}

static hs_node *search_sources(const struct hs_graph *graph, const struct hub *hub)
{
	hs_node *sources = calloc(hub->n, sizeof(*sources));
	uint64_t edge = 0, n = 0;

	for (hs_node node = 0; sources && node < graph->n_nodes && n < hub->n; node++)
		for (uint64_t end = hs_row_end(&graph->rows, node); edge < end; edge++)
			if (graph->targets[edge] == hub->node)
				sources[n++] = node;
	return sources;
}

static const hs_node *hub_sources(const struct hs_graph *graph, struct hub *hub, size_t *ret_n)
{
	if (!hub->sources)
		hub->sources = search_sources(graph, hub);
	*ret_n = hub->n;
	return hub->sources;
}

/* In a graph of nodes alone: what was asked for before is kept. */
static const hs_node *searched_sources(struct hs_graph *graph, hs_node node, size_t *ret_n)
{
	struct hub *hub = NULL;

	for (size_t i = 0; i < graph->hubs.n && !hub; i++)
		if (graph->hubs.items[i].node == node)
			hub = &graph->hubs.items[i];
	if (!hub) {
		*ret_n = 1;
		hub = hs_array_append(&graph->hubs);
		if (!hub)
			return NULL;
		hub->node = node;
		hub->sources = graph_search_sources(graph, node, &hub->n);
	}
	*ret_n = hub->n;
	return hub->sources;
}

const hs_node *hs_graph_sources(const struct hs_graph *graph, hs_node node, size_t *ret_n)
{
	struct hub *hub = graph_has_rows(graph) ? find_hub(graph, node) : NULL;
	const hs_node *sources;

	if (node >= graph->n_nodes) {
		*ret_n = 0;
		return NULL;
	}
	if (!hub && graph_has_rows(graph)) {
		uint64_t begin = hs_row_begin(&graph->source_rows, node);
		*ret_n = hs_row_end(&graph->source_rows, node) - begin;
		return graph->sources + begin;
	}
	pthread_mutex_t *lock = (pthread_mutex_t *)&graph->hubs_lock;
	pthread_mutex_lock(lock);
	sources = hub ? hub_sources(graph, hub, ret_n) : searched_sources((struct hs_graph *)graph, node, ret_n);
	pthread_mutex_unlock(lock);
	return sources;
}

/* The same of a hub, whose sources are not listed. */
static bool any_row_with(const struct hs_graph *graph, hs_node target, bool (*fits)(const void *context, hs_node source), const void *context)
{
	uint64_t edge = 0;

	for (hs_node node = 0; node < graph->n_nodes; node++)
		for (uint64_t end = hs_row_end(&graph->rows, node); edge < end; edge++)
			if (graph->targets[edge] == target && fits(context, node))
				return true;
	return false;
}

bool hs_graph_any_source(const struct hs_graph *graph, hs_node node, bool (*fits)(const void *context, hs_node source), const void *context)
{
	size_t n;

	if (graph_has_rows(graph) && find_hub(graph, node))
		return any_row_with(graph, node, fits, context);
	const hs_node *sources = hs_graph_sources(graph, node, &n);
	for (size_t i = 0; sources && i < n; i++)
		if (fits(context, sources[i]))
			return true;
	return false;
}
