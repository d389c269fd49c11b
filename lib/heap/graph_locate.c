/* SPDX-License-Identifier: Apache-2.0 */
/* What stands at an address that somebody names: an object, the inside of one, its storage, or nothing of the kind. */
#include "graph_visit.h"

#include "malloc_chunk.h"

/* Whose storage holds an address: the first object, in the order of nodes, that owns a block around it. */
struct search {
	const struct hs_graph *graph;
	hs_addr address;
	hs_addr start;  /* of the block found */
	uint64_t bytes; /* of it; 0: none yet */
};

static void look_at_storage(void *context, hs_addr start, uint64_t bytes)
{
	struct search *search = context;

	if (search->bytes || start > search->address)
		return;
	bytes = hs_heap_storage_block_bytes(search->graph->heap, start, bytes);
	if (search->address - start >= bytes)
		return;
	search->start = start;
	search->bytes = bytes;
}

static bool owns(struct search *search, hs_node node)
{
	const struct hs_visitor visitor = hs_visitor_of_storage(look_at_storage, search);
	struct hs_object object;
	uint64_t block_bytes;
	size_t n;

	if (!graph_object_of(search->graph, node, &object, &block_bytes))
		return false;
	hs_object_visit(search->graph->heap->py, &object, &visitor);
	const struct adopted_block *adopted = hs_heap_adopted_by(search->graph->heap, object.address, &n);
	for (size_t i = 0; i < n; i++)
		look_at_storage(search, adopted[i].start, adopted[i].bytes);
	return search->bytes != 0;
}

static bool locate_storage(const struct hs_graph *graph, hs_addr address, struct hs_location *ret)
{
	struct search search = { .graph = graph, .address = address };

	for (hs_node node = 0; node < graph->n_nodes; node++)
		if (owns(&search, node)) {
			*ret = (struct hs_location){ HS_PLACE_STORAGE, node, search.start, (int64_t)(address - search.start), search.bytes };
			return true;
		}
	return false;
}

static struct hs_location in_object(const struct hs_graph *graph, hs_node node, hs_addr address, uint64_t block_bytes)
{
	hs_addr start = hs_graph_address(graph, node);

	return (struct hs_location){ address == start ? HS_PLACE_OBJECT : HS_PLACE_INSIDE, node, start, (int64_t)(address - start), block_bytes };
}

static void locate_in_pool(const struct hs_graph *graph, const struct hs_pool *pool, hs_addr address, struct hs_location *ret)
{
	const struct hs_heap *heap = graph->heap;
	uint32_t index = hs_pool_block_at(heap->pymalloc, pool, address);

	if (index >= pool->n_blocks) {
		*ret = (struct hs_location){ HS_PLACE_POOL, HS_NO_NODE, pool->base, (int64_t)(address - pool->base), 0 };
		return;
	}
	uint8_t state = heap->blocks[pool->first_block + index];
	hs_addr start = hs_pool_block_address(heap->pymalloc, pool, index);
	if (state & BLOCK_OBJECT) {
		*ret = in_object(graph, pool->first_block + index, address, pool->block_bytes);
		return;
	}
	if (state & BLOCK_LIVE && locate_storage(graph, address, ret))
		return;
	*ret = (struct hs_location){ state & BLOCK_LIVE ? HS_PLACE_BLOCK : HS_PLACE_FREE_BLOCK, HS_NO_NODE, start,
				     (int64_t)(address - start), pool->block_bytes };
}

/* The last object outside the pools that starts at the address or before it, if it reaches that far. */
static bool locate_outside(const struct hs_graph *graph, hs_addr address, struct hs_location *ret)
{
	const struct hs_heap *heap = graph->heap;
	size_t low = 0, high = heap->outside.n;
	struct hs_object object;
	uint64_t block_bytes;

	/* an address in an object's headers lies before the object */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (heap->outside.items[middle].address <= address + HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES)
			low = middle + 1;
		else
			high = middle;
	}
	for (unsigned i = 0; i < 3 && low; i++) {
		hs_addr start = heap->outside.items[--low].address;
		if (!hs_heap_outside_object(heap, start, &object, &block_bytes))
			continue;
		uint64_t extent = hs_object_extent(heap->py, &object), before = object.head_bytes;
		uint64_t bytes = block_bytes > before ? block_bytes - before : extent != HS_SIZE_UNKNOWN ? extent : object.body_bytes;
		if (address + before >= start && (address < start || address - start < bytes)) {
			*ret = in_object(graph, graph->n_blocks + (hs_node)low, address, block_bytes);
			return true;
		}
	}
	return false;
}

void hs_graph_locate(const struct hs_graph *graph, hs_addr address, struct hs_location *ret)
{
	const struct hs_image *image = graph->heap->py->image;
	const struct hs_pool *pool = hs_pool_of(graph->heap->pymalloc, address);

	if (pool) {
		locate_in_pool(graph, pool, address, ret);
		return;
	}
	if (!hs_image_find(image, address)) {
		*ret = (struct hs_location){ .place = HS_PLACE_UNMAPPED, .node = HS_NO_NODE, .start = address };
		return;
	}
	if (locate_outside(graph, address, ret) || (!hs_image_is_static(image, address) && locate_storage(graph, address, ret)))
		return;
	*ret = (struct hs_location){ .node = HS_NO_NODE, .start = address };
	if (hs_image_is_static(image, address))
		ret->place = HS_PLACE_STATIC;
	else
		ret->place = hs_image_at(image, address, 1) ? HS_PLACE_OTHER : HS_PLACE_NOT_CAPTURED;
}
