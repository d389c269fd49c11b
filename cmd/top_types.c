/* SPDX-License-Identifier: Apache-2.0 */
/* The view of types: what there is, and how it went over the samples. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "holders.h"
#include "top_pages.h"

_Static_assert(HS_PAGE_NAME_BYTES >= HS_HOLDER_LABEL_BYTES, "a page's place is named by what holds its objects");

enum column {
	COLUMN_TYPE,
	COLUMN_COUNT,
	COLUMN_CHANGE,
	COLUMN_FLOOR,
	COLUMN_STAYED,
	COLUMN_GROWTH,
	COLUMN_BYTES,
	COLUMN_BYTES_CHANGE,
	COLUMN_HISTORY,
	COLUMN_SHARE,
	COLUMN_BAR,
	N_COLUMNS,
};

#define COLUMNS(what, word, cut)                                                                  \
	{                                                                                         \
		[COLUMN_TYPE] = { what, word, cut, 0, 0 },                                        \
		[COLUMN_COUNT] = { "COUNT", "count", HS_COLUMN_COUNT, 11, 0 },                    \
		[COLUMN_CHANGE] = { "CHANGE", "change", HS_COLUMN_COUNT_CHANGE, 10, 0 },          \
		[COLUMN_FLOOR] = { "FLOOR", "floor", HS_COLUMN_COUNT_CHANGE, 10, 3 },             \
		[COLUMN_STAYED] = { "STAYED", "stayed", HS_COLUMN_COUNT, 10, 4 },                 \
		[COLUMN_GROWTH] = { "GROWTH", "growth", HS_COLUMN_RATE, 10, 0 },                  \
		[COLUMN_BYTES] = { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 0 },                      \
		[COLUMN_BYTES_CHANGE] = { "+BYTES", "bytes-change", HS_COLUMN_SIZE_CHANGE, 10, 5 },\
		[COLUMN_HISTORY] = { "HISTORY", NULL, HS_COLUMN_HISTORY, 9, 6 },                  \
		[COLUMN_SHARE] = { "SHARE", "share", HS_COLUMN_SHARE, 7, 2 },                     \
		[COLUMN_BAR] = { "", NULL, HS_COLUMN_BAR, 10, 1 },                                \
	}

static const struct hs_column type_columns[N_COLUMNS] = COLUMNS("TYPE", "type", HS_COLUMN_NAME);
static const struct hs_column holder_columns[N_COLUMNS] = COLUMNS("HOLDER", "holder", HS_COLUMN_PATH);

#define UNPROVEN_SHARE 64 /* as `growth` has it */

/* Most types do not change: what does must stand out. */
static void set_change(struct hs_row *row, unsigned column, int64_t change)
{
	hs_row_set_number(row, column, change);
	if (!change)
		row->values[column].text = "";
}

static void set_trend(struct hs_row *row, const struct hs_top_trend *trend, bool has_before)
{
	static const uint8_t marks[] = { [HS_TREND_NONE] = HS_ROW_PLAIN, [HS_TREND_CHANGE] = HS_ROW_CHANGE, [HS_TREND_GROWTH] = HS_ROW_GROWTH,
					 [HS_TREND_TURNOVER] = HS_ROW_DIM };

	row->mark = marks[trend->kind];
	if (!has_before)
		return;
	set_change(row, COLUMN_CHANGE, trend->change);
	set_change(row, COLUMN_BYTES_CHANGE, trend->bytes_change);
	if (trend->has_floor)
		set_change(row, COLUMN_FLOOR, trend->floor_change);
	if (!trend->has_rate)
		return;
	set_change(row, COLUMN_GROWTH, trend->rate_thousandths);
	if (trend->kind == HS_TREND_TURNOVER) { /* never before what grows, whatever the last sample says */
		row->values[COLUMN_GROWTH].text = "~";
		row->values[COLUMN_GROWTH].number = trend->rate_thousandths < 0 ? trend->rate_thousandths : 0;
	}
}

