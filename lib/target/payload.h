/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large blocks of raw bytes in a running process that need not be copied: found by their headers, told from tables of
 * references by samples of their words. What is found here is a proposal; a decoder proves it in the image, or the target is
 * captured once more, whole.
 */
#ifndef HS_PAYLOAD_H
#define HS_PAYLOAD_H

#include <stddef.h>

#include "capture.h"
#include "error.h"
#include "process.h"

/*
 * Appends to *ret (whose items the caller frees) the blocks of at least `min_bytes`, ascending, of which no sampled word is an
 * address in the target's writable memory. Each range is that of mapped_chunks.h. The target is not stopped; only pages that
 * exist are sampled. Errors: GONE, PERMISSION, NO_MEMORY.
 */
struct hs_error *hs_payloads_find(const struct hs_process *process, size_t min_bytes, struct hs_address_ranges *ret) HS_MUST_CHECK;

#endif
