/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two pictures, which may be of different days and hosts, show one process. */
#ifndef HS_SAME_PROCESS_H
#define HS_SAME_PROCESS_H

#include "process.h"

/*
 * What both know must agree: boot id, PID, its namespace, start time, and the random bytes that the kernel gives a program when it is
 * started. Where a core does not tell the boot and the start, PID and these bytes must be known and equal. *ret_why: what tells, in
 * words; static.
 */
bool hs_process_is_same(const struct hs_process *a, const struct hs_process *b, const char **ret_why);

#endif
