/* SPDX-License-Identifier: Apache-2.0 */
/* Building rows by counting. */
#include "plain_graph.h"

#include <stdlib.h>

static void *allocate(size_t n, size_t bytes)
{
	void *memory = calloc(n + 1, bytes);

	if (!memory)
		abort();
	return memory;
}

static void build_rows(struct hs_csr *csr, uint32_t n, const struct plain_edge *edges, size_t n_edges, bool is_reverse)
{
	uint64_t *begins = allocate((size_t)n + 1, sizeof(*begins));
	uint32_t *targets = allocate(n_edges, sizeof(*targets));

	csr->n = n;
	csr->rows.bases = allocate(hs_rows_base_count(n), sizeof(uint64_t));
	csr->rows.offsets = allocate((size_t)n + 1, sizeof(uint32_t));
	for (size_t i = 0; i < n_edges; i++)
		begins[(is_reverse ? edges[i].to : edges[i].from) + 1]++;
	for (uint32_t node = 0; node < n; node++)
		begins[node + 1] += begins[node];
	for (uint32_t node = 0; node <= n; node++) {
		if (node % HS_ROWS_PER_BASE == 0)
			csr->rows.bases[node >> HS_ROWS_SHIFT] = begins[node];
		csr->rows.offsets[node] = (uint32_t)(begins[node] - csr->rows.bases[node >> HS_ROWS_SHIFT]);
	}
	for (size_t i = 0; i < n_edges; i++)
		targets[begins[is_reverse ? edges[i].to : edges[i].from]++] = is_reverse ? edges[i].from : edges[i].to;
	csr->targets = targets;
	free(begins);
}

static int compare_edges(const void *a, const void *b)
{
	const struct plain_edge *left = a, *right = b;

	return left->from < right->from ? -1 : left->from > right->from;
}

void plain_graph_init(struct plain_graph *graph, uint32_t n, const struct plain_edge *edges, size_t n_edges)
{
	struct plain_edge *sorted = allocate(n_edges, sizeof(*sorted));
	size_t n_kept = 0;

	for (size_t i = 0; i < n_edges; i++)
		sorted[i] = edges[i];
	/* a merge sort in glibc: edges of a node keep their order */
	qsort(sorted, n_edges, sizeof(*sorted), compare_edges);
	for (size_t i = 0; i < n_edges; i++)
		if (!n_kept || sorted[n_kept - 1].from != sorted[i].from || sorted[n_kept - 1].to != sorted[i].to)
			sorted[n_kept++] = sorted[i];
	graph->n_edges = n_kept;
	build_rows(&graph->csr, n, sorted, n_kept, false);
	build_rows(&graph->reverse, n, sorted, n_kept, true);
	free(sorted);
}

static void free_rows(struct hs_csr *csr)
{
	free(csr->rows.bases);
	free(csr->rows.offsets);
	free((void *)csr->targets);
}

void plain_graph_deinit(struct plain_graph *graph)
{
	free_rows(&graph->csr);
	free_rows(&graph->reverse);
}

bool plain_graph_has_source(const void *graph, uint32_t node, bool (*fits)(const void *context, uint32_t source), const void *context)
{
	size_t n;
	const uint32_t *sources = plain_graph_sources(graph, node, &n);

	for (size_t i = 0; i < n; i++)
		if (fits(context, sources[i]))
			return true;
	return false;
}

const uint32_t *plain_graph_sources(const void *graph, uint32_t node, size_t *ret_n)
{
	const struct hs_csr *reverse = &((const struct plain_graph *)graph)->reverse;

	*ret_n = hs_csr_end(reverse, node) - hs_csr_begin(reverse, node);
	return reverse->targets + hs_csr_begin(reverse, node);
}

uint32_t plain_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

void plain_graph_random(struct plain_graph *graph, uint32_t n, size_t n_edges, uint64_t seed)
{
	struct plain_edge *edges = allocate(n_edges, sizeof(*edges));
	uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;

	for (size_t i = 0; i < n_edges; i++) {
		edges[i].from = plain_random(&state) % n;
		edges[i].to = plain_random(&state) % n;
		if (edges[i].from % 4 == 3)
			edges[i].from--;
	}
	plain_graph_init(graph, n, edges, n_edges);
	free(edges);
}
