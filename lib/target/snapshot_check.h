/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a decoded content note says what a capture could have said. Private to lib/target. */
#ifndef HS_SNAPSHOT_CHECK_H
#define HS_SNAPSHOT_CHECK_H

#include "error.h"
#include "snapshot_note.h"

/* Errors: BAD_DATA with what is wrong. */
struct hs_error *hs_snapshot_check(const struct hs_snapshot_content *content) HS_MUST_CHECK;
/* The text of hs_missing.why that is the same, or one that says nothing. Static; `text` may be NULL. */
const char *hs_snapshot_reason(const char *text);

#endif
