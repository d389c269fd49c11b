/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the heap's own indices about a word: the states of pool blocks, the marks outside the pools. */
#include "known_words.h"

#include "heap_internal.h"
#include "malloc_chunk.h"

#define WORD 8
#define TAG_BITS ((uint64_t)7)
#define MAX_HEADER_BYTES 32
#define CHUNK_HEADER 16

/* The offset in its live block of an address in the pools, hooks left out; false: in none. */
static bool find_live_block(const struct hs_heap *heap, const struct hs_pool *pool, hs_addr address, uint8_t *ret_state, uint64_t *ret_offset)
{
	uint32_t index = hs_pool_block_at(heap->pymalloc, pool, address);

	if (index >= pool->n_blocks)
		return false;
	*ret_state = heap->blocks[pool->first_block + index];
	*ret_offset = address - hs_pool_block_address(heap->pymalloc, pool, index) - heap->hook_bytes;
	return *ret_state & BLOCK_LIVE;
}

bool known_object(const struct hs_heap *heap, hs_addr address)
{
	const struct hs_pool *pool = hs_pool_of(heap->pymalloc, address);
	uint64_t offset;
	uint8_t state;

	if (address & 7)
		return false;
	if (!pool)
		return !(address >> 47) && address_marks_has(&heap->accepted, address);
	return find_live_block(heap, pool, address, &state, &offset) && state & BLOCK_OBJECT && offset == block_header_bytes(state);
}

static bool is_outside_block(const struct hs_heap *heap, hs_addr address)
{
	return address_marks_has(&heap->accepted, address) || address_marks_has(&heap->claimed, address) ||
	       address_marks_has(&heap->chunks->starts, address) ||
	       ((address & (HS_PAGE_BYTES - 1)) == CHUNK_HEADER && malloc_chunk_is_mapped(heap->chunks, address));
}

bool known_word(const struct hs_heap *heap, uint64_t word)
{
	hs_addr address = word & ~TAG_BITS;
	uint64_t offset;
	uint8_t state;

	if (address < HS_PAGE_BYTES || address >> 47)
		return false;
	const struct hs_pool *pool = hs_pool_of(heap->pymalloc, address);
	if (!pool)
		return is_outside_block(heap, address);
	return find_live_block(heap, pool, address, &state, &offset) && offset <= MAX_HEADER_BYTES && offset % HS_GC_HEAD_BYTES == 0;
}

bool known_word_or_text(const struct hs_heap *heap, uint64_t word)
{
	const struct hs_layout *layout = heap->py->layout;

	if (known_word(heap, word))
		return true;
	if (word < HS_PAGE_BYTES || word >> 47 || word & TAG_BITS)
		return false;
	return known_object(heap, word - HS_SIZEOF(layout, PyASCIIObject)) || known_object(heap, word - (uint32_t)HS_OFFSET(layout, PyBytesObject, ob_sval));
}

void known_words_keep(const struct hs_heap *heap, const struct blank_image *blank, const void *words, size_t n, size_t stride)
{
	const uint8_t *from = words;
	uint8_t *to = n ? blank_at_local(blank, words) : NULL;

	for (size_t i = 0; to && i < n; i++) {
		uint64_t word;
		memcpy(&word, from + i * stride, sizeof(word));
		if (word && known_word(heap, word))
			memcpy(to + i * stride, &word, sizeof(word));
	}
}

static void keep_piece(const struct hs_heap *heap, const struct blank_image *blank, const struct hs_image_piece *piece, bool with_text)
{
	uint8_t *to = blank_at(blank, piece->address, piece->bytes);

	for (size_t offset = 0; to && offset + WORD <= piece->bytes; offset += WORD) {
		uint64_t word;
		memcpy(&word, (const uint8_t *)piece->data + offset, sizeof(word));
		if (word && (with_text ? known_word_or_text(heap, word) : known_word(heap, word)))
			memcpy(to + offset, &word, sizeof(word));
	}
}

void known_range_keep(const struct hs_heap *heap, const struct blank_image *blank, hs_addr start, hs_addr end, bool with_text)
{
	hs_addr at = (start + WORD - 1) & ~(hs_addr)(WORD - 1);
	struct hs_image_piece piece;

	while (at < end && hs_image_next_piece(blank->source, &at, end, &piece))
		keep_piece(heap, blank, &piece, with_text);
}
