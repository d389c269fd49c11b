/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable array of one element type:
 *
 *     HS_ARRAY(struct map) maps = { 0 };
 *     struct map *map = hs_array_append(&maps);    NULL when memory is out; zeroed
 *     for (size_t i = 0; i < maps.n; i++) use(&maps.items[i]);
 *     hs_array_free(&maps);
 *
 * Pointers into `items` are valid until the next append.
 */
#ifndef HS_ARRAY_H
#define HS_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define HS_ARRAY(type)           \
	struct {                 \
		type *items;     \
		size_t n;        \
		size_t capacity; \
	}

/* Declares `struct name` as such an array, for headers that pass it around. */
#define HS_ARRAY_TYPE(name, type) \
	struct name {             \
		type *items;      \
		size_t n;         \
		size_t capacity;  \
	}

/* Grows *items so that at least `n` elements fit; false when memory is out (nothing changes). */
bool hs_array_reserve_raw(void **items, size_t *capacity, size_t n, size_t element_bytes);

#define hs_array_reserve(array, n_wanted) \
	hs_array_reserve_raw((void **)&(array)->items, &(array)->capacity, (n_wanted), sizeof(*(array)->items))

#define hs_array_append(array)                                                              \
	(hs_array_reserve((array), (array)->n + 1)                                          \
		 ? (__typeof__((array)->items))memset(&(array)->items[(array)->n++], 0,     \
						      sizeof(*(array)->items))              \
		 : NULL)

#define hs_array_free(array)                   \
	do {                                   \
		free((array)->items);          \
		(array)->items = NULL;         \
		(array)->n = 0;                \
		(array)->capacity = 0;         \
	} while (0)

#endif
