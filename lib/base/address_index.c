/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table behind hs_address_index. */
#include "address_index.h"

#include <stdlib.h>

#define FIRST_CAPACITY 1024

/*
 * The words are a target's: where this table lies, which no target knows, decides which of them meet. Mixing as MurmurHash3 ends
 * (fmix64).
 */
static size_t slot_of(const struct hs_address_index *index, uint64_t word)
{
	uint64_t mixed = word ^ (uintptr_t)index->words >> 4;

	mixed = (mixed ^ mixed >> 33) * 0xff51afd7ed558ccdu;
	mixed = (mixed ^ mixed >> 33) * 0xc4ceb9fe1a85ec53u;
	size_t slot = (mixed ^ mixed >> 33) & (index->capacity - 1);

	while (index->words[slot] && index->words[slot] != word)
		slot = (slot + 1) & (index->capacity - 1);
	return slot;
}

static bool grow(struct hs_address_index *index)
{
	struct hs_address_index larger = { .capacity = index->capacity ? index->capacity * 2 : FIRST_CAPACITY, .n = index->n };

	larger.words = calloc(larger.capacity, sizeof(*larger.words));
	larger.numbers = malloc(larger.capacity * sizeof(*larger.numbers));
	if (!larger.words || !larger.numbers) {
		hs_address_index_free(&larger);
		return false;
	}
	for (size_t i = 0; i < index->capacity; i++) {
		if (!index->words[i])
			continue;
		size_t slot = slot_of(&larger, index->words[i]);
		larger.words[slot] = index->words[i];
		larger.numbers[slot] = index->numbers[i];
	}
	free(index->words);
	free(index->numbers);
	*index = larger;
	return true;
}

uint32_t hs_address_index_add(struct hs_address_index *index, uint64_t word, bool *ret_is_new)
{
	*ret_is_new = false;
	if (!word || index->n == HS_NO_INDEX)
		return HS_NO_INDEX;
	if (((uint64_t)index->n + 1) * 4 > index->capacity * 3 && !grow(index))
		return HS_NO_INDEX;
	size_t slot = slot_of(index, word);
	if (!index->words[slot]) {
		index->words[slot] = word;
		index->numbers[slot] = index->n++;
		*ret_is_new = true;
	}
	return index->numbers[slot];
}

uint32_t hs_address_index_find(const struct hs_address_index *index, uint64_t word)
{
	if (!word || !index->capacity)
		return HS_NO_INDEX;
	size_t slot = slot_of(index, word);
	return index->words[slot] ? index->numbers[slot] : HS_NO_INDEX;
}

void hs_address_index_free(struct hs_address_index *index)
{
	free(index->words);
	free(index->numbers);
	*index = (struct hs_address_index){ 0 };
}
