/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for addresses (or other words that are not 0), in the order in which they are first seen: 0, 1, 2 … A hash table with open
 * addressing; what belongs to an address is kept by the caller, in an array by its number.
 */
#ifndef HS_ADDRESS_INDEX_H
#define HS_ADDRESS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

#define HS_NO_INDEX UINT32_MAX

/* Zero it to begin. */
struct hs_address_index {
	uint64_t *words;   /* owned, like `numbers`: capacity of them, a power of two; 0: free */
	uint32_t *numbers;
	size_t capacity;
	uint32_t n;
};

/* The number of `word`, which gets the next one if it is new: then *ret_is_new is set. HS_NO_INDEX when memory is out, or word is 0. */
uint32_t hs_address_index_add(struct hs_address_index *index, uint64_t word, bool *ret_is_new);
/* HS_NO_INDEX: never seen. */
uint32_t hs_address_index_find(const struct hs_address_index *index, uint64_t word);
void hs_address_index_free(struct hs_address_index *index);

#endif
