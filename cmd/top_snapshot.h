/* SPDX-License-Identifier: Apache-2.0 */
/* The browser's sample as a file. */
#ifndef HS_TOP_SNAPSHOT_H
#define HS_TOP_SNAPSHOT_H

#include "top_sampling.h"

/*
 * Writes the last sample to `path`, or under a name of heapspy's own into that folder; an existing file is left alone. Looks at the
 * invocation's wish to cancel, and tells it how far it is. What was written is said in `ret`. Errors: those of hs_snapshot_write();
 * GONE when the sample's memory was given back.
 */
struct hs_error *hs_top_snapshot_save(const struct hs_top_sampling *sampling, const char *path, char *ret, size_t ret_bytes) HS_MUST_CHECK;

#endif
