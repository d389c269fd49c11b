/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a file in place of a process: a core that the kernel or gcore wrote, or one of heapspy's own snapshots. The result is what
 * hs_capture_process() makes of a living one, and holds no more of the file than that would hold of the process.
 */
#ifndef HS_CAPTURE_FILE_H
#define HS_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "error.h"

struct hs_capture_file_options {
	const char *path;
	const char *exe;             /* the executable that a core is of; NULL: looked for by the core's own name for it */
	const char *lib_search_root; /* where the files that a core names are to be found: put before their paths; NULL: "/" */
	unsigned n_workers;          /* threads that read; 0: as many as this process may use */
	bool wants_process_only;     /* who it is of, and when it was taken: no memory is read, there is no image */
	/* What the caller will take beside the bytes that are read, in percent of them: see hs_capture_options. */
	unsigned work_percent;
	void (*progress)(void *context, const char *phase, uint64_t done_bytes, uint64_t all_bytes);
	void *context;
};

/*
 * Opens a core or a snapshot, plain or compressed by gzip or zstd. The file is not needed any more afterwards, those of the target are
 * (capture->process finds them).
 * Errors: OS (no such file), BAD_DATA (no core; cut short; a checksum that does not fit: the message names the place), UNSUPPORTED (of
 * another machine, 32-bit, a snapshot of a newer heapspy), LIMIT (memory), CANCELLED, NO_MEMORY.
 */
struct hs_error *hs_capture_open(const struct hs_capture_file_options *options, struct hs_capture **ret) HS_MUST_CHECK;

/*
 * Whether SOURCE is the name of a file, and which parts it has: "CORE" or "CORE:EXE"; the colon counts only if there is no file of the
 * whole name. *ret_exe is NULL without one; both are owned. False when there is no such file: nothing is set.
 */
bool hs_capture_file_name(const char *source, char **ret_path, char **ret_exe);

#endif
