/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as plain data, and its renderers. They are pure: the same report and style give the same bytes, and nothing
 * is read from a process, a clock or the environment. Strings are the target's bytes as they are; renderers escape.
 */
#ifndef HS_REPORT_H
#define HS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "array.h"
#include "census.h"
#include "document.h"
#include "error.h"
#include "hints.h"
#include "holders.h"
#include "largest.h"
#include "terminal.h"
#include "unexplained_result.h"

enum hs_report_sort {
	HS_REPORT_BY_BYTES,
	HS_REPORT_BY_COUNT,
	HS_REPORT_BY_TYPE,
};

#define HS_REPORT_ALL_TYPES UINT32_MAX

struct hs_report {
	struct hs_document document;
	const char *filter;       /* the glob that `rows` match; NULL: all types */
	HS_ARRAY(const struct hs_census_type *) rows; /* sorted; owned */
	struct hs_holder_list holders; /* with --by holder: the rows instead of types; owned */
	bool is_by_holder;
	struct hs_largest largest; /* owned */
	struct hs_unexplained_result unexplained; /* owned */
	struct hs_hints hints;
	bool has_largest; /* and unexplained references */
	size_t n_shown;           /* the first n_shown rows are listed; <= rows.n */
};

/*
 * Picks and sorts the types (or holders): those whose name, with or without "builtins.", matches `filter`, at most n_max of them shown.
 * Fields other than `rows`, `n_shown` and `filter` are the caller's, holders included. Errors: NO_MEMORY.
 */
struct hs_error *hs_report_select(struct hs_report *report, const char *filter, enum hs_report_sort sort, uint32_t n_max) HS_MUST_CHECK;
void hs_report_deinit(struct hs_report *report);

void hs_report_text(FILE *out, const struct hs_report *report, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_report_json(FILE *out, const struct hs_report *report) HS_MUST_CHECK;

#endif
