/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts read from DWARF, kept on disk by build-id: $XDG_CACHE_HOME/heapspy, ~/.cache/heapspy, or /var/cache/heapspy for
 * root without a home. What is read back is treated like anything else that may be forged: parsed with bounds, and checked
 * against the image before use. A cache that cannot be read or written is no error.
 */
#ifndef HS_CACHE_H
#define HS_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "layout.h"
#include "runtime_binary.h"

struct hs_cache_key {
	char path[4096]; /* "": nothing to key by, or no place to keep it */
};

/* The key of a process: the build-ids of the runtime's binary and of those extension modules of fields.def that it has loaded. */
void hs_cache_key_of(const struct hs_process *process, const struct hs_mapped_file *runtime, struct hs_cache_key *ret);

/*
 * Fills offsets, sizes, source and those symbols that `layout` lacks from the cache. False when there is nothing usable:
 * `layout` is as before.
 */
bool hs_cache_load(const struct hs_cache_key *key, struct hs_layout *layout);
/* Writes beside and renames; mode 0600. */
void hs_cache_store(const struct hs_cache_key *key, const struct hs_layout *layout);

/* The text of an entry (owned; NULL: no memory), and its parser: false when it is malformed or made by another heapspy. */
char *hs_cache_format(const struct hs_layout *layout);
bool hs_cache_parse(const char *text, size_t bytes, struct hs_layout *layout);

#endif
