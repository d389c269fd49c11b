/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory each mapping of a process takes, by /proc/PID/smaps, which goes through the page tables: exact, and not cheap. */
#ifndef HS_SMAPS_H
#define HS_SMAPS_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "array.h"
#include "error.h"

/* One mapping. Figures in bytes; what is shared with other processes counts in full. */
struct hs_mapping_use {
	hs_addr start;
	hs_addr end;              /* exclusive */
	uint64_t rss_bytes;
	uint64_t anonymous_bytes; /* of these, no page of a file: the process's own */
	uint64_t swap_bytes;      /* in swap, not in `rss_bytes` */
};

HS_ARRAY_TYPE(hs_mapping_uses, struct hs_mapping_use);

/* Parses the text of an smaps file, which need not end in a NUL; the caller frees *ret. Errors: BAD_DATA with the line, NO_MEMORY. */
struct hs_error *hs_smaps_parse(const char *text, size_t bytes, struct hs_mapping_uses *ret) HS_MUST_CHECK;

#endif
