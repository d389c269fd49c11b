/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a capture as a snapshot: a pruned ELF core that heapspy, gdb and readelf open; its form is in snapshot_note.h.
 *
 * A mapping becomes one PT_LOAD, divided where a part is left out of the file (p_filesz 0): pages of a file that were not
 * captured, which gdb then takes from the file itself, ranges that are listed as missing, and runs of a MiB and more that the
 * target never touched, so that the file is about as long as what it holds and can be copied by programs that know no holes.
 */
#ifndef HS_SNAPSHOT_WRITE_H
#define HS_SNAPSHOT_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "error.h"
#include "redaction.h"

struct hs_snapshot_options {
	const char *path;
	bool is_replacing;            /* an existing file; otherwise that is an error */
	bool is_packed;               /* zstd, in frames of a chunk each with a seek table */
	unsigned n_workers;           /* 0: as many as this process may use */
	const char *layout_text;      /* NULL: none */
	enum hs_redaction redaction;  /* what was done to the capture before: its image, threads and process are written as they are */
	/* In any thread; NULL: none. */
	void (*progress)(void *context, const char *phase, uint64_t done_bytes, uint64_t all_bytes);
	bool (*is_cancelled)(void *context); /* asked between chunks; NULL: never */
	void *context;
};

struct hs_snapshot_figures {
	uint64_t file_bytes; /* its length */
	uint64_t disk_bytes; /* that it takes on the disk: less, with holes */
};

/*
 * Writes the file beside its name, durably, with mode 0600, and gives it its name when it is whole.
 * Errors: OS and PERMISSION with the path (EEXIST, ENOSPC: nothing is left behind), CANCELLED, LIMIT, NO_MEMORY.
 */
struct hs_error *hs_snapshot_write(const struct hs_capture *capture, const struct hs_snapshot_options *options,
				   struct hs_snapshot_figures *ret) HS_MUST_CHECK;

#endif
