/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of heapspy snapshot are called. Touches no file but to see whether a name is a folder's. */
#ifndef HS_SNAPSHOT_NAME_H
#define HS_SNAPSHOT_NAME_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/*
 * The name that was given, or one of our own in the folder that was given, or in the current one (`given` NULL):
 * heapspy-4242-20261122T041500Z.core, with .zst if packed. `pid` 0: without it. Owned by the caller; NULL when memory is out.
 */
char *hs_snapshot_name(const char *given, pid_t pid, time_t now, bool is_packed);
/* The name of file `i` of `n`, counted from 1: "leak.core.zst" becomes "leak-2.core.zst". Owned; NULL when memory is out. */
char *hs_snapshot_name_in_series(const char *name, unsigned i, unsigned n);
/* It ends in .zst. */
bool hs_snapshot_name_is_packed(const char *name);

#endif
