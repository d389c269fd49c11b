/* SPDX-License-Identifier: Apache-2.0 */
/* Telling objects that wait to be used again from blocks that are simply unknown. */
#include "freelist.h"

#define WORD 8

/* What the runtime points to may be adopted as its own: then the head of the list is the runtime's, and that is no contradiction. */
static bool may_be_kept(const struct hs_heap *heap, const struct hs_pool *pool, uint32_t index)
{
	return (heap->blocks[pool->first_block + index] & (BLOCK_LIVE | BLOCK_OBJECT | BLOCK_CLAIMED)) == BLOCK_LIVE;
}

static uint64_t word_at(const struct hs_heap *heap, const struct hs_pool *pool, uint32_t index, uint32_t offset)
{
	uint64_t word = 0;
	uint32_t at = heap->pymalloc->header_bytes + index * pool->block_bytes + heap->hook_bytes + offset;

	if (offset + heap->hook_bytes + WORD <= pool->block_bytes)
		memcpy(&word, pool->data + at, sizeof(word));
	return word;
}

/* True if `link` leads to the same place in another block that holds no object. *ret_next: what stands there. */
static bool is_link(const struct hs_heap *heap, uint32_t block_bytes, hs_addr link, uint32_t header, uint32_t offset, uint64_t *ret_next)
{
	const struct hs_pool *pool = link ? hs_pool_of(heap->pymalloc, link) : NULL;
	hs_addr block = link - header - heap->hook_bytes;

	if (!pool || pool->block_bytes != block_bytes || block < pool->base)
		return false;
	uint32_t index = hs_pool_block_at(heap->pymalloc, pool, block);
	if (index >= pool->n_blocks || hs_pool_block_address(heap->pymalloc, pool, index) != block || !may_be_kept(heap, pool, index))
		return false;
	*ret_next = word_at(heap, pool, index, header + offset);
	return true;
}

/* A type of objects that have such headers. */
static bool is_type_with(const struct hs_heap *heap, hs_addr address, uint32_t header)
{
	const struct hs_type *type = address ? hs_type_cached(heap->types, &heap->workers[0].types, address) : NULL;

	return type && type->header_bytes == header;
}

uint32_t hs_freelist_members(const struct hs_heap *heap, const struct hs_pool *pool, uint32_t index)
{
	uint32_t ob_refcnt = (uint32_t)HS_OFFSET(heap->py->layout, PyObject, ob_refcnt), ob_type = (uint32_t)HS_OFFSET(heap->py->layout, PyObject, ob_type);
	uint64_t next;

	for (uint32_t header = 0; header <= HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES; header += HS_GC_HEAD_BYTES) {
		uint64_t count = word_at(heap, pool, index, header + ob_refcnt), type = word_at(heap, pool, index, header + ob_type);
		bool has_type = is_type_with(heap, type, header);
		if (has_type && (!count || is_link(heap, pool->block_bytes, count, header, ob_refcnt, &next)))
			return 1;
		if (!count && is_link(heap, pool->block_bytes, type, header, ob_type, &next))
			return next ? 1 : 2;
	}
	return 0;
}
