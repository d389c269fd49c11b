/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF core file: its segments, threads, mapped files and identity, as its headers and notes tell them. The kernel, gcore and heapspy
 * itself write such files. A file is hostile: every offset, count and length is checked before use. Memory is not read before it is asked
 * for.
 */
#ifndef HS_CORE_FILE_H
#define HS_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "array.h"
#include "capture.h"
#include "error.h"
#include "file_source.h"
#include "image.h"

#define HS_CORE_ADDRESS_END ((hs_addr)1 << 47) /* what lies above is passed over: the kernel's vsyscall page */

/* A PT_LOAD: [start, end) in the process, of which the first `file_bytes` are in the file; whole pages. */
struct hs_core_segment {
	hs_addr start;
	hs_addr end; /* exclusive */
	uint64_t file_offset;
	uint64_t file_bytes; /* what is not in the file is unknown: neither zeros nor anything else */
	bool is_readable, is_writable, is_executable;
};

/* An entry of NT_FILE. */
struct hs_core_mapped_file {
	hs_addr start;
	hs_addr end;          /* exclusive */
	uint64_t file_offset; /* bytes */
	const char *path;     /* borrowed from the notes */
	uint64_t file;        /* the same, from 1 on, for entries of the same path */
};

struct hs_core_kept_page {
	hs_addr start;
	uint8_t bytes[HS_PAGE_BYTES];
};

struct hs_core_file {
	struct hs_file_source *source; /* owned */
	HS_ARRAY(struct hs_core_segment) segments;   /* by ascending address, disjoint */
	HS_ARRAY(struct hs_core_mapped_file) files;  /* likewise */
	struct hs_thread_list threads; /* in the file's order: of the kernel's, the one that died first */
	pid_t pid;            /* 0: no note tells */
	char comm[17];
	char arguments[81];   /* argv joined by blanks, as far as they fit */
	char state;           /* as in /proc/PID/stat; 0: unknown */
	int signal;           /* that ended the process; 0: none, it went on */
	const uint8_t *auxiliary; /* the auxiliary vector, borrowed from the notes, aligned to 4 bytes */
	size_t auxiliary_bytes;
	hs_addr entry;        /* of the executable (AT_ENTRY); 0: unknown, as the others */
	hs_addr program_headers; /* of the executable (AT_PHDR) */
	hs_addr vdso;
	hs_addr on_stack;     /* an address in the main thread's stack */
	/* Descriptors of heapspy's own notes, see snapshot_note.h; borrowed; NULL: none. With a mark, the file is a snapshot, or was one. */
	const uint8_t *snapshot_mark, *snapshot_content;
	size_t snapshot_mark_bytes, snapshot_content_bytes;
	/* Of a packed file without a way to any byte: the first pages of mapped files, which are asked for again and again. By address. */
	HS_ARRAY(struct hs_core_kept_page) kept;
	uint64_t missing_bytes; /* of segments, behind the end of the file: it is cut short */
	uint8_t *notes;       /* owned */
	size_t notes_bytes;
};

/*
 * Reads headers and notes. Takes `source` over, on errors too. Errors: BAD_DATA (no ELF file, no core, cut short within headers or notes,
 * segments that overlap), UNSUPPORTED (32-bit, another machine), LIMIT (more headers than any process has mappings), OS, NO_MEMORY.
 */
struct hs_error *hs_core_file_read(struct hs_file_source *source, struct hs_core_file **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_core_file_close(struct hs_core_file *core);

static inline void hs_cleanup_core_file(struct hs_core_file **core)
{
	hs_core_file_close(*core);
}

/* Index of the first segment that ends above `address`; segments.n when there is none. */
size_t hs_core_file_find(const struct hs_core_file *core, hs_addr address);
/* Copies memory that the file holds; false when a part of it is not there. */
bool hs_core_file_memory(const struct hs_core_file *core, hs_addr address, void *ret, size_t bytes);

#endif
