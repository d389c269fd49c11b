/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of a process are that was read from a core or a snapshot: on this host or below a directory, at the paths that it had
 * for them. A path proves nothing: a file counts if it begins as what was mapped (build-id, else headers). Private to lib/target.
 */
#ifndef HS_FILE_FINDER_H
#define HS_FILE_FINDER_H

#include "core_file.h"
#include "error.h"
#include "process.h"

/*
 * Takes `core` over, on errors too. `exe` (NULL: none is named) stands for the process's executable, `root` (NULL: "/") is put before
 * paths; a file that only lies in `root` itself counts as well.
 */
struct hs_error *hs_file_finder_create(struct hs_core_file *core, const char *exe, const char *root, struct hs_file_finder **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_file_finder_destroy(struct hs_file_finder *finder);

/* Whether the executable that was named is the process's. Errors: OS, LOOKUP when it is another. Without a named one, none. */
struct hs_error *hs_file_finder_check_exe(const struct hs_process *process) HS_MUST_CHECK;
/* See hs_process_open_mapping. */
struct hs_error *hs_file_finder_open(const struct hs_process *process, const struct hs_mapping *mapping, int *ret_fd) HS_MUST_CHECK;
/* The directory to put before the process's paths; "" for "/". Borrowed. */
const char *hs_file_finder_root(const struct hs_file_finder *finder);
/* The core that it came from. Borrowed. */
const struct hs_core_file *hs_file_finder_core(const struct hs_file_finder *finder);

#endif
