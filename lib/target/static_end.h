/* SPDX-License-Identifier: Apache-2.0 */
/* Where the static storage of a mapped binary ends. Private to lib/target. */
#ifndef HS_STATIC_END_H
#define HS_STATIC_END_H

#include "process.h"

/*
 * The end of the static storage that the writable file mapping `index` begins: .bss goes on behind it, in anonymous memory that the
 * kernel may have merged with other mappings. The binary's program headers are read from the running target; where they cannot be,
 * as much is believed as a large binary has. A whole page, at most the end of the next mapping.
 */
hs_addr hs_static_end(const struct hs_process *process, size_t index);

/* The same by the program headers alone: 0 when the `bytes` of `head`, which is mapped at `start`, are no ELF file's. */
hs_addr hs_static_end_by_head(const void *head, size_t bytes, hs_addr start);

#endif
