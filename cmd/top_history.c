/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping series by name, and reading trends off them. */
#include "top_history.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static int compare_types(const void *a, const void *b)
{
	return strcmp((*(const struct hs_census_type *const *)a)->name, (*(const struct hs_census_type *const *)b)->name);
}

static const struct hs_census_type **sort_types(const struct hs_census_type *types, size_t n)
{
	const struct hs_census_type **sorted = calloc(n + 1, sizeof(*sorted));

	for (size_t i = 0; sorted && i < n; i++)
		sorted[i] = &types[i];
	if (sorted && n)
		qsort(sorted, n, sizeof(*sorted), compare_types);
	return sorted;
}

static bool is_all_zero(const struct hs_top_series *series, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (series->counts[i])
			return false;
	return !series->base_count;
}

/* The oldest sample goes when there is no room for another. */
static void make_room(struct hs_top_history *history)
{
	if (history->n_samples < HS_TOP_SAMPLES)
		return;
	history->n_samples--;
	history->first -= history->first > 0;
	memmove(history->times_ns, history->times_ns + 1, history->n_samples * sizeof(*history->times_ns));
	for (size_t i = 0; i < history->series.n; i++)
		memmove(history->series.items[i].counts, history->series.items[i].counts + 1, history->n_samples * sizeof(uint64_t));
}

HS_ARRAY_TYPE(merged_series, struct hs_top_series);

static void free_merged(struct merged_series *merged)
{
	hs_array_free(merged);
}

/* Both lists are by name: walks along them. Names that are new are copied; nothing of the history is changed. */
static struct hs_error *merge(const struct hs_top_history *history, const struct hs_census_type *const *types, size_t n, struct merged_series *ret)
{
	size_t old = 0, at = history->n_samples;

	if (!hs_array_reserve(ret, history->series.n + n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < n || old < history->series.n;) {
		const struct hs_top_series *before = old < history->series.n ? &history->series.items[old] : NULL;
		int order = !before ? -1 : i == n ? 1 : strcmp(types[i]->name, before->name);
		struct hs_top_series *series = &ret->items[ret->n++];
		*series = order >= 0 ? *before : (struct hs_top_series){ .name = strdup(types[i]->name) };
		if (!series->name) {
			ret->n--;
			return hs_error_no_memory();
		}
		series->counts[at] = order <= 0 ? types[i]->count : 0;
		series->bytes = order <= 0 ? types[i]->bytes : 0;
		old += order >= 0;
		i += order <= 0;
	}
	return NULL;
}

const struct hs_top_series *hs_top_history_named(const struct hs_top_history *history, const char *name)
{
	size_t low = 0, high = history->series.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(history->series.items[middle].name, name);
		if (!order)
			return &history->series.items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The name is the history's own, not a copy. */
static bool is_in(const struct hs_top_history *history, const char *name)
{
	const struct hs_top_series *series = hs_top_history_named(history, name);

	return series && series->name == name;
}

/* Takes the merged list over; series of what is gone for long go. */
static void replace(struct hs_top_history *history, struct merged_series *merged)
{
	size_t n = 0;

	for (size_t i = 0; i < merged->n; i++) {
		if (is_all_zero(&merged->items[i], history->n_samples + 1))
			free(merged->items[i].name);
		else
			merged->items[n++] = merged->items[i];
	}
	free(history->series.items);
	history->series.items = merged->items;
	history->series.n = n;
	history->series.capacity = merged->capacity;
	*merged = (struct merged_series){ 0 };
}

struct hs_error *hs_top_history_add(struct hs_top_history *history, uint64_t time_ns, const struct hs_census_type *types, size_t n)
{
	HS_FREE const struct hs_census_type **sorted = sort_types(types, n);
	HS_CLEANUP(free_merged) struct merged_series merged = { 0 };

	if (!sorted)
		return hs_error_no_memory();
	make_room(history);
	struct hs_error *error = merge(history, sorted, n, &merged);
	if (error) {
		for (size_t i = 0; i < merged.n; i++)
			if (!is_in(history, merged.items[i].name))
				free(merged.items[i].name);
		return error;
	}
	replace(history, &merged);
	history->times_ns[history->n_samples++] = time_ns;
	if (history->n_samples == 1)
		hs_top_history_set_base(history);
	return NULL;
}

void hs_top_history_set_base(struct hs_top_history *history)
{
	if (!history->n_samples)
		return;
	history->first = history->n_samples - 1;
	history->base_ns = history->times_ns[history->first];
	for (size_t i = 0; i < history->series.n; i++) {
		struct hs_top_series *series = &history->series.items[i];
		series->base_count = series->counts[history->first];
		series->base_bytes = series->bytes;
	}
}

void hs_top_history_deinit(struct hs_top_history *history)
{
	for (size_t i = 0; i < history->series.n; i++)
		free(history->series.items[i].name);
	hs_array_free(&history->series);
	*history = (struct hs_top_history){ 0 };
}

static uint64_t least(const uint64_t *counts, size_t n)
{
	uint64_t found = UINT64_MAX;

	for (size_t i = 0; i < n; i++)
		found = counts[i] < found ? counts[i] : found;
	return found;
}

/*
 * Growth keeps at least three quarters of all that moved; turnover keeps less than a quarter. Two samples show a change and no more: what
 * lies between was not seen.
 */
static int kind_of(const uint64_t *counts, size_t n)
{
	int64_t net = (int64_t)(counts[n - 1] - counts[0]);
	uint64_t moved = 0;

	for (size_t i = 1; i < n; i++)
		moved += counts[i] > counts[i - 1] ? counts[i] - counts[i - 1] : counts[i - 1] - counts[i];
	if (!moved)
		return HS_TREND_NONE;
	if (n < 3)
		return HS_TREND_CHANGE;
	if (net < (int64_t)(moved / 4 + 1))
		return HS_TREND_TURNOVER;
	return net >= (int64_t)(moved - moved / 4) ? HS_TREND_GROWTH : HS_TREND_CHANGE;
}

struct hs_top_trend hs_top_trend_of(const struct hs_top_history *history, const struct hs_top_series *series)
{
	const uint64_t *counts = series->counts + history->first, *times = history->times_ns + history->first;
	size_t n = history->n_samples - history->first;
	struct hs_top_trend trend = { 0 };

	if (!history->n_samples)
		return trend;
	trend.change = (int64_t)(series->counts[history->n_samples - 1] - series->base_count);
	trend.bytes_change = (int64_t)(series->bytes - series->base_bytes);
	if (n < 2)
		return trend;
	double seconds = (double)(times[n - 1] - times[0]) / 1e9;
	trend.has_rate = seconds > 0;
	trend.rate_thousandths = trend.has_rate ? (int64_t)((double)(int64_t)(counts[n - 1] - counts[0]) * 1000 / seconds) : 0;
	trend.has_floor = n >= 4;
	trend.floor_change = trend.has_floor ? (int64_t)(least(counts + n / 2, n - n / 2) - least(counts, n / 2)) : 0;
	trend.kind = kind_of(counts, n);
	return trend;
}
