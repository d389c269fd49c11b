/* SPDX-License-Identifier: Apache-2.0 */
/* What tells a program from another that the same process becomes by exec: PID and start time stay the same then. */
#ifndef HS_EXEC_ID_H
#define HS_EXEC_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A hash of the sixteen random bytes that the kernel puts on the stack of each program that it starts (AT_RANDOM); 0 where they cannot be
 * read.
 */
uint64_t hs_exec_id_read(pid_t tid);
/* The same of the bytes themselves, as they are in a core. */
uint64_t hs_exec_id_of(const uint64_t words[2]);
/* What could not be read says nothing. */
static inline bool hs_exec_ids_differ(uint64_t a, uint64_t b)
{
	return a && b && a != b;
}
/* The address of these bytes in the text of /proc/PID/auxv; 0: none. */
uint64_t hs_auxv_random(const void *auxv, size_t bytes);

#endif
