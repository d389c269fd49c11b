/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is tracked by which collector. That an object is tracked its GC head says; by whom, only the lists do. Following them costs
 * a cache miss an object, so those of the main interpreter, which has most, are not followed: what is on no other list is its. While
 * a collection runs, it has lists of its own on a C stack: then what is on no list is that interpreter's.
 */
#include "collectable.h"

#include <stdlib.h>

#include "chain.h"
#include "collectable_internal.h"
#include "graph_internal.h"
#include "pages.h"
#include "repr.h"
#include "workers.h"

#define POOLS_PER_CHUNK 64
#define OUTSIDE_PER_CHUNK 1024
#define PERMANENT (HS_N_GC_HEADS - 1)

struct marking {
	const struct hs_graph *graph;
	struct hs_collectable *collectable;
	uint16_t domain; /* of the interpreter that has what is on no list that is followed */
};

bool collectable_object(const struct hs_graph *graph, hs_node node, unsigned worker, struct hs_object *ret)
{
	const struct hs_heap *heap = graph->heap;
	uint64_t block_bytes;

	if (node >= graph->n_blocks)
		return hs_heap_outside_object(heap, heap->outside.items[node - graph->n_blocks].address, ret, &block_bytes);
	uint8_t state = heap->blocks[node];
	if (!(state & BLOCK_OBJECT))
		return false;
	const struct hs_pool *pool = graph_pool_of_node(graph, node);
	hs_heap_pool_object(heap, &heap->workers[worker], pool, node - pool->first_block, state, ret);
	return ret->type != NULL;
}

static void mark(const struct marking *marking, hs_node node, const struct hs_object *object)
{
	uint64_t refcount;

	if (!hs_object_refcount(marking->graph->heap->py, object, &refcount))
		return;
	marking->collectable->domains[node] = marking->domain;
	marking->collectable->held[node] = refcount < UINT32_MAX ? (uint32_t)refcount : UINT32_MAX;
}

/* Objects in pools have a GC head if they have headers at all: their types need not be looked up. */
static void mark_pools(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct marking *marking = context;
	const struct hs_heap *heap = marking->graph->heap;
	uint32_t bytes = HS_SIZEOF(heap->py->layout, PyObject);

	(void)worker;
	for (size_t i = begin; i < end; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			uint8_t state = heap->blocks[pool->first_block + index];
			uint32_t header = block_header_bytes(state);
			if (!(state & BLOCK_OBJECT) || !header)
				continue;
			size_t offset = heap->pymalloc->header_bytes + (size_t)index * pool->block_bytes + heap->hook_bytes + header;
			const struct hs_object object = { .body = pool->data + offset, .body_bytes = bytes };
			uint64_t gc_next;
			memcpy(&gc_next, object.body - HS_GC_HEAD_BYTES, sizeof(gc_next));
			if (gc_next)
				mark(marking, pool->first_block + index, &object);
		}
	}
}

static void mark_outside(void *context, size_t begin, size_t end, unsigned worker)
{
	const struct marking *marking = context;

	for (size_t i = begin; i < end; i++) {
		hs_node node = marking->graph->n_blocks + (hs_node)i;
		struct hs_object object;
		if (collectable_object(marking->graph, node, worker, &object) && hs_heap_is_tracked(&object))
			mark(marking, node, &object);
	}
}

/* Gives the objects of one list to a domain. */
static void walk_list(const struct marking *marking, hs_addr head, uint16_t domain)
{
	const struct hs_cpython *py = marking->graph->heap->py;
	uint32_t next = (uint32_t)HS_OFFSET(py->layout, PyGC_Head, _gc_next);
	struct hs_chain_guard guard = { 0 };

	if (!head)
		return;
	hs_addr link = hs_image_word(py->image, head + next) & HS_GC_POINTER_MASK;
	while (link && link != head && !hs_chain_repeats(&guard, link)) {
		hs_node node = hs_graph_node_at(marking->graph, link + HS_GC_HEAD_BYTES);
		if (node != HS_NO_NODE && marking->collectable->domains[node])
			marking->collectable->domains[node] = domain;
		link = hs_image_word(py->image, link + next) & HS_GC_POINTER_MASK;
	}
}

static size_t main_interpreter(const struct hs_cpython *py)
{
	hs_addr main = HS_ADDRESS_OF(py->layout, _PyRuntime) + (uint32_t)HS_OFFSET(py->layout, PyRuntimeState, interpreters_main);
	hs_addr address = hs_image_word(py->image, main);

	for (size_t i = 0; i < py->interpreters.n; i++)
		if (py->interpreters.items[i].address == address)
			return i;
	return py->interpreters.n - 1;
}

/* Whose lists are not followed, or not all in sight. Of two that collect at once, the main interpreter. */
static size_t interpreter_of_the_rest(const struct hs_cpython *py)
{
	size_t main = main_interpreter(py);

	for (size_t i = 0; i < py->interpreters.n && !py->interpreters.items[main].is_collecting; i++)
		if (py->interpreters.items[i].is_collecting)
			return i;
	return main;
}

static void part_domains(const struct marking *marking)
{
	const struct hs_interpreters *interpreters = &marking->graph->heap->py->interpreters;
	const struct hs_interpreter *rest = &interpreters->items[marking->domain - 1];

	for (size_t i = 0; i < interpreters->n; i++) {
		const struct hs_interpreter *interpreter = &interpreters->items[i];
		/* 3.8 has one collector for all */
		bool is_rest = interpreter->gc_heads[PERMANENT] == rest->gc_heads[PERMANENT];
		for (unsigned generation = 0; generation < PERMANENT && !is_rest; generation++)
			walk_list(marking, interpreter->gc_heads[generation], (uint16_t)(i + 1));
		walk_list(marking, interpreter->gc_heads[PERMANENT], 0);
	}
}

struct hs_error *hs_collectable_init(struct hs_collectable *ret, const struct hs_graph *graph)
{
	struct marking marking = { .graph = graph, .collectable = ret };

	*ret = (struct hs_collectable){ .n = graph->n_nodes };
	ret->domains = hs_pages_alloc_array(ret->n, sizeof(*ret->domains));
	ret->held = hs_pages_alloc_array(ret->n, sizeof(*ret->held));
	if (!ret->domains || !ret->held)
		return hs_error_no_memory();
	marking.domain = (uint16_t)(interpreter_of_the_rest(graph->heap->py) + 1);
	hs_workers_run(mark_pools, &marking, graph->heap->pymalloc->pools.n, POOLS_PER_CHUNK, graph->n_workers);
	hs_workers_run(mark_outside, &marking, graph->heap->outside.n, OUTSIDE_PER_CHUNK, graph->n_workers);
	part_domains(&marking);
	return collectable_visit(ret, graph);
}

void hs_collectable_deinit(struct hs_collectable *collectable)
{
	hs_pages_free(collectable->domains, collectable->n * sizeof(*collectable->domains));
	hs_pages_free(collectable->held, collectable->n * sizeof(*collectable->held));
	hs_pages_free(collectable->rows.offsets, ((size_t)collectable->n + 1) * sizeof(*collectable->rows.offsets));
	hs_pages_free(collectable->targets, collectable->n_targets * sizeof(*collectable->targets));
	free(collectable->rows.bases);
	free(collectable->scanned);
}
