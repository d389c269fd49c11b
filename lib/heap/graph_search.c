/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who refers to one object, in a graph without rows: a pass over the references of all objects, in threads, that keeps nothing but
 * the objects with one to it; or over those only that were seen to mention it when the heap was opened. The same references count as those of which rows are made (graph_edges.c).
 */
#include <stdlib.h>

#include "dict.h"
#include "graph_visit.h"
#include "workers.h"

#define POOLS_PER_CHUNK 64
#define OUTSIDE_PER_CHUNK 64

struct search;

struct search_worker {
	_Alignas(WORKER_ALIGNMENT) const struct search *search;
	struct worker *heap_worker; /* its cache of types */
	HS_ARRAY(hs_node) found;
	struct visit_budget budget;
	const struct hs_object *object;
	bool is_index;              /* it owns nothing of what it refers to but what is immortal */
	bool is_found;              /* the object being visited refers to the one that is searched for */
	bool out_of_memory;
	struct hs_visitor visitor;
};

struct search {
	const struct hs_graph *graph;
	struct search_worker *workers;
	hs_addr address;
	bool is_immortal;
};

static void look_at_references(void *context, const struct hs_reference_run *run)
{
	struct search_worker *worker = context;
	const struct search *search = worker->search;
	const uint8_t *at = run->words;
	const uint64_t tag_mask = ~(uint64_t)run->tag_mask;
	bool is_indexed = worker->is_index && run->kind == HS_EDGE_VALUE;

	if (worker->is_found || !(is_indexed ? search->is_immortal : hs_relation_holds(run->relation)) ||
	    !visit_budget_take(&worker->budget, &worker->visitor, run->n))
		return;
	for (size_t i = 0; i < run->n; i++, at += run->stride) {
		uint64_t word = word_at(at);
		if ((word & tag_mask) == search->address && !(word & run->borrowed_tag)) {
			worker->is_found = true;
			return;
		}
	}
}

static void look_at_scanned(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct search_worker *worker = context;
	const uint8_t *at = words;

	if (worker->is_found || what != HS_SCAN_ALL || !visit_budget_take(&worker->budget, &worker->visitor, n))
		return;
	for (size_t i = 0; i < n; i++, at += sizeof(hs_addr))
		if (word_at(at) == worker->search->address && at != graph_weak_word(worker->search->graph->heap->py, worker->object)) {
			worker->is_found = true;
			return;
		}
}

static void visit(struct search_worker *worker, const struct hs_object *object, hs_node node, bool adopts)
{
	const struct hs_graph *graph = worker->search->graph;

	worker->object = object;
	worker->is_found = false;
	worker->is_index = object->type->kind->visit == hs_dict_visit && graph_is_interned_dict(graph, object->address);
	hs_object_visit(graph->heap->py, object, &worker->visitor);
	if (adopts)
		graph_scan_adopted(graph->heap, object, &worker->visitor);
	if (!worker->is_found)
		return;
	hs_node *slot = hs_array_append(&worker->found);
	if (slot)
		*slot = node;
	else
		worker->out_of_memory = true;
}

static void search_pools(void *context, size_t begin, size_t end, unsigned worker_index)
{
	const struct search *search = context;
	struct search_worker *worker = &search->workers[worker_index];
	const struct hs_heap *heap = search->graph->heap;

	for (size_t i = begin; i < end; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			uint8_t state = heap->blocks[pool->first_block + index];
			struct hs_object object;
			if (!(state & BLOCK_OBJECT) || (block_is_leaf(state) && !(state & BLOCK_ADOPTS)))
				continue;
			hs_heap_pool_object(heap, worker->heap_worker, pool, index, state, &object);
			visit(worker, &object, pool->first_block + index, state & BLOCK_ADOPTS);
		}
	}
}

