/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes and addresses. In the pools both follow from the block's number; outside, the marks of accepted objects are the
 * index: an object's place in the address order is what comes before its page, and the marks before its own in the page.
 *
 *     marks       …0100 0000 0010 | 1000 0000 0001 0000 | …       512 to a page, one bit for 8 bytes
 *     page_first  17              | 19                  | …
 */
#include "graph_internal.h"
#include "pages.h"
#include "root.h"

static void index_pools(struct hs_graph *graph)
{
	const struct hs_pymalloc *pymalloc = graph->heap->pymalloc;

	for (size_t i = 0; i < pymalloc->pools.n; i++) {
		const struct hs_pool *pool = &pymalloc->pools.items[i];
		uint32_t first = (pool->first_block + BLOCKS_PER_ENTRY - 1) / BLOCKS_PER_ENTRY;
		for (uint32_t entry = first; (uint64_t)entry * BLOCKS_PER_ENTRY < (uint64_t)pool->first_block + pool->n_blocks; entry++)
			graph->pool_of_blocks[entry] = (uint32_t)i;
	}
}

/* The number of the address's mark, or UINT64_MAX outside the image. */
static uint64_t mark_of(const struct address_marks *marks, hs_addr address)
{
	const struct hs_segment *segment = hs_image_find(marks->image, address);

	return segment ? marks->segment_first_bit[segment - marks->segments] + (address - segment->start) / 8 : UINT64_MAX;
}

static void index_outside(struct hs_graph *graph)
{
	const struct hs_heap *heap = graph->heap;
	uint64_t last_page = UINT64_MAX;

	for (size_t i = 0; i < heap->outside.n; i++) {
		uint64_t page = mark_of(&heap->accepted, heap->outside.items[i].address) / MARKS_PER_PAGE;
		if (page != last_page)
			graph->page_first[page] = (uint32_t)i;
		last_page = page;
	}
}

static struct hs_error *find_interned(struct hs_graph *graph)
{
	const struct hs_cpython *py = graph->heap->py;

	for (size_t i = 0; i < py->interpreters.n; i++) {
		hs_addr dict = hs_interned_dict(py, py->interpreters.items[i].address);
		if (!dict || graph_is_interned_dict(graph, dict))
			continue;
		hs_addr *slot = hs_array_append(&graph->interned);
		if (!slot)
			return hs_error_no_memory();
		*slot = dict;
	}
	return NULL;
}

struct hs_error *graph_nodes_init(struct hs_graph *graph)
{
	const struct hs_heap *heap = graph->heap;

	if ((uint64_t)heap->pymalloc->n_blocks + heap->outside.n > UINT32_MAX - HS_SPARE_NODES)
		return hs_error_new(HS_ERROR_LIMIT, "more than 2^32 objects");
	graph->n_blocks = heap->pymalloc->n_blocks;
	graph->n_nodes = graph->n_blocks + (uint32_t)heap->outside.n;
	graph->n_pages = heap->accepted.mapped_bytes / (MARKS_PER_PAGE / 8) + 1;
	graph->pool_of_blocks = calloc((size_t)graph->n_blocks / BLOCKS_PER_ENTRY + 1, sizeof(*graph->pool_of_blocks));
	/* sparse: not in huge pages */
	graph->page_first = calloc(graph->n_pages, sizeof(*graph->page_first));
	graph->sizes.unit_bytes = BYTES_PER_UNIT;
	if (!graph->pool_of_blocks || !graph->page_first)
		return hs_error_no_memory();
	index_pools(graph);
	index_outside(graph);
	return find_interned(graph);
}

void graph_nodes_deinit(struct hs_graph *graph)
{
	free(graph->pool_of_blocks);
	free(graph->page_first);
	hs_array_free(&graph->interned);
	hs_pages_free(graph->types, graph->n_nodes * sizeof(*graph->types));
	hs_pages_free(graph->sizes.units, graph->n_nodes * sizeof(*graph->sizes.units));
	free(graph->sizes.large);
}

hs_node graph_outside_node(const struct hs_graph *graph, hs_addr address)
{
	const struct address_marks *marks = &graph->heap->accepted;
	uint64_t mark = address & 7 ? UINT64_MAX : mark_of(marks, address);

	if (mark == UINT64_MAX || !(marks->words[mark / 64] >> (mark % 64) & 1))
		return HS_NO_NODE;
	uint64_t page = mark / MARKS_PER_PAGE;
	uint32_t n_before = (uint32_t)__builtin_popcountll(marks->words[mark / 64] & (((uint64_t)1 << (mark % 64)) - 1));
	for (uint64_t word = page * (MARKS_PER_PAGE / 64); word < mark / 64; word++)
		n_before += (uint32_t)__builtin_popcountll(marks->words[word]);
	return graph->n_blocks + graph->page_first[page] + n_before;
}

