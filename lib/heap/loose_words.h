/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words in memory that nothing here accounts for: mappings of other allocators than glibc's and Python's, of libraries that map for
 * themselves. For who must know whether any word at all names an object.
 */
#ifndef HS_LOOSE_WORDS_H
#define HS_LOOSE_WORDS_H

#include "late_roots.h"

/*
 * The first such word that names each node of the set `wanted`, as HS_LATE_NATIVE. Left out are pools and arenas, the heaps and large
 * chunks of malloc, data of binaries, stacks of the threads in `threads` (NULL: unknown) and of Python calls: late_roots.h is about
 * these. The caller frees *ret with hs_array_free, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_loose_words_find(const struct hs_graph *graph, const struct hs_thread_list *threads, const uint64_t *wanted,
				     struct hs_late_roots *ret) HS_MUST_CHECK;

#endif