/* What came after the baseline and outlasted a sample; nobody can tell of types of which more than a few prove nothing. */
static void set_stayed(const struct hs_top_source *source, struct hs_row *row, const char *name)
{
	const struct hs_turnover *stayed = hs_turnover_named(&source->stayed, name);

	if (!source->has_stayed || (stayed && stayed->n_unknown > stayed->count / UNPROVEN_SHARE))
		return;
	hs_row_set_number(row, COLUMN_STAYED, stayed ? (int64_t)stayed->n_lived : 0);
	if (!stayed || !stayed->n_lived)
		row->values[COLUMN_STAYED].text = "";
}

static void add_row(const struct hs_top_source *source, struct hs_page *page, struct hs_section *section, const struct hs_top_history *history,
		    const struct hs_top_series *series)
{
	struct hs_row *row = hs_page_add_row(page, section, hs_page_key(series->name));
	uint64_t *counts = row ? hs_page_take(page, history->n_samples * sizeof(*counts)) : NULL;
	const struct hs_top_trend trend = hs_top_trend_of(history, series);
	uint64_t all_bytes = source->invocation->census->bytes;

	if (!counts)
		return;
	memcpy(counts, series->counts, history->n_samples * sizeof(*counts));
	hs_row_set_text(row, COLUMN_TYPE, hs_page_escaped(page, hs_type_short_name(series->name)));
	hs_row_set_number(row, COLUMN_COUNT, (int64_t)counts[history->n_samples - 1]);
	hs_row_set_number(row, COLUMN_BYTES, (int64_t)series->bytes);
	hs_row_set_number(row, COLUMN_SHARE, all_bytes ? (int64_t)((double)series->bytes * 1000 / (double)all_bytes + 0.5) : 0);
	hs_row_set_number(row, COLUMN_BAR, (int64_t)series->bytes);
	row->values[COLUMN_HISTORY].series = counts;
	if (trend.kind != HS_TREND_NONE)
		hs_row_set_number(row, COLUMN_HISTORY, (int64_t)history->n_samples);
	set_trend(row, &trend, history->n_samples - history->first > 1 || trend.change || trend.bytes_change);
	if (!page->place.by_holder)
		set_stayed(source, row, series->name);
	hs_page_lead(page, row, HS_VIEW_INSTANCES, 0, hs_type_short_name(series->name));
	if (row->place)
		row->place->by_holder = page->place.by_holder;
}

/* Once a sample, when somebody looks. */
static struct hs_error *count_by_holder(struct hs_top_source *source)
{
	const struct hs_invocation *invocation = source->invocation;
	HS_CLEANUP(hs_holders_free) struct hs_holder_list holders = { 0 };

	if (source->holders_serial == source->serial)
		return NULL;
	HS_TRY(hs_holders_find(invocation->heap, invocation->graph, invocation->reach, &holders));
	HS_TRY(hs_top_history_add(&source->holders, source->types.times_ns[source->types.n_samples - 1], holders.items, holders.n));
	source->holders_serial = source->serial;
	return NULL;
}

static int compare_bytes(const void *a, const void *b)
{
	const struct hs_top_series *left = *(const struct hs_top_series *const *)a, *right = *(const struct hs_top_series *const *)b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* The largest first: so they stay where a column has nothing to choose between them. */
static struct hs_error *add_rows(const struct hs_top_source *source, const struct hs_top_history *history, struct hs_page *page, struct hs_section *section)
{
	HS_FREE const struct hs_top_series **sorted = calloc(history->series.n + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return hs_error_no_memory();
	for (size_t i = 0; i < history->series.n; i++) {
		const struct hs_top_series *series = &history->series.items[i];
		/* what is gone is still worth a row while it is a change */
		if (series->counts[history->n_samples - 1] || series->bytes || series->base_count)
			sorted[n++] = series;
	}
	qsort(sorted, n, sizeof(*sorted), compare_bytes);
	for (size_t i = 0; i < n; i++)
		add_row(source, page, section, history, sorted[i]);
	return NULL;
}

struct hs_error *hs_top_fill_types(struct hs_top_source *source, struct hs_page *page)
{
	if (page->place.by_holder)
		HS_TRY(count_by_holder(source));
	const struct hs_top_history *history = page->place.by_holder ? &source->holders : &source->types;
	struct hs_section *section = hs_page_add_section(page, NULL, page->place.by_holder ? holder_columns : type_columns, N_COLUMNS);

	section->is_sortable = true;
	return add_rows(source, history, page, section);
}
