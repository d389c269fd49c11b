/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a snapshot's file: ELF header, program headers, the notes that every debugger knows. Private to lib/target. */
#ifndef HS_SNAPSHOT_HEAD_H
#define HS_SNAPSHOT_HEAD_H

#include <stdint.h>

#include "bytes.h"
#include "capture.h"
#include "error.h"
#include "snapshot_parts.h"

/*
 * Makes the head, zeros up to a whole page included: its length is where the data begins. `content_bytes` is the length of
 * the content note's descriptor, which will stand behind the data. Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_snapshot_head_make(const struct hs_capture *capture, const struct hs_snapshot_parts *parts, uint64_t content_bytes,
				       struct hs_bytes *ret) HS_MUST_CHECK;

/* Appends a note of that name and type; `descriptor` may be NULL: zeros. False when memory is out. */
bool hs_snapshot_append_note(struct hs_bytes *bytes, const char *name, uint32_t type, const void *descriptor, size_t descriptor_bytes);

#endif
