/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up report that renderer tests share: a service with long, wide and hostile type names. */
#ifndef REPORT_SAMPLE_H
#define REPORT_SAMPLE_H

#include "report.h"

/* Everything a struct hs_report borrows; zero-initialised static storage is expected. */
struct report_sample {
	struct hs_process process;
	struct hs_layout layout;
	struct hs_capture capture;
	struct hs_census census;
	struct hs_report report;
};

/* Fills *ret; 2 of its 6 types are cut by `n_max` = 4, and so on. Freed by report_sample_deinit(). */
void report_sample_init(struct report_sample *ret, const char *filter, enum hs_report_sort sort, uint32_t n_max);
void report_sample_deinit(struct report_sample *sample);

/* What `render` writes, as a string that the caller frees. */
char *report_sample_text(const struct report_sample *sample, unsigned width, bool utf8, bool colour);

#endif
