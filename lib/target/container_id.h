/* SPDX-License-Identifier: Apache-2.0 */
/* In which container a process runs, by the names of its control groups. */
#ifndef HS_CONTAINER_ID_H
#define HS_CONTAINER_ID_H

#include <stdbool.h>
#include <sys/types.h>

#define HS_CONTAINER_ID_BYTES 65

/*
 * The last run of exactly 64 lower-case hex digits in the text of /proc/PID/cgroup: how docker, containerd, CRI-O and podman name their
 * groups. False, and "", when there is none.
 */
bool hs_container_id_parse(const char *text, char ret[HS_CONTAINER_ID_BYTES]);
/* The same of a process; "" as well where its groups cannot be read. */
void hs_container_id_read(pid_t pid, char ret[HS_CONTAINER_ID_BYTES]);

#endif
