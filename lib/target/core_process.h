/* SPDX-License-Identifier: Apache-2.0 */
/* Which process a core of another program is of: as much of /proc/PID as its notes and segments tell. Private to lib/target. */
#ifndef HS_CORE_PROCESS_H
#define HS_CORE_PROCESS_H

#include "core_file.h"
#include "process.h"

/*
 * Mappings of files get inodes that only tell them apart. What no core holds (start time, boot id, RSS) stays 0. `files` is not set.
 * Errors: NO_MEMORY.
 */
struct hs_error *hs_core_process_make(const struct hs_core_file *core, struct hs_process **ret) HS_MUST_CHECK;

#endif
