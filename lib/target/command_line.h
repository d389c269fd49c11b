/* SPDX-License-Identifier: Apache-2.0 */
/* Which program a process runs: its executable, and of its arguments the script alone. Private to lib/target. */
#ifndef HS_COMMAND_LINE_H
#define HS_COMMAND_LINE_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* The target of /proc/PID/exe, " (deleted)" removed; owned. Errors: PERMISSION (bare), GONE, NO_MEMORY. */
struct hs_error *hs_exe_path_read(pid_t tid, char **ret) HS_MUST_CHECK;
/* "python3 app.py", or `comm` when the command line is empty; owned. Never an argument behind the script. */
struct hs_error *hs_script_read(pid_t pid, const char *comm, char **ret) HS_MUST_CHECK;
/* The same of NUL-separated arguments, NUL-terminated at text[bytes]. */
struct hs_error *hs_script_of(const char *text, size_t bytes, const char *comm, char **ret) HS_MUST_CHECK;
/*
 * The script among NUL-separated arguments, NUL-terminated at text[bytes]: the first that is no option of the
 * interpreter's, the module behind -m, "-c"; NULL when there is none. Borrowed.
 */
const char *hs_script_argument(const char *text, size_t bytes);

#endif
