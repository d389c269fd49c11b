/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stood still for heapspy is told, whatever came of it: the pauses of captures that were taken again, or came to nothing, go on to
 * the capture that stays. Knows nothing of when captures are taken.
 */
#ifndef HS_PAUSES_H
#define HS_PAUSES_H

#include "capture.h"
#include "error.h"

/* Moves `more` behind what `pauses` has; `more` is empty then. Errors: NO_MEMORY, and both stay as they are. */
struct hs_error *hs_pauses_move(struct hs_pauses *pauses, struct hs_pauses *more) HS_MUST_CHECK;
/* The capture lists `earlier` before its own pauses, and counts them; `earlier` is empty then. Errors: as above. */
struct hs_error *hs_pauses_put_before(struct hs_capture *capture, struct hs_pauses *earlier) HS_MUST_CHECK;
/* Likewise behind its own. */
struct hs_error *hs_pauses_put_behind(struct hs_capture *capture, struct hs_pauses *later) HS_MUST_CHECK;

#endif