static void search_outside(void *context, size_t begin, size_t end, unsigned worker_index)
{
	const struct search *search = context;
	const struct hs_heap *heap = search->graph->heap;

	for (size_t i = begin; i < end; i++) {
		struct hs_object object;
		uint64_t block_bytes;
		if (hs_heap_outside_object(heap, heap->outside.items[i].address, &object, &block_bytes))
			visit(&search->workers[worker_index], &object, search->graph->n_blocks + (hs_node)i, true);
	}
}

/* The object at an address that was met before; ghosts are none any more. */
static void search_object(const struct search *search, hs_addr address)
{
	hs_node node = hs_graph_node_at(search->graph, address);
	struct hs_object object;
	uint64_t block_bytes;

	if (node != HS_NO_NODE && graph_object_of(search->graph, node, &object, &block_bytes))
		visit(&search->workers[0], &object, node, true);
}

/* Objects that mention what is wanted themselves, and those that do so in a block that they adopted. */
static void search_mentions(const struct search *search)
{
	const struct hs_heap *heap = search->graph->heap;

	for (size_t i = 0; i < heap->mentions.n; i++)
		search_object(search, heap->mentions.items[i]);
	for (size_t i = 0; i < heap->adopted.n; i++)
		search_object(search, heap->adopted.items[i].owner);
}

static void search_all(struct search *search)
{
	const struct hs_graph *graph = search->graph;

	/* the objects outside the pools first: a few of them may be most of the work */
	hs_workers_run(search_outside, search, graph->heap->outside.n, OUTSIDE_PER_CHUNK, graph->n_workers);
	hs_workers_run(search_pools, search, graph->heap->pymalloc->pools.n, POOLS_PER_CHUNK, graph->n_workers);
}

static int compare_nodes(const void *a, const void *b)
{
	hs_node left = *(const hs_node *)a, right = *(const hs_node *)b;

	return left < right ? -1 : left > right;
}

/* What all threads found, ascending, each once; NULL when memory is out. */
static hs_node *gather(const struct search *search, uint64_t *ret_n)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < search->graph->n_workers; i++) {
		if (search->workers[i].out_of_memory)
			return NULL;
		n += search->workers[i].found.n;
	}
	hs_node *all = calloc(n + 1, sizeof(*all));
	n = 0;
	for (unsigned i = 0; all && i < search->graph->n_workers; i++)
		for (size_t k = 0; k < search->workers[i].found.n; k++)
			all[n++] = search->workers[i].found.items[k];
	if (all)
		qsort(all, n, sizeof(*all), compare_nodes);
	*ret_n = 0;
	for (uint64_t i = 0; all && i < n; i++)
		if (!i || all[i] != all[i - 1])
			all[(*ret_n)++] = all[i];
	return all;
}

hs_node *graph_search_sources(const struct hs_graph *graph, hs_node node, uint64_t *ret_n)
{
	const struct hs_heap *heap = graph->heap;
	struct search search = { .graph = graph, .address = hs_graph_address(graph, node) };

	*ret_n = 1;
	search.workers = aligned_alloc(WORKER_ALIGNMENT, graph->n_workers * sizeof(*search.workers));
	if (!search.workers)
		return NULL;
	search.is_immortal = graph_is_immortal(graph, search.address);
	for (unsigned i = 0; i < graph->n_workers; i++) {
		struct search_worker *worker = &search.workers[i];
		*worker = (struct search_worker){
			.search = &search, .heap_worker = &heap->workers[i],
			.budget.n_words_left = MAX_VISITS_PER_WORD * hs_image_mapped_bytes(heap->py->image) / sizeof(hs_addr),
		};
		worker->visitor = hs_visitor_of_references(look_at_references, worker);
		worker->visitor.scan = look_at_scanned;
	}
	if (search.address == heap->wanted)
		search_mentions(&search);
	else
		search_all(&search);
	hs_node *found = gather(&search, ret_n);
	for (unsigned i = 0; i < graph->n_workers; i++)
		hs_array_free(&search.workers[i].found);
	free(search.workers);
	return found;
}
