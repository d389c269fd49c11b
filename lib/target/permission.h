/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the kernel's rules forbids access to a process, and what lifts it. Private to lib/target. */
#ifndef HS_PERMISSION_H
#define HS_PERMISSION_H

#include <sys/types.h>

#include "error.h"

/* A PERMISSION error (GONE when the process has exited meanwhile): message names the rule, hint the remedy. */
struct hs_error *hs_permission_error(pid_t pid, int os_errno) HS_MUST_CHECK;

#endif
