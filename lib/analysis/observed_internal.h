/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of observed_growth.h share. Private to lib/analysis. */
#ifndef HS_OBSERVED_INTERNAL_H
#define HS_OBSERVED_INTERNAL_H

#include "observed_growth.h"

/* observed_turnover.c */
/* Adds to a set of new objects what is new and can be reached from them by way of new objects. Errors: NO_MEMORY. */
struct hs_error *observed_close_over(const struct hs_observed_growth *observed, uint64_t *set) HS_MUST_CHECK;
/* Fills `passing`: all that containers let go again and nobody else holds. Takes it off the growth of types. Errors: NO_MEMORY. */
struct hs_error *observed_pass_over(struct hs_observed_growth *observed) HS_MUST_CHECK;

#endif
