/* SPDX-License-Identifier: Apache-2.0 */
/* From samples to the growth of each type. */
#include "growth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "format.h"
#include "suspect_rules.h"

/* What is replaced is churn when it is a tenth of all, and three times as much as is added. */
#define CHURN_SHARE 0.1
#define CHURN_FACTOR 3
/* A part of a fingerprint has 9 bits: of so many objects one looks alike in a part by accident. */
#define ACCIDENTS 64

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_growth(const void *a, const void *b)
{
	const struct hs_growth_type *left = a, *right = b;

	if (left->bytes_change != right->bytes_change)
		return left->bytes_change > right->bytes_change ? -1 : 1;
	if (left->count_change != right->count_change)
		return left->count_change > right->count_change ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Every name that a sample has, once. The caller frees *ret. */
static struct hs_error *list_names(const struct hs_sample_list *samples, const char ***ret, size_t *ret_n)
{
	size_t n = 0, n_all = 0;

	for (size_t i = 0; i < samples->n; i++)
		n_all += samples->items[i]->types.n;
	const char **names = calloc(n_all + 1, sizeof(*names));
	if (!names)
		return hs_error_no_memory();
	for (size_t i = 0; i < samples->n; i++)
		for (size_t k = 0; k < samples->items[i]->types.n; k++)
			names[n++] = samples->items[i]->types.items[k].name;
	qsort(names, n, sizeof(*names), compare_names);
	size_t n_distinct = 0;
	for (size_t i = 0; i < n; i++)
		if (!n_distinct || strcmp(names[n_distinct - 1], names[i]))
			names[n_distinct++] = names[i];
	*ret = names;
	*ret_n = n_distinct;
	return NULL;
}

/* `lately`: by how many they became more since the sample that the last one is held against. */
static void set_turnover(struct hs_growth_type *type, const struct hs_turnover_list *list, int64_t lately)
{
	const struct hs_turnover *turnover = list ? hs_turnover_named(list, type->name) : NULL;

	type->turnover = -1;
	type->survivors = -1;
	if (!list)
		return;
	if (!turnover) {
		type->turnover = 0;
		type->survivors = 0;
		return;
	}
	uint64_t n_new = turnover->count - turnover->n_lived - turnover->n_unknown;
	int64_t n_replaced = (int64_t)n_new - (lately > 0 ? lately : 0);
	n_replaced = n_replaced > 0 ? n_replaced : 0;
	type->turnover = (double)n_replaced / (double)turnover->count;
	if (turnover->n_unknown <= turnover->count / ACCIDENTS)
		type->survivors = (int64_t)turnover->n_lived;
	type->comes_and_goes = type->turnover >= CHURN_SHARE && n_replaced >= CHURN_FACTOR * llabs(lately);
}

/* What comes and goes has a floor: that of a long series counts. */
static int64_t change_of(const struct hs_series *series, const uint64_t *times_ns, const uint64_t *figures)
{
	size_t last = series->samples.n - 1;

	return series->is_long ? hs_rise(times_ns, figures, last + 1) : (int64_t)(figures[last] - figures[0]);
}

/* Place of the sample that the last one is held against. */
static size_t base_of(const struct hs_series *series)
{
	const struct hs_sample *base = hs_series_base(series);
	size_t i = 0;

	while (i < series->samples.n && series->samples.items[i] != base)
		i++;
	return i < series->samples.n ? i : 0;
}

static struct hs_error *compare_types(const struct hs_series *series, const struct hs_turnover_list *turnover, struct hs_growth *growth)
{
	const struct hs_sample_list *samples = &series->samples;
	HS_FREE const char **names = NULL;
	HS_FREE uint64_t *times_ns = calloc(samples->n + 1, sizeof(*times_ns));
	size_t n = 0, base = base_of(series);

	if (!times_ns)
		return hs_error_no_memory();
	for (size_t i = 0; i < samples->n; i++)
		times_ns[i] = samples->items[i]->time_ns;
	HS_TRY(list_names(samples, &names, &n));
	growth->figures = calloc(2 * n * samples->n + 1, sizeof(*growth->figures));
	if (!growth->figures || !hs_array_reserve(&growth->types, n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < n; i++) {
		struct hs_growth_type *type = hs_array_append(&growth->types);
		type->name = names[i];
		type->counts = &growth->figures[2 * i * samples->n];
		type->bytes = type->counts + samples->n;
		for (size_t k = 0; k < samples->n; k++) {
			const struct hs_sample_type *at = hs_sample_type_named(samples->items[k], names[i]);
			type->counts[k] = at ? at->count : 0;
			type->bytes[k] = at ? at->bytes : 0;
		}
		type->count_change = change_of(series, times_ns, type->counts);
		type->bytes_change = change_of(series, times_ns, type->bytes);
		set_turnover(type, turnover, (int64_t)(type->counts[samples->n - 1] - type->counts[base]));
	}
	if (growth->types.n)
		qsort(growth->types.items, growth->types.n, sizeof(*growth->types.items), compare_growth);
	return NULL;
}

static void free_growing(struct hs_growing_list *growing)
{
	hs_array_free(growing);
}

static struct hs_error *list_growing(const struct hs_suspects *suspects, struct hs_growing_list *ret)
{
	for (size_t i = 0; suspects && i < suspects->list.n; i++) {
		const struct hs_suspect *suspect = &suspects->list.items[i];
		struct hs_growing *slot = hs_array_append(ret);
		if (!slot)
			return hs_error_no_memory();
		*slot = (struct hs_growing){ .bytes = suspect->retained_growth_bytes, .rank = (unsigned)i + 1,
					     .is_convincing = suspect->confidence >= HS_CONFIDENCE_MEDIUM,
					     .is_certain = suspect->confidence == HS_CONFIDENCE_HIGH, .is_bounded = suspect->figures.is_bounded,
					     .is_garbage = suspect->kind == HS_SUSPECT_CYCLES };
	}
	return NULL;
}

struct hs_error *hs_growth_compare(const struct hs_series *series, const struct hs_turnover_list *turnover, const struct hs_suspects *suspects,
				   struct hs_growth *ret)
{
	HS_CLEANUP(free_growing) struct hs_growing_list growing = { 0 };
	const struct hs_sample_list *samples = &series->samples;

	*ret = (struct hs_growth){ .series = series, .seconds = hs_series_seconds(series), .suspects = suspects };
	HS_TRY(compare_types(series, turnover, ret));
	HS_TRY(list_growing(suspects, &growing));
	return hs_attribution_of((const struct hs_sample *const *)samples->items, samples->n, &growing,
				 suspects ? (int64_t)suspects->garbage_bytes : 0, hs_watched_find(&series->watched, HS_WATCH_RESIDENT), &ret->attribution);
}

void hs_growth_release(struct hs_growth *growth)
{
	hs_array_free(&growth->types);
	free(hs_take(growth->figures));
	hs_attribution_release(&growth->attribution);
}

int64_t hs_growth_convincing_bytes(const struct hs_growth *growth)
{
	int64_t bytes = 0;

	for (size_t i = 0; growth->suspects && i < growth->suspects->list.n; i++) {
		const struct hs_suspect *suspect = &growth->suspects->list.items[i];
		if (suspect->confidence >= HS_CONFIDENCE_MEDIUM && suspect->retained_growth_bytes > 0)
			bytes += suspect->retained_growth_bytes;
	}
	return bytes;
}

bool hs_growth_is_complete(const struct hs_growth *growth)
{
	for (size_t i = 0; i < growth->series->samples.n; i++)
		if (!growth->series->samples.items[i]->is_complete)
			return false;
	return growth->series->end == HS_SERIES_WHOLE;
}

const char *hs_growth_end(const struct hs_growth *growth)
{
	switch (growth->series->end) {
	case HS_SERIES_WHOLE:
		return NULL;
	case HS_SERIES_INTERRUPTED:
		return "interrupted before the last sample: who holds what grew was not looked for";
	case HS_SERIES_GONE:
	case HS_SERIES_FAILED:
		return growth->series->error ? growth->series->error->message : "the series ended early";
	}
	return NULL;
}

const char *hs_growth_standstill(const struct hs_growth *growth)
{
	const struct hs_sample_list *samples = &growth->series->samples;
	size_t n_stopped = 0;

	for (size_t i = 0; i < samples->n; i++)
		n_stopped += samples->items[i]->was_stopped;
	if (!n_stopped)
		return NULL;
	return n_stopped == samples->n ? "the process was stopped at each sample (SIGSTOP, job control): what does not run does not grow. SIGCONT lets it go on"
				       : "the process was stopped at some of the samples (SIGSTOP, job control): it ran, and grew, for a part of the time only";
}

/* The first container that convinces, at whatever place, which can be looked at; its path is told already. 0: there is none. */
static hs_addr first_convincing(const struct hs_growth *growth)
{
	for (size_t i = 0; growth->suspects && i < growth->suspects->list.n; i++) {
		const struct hs_suspect *suspect = &growth->suspects->list.items[i];
		if (suspect->address && suspect->confidence >= HS_CONFIDENCE_MEDIUM)
			return suspect->address;
	}
	return 0;
}

char *hs_growth_next(const struct hs_growth *growth)
{
	const struct hs_attribution *attribution = &growth->attribution;
	bool is_alive = growth->document.capture->origin == HS_FROM_PROCESS;
	const char *source = growth->document.source;

	if (growth->series->end == HS_SERIES_GONE)
		return hs_format("ps");
	if (growth->series->end != HS_SERIES_WHOLE)
		return hs_format("growth %s", source);
	if (attribution->verdict == HS_VERDICT_GARBAGE)
		return hs_format("cycles %s", source);
	if (attribution->verdict == HS_VERDICT_NATIVE || attribution->verdict == HS_VERDICT_FRAGMENTATION)
		return hs_format("memory %s%s", source, is_alive ? " --growth 30" : "");
	if (first_convincing(growth))
		return hs_format("refs %s 0x%" PRIx64, source, first_convincing(growth));
	return hs_format("report %s --by holder", source);
}
