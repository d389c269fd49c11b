/* SPDX-License-Identifier: Apache-2.0 */
/* Which types a report lists, and in which order. */
#include "report.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static int by_type(const void *left, const void *right)
{
	const struct hs_census_type *a = *(const struct hs_census_type *const *)left;
	const struct hs_census_type *b = *(const struct hs_census_type *const *)right;

	return strcmp(a->name, b->name);
}

static int by_bytes(const void *left, const void *right)
{
	const struct hs_census_type *a = *(const struct hs_census_type *const *)left;
	const struct hs_census_type *b = *(const struct hs_census_type *const *)right;

	return a->bytes != b->bytes ? (a->bytes < b->bytes) - (a->bytes > b->bytes) : by_type(left, right);
}

static int by_count(const void *left, const void *right)
{
	const struct hs_census_type *a = *(const struct hs_census_type *const *)left;
	const struct hs_census_type *b = *(const struct hs_census_type *const *)right;

	return a->count != b->count ? (a->count < b->count) - (a->count > b->count) : by_bytes(left, right);
}

static bool matches(const char *filter, const char *name)
{
	return !filter || !fnmatch(filter, name, 0) || !fnmatch(filter, hs_type_short_name(name), 0);
}

struct hs_error *hs_report_select(struct hs_report *report, const char *filter, enum hs_report_sort sort, uint32_t n_max)
{
	static int (*const orders[])(const void *, const void *) = {
		[HS_REPORT_BY_BYTES] = by_bytes, [HS_REPORT_BY_COUNT] = by_count, [HS_REPORT_BY_TYPE] = by_type,
	};
	const struct hs_census *census = report->document.census;
	const struct hs_census_type *types = report->is_by_holder ? report->holders.items : census->types.items;
	size_t n_types = report->is_by_holder ? report->holders.n : census->types.n;

	report->filter = filter;
	for (size_t i = 0; i < n_types; i++) {
		if (!matches(filter, types[i].name))
			continue;
		const struct hs_census_type **row = hs_array_append(&report->rows);
		if (!row)
			return hs_error_no_memory();
		*row = &types[i];
	}
	if (report->rows.n)
		qsort(report->rows.items, report->rows.n, sizeof(*report->rows.items), orders[sort]);
	report->n_shown = report->rows.n < n_max ? report->rows.n : n_max;
	return NULL;
}

void hs_report_deinit(struct hs_report *report)
{
	hs_array_free(&report->rows);
	hs_holders_free(&report->holders);
	hs_largest_deinit(&report->largest);
	hs_unexplained_result_deinit(&report->unexplained);
}
