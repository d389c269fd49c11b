/* SPDX-License-Identifier: Apache-2.0 */
/* What the head of a comparison says of its moments, and warns of. */
#ifndef HS_DIFF_FACTS_H
#define HS_DIFF_FACTS_H

#include "diff.h"

/* Fills diff->facts; all moments have been looked at. Errors: NO_MEMORY. */
struct hs_error *hs_diff_write_facts(struct hs_diff *diff) HS_MUST_CHECK;
void hs_growth_facts_free(struct hs_growth_facts *facts);

#endif
