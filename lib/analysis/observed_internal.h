/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of observed_growth.h share. Private to lib/analysis. */
#ifndef HS_OBSERVED_INTERNAL_H
#define HS_OBSERVED_INTERNAL_H

#include "observed_growth.h"

/* observed_turnover.c */
/*
 * Adds to `vouched` what is new and can be reached from there by way of new objects; the dict of an instance that is vouched for is as new
 * as the instance. Errors: NO_MEMORY.
 */
struct hs_error *observed_vouch(struct hs_observed_growth *observed) HS_MUST_CHECK;
/* Fills `passing`: all that containers let go again and nobody else holds. Takes it off the growth of types. Errors: NO_MEMORY. */
struct hs_error *observed_pass_over(struct hs_observed_growth *observed) HS_MUST_CHECK;

#endif
