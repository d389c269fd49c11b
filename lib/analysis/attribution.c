/* SPDX-License-Identifier: Apache-2.0 */
/* From two waterfalls and what others explain of their difference to parts that add up. */
#include "attribution.h"

#define NOISE_BYTES ((int64_t)256 << 10) /* allocators and the kernel's page cache move by as much while nothing leaks */
#define FAR_MORE 4 /* fragmentation outdoes a suspect that convinces: it comes and goes with what the suspect is made of */
#define FALLS_BACK 0.5 /* of all that a process grew by, given back at any time between: it goes up and down, and was up at last */
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

/* Whether a cause grew in each stretch between two samples, at rates that compare. */
static bool is_steady(const struct hs_sample *const *samples, size_t n_samples, enum hs_cause cause)
{
	double slowest = 0, fastest = 0;

	for (size_t i = 1; i < n_samples; i++) {
		int64_t sums[HS_N_CAUSES] = { 0 };
		double seconds = (double)(int64_t)(samples[i]->time_ns - samples[i - 1]->time_ns) / 1e9;
		add_up(samples[i - 1], samples[i], sums);
		double rate = seconds > 0 ? (double)sums[cause] / seconds : 0;
		slowest = i == 1 || rate < slowest ? rate : slowest;
		fastest = i == 1 || rate > fastest ? rate : fastest;
	}
	return slowest > 0 && slowest >= fastest * STEADY;
}

/* What is free may go back to the system; that between two samples more was free by chance is no fragmentation. */
static bool falls_back(const struct hs_watched *resident, int64_t growth)
{
	return resident && resident->largest_drop * (double)resident->peak > FALLS_BACK * (double)growth;
}

static enum hs_verdict verdict_of(const struct hs_sample *const *samples, size_t n_samples, const struct hs_growing_list *suspects,
				  const int64_t sums[HS_N_CAUSES], bool falls_back)
{
	static const struct {
		enum hs_cause cause;
		enum hs_verdict verdict;
	} others[] = { { HS_CAUSE_NATIVE, HS_VERDICT_NATIVE }, { HS_CAUSE_FRAGMENTATION, HS_VERDICT_FRAGMENTATION } };
	enum hs_verdict verdict = HS_VERDICT_NONE;
	int64_t most = 0, unexplained = 0, leaked = 0;

	/* what grows all the time for reasons unknown leaves no verdict to what is less than it */
	for (enum hs_cause cause = HS_CAUSE_FILES; cause <= HS_CAUSE_UNATTRIBUTED; cause++)
		if (sums[cause] > unexplained && is_steady(samples, n_samples, cause))
			unexplained = sums[cause];
	/* a convincing suspect needs no least size: its evidence is not its bytes */
	for (size_t i = 0; i < suspects->n; i++)
		if (suspects->items[i].is_convincing && suspects->items[i].bytes > most) {
			most = suspects->items[i].bytes;
			verdict = suspects->items[i].is_bounded ? HS_VERDICT_BOUNDED : HS_VERDICT_LEAK;
		}
	leaked = most;
	most = unexplained > most ? unexplained : most;
	if (sums[HS_CAUSE_GARBAGE] > most && sums[HS_CAUSE_GARBAGE] >= NOISE_BYTES) {
		most = sums[HS_CAUSE_GARBAGE];
		verdict = HS_VERDICT_GARBAGE;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		int64_t bytes = sums[others[i].cause];
		/* what objects of no suspect gave back is still there as free blocks: neither more nor less memory */
		if (others[i].cause == HS_CAUSE_FRAGMENTATION && sums[HS_CAUSE_UNATTRIBUTED] < 0)
			bytes += sums[HS_CAUSE_UNATTRIBUTED];
		if (others[i].cause == HS_CAUSE_FRAGMENTATION && (falls_back || bytes < FAR_MORE * leaked))
			continue;
		if (bytes > most && bytes >= NOISE_BYTES && is_steady(samples, n_samples, others[i].cause)) {
			most = bytes;
			verdict = others[i].verdict;
		}
	}
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
