/* SPDX-License-Identifier: Apache-2.0 */
/* Reference counts as the target has them, and as the rows of the graph add up. */
#include <stdatomic.h>

#include "graph_internal.h"
#include "repr.h"
#include "workers.h"

#define POOLS_PER_CHUNK 64
#define OUTSIDE_PER_CHUNK 1024

/* The object as far as its first words are concerned. */
static struct hs_object head_at(const struct hs_graph *graph, hs_addr address)
{
	uint32_t bytes = HS_SIZEOF(graph->heap->py->layout, PyObject);
	const uint8_t *body = hs_image_at(graph->heap->py->image, address, bytes);

	return (struct hs_object){ .address = address, .body = body, .body_bytes = body ? bytes : 0 };
}

bool graph_is_immortal(const struct hs_graph *graph, hs_addr address)
{
	const struct hs_object object = head_at(graph, address);
	uint64_t refcount;

	return !hs_object_refcount(graph->heap->py, &object, &refcount);
}

bool hs_graph_has_more_references(const struct hs_graph *graph, hs_node node, uint64_t n)
{
	if (!hs_graph_is_object(graph, node))
		return false;
	const struct hs_object object = head_at(graph, hs_graph_address(graph, node));
	uint64_t refcount;
	return hs_object_refcount(graph->heap->py, &object, &refcount) && refcount > n;
}

static void add_count(uint32_t *count, uint64_t n)
{
	*count = n < UINT32_MAX - *count ? *count + (uint32_t)n : UINT32_MAX;
}

void hs_graph_add_referrers(const struct hs_graph *graph, uint32_t *counts)
{
	for (hs_node node = 0; node < graph->n_nodes; node++)
		add_count(&counts[node], hs_row_end(&graph->source_rows, node) - hs_row_begin(&graph->source_rows, node));
	for (size_t i = 0; i < graph->hubs.n; i++)
		add_count(&counts[graph->hubs.items[i].node], graph->hubs.items[i].n);
	for (size_t i = 0; i < graph->n_extras; i++)
		add_count(&counts[graph->targets[graph->extras[i] >> EXTRA_BITS]], graph->extras[i] & MAX_EXTRA);
}

uint64_t hs_graph_entries_of(const struct hs_graph *graph, hs_node node)
{
	uint64_t n = hs_row_end(&graph->source_rows, node) - hs_row_begin(&graph->source_rows, node);

	/* the row of a hub is empty */
	for (size_t i = 0; !n && i < graph->hubs.n; i++)
		if (graph->hubs.items[i].node == node)
			return graph->hubs.items[i].n;
	return n;
}

void hs_graph_each_extra(const struct hs_graph *graph, void (*each)(void *context, hs_node target, uint64_t n), void *context)
{
	for (size_t i = 0; i < graph->n_extras; i++)
		each(context, graph->targets[graph->extras[i] >> EXTRA_BITS], graph->extras[i] & MAX_EXTRA);
}

struct excess_pass {
	const struct hs_graph *graph;
	uint64_t *set;
};

/* Two pools, or what lies outside, may share a word of the set. */
static void mark(const struct excess_pass *pass, hs_node node)
{
	atomic_fetch_or_explicit((_Atomic uint64_t *)&pass->set[node / 64], (uint64_t)1 << node % 64, memory_order_relaxed);
}

static void look_at_pools(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct excess_pass *pass = context;
	const struct hs_heap *heap = pass->graph->heap;
	uint32_t bytes = HS_SIZEOF(heap->py->layout, PyObject);

	(void)worker;
	for (size_t i = begin; i < end; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			hs_node node = pool->first_block + index;
			uint8_t state = heap->blocks[node];
			size_t offset = heap->pymalloc->header_bytes + (size_t)index * pool->block_bytes + heap->hook_bytes + block_header_bytes(state);
			const struct hs_object object = { .body = pool->data + offset, .body_bytes = bytes };
			uint64_t refcount;
			if (state & BLOCK_OBJECT && hs_object_refcount(heap->py, &object, &refcount) && refcount > hs_graph_entries_of(pass->graph, node))
				mark(pass, node);
		}
	}
}

static void look_outside(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct excess_pass *pass = context;

	(void)worker;
	for (size_t i = begin; i < end; i++) {
		hs_node node = pass->graph->n_blocks + (hs_node)i;
		bool is_static = hs_graph_bytes(pass->graph, node) == 0;
		if (hs_graph_has_more_references(pass->graph, node, hs_graph_entries_of(pass->graph, node) + is_static))
			mark(pass, node);
	}
}

void hs_graph_find_excess(const struct hs_graph *graph, uint64_t *ret)
{
	struct excess_pass pass = { graph, ret };

	hs_workers_run(look_at_pools, &pass, graph->heap->pymalloc->pools.n, POOLS_PER_CHUNK, graph->n_workers);
	hs_workers_run(look_outside, &pass, graph->heap->outside.n, OUTSIDE_PER_CHUNK, graph->n_workers);
}