hs_node hs_graph_node_at(const struct hs_graph *graph, hs_addr address)
{
	const struct hs_pool *pool = hs_pool_of(graph->heap->pymalloc, address);

	return pool ? graph_pool_node(graph, pool, address) : graph_outside_node(graph, address);
}

hs_node hs_graph_node_count(const struct hs_graph *graph)
{
	return graph->n_nodes;
}

bool hs_graph_is_object(const struct hs_graph *graph, hs_node node)
{
	return node < graph->n_blocks ? graph->heap->blocks[node] & BLOCK_OBJECT : node < graph->n_nodes;
}

hs_addr hs_graph_address(const struct hs_graph *graph, hs_node node)
{
	const struct hs_heap *heap = graph->heap;

	if (node >= graph->n_blocks)
		return node < graph->n_nodes ? heap->outside.items[node - graph->n_blocks].address : 0;
	const struct hs_pool *pool = graph_pool_of_node(graph, node);
	return hs_pool_block_address(heap->pymalloc, pool, node - pool->first_block) + heap->hook_bytes +
	       block_header_bytes(heap->blocks[node]);
}

bool graph_object_of(const struct hs_graph *graph, hs_node node, struct hs_object *ret, uint64_t *ret_block_bytes)
{
	const struct hs_heap *heap = graph->heap;

	if (!hs_graph_is_object(graph, node))
		return false;
	if (node >= graph->n_blocks)
		return hs_heap_outside_object(heap, heap->outside.items[node - graph->n_blocks].address, ret, ret_block_bytes);
	const struct hs_pool *pool = graph_pool_of_node(graph, node);
	uint32_t header = block_header_bytes(heap->blocks[node]);
	hs_addr address = hs_graph_address(graph, node);
	struct hs_object object = {
		.address = address,
		.body = pool->data + (address - pool->base),
		.body_bytes = pool->block_bytes - heap->hook_bytes - header,
		.head_bytes = header,
	};
	object.type = hs_type_at(heap->types, HS_BODY(heap->py, &object, PyObject, ob_type));
	*ret = object;
	*ret_block_bytes = pool->block_bytes;
	return object.type != NULL;
}

bool hs_graph_object(const struct hs_graph *graph, hs_node node, struct hs_heap_object *ret)
{
	struct hs_heap_object entry = { .is_swept = node < graph->n_blocks };

	if (!graph_object_of(graph, node, &entry.object, &entry.block_bytes))
		return false;
	uint64_t bytes = hs_graph_bytes(graph, node);
	entry.storage_bytes = bytes > entry.block_bytes ? bytes - entry.block_bytes : 0;
	entry.getsizeof_bytes = hs_object_getsizeof(graph->heap->py, &entry.object);
	entry.is_gc_tracked = hs_heap_is_tracked(&entry.object);
	*ret = entry;
	return true;
}

const struct hs_type *hs_graph_type(const struct hs_graph *graph, hs_node node)
{
	struct hs_object object;
	uint64_t block_bytes;
	size_t n;

	if (!hs_graph_is_object(graph, node))
		return NULL;
	if (graph->types && graph->types[node] != OTHER_TYPE)
		return hs_types_all(graph->heap->types, &n)[graph->types[node]];
	return graph_object_of(graph, node, &object, &block_bytes) ? object.type : NULL;
}

/* As the pass over all objects would find it. */
static uint64_t measure(const struct hs_graph *graph, hs_node node)
{
	struct hs_object object;
	uint64_t bytes;

	if (!graph_object_of(graph, node, &object, &bytes))
		return 0;
	bytes += hs_heap_storage_of(graph->heap, &object) + hs_heap_adopted_bytes(graph->heap, object.address);
	return (bytes + BYTES_PER_UNIT - 1) / BYTES_PER_UNIT * BYTES_PER_UNIT;
}

uint64_t hs_graph_bytes(const struct hs_graph *graph, hs_node node)
{
	if (!graph_has_rows(graph))
		return measure(graph, node);
	return node < graph->n_nodes ? hs_size_units(&graph->sizes, node) * BYTES_PER_UNIT : 0;
}

bool hs_graph_adopts(const struct hs_graph *graph, hs_node node)
{
	size_t n;

	if (!hs_graph_is_object(graph, node))
		return false;
	if (node < graph->n_blocks)
		return graph->heap->blocks[node] & BLOCK_ADOPTS;
	hs_heap_adopted_by(graph->heap, hs_graph_address(graph, node), &n);
	return n != 0;
}

const struct hs_sizes *hs_graph_sizes(const struct hs_graph *graph)
{
	return &graph->sizes;
}
