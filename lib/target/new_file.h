/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is there whole or not at all: written where nobody sees it, synced, then given its name. What is killed on the way leaves
 * nothing behind, where the file system knows files without names (ext4, xfs, btrfs, tmpfs, newer overlays), else a file beside.
 */
#ifndef HS_NEW_FILE_H
#define HS_NEW_FILE_H

#include <stdbool.h>

#include "error.h"

struct hs_new_file {
	int fd;           /* to write to, by any means; closed by commit and discard */
	char *path;       /* owned */
	char *beside;     /* owned: its name until then; NULL: it has none */
	bool is_replacing;
};

/*
 * Opens a new file for `path`, mode 0600. Without `is_replacing` a file that has the name already is an error, now or when it
 * appears later. Errors: OS and PERMISSION with the path.
 */
struct hs_error *hs_new_file_open(const char *path, bool is_replacing, struct hs_new_file *ret) HS_MUST_CHECK;
/* Brings it to the disk and gives it its name, on the disk too. In any case the file is closed, and gone after an error. */
struct hs_error *hs_new_file_commit(struct hs_new_file *file) HS_MUST_CHECK;
/* As if it had never been; harmless after a commit. */
void hs_new_file_discard(struct hs_new_file *file);

#endif
