/* SPDX-License-Identifier: Apache-2.0 */
/* What the passes over a graph share: the index of nodes by address, the rows in both directions. */
#ifndef HS_GRAPH_INTERNAL_H
#define HS_GRAPH_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "graph.h"
#include "heap_internal.h"

/* Blocks of which one entry of hs_graph.pool_of_blocks tells the first pool. */
#define BLOCKS_PER_ENTRY 64

/* Addresses outside the pools of which one entry of hs_graph.page_first tells the first object: a word of marks each. */
#define MARKS_PER_PAGE 512

/*
 * Further references that one stored edge stands for: index << 24 | how many. Ascending; entries of one edge add up.
 */
#define EXTRA_BITS 24
#define MAX_EXTRA (((uint64_t)1 << EXTRA_BITS) - 1)
#define MAX_EDGES ((uint64_t)1 << (64 - EXTRA_BITS))

#define OTHER_TYPE UINT16_MAX

/* A target of so many edges that its sources are looked for when somebody asks. */
struct hub {
	hs_node node;
	uint64_t n;
	hs_node *sources; /* NULL: nobody has asked yet */
};

struct hs_graph {
	const struct hs_heap *heap;
	unsigned n_workers;
	uint32_t n_blocks;        /* the first node outside the pools */
	uint32_t n_nodes;
	uint32_t *pool_of_blocks; /* by node / BLOCKS_PER_ENTRY: the pool that holds the first of them */
	uint32_t *page_first;     /* by mark / MARKS_PER_PAGE: index of the first outside object there; lazily backed */
	size_t n_pages;
	uint16_t *types;          /* by node: hs_type.index of objects; OTHER_TYPE: ask the object, or it is none */
	struct hs_sizes sizes;    /* by node: allocator bytes */
	struct hs_rows rows;      /* empty in a graph of nodes alone, as all that is made of them, `types` and `sizes` */
	hs_node *targets;
	uint64_t n_edges;
	uint64_t *extras;
	size_t n_extras;
	struct hs_rows source_rows;
	hs_node *sources;
	uint64_t n_reverse;
	HS_ARRAY(struct hub) hubs; /* by node; without rows: the nodes asked for so far, in that order */
	pthread_mutex_t hubs_lock; /* their sources */
	struct hs_addresses interned; /* dicts that index strings and own only the immortal ones: weak references to the others */
	struct hs_graph_figures figures;
};

/* Both arrays of rows for all nodes, zeroed. */
struct hs_error *graph_rows_init(struct hs_rows *rows, hs_node n) HS_MUST_CHECK;
struct hs_error *graph_nodes_init(struct hs_graph *graph) HS_MUST_CHECK;
void graph_nodes_deinit(struct hs_graph *graph);
struct hs_error *graph_build_forward(struct hs_graph *graph) HS_MUST_CHECK;
struct hs_error *graph_build_reverse(struct hs_graph *graph) HS_MUST_CHECK;
/* Without rows: the nodes that refer to `node`, ascending, each once. The caller frees the result; NULL with *ret_n > 0: memory is out. */
hs_node *graph_search_sources(const struct hs_graph *graph, hs_node node, uint64_t *ret_n);
/* The object alone, by the table of types that any thread may ask. *ret_block_bytes: of its own block. False if the node is none. */
bool graph_object_of(const struct hs_graph *graph, hs_node node, struct hs_object *ret, uint64_t *ret_block_bytes);

static inline bool graph_has_rows(const struct hs_graph *graph)
{
	return graph->rows.offsets != NULL;
}

/* The pool that holds the block of the node, which is < n_blocks. */
static inline const struct hs_pool *graph_pool_of_node(const struct hs_graph *graph, hs_node node)
{
	const struct hs_pool *pool = &graph->heap->pymalloc->pools.items[graph->pool_of_blocks[node / BLOCKS_PER_ENTRY]];

	while (node - pool->first_block >= pool->n_blocks)
		pool++;
	return pool;
}

/* The object that starts exactly at an address in the pool, or HS_NO_NODE. */
static inline hs_node graph_pool_node(const struct hs_graph *graph, const struct hs_pool *pool, hs_addr address)
{
	const struct hs_heap *heap = graph->heap;
	uint32_t index = hs_pool_block_at(heap->pymalloc, pool, address);

	if (index >= pool->n_blocks)
		return HS_NO_NODE;
	uint8_t state = heap->blocks[pool->first_block + index];
	uint32_t start = heap->pymalloc->header_bytes + index * pool->block_bytes + heap->hook_bytes + block_header_bytes(state);
	return state & BLOCK_OBJECT && address - pool->base == start ? pool->first_block + index : HS_NO_NODE;
}

/* True if the object at `address` is never freed: its reference count says so. */
bool graph_is_immortal(const struct hs_graph *graph, hs_addr address);

static inline bool graph_is_interned_dict(const struct hs_graph *graph, hs_addr address)
{
	for (size_t i = 0; i < graph->interned.n; i++)
		if (graph->interned.items[i] == address)
			return true;
	return false;
}

/* Targets of references, in the order in which they were met. */
struct target_list {
	hs_node *items; /* of hs_pages_alloc: malloc may keep what it is given back */
	size_t n, capacity;
};

/* False when memory is out; nothing has changed then. */
bool target_list_grow(struct target_list *list, size_t n);
void target_list_free(struct target_list *list);

/* Makes room for `n` more. */
static inline bool target_list_reserve(struct target_list *list, size_t n)
{
	return list->n + n <= list->capacity || target_list_grow(list, list->n + n);
}

static inline uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Every allocator's blocks are a multiple of it. */
#define BYTES_PER_UNIT 16

/* The same outside the pools. */
hs_node graph_outside_node(const struct hs_graph *graph, hs_addr address);

/* Nodes outside the pools that one thread has looked up lately: all instances refer to a few classes. Zero it before use. */
#define KNOWN_SLOTS 256
struct known_nodes {
	struct {
		hs_addr address;
		hs_node node;
	} slots[KNOWN_SLOTS];
};

/* hs_graph_node_at() for who asks by the million. */
static inline hs_node graph_find_node(const struct hs_graph *graph, struct known_nodes *known, hs_addr address)
{
	const struct hs_pool *pool = hs_pool_of(graph->heap->pymalloc, address);

	if (pool)
		return graph_pool_node(graph, pool, address);
	size_t slot = (address >> 4 ^ address >> 12) % KNOWN_SLOTS;
	if (known->slots[slot].address != address) {
		known->slots[slot].node = graph_outside_node(graph, address);
		known->slots[slot].address = address;
	}
	return known->slots[slot].node;
}

static inline bool graph_has_references(const struct hs_graph *graph, hs_node node)
{
	return hs_row_begin(&graph->rows, node) != hs_row_end(&graph->rows, node);
}

#endif
