/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the counts of types went over the last samples, in bounded memory. Knows names and figures, no heap.
 *
 *     times      t1   t2   t3   …            at most HS_TOP_SAMPLES, the oldest goes first
 *     "dict"     910  950  940  …            a series a name; 0 where there was none
 */
#ifndef HS_TOP_HISTORY_H
#define HS_TOP_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "census.h"
#include "error.h"

#define HS_TOP_SAMPLES 32

struct hs_top_series {
	char *name; /* the target's bytes; owned */
	uint64_t counts[HS_TOP_SAMPLES];
	uint64_t bytes;                    /* of the last sample */
	uint64_t base_count, base_bytes;   /* of the baseline */
};

struct hs_top_history {
	HS_ARRAY(struct hs_top_series) series; /* by name */
	uint64_t times_ns[HS_TOP_SAMPLES];
	size_t n_samples;  /* kept */
	size_t first;      /* the first of these that counts: the baseline, or the oldest if that is gone */
	uint64_t base_ns;
};

/* What a series says. */
struct hs_top_trend {
	int64_t change;           /* of the count since the baseline */
	int64_t bytes_change;
	bool has_rate;            /* there are two samples */
	int64_t rate_thousandths; /* objects a second, over the samples kept */
	bool has_floor;           /* there are four samples */
	int64_t floor_change;     /* of the least count, from the first half of the samples to the second */
	enum {
		HS_TREND_NONE,     /* nothing changed, or there is one sample */
		HS_TREND_CHANGE,
		HS_TREND_GROWTH,   /* in most samples there are more, and hardly ever fewer */
		HS_TREND_TURNOVER, /* comes and goes: what was added is mostly gone again */
	} kind;
};

/* Adds a sample of types, whose rows are in any order. Errors: NO_MEMORY: the history is as before. */
struct hs_error *hs_top_history_add(struct hs_top_history *history, uint64_t time_ns, const struct hs_census_type *types, size_t n) HS_MUST_CHECK;
/* Changes count from the last sample on. */
void hs_top_history_set_base(struct hs_top_history *history);
/* NULL: there is none of that name. */
const struct hs_top_series *hs_top_history_named(const struct hs_top_history *history, const char *name);
void hs_top_history_deinit(struct hs_top_history *history);

struct hs_top_trend hs_top_trend_of(const struct hs_top_history *history, const struct hs_top_series *series);

#endif
