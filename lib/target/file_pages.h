/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of modules that the target has mapped and never touched. They are what the file holds, so they are read from it,
 * before the stop: asking the target for them would page them into it, and under the stop perhaps from a disk. Private to
 * lib/target.
 */
#ifndef HS_FILE_PAGES_H
#define HS_FILE_PAGES_H

#include "plan.h"
#include "process.h"

/* Reads the plan's pages of files into the destination, as far as the files can be opened; marks them `filled`. */
void hs_file_pages_fill(struct hs_plan *plan, const struct hs_process *process);

/*
 * What an earlier plan has filled holds for a later one where the same mapping is still there and the page still untouched.
 */
void hs_file_pages_keep(struct hs_plan *plan, const struct hs_mappings *mappings, const struct hs_plan *earlier,
			const struct hs_mappings *earlier_mappings);

/* Pages of files that are not filled are to be copied from the target after all. */
void hs_file_pages_give_up(struct hs_extent *extent);

#endif
