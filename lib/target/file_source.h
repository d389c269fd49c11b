/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a core file by offset, whatever the file is packed in. Files are hostile and may change while they are read: what was
 * read is looked at in the caller's own memory, never in the file's pages.
 *
 * Why files are read and not mapped: a mapped file that is cut short under us ends in SIGBUS, and one that is written to changes between
 * a decoder's check and its use. Reading into pages that are touched before (huge ones where it can be) costs about what mapping the
 * file's small pages does, is the same for packed files, and lets checksums be taken while the bytes are in the processor's cache.
 */
#ifndef HS_FILE_SOURCE_H
#define HS_FILE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "error.h"

struct hs_file_source;

#define HS_FILE_BYTES_UNKNOWN UINT64_MAX

/* Opens a regular file. Errors: OS, BAD_DATA (none, or packed in what cannot be read), NO_MEMORY. The caller owns *ret. */
struct hs_error *hs_file_source_open(const char *path, struct hs_file_source **ret) HS_MUST_CHECK;
/* `bytes` are borrowed until it is closed. */
struct hs_error *hs_file_source_of_memory(const void *data, size_t bytes, struct hs_file_source **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_file_source_close(struct hs_file_source *source);

static inline void hs_cleanup_file_source(struct hs_file_source **source)
{
	hs_file_source_close(*source);
}

/*
 * Reads up to `bytes` at `offset`, fewer only at the end of what can be read. From any thread. Errors: OS, BAD_DATA (packed data is
 * damaged), NO_MEMORY.
 */
struct hs_error *hs_file_source_read(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes) HS_MUST_CHECK;
/* The same for what must be there: BAD_DATA, naming `what`, where the file ends before. */
struct hs_error *hs_file_source_read_all(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, const char *what) HS_MUST_CHECK;

/* Where a hole of the file that `offset` lies in ends, `end` at most; `offset` itself when it lies in none, or that is unknown. */
uint64_t hs_file_source_skip_hole(const struct hs_file_source *source, uint64_t offset, uint64_t end);

/* Length of the (unpacked) bytes; UNKNOWN when only reading it all would tell. */
uint64_t hs_file_source_bytes(const struct hs_file_source *source);
/* Is there no way to a byte but through all before it? Then reads in ascending order, from one thread, are the cheap ones. */
bool hs_file_source_is_sequential(const struct hs_file_source *source);
/* When the file was last written to; 0: unknown. */
time_t hs_file_source_time(const struct hs_file_source *source);

#endif
