/* SPDX-License-Identifier: Apache-2.0 */
/* From two waterfalls and what others explain of their difference to parts that add up. */
#include "attribution.h"

#include <stdlib.h>

#include "cleanup.h"
#include "suspect_rules.h"

#define NOISE_BYTES ((int64_t)256 << 10) /* allocators and the kernel's page cache move by as much while nothing leaks */
#define ARENA_BYTES ((int64_t)1 << 20) /* of free blocks: an arena more comes by chance, and is not given back as long as anything is in it */
#define FAR_MORE 4 /* fragmentation outdoes a suspect that convinces: it comes and goes with what the suspect is made of */
#define FAR_MORE_THAN_CERTAIN 16 /* … one that is certain: what it keeps lies among what is freed, and holds pools, arenas and heaps of threads; 9 was seen */
#define FALLS_BACK 0.5 /* of all that a process grew by, given back at any time between: it goes up and down, and was up at last */
#define LEAST_POINTS 8                   /* of the resident size: fewer have no floor */
#define RISES 0.25                       /* of what grew, by which the least size of the second half of the time is above that of the first: of what grows steadily half */
#define STEADY 0.25                      /* the slower of two stretches, as a share of the faster one */

/* What each step of the waterfall is counted as. Objects are left to the suspects; what these leave is unattributed, as is the rest of RSS. */
static const enum hs_cause causes[HS_N_MEMORY_STEPS] = {
	[HS_MEMORY_OBJECTS] = HS_CAUSE_UNATTRIBUTED,
	[HS_MEMORY_LARGE_OBJECTS] = HS_CAUSE_UNATTRIBUTED,
	[HS_MEMORY_FREELISTS] = HS_CAUSE_FRAGMENTATION,
	[HS_MEMORY_POOL_UNKNOWN] = HS_CAUSE_NATIVE,
	[HS_MEMORY_POOL_OVERHEAD] = HS_CAUSE_FRAGMENTATION,
	[HS_MEMORY_POOL_FREE] = HS_CAUSE_FRAGMENTATION,
	[HS_MEMORY_POOLS_UNUSED] = HS_CAUSE_FRAGMENTATION,
	[HS_MEMORY_ARENAS_UNUSED] = HS_CAUSE_FRAGMENTATION,
	[HS_MEMORY_MALLOC_OTHER] = HS_CAUSE_NATIVE,
	[HS_MEMORY_MALLOC_FREE] = HS_CAUSE_FRAGMENTATION,
	[HS_MEMORY_ANONYMOUS] = HS_CAUSE_NATIVE,
	[HS_MEMORY_STACKS] = HS_CAUSE_NATIVE,
	[HS_MEMORY_DATA] = HS_CAUSE_NATIVE,
	[HS_MEMORY_FILES] = HS_CAUSE_FILES,
	[HS_MEMORY_SHARED] = HS_CAUSE_FILES,
};

const char *hs_cause_name(enum hs_cause cause)
{
	static const char *const names[HS_N_CAUSES] = { "suspect", "garbage", "native", "fragmentation", "files", "unattributed" };

	return names[cause];
}

const char *hs_verdict_name(enum hs_verdict verdict)
{
	static const char *const names[] = { "none", "leak", "garbage", "native", "fragmentation", "bounded" };

	return names[verdict];
}

/* What the steps tell of each cause. */
static void add_up(const struct hs_sample *from, const struct hs_sample *to, int64_t sums[HS_N_CAUSES])
{
	for (unsigned step = 0; step < HS_N_MEMORY_STEPS; step++)
		sums[causes[step]] += (int64_t)(to->memory.steps[step] - from->memory.steps[step]);
}

/* What was freed is still there as free blocks, and what is new fills them: of two parts of opposite signs the rest is more memory. */
static int64_t net(const int64_t sums[HS_N_CAUSES], enum hs_cause cause)
{
	enum hs_cause other = cause == HS_CAUSE_FRAGMENTATION ? HS_CAUSE_UNATTRIBUTED : HS_CAUSE_FRAGMENTATION;
	bool is_one_of_two = cause == HS_CAUSE_FRAGMENTATION || cause == HS_CAUSE_UNATTRIBUTED;

	return is_one_of_two && sums[other] < 0 ? sums[cause] + sums[other] : sums[cause];
}

/* Whether a cause grew all the time, at rates that compare: in each stretch between two samples, or, where these are many, in each quarter. */
static bool is_steady(const struct hs_sample *const *samples, size_t n_samples, enum hs_cause cause)
{
	HS_FREE uint64_t *times = calloc(n_samples, sizeof(*times)), *values = calloc(n_samples, sizeof(*values));
	int64_t least = 0;
	size_t n = 0;

	if (!times || !values)
		return false;
	for (size_t i = 0; i < n_samples; i++) {
		int64_t sums[HS_N_CAUSES] = { 0 };
		if (!samples[i]->has_memory)
			continue;
		add_up(samples[0], samples[i], sums);
		times[n] = samples[i]->time_ns;
		values[n++] = (uint64_t)net(sums, cause);
		least = net(sums, cause) < least ? net(sums, cause) : least;
	}
	for (size_t i = 0; i < n; i++)
		values[i] -= (uint64_t)least;
	return n > 2 ? hs_steadiness(times, values, n) >= STEADY : values[1] > values[0];
}

static uint64_t least_resident(const struct hs_watched *resident, unsigned from, unsigned to)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = from; i < to; i++)
		least = resident->points[i].length < least ? resident->points[i].length : least;
	return least;
}

