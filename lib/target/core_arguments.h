/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a process in a core. Private to lib/target. */
#ifndef HS_CORE_ARGUMENTS_H
#define HS_CORE_ARGUMENTS_H

#include "core_file.h"
#include "error.h"

/* What hs_script_read() makes of /proc/PID/cmdline; owned. Errors: NO_MEMORY. */
struct hs_error *hs_core_script(const struct hs_core_file *core, char **ret) HS_MUST_CHECK;

#endif
