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

/* observed_series.c */
/*
 * The first of some samples of a long series in which a container is the one that it is now, by what it has kept; the base where nothing is
 * known before.
 */
size_t observed_begin(const struct hs_observed_growth *observed, const struct hs_sample_container *now, const struct hs_object *object);
/* Fills `begin`, and says of one that did not grow since the base whether it has since then. */
void observed_look_back(const struct hs_observed_growth *observed, const struct hs_sample_container *now, const struct hs_object *object,
			struct hs_container_history *history);

#endif
