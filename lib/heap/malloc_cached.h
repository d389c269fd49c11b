/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks that were freed and still look in use to their neighbours: glibc keeps them for the next request of their size, in
 * lists of each thread (tcache) and of each arena (fastbins). What stands in them was true once.
 *
 *     first ──► | next ^ (address >> 12) | …stale words… |      glibc ≥ 2.32 (safe linking); before: next as it is
 *               ^ user pointer
 */
#ifndef HS_MALLOC_CACHED_H
#define HS_MALLOC_CACHED_H

#include "malloc_chunk.h"

/* One such list. */
struct cached_list {
	hs_addr first;      /* user pointer of its first chunk; 0: empty */
	uint64_t min_bytes; /* of each chunk, header included */
	uint64_t max_bytes;
	hs_addr link_bias;  /* what a link's address lacks to the user pointer: 0, or a header's bytes in fastbins */
	bool is_mangled;    /* by safe linking */
};

/* How many chunks more may be looked at in search of such lists: what bounds the work on lists that lie. */
struct cached_budget {
	uint64_t n_left;
};

/*
 * Walks the list without taking anything from it: true if it ends, within `max_n` chunks that are in use by their headers and of
 * the sizes of the list. *ret_n: how many.
 */
bool cached_list_is_sound(const struct malloc_chunks *chunks, const struct cached_list *list, uint32_t max_n, struct cached_budget *budget,
			  uint32_t *ret_n);
/* Takes the chunks of a sound list out of those in use; returns their bytes. */
uint64_t cached_list_take(struct malloc_chunks *chunks, const struct cached_list *list, uint32_t n);

/*
 * Finds the caches of all threads, which are chunks themselves, by their structure alone, and takes what they list out of the
 * chunks in use. No cache is required: other allocators have none, and then nothing is taken. Errors: NO_MEMORY.
 */
struct hs_error *malloc_take_thread_caches(struct malloc_chunks *chunks, struct cached_budget *budget) HS_MUST_CHECK;

#endif
