/* SPDX-License-Identifier: Apache-2.0 */
/* functools.lru_cache: what its cache_info() says, read from the C struct (Modules/_functoolsmodule.c, 3.8–3.15). */
#ifndef HS_LRU_CACHE_H
#define HS_LRU_CACHE_H

#include "kind.h"

struct hs_lru_cache {
	hs_addr function; /* __wrapped__; 0: none */
	hs_addr table;    /* the dict of results; a link's for each entry where the size is bounded */
	uint64_t hits, misses;
	uint64_t size;    /* results kept */
	int64_t max_size; /* < 0: unbounded; 0: nothing is kept */
	bool is_typed;
};

/* True for an object of the type that lru_cache() and cache() return. */
bool hs_is_lru_cache(const struct hs_object *object);

/* False when the object is none, or this layout does not know the struct. */
bool hs_lru_cache_read(const struct hs_cpython *py, const struct hs_object *object, struct hs_lru_cache *ret);

#endif
