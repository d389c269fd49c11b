/* SPDX-License-Identifier: Apache-2.0 */
/* Which types a report lists, and in which order. */
#include "report.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define BUILTINS "builtins."

const char *hs_report_short_name(const char *name)
{
	return strncmp(name, BUILTINS, strlen(BUILTINS)) || !name[strlen(BUILTINS)] ? name : name + strlen(BUILTINS);
}

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
	return !filter || !fnmatch(filter, name, 0) || !fnmatch(filter, hs_report_short_name(name), 0);
}

struct hs_error *hs_report_select(struct hs_report *report, const char *filter, enum hs_report_sort sort, uint32_t n_max)
{
	static int (*const orders[])(const void *, const void *) = {
		[HS_REPORT_BY_BYTES] = by_bytes, [HS_REPORT_BY_COUNT] = by_count, [HS_REPORT_BY_TYPE] = by_type,
	};
	const struct hs_census *census = report->document.census;

	report->filter = filter;
	for (size_t i = 0; i < census->types.n; i++) {
		if (!matches(filter, census->types.items[i].name))
			continue;
		const struct hs_census_type **row = hs_array_append(&report->rows);
		if (!row)
			return hs_error_no_memory();
		*row = &census->types.items[i];
	}
	if (report->rows.n)
		qsort(report->rows.items, report->rows.n, sizeof(*report->rows.items), orders[sort]);
	report->n_shown = report->rows.n < n_max ? report->rows.n : n_max;
	return NULL;
}

void hs_report_deinit(struct hs_report *report)
{
	hs_array_free(&report->rows);
	hs_largest_deinit(&report->largest);
}
