/* SPDX-License-Identifier: Apache-2.0 */
/* Score and confidence. The figures were measured on leaking programs and on those that only look so. */
#include "suspect_rules.h"

#define HIGH_KEPT 0.95
#define HIGH_STEADINESS 0.5
#define HIGH_SHARE 0.8
#define MOST_DROP 0.05
/* A drop by this part of what was gained since the first look is one, however long the container is. */
#define MOST_DROP_OF_GAIN 0.5
#define LEAST_ITEMS 30
#define LEAST_BYTES (64 << 10)
#define BOUND_FACTOR 0.3
#define LEAST_VALUES_OF_FLOORS 8
#define N_QUARTERS 4
#define MAX_SINGLE_GAPS 4 /* values; of more, quarters are compared */

const char *hs_confidence_name(enum hs_confidence confidence)
{
	static const char *const names[] = { "low", "medium", "high" };

	return (unsigned)confidence <= HS_CONFIDENCE_HIGH ? names[confidence] : "?";
}

static double rate(const uint64_t *times_ns, const uint64_t *values, size_t from, size_t to)
{
	double seconds = (double)(int64_t)(times_ns[to] - times_ns[from]) / 1e9;

	return seconds > 0 ? ((double)values[to] - (double)values[from]) / seconds : 0;
}

/* The least value of the q-th of four parts. */
static size_t floor_of(const uint64_t *values, size_t n, size_t q)
{
	size_t least = n * q / 4;

	for (size_t i = least; i < n * (q + 1) / 4; i++)
		if (values[i] < values[least])
			least = i;
	return least;
}

double hs_steadiness(const uint64_t *times_ns, const uint64_t *values, size_t n)
{
	bool by_quarter = n > MAX_SINGLE_GAPS;
	size_t n_points = by_quarter ? 4 : n;
	double least = 0, most = 0;

	if (n < 3)
		return HS_UNKNOWN;
	for (size_t i = 0; i + 1 < n_points; i++) {
		size_t from = by_quarter ? floor_of(values, n, i) : i, to = by_quarter ? floor_of(values, n, i + 1) : i + 1;
		double gap = rate(times_ns, values, from, to);
		least = !i || gap < least ? gap : least;
		most = !i || gap > most ? gap : most;
	}
	return least > 0 ? least / most : 0;
}

/* The least value of a quarter of the time; n: there is none. */
static size_t floor_in_time(const uint64_t *times_ns, const uint64_t *values, size_t n, unsigned quarter)
{
	double all = (double)(times_ns[n - 1] - times_ns[0]) + 1;
	size_t least = n;

	for (size_t i = 0; i < n; i++) {
		bool is_in = (unsigned)((double)(times_ns[i] - times_ns[0]) / all * N_QUARTERS) == quarter;
		if (is_in && (least == n || values[i] < values[least]))
			least = i;
	}
	return least;
}

int64_t hs_rise(const uint64_t *times_ns, const uint64_t *values, size_t n)
{
	size_t first = n < LEAST_VALUES_OF_FLOORS ? 0 : floor_in_time(times_ns, values, n, 0);
	size_t last = n < LEAST_VALUES_OF_FLOORS ? n - 1 : floor_in_time(times_ns, values, n, N_QUARTERS - 1);

	if (n < 2)
		return 0;
	int64_t rise = (int64_t)(values[last] - values[first]);
	if (n < LEAST_VALUES_OF_FLOORS || times_ns[last] <= times_ns[first])
		return rise;
	return (int64_t)((double)rise * (double)(times_ns[n - 1] - times_ns[0]) / (double)(times_ns[last] - times_ns[first]));
}

double hs_largest_drop(const uint64_t *lengths, size_t n)
{
	uint64_t highest = 0;
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		highest = lengths[i] > highest ? lengths[i] : highest;
		double fall = (double)(highest - lengths[i]), gain = (double)highest - (double)lengths[0];
		if (!highest)
			continue;
		double part = fall / (double)highest;
		if (gain > 0 && fall > MOST_DROP_OF_GAIN * gain && fall / gain > part)
			part = fall / gain;
		most = part > most ? part : most;
	}
	return most > 1 ? 1 : most;
}

static double or_half(double figure)
{
	return figure < 0 ? 0.5 : figure;
}

double hs_suspect_score(const struct hs_suspect_figures *figures)
{
	double per_second = figures->seconds > 0 ? figures->bytes / figures->seconds : figures->bytes;

	/* one that grew in one gap only still ranks above one that did not grow */
	double steadiness = or_half(figures->steadiness);
	return per_second * or_half(figures->kept) * (0.05 + 0.95 * steadiness) * or_half(figures->share) *
	       (figures->is_bounded ? BOUND_FACTOR : 1);
}

enum hs_confidence hs_suspect_confidence(const struct hs_suspect_figures *figures, unsigned *ret_doubts)
{
	unsigned doubts = 0;

	doubts |= figures->kept < HIGH_KEPT ? HS_DOUBT_KEPT : 0;
	doubts |= figures->steadiness < HIGH_STEADINESS ? HS_DOUBT_UNSTEADY : 0;
	doubts |= figures->share < HIGH_SHARE ? HS_DOUBT_SHARED : 0;
	doubts |= figures->drop > MOST_DROP ? HS_DOUBT_DROPPED : 0;
	doubts |= figures->is_bounded ? HS_DOUBT_BOUNDED : 0;
	doubts |= figures->is_indirect ? HS_DOUBT_INDIRECT : 0;
	doubts |= figures->is_of_library ? HS_DOUBT_LIBRARY : 0;
	doubts |= figures->is_by_type ? HS_DOUBT_BY_TYPE : 0;
	doubts |= figures->items < LEAST_ITEMS && figures->bytes < LEAST_BYTES ? HS_DOUBT_SMALL : 0;
	/* of what was seen once, there is neither a gap nor anything kept */
	if (figures->seconds <= 0 && !figures->is_by_path)
		doubts = (doubts & ~(unsigned)(HS_DOUBT_KEPT | HS_DOUBT_UNSTEADY)) | HS_DOUBT_STATIC;
	/* nor of two processes; but if three of them have less, then more, then less, that speaks against it */
	if (figures->is_by_path)
		doubts = (doubts & ~(unsigned)(HS_DOUBT_KEPT | (figures->steadiness < 0 ? HS_DOUBT_UNSTEADY : 0))) | HS_DOUBT_OTHER_PROCESS;
	if (ret_doubts)
		*ret_doubts = doubts;
	if (!doubts)
		return HS_CONFIDENCE_HIGH;
	return (doubts & (doubts - 1)) == 0 ? HS_CONFIDENCE_MEDIUM : HS_CONFIDENCE_LOW;
}
