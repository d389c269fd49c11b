/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the samples of a long series tell that kept no fingerprints: lengths, sketches, counts of types. By them a container is followed
 * back to where it was the same one, and what grows by an item a day is found, though between the last two samples nothing came.
 */
#include "observed_internal.h"

#include "suspect_rules.h"

#define LITTLE 0.1     /* of what a container has now: to be so far from sure of its length then changes nothing */
#define N_BEGINNINGS 4 /* samples that are asked whether the container was there, besides the base */

static const struct hs_sample_container *listed(const struct hs_observed_growth *observed, size_t i, const struct hs_sample_container *now)
{
	const struct hs_sample_container *then = hs_sample_container_at(observed->input.samples[i], now->address);

	return then && then->type == now->type ? then : NULL;
}

size_t observed_begin(const struct hs_observed_growth *observed, const struct hs_sample_container *now, const struct hs_object *object)
{
	for (size_t k = 0; k < N_BEGINNINGS; k++) {
		size_t i = observed->base * k / N_BEGINNINGS;
		const struct hs_sample_container *then = listed(observed, i, now);
		double kept = then ? hs_sample_kept(then, &observed->fingerprints, object) : HS_UNKNOWN;
		/* one without items to look for, of raw bytes, is the one that stood there */
		if (then && (kept < 0 || kept >= HS_LEAST_KEPT))
			return i;
	}
	return observed->base;
}

uint64_t hs_observed_length_then(const struct hs_observed_growth *observed, const struct hs_container_history *history, size_t i, uint64_t later,
				 bool *ret_is_known)
{
	const struct hs_sample *sample = observed->input.samples[i];
	const struct hs_sample_container *then = hs_sample_container_at(sample, history->address);

	if (then)
		return observed->is_long && i < history->begin ? 0 : then->length;
	if (!sample->min_length || hs_is_fresh(observed, history->node))
		return 0;
	/* too short to be listed, or not there: no growth is made of what is not known */
	uint64_t most = later >= sample->min_length ? sample->min_length - 1 : later;
	if (most > LITTLE * (double)history->length)
		*ret_is_known = false;
	return most;
}

void observed_look_back(const struct hs_observed_growth *observed, const struct hs_sample_container *now, const struct hs_object *object,
			struct hs_container_history *history)
{
	const struct hs_sample_container *then;

	history->begin = history->first;
	if (!observed->is_long || history->is_turnover)
		return;
	history->begin = observed_begin(observed, now, object);
	then = listed(observed, history->begin, now);
	if (history->is_grower || !then || then->length >= now->length)
		return;
	double kept = hs_sample_kept(then, &observed->fingerprints, object);
	history->is_slow = kept < 0 || kept >= HS_LEAST_KEPT;
	if (!history->is_slow)
		return;
	history->is_grower = true;
	history->kept = kept;
	history->length_then = now->length;
	history->slow_items = now->length - then->length;
}

int64_t hs_observed_rise(const struct hs_observed_growth *observed, const uint64_t *figures)
{
	return hs_rise(observed->times_ns, figures, observed->input.n_samples);
}
