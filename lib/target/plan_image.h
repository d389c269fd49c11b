/* SPDX-License-Identifier: Apache-2.0 */
/* From a plan that was carried out to the image: the last step of every capture. Private to lib/target. */
#ifndef HS_PLAN_IMAGE_H
#define HS_PLAN_IMAGE_H

#include <stdint.h>

#include "destination.h"
#include "error.h"
#include "image.h"
#include "plan.h"
#include "process.h"
#include "snapshot_note.h"

/*
 * Makes the sealed image of what `plan` has copied to `destination`; *ret_bytes is how much that is, without pages that are zeros.
 * Static storage is `statics` or, with NULL, what `mappings` and the copied headers tell. Takes
 * over `plan` and the destination's areas, on errors too. The plan has at least one extent.
 */
struct hs_error *hs_plan_image(struct hs_plan *plan, struct hs_destination *destination, const struct hs_mappings *mappings,
			       const struct hs_static_ranges *statics, struct hs_image **ret, uint64_t *ret_bytes) HS_MUST_CHECK;

#endif