/* What goes up and down has a floor, and that did not rise by much of what the last sample has more than the first. */
static bool rests_on_floor(const struct hs_watched *resident, int64_t growth)
{
	unsigned n = resident->n_points < HS_WATCH_POINTS ? resident->n_points : HS_WATCH_POINTS;

	if (n < LEAST_POINTS)
		return false;
	uint64_t first = least_resident(resident, 0, n / 2), second = least_resident(resident, n / 2, n);
	return (double)second < (double)first + RISES * (double)growth;
}

/* What is free may go back to the system; that between two samples more was free by chance is no fragmentation. */
static bool falls_back(const struct hs_watched *resident, int64_t growth)
{
	return resident && (resident->largest_drop * (double)resident->peak > FALLS_BACK * (double)growth || rests_on_floor(resident, growth));
}

/* What has no suspect, and grows all the time for reasons unknown: it leaves no verdict to what is less than it. */
static int64_t unexplained_of(const struct hs_sample *const *samples, size_t n_samples, const int64_t sums[HS_N_CAUSES])
{
	int64_t most = 0;

	for (enum hs_cause cause = HS_CAUSE_FILES; cause <= HS_CAUSE_UNATTRIBUTED; cause++)
		if (net(sums, cause) > most && is_steady(samples, n_samples, cause))
			most = net(sums, cause);
	return most;
}

/* A convincing suspect needs no least size: its evidence is not its bytes. NULL: none convinces. */
static const struct hs_growing *largest_convincing(const struct hs_growing_list *suspects, bool is_garbage)
{
	const struct hs_growing *largest = NULL;

	for (size_t i = 0; i < suspects->n; i++)
		if (suspects->items[i].is_convincing && suspects->items[i].is_garbage == is_garbage &&
		    suspects->items[i].bytes > (largest ? largest->bytes : 0))
			largest = &suspects->items[i];
	return largest;
}

static bool outdoes(int64_t fragmentation, const struct hs_growing *leak)
{
	return !leak || fragmentation >= (leak->is_certain ? FAR_MORE_THAN_CERTAIN : FAR_MORE) * leak->bytes;
}

static enum hs_verdict verdict_of(const struct hs_sample *const *samples, size_t n_samples, const struct hs_growing_list *suspects,
				  const int64_t sums[HS_N_CAUSES], bool falls_back)
{
	const struct hs_growing *leak = largest_convincing(suspects, false), *waiting = largest_convincing(suspects, true);
	int64_t unexplained = unexplained_of(samples, n_samples, sums), most = leak && leak->bytes > unexplained ? leak->bytes : unexplained;
	int64_t garbage = sums[HS_CAUSE_GARBAGE], native = sums[HS_CAUSE_NATIVE], fragmentation = net(sums, HS_CAUSE_FRAGMENTATION);
	enum hs_verdict verdict = HS_VERDICT_NONE;

	if (leak)
		verdict = leak->is_bounded ? HS_VERDICT_BOUNDED : HS_VERDICT_LEAK;
	if (garbage > most && (garbage >= NOISE_BYTES || waiting)) {
		most = garbage;
		verdict = HS_VERDICT_GARBAGE;
	}
	if (native > most && native >= NOISE_BYTES && is_steady(samples, n_samples, HS_CAUSE_NATIVE)) {
		most = native;
		verdict = HS_VERDICT_NATIVE;
	}
	if (fragmentation > most && fragmentation >= ARENA_BYTES && !falls_back && outdoes(fragmentation, leak) && outdoes(fragmentation, waiting) &&
	    is_steady(samples, n_samples, HS_CAUSE_FRAGMENTATION))
		verdict = HS_VERDICT_FRAGMENTATION;
	return verdict;
}

static struct hs_error *add_part(struct hs_attribution *attribution, enum hs_cause cause, unsigned rank, int64_t bytes)
{
	struct hs_attribution_part *part = hs_array_append(&attribution->parts);

	if (!part)
		return hs_error_no_memory();
	*part = (struct hs_attribution_part){ cause, rank, bytes };
	return NULL;
}

struct hs_error *hs_attribution_of(const struct hs_sample *const *samples, size_t n_samples, const struct hs_growing_list *suspects,
				   int64_t garbage_bytes, const struct hs_watched *resident, struct hs_attribution *ret)
{
	int64_t sums[HS_N_CAUSES] = { 0 };
	const struct hs_sample *first = n_samples ? samples[0] : NULL, *last = n_samples ? samples[n_samples - 1] : NULL;

	*ret = (struct hs_attribution){ .is_known = n_samples > 1 && first->has_memory && last->has_memory };
	if (!ret->is_known)
		return NULL;
	add_up(first, last, sums);
	ret->rss_growth_bytes = (int64_t)(last->memory.rss_bytes - first->memory.rss_bytes);
	sums[HS_CAUSE_GARBAGE] = garbage_bytes;
	sums[HS_CAUSE_UNATTRIBUTED] = ret->rss_growth_bytes;
	for (enum hs_cause cause = HS_CAUSE_GARBAGE; cause < HS_CAUSE_UNATTRIBUTED; cause++)
		sums[HS_CAUSE_UNATTRIBUTED] -= sums[cause];
	for (size_t i = 0; i < suspects->n; i++) {
		if (suspects->items[i].is_garbage)
			continue;
		sums[HS_CAUSE_UNATTRIBUTED] -= suspects->items[i].bytes;
		HS_TRY(add_part(ret, HS_CAUSE_SUSPECT, suspects->items[i].rank, suspects->items[i].bytes));
	}
	for (enum hs_cause cause = HS_CAUSE_GARBAGE; cause < HS_N_CAUSES; cause++)
		HS_TRY(add_part(ret, cause, 0, sums[cause]));
	ret->verdict = verdict_of(samples, n_samples, suspects, sums, falls_back(resident, ret->rss_growth_bytes));
	return NULL;
}

void hs_attribution_release(struct hs_attribution *attribution)
{
	hs_array_free(&attribution->parts);
}
