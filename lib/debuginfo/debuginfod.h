/* SPDX-License-Identifier: Apache-2.0 */
/* Debug files from the servers that DEBUGINFOD_URLS names, through libdebuginfod if the host has it. */
#ifndef HS_DEBUGINFOD_H
#define HS_DEBUGINFOD_H

#include <stddef.h>
#include <stdint.h>

/* The path of the downloaded (or cached) debug file, owned; NULL when not configured, not installed or not found. */
char *hs_debuginfod_fetch(const uint8_t *build_id, size_t bytes);

#endif
