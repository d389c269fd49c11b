/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The note of a snapshot that is heapspy's own: everything of a capture for which an ELF core has no place. It is a
 * list of records; this file knows their form, neither ELF nor files.
 *
 *   a snapshot   ELF64, ET_CORE, little-endian
 *   0            ELF header, program headers; section header 0 when there are PN_XNUM program headers or more
 *                PT_NOTE  NT_PRPSINFO, NT_PRSTATUS of each thread with registers, NT_AUXV, NT_FILE, and of the name
 *                         HEAPSPY the mark (HS_SNAPSHOT_NOTE_MARK), which says where the content is
 *   data_offset  PT_LOAD  the pages, at offsets that are multiples of their size; each mapping has one PT_LOAD, or several
 *                         in a row when a part of it is not in the file: see snapshot_write.h. Within a part that is, pages
 *                         without a bit in `present` are holes (zeros)
 *   at the end   PT_NOTE  of the name HEAPSPY the content (HS_SNAPSHOT_NOTE_CONTENT), with the checksums of all before it
 *
 * All checksums are XXH64 (checksum.h).
 */
#ifndef HS_SNAPSHOT_NOTE_H
#define HS_SNAPSHOT_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "bytes.h"
#include "capture.h"
#include "error.h"
#include "image.h"
#include "process.h"
#include "redaction.h"
#include "smaps.h"

#define HS_SNAPSHOT_NOTE_NAME "HEAPSPY" /* with its NUL: 8 bytes */
#define HS_SNAPSHOT_NOTE_MARK 0x48500001u /* far from the types of CORE: readers of notes do not all look at names */
#define HS_SNAPSHOT_NOTE_CONTENT 0x48500002u
/* A reader refuses another format; revisions add records, and fields at the end of records, that older readers pass over. */
#define HS_SNAPSHOT_FORMAT 1
#define HS_SNAPSHOT_REVISION 0
#define HS_SNAPSHOT_CHUNK_BYTES ((size_t)1 << 20)

/* The descriptor of the mark: the first note of a snapshot's first PT_NOTE, so that a damaged snapshot is known for one. */
struct hs_snapshot_mark {
	uint32_t format, revision;
	uint64_t content_offset; /* of the content's descriptor, in the (unpacked) file */
	uint64_t content_bytes;
};

/* As struct hs_segment, without its bytes. */
struct hs_snapshot_segment {
	hs_addr start;
	hs_addr end;       /* exclusive */
	bool is_writable;
	bool is_anonymous;
	uint64_t *present; /* bit i: page i was captured; NULL: all pages were */
	uint64_t *not_own; /* bit i: page i takes no memory; NULL: none is known */
};

HS_ARRAY_TYPE(hs_snapshot_segments, struct hs_snapshot_segment);
HS_ARRAY_TYPE(hs_static_ranges, struct hs_static_range);
HS_ARRAY_TYPE(hs_checksums, uint64_t);

/*
 * hs_snapshot_note_decode() returns it owned, whole and checked: addresses ascending, disjoint, page-aligned where they are pages',
 * strings printable or not, but without a NUL. hs_snapshot_note_encode() borrows everything.
 */
struct hs_snapshot_content {
	uint32_t format, revision;    /* see HS_SNAPSHOT_FORMAT; set by decode, ignored by encode */
	char *heapspy_version;    /* that wrote it: "0.1.0" */
	char *host;               /* its name for itself; "": unknown */
	uint64_t utc_ns;          /* CLOCK_REALTIME of the middle of the stop; 0: unknown */
	enum hs_redaction redaction;
	struct hs_process *process;          /* as of the stop */
	struct hs_missing_list missing;
	struct hs_address_ranges skipped;    /* large raw payloads that were left out, by their malloc blocks: as hs_capture_options.skip */
	struct hs_thread_list threads;
	struct hs_mapping_uses uses;
	struct hs_pauses pauses_ns;          /* as in hs_capture, like the six below */
	uint64_t pause_ns, predicted_pause_ns;
	uint64_t taken_at_ns;                /* CLOCK_MONOTONIC: to be compared under the same boot_id only */
	uint64_t copied_bytes;
	bool was_stopped;
	bool is_nonblocking;                 /* the target was never stopped: the picture may contradict itself */
	bool is_of_core;                     /* made of another program's core: what a core does not hold is not here either */
	struct hs_snapshot_segments segments;
	struct hs_static_ranges statics;
	char *layout_text;                   /* as lib/layout writes and reads it; "": none was found */
	uint64_t head_checksum;              /* of the file's first data_offset bytes */
	uint64_t data_offset, data_bytes;    /* of the pages in the file; the last chunk may be short */
	struct hs_checksums checksums;       /* one for each HS_SNAPSHOT_CHUNK_BYTES from data_offset on, holes counted as zeros */
};

/*
 * The descriptor of the content note. Its length depends on how many checksums there are, not on what they say.
 * Errors: NO_MEMORY; LIMIT for what no reader would take (see HS_SNAPSHOT_MAX_PAGES).
 */
struct hs_error *hs_snapshot_note_encode(const struct hs_snapshot_content *content, struct hs_bytes *ret) HS_MUST_CHECK;
/*
 * The input is hostile; `note` may have any alignment. The caller owns *ret.
 * Errors: BAD_DATA (damaged or contradicting itself: what), UNSUPPORTED (another format: which heapspy is needed), NO_MEMORY.
 */
struct hs_error *hs_snapshot_note_decode(const void *note, size_t bytes, struct hs_snapshot_content **ret) HS_MUST_CHECK;
/* Of what decode returned. NULL is legal. */
void hs_snapshot_content_destroy(struct hs_snapshot_content *content);

static inline void hs_cleanup_snapshot_content(struct hs_snapshot_content **content)
{
	hs_snapshot_content_destroy(*content);
}

/* Pages of all segments together, holes included: 4 TiB, whose bitmaps take 128 MiB each. */
#define HS_SNAPSHOT_MAX_PAGES ((uint64_t)1 << 30)

#endif
