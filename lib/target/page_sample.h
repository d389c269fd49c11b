/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a page of raw bytes from one of objects or references by some of its words. Private to lib/target. */
#ifndef HS_PAGE_SAMPLE_H
#define HS_PAGE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "process.h"

/*
 * True in *ret if one of the sampled words of the page, which must exist, is an address in the target's writable memory.
 * `seed` moves the offsets that are looked at. The target is not stopped. Errors: GONE, PERMISSION.
 */
struct hs_error *hs_page_has_address(const struct hs_process *process, hs_addr page, size_t seed, bool *ret) HS_MUST_CHECK;

#endif
