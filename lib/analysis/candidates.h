/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers are worth watching until the next sample. */
#ifndef HS_CANDIDATES_H
#define HS_CANDIDATES_H

#include "sample.h"
#include "watch.h"

/*
 * The containers of `sample` that grew most since `earlier`, by items; without an earlier one (NULL) those that have most. HS_WATCH_MAX
 * at most. `heap` is the sample's. *ret is zeroed before; the caller frees it, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_candidates_choose(const struct hs_sample *sample, const struct hs_sample *earlier, const struct hs_process_heap *heap,
				      struct hs_watch_targets *ret) HS_MUST_CHECK;

#endif
