/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a core: which ones it holds, and reading those that a plan wants. Private to lib/target. */
#ifndef HS_CORE_PAGES_H
#define HS_CORE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "core_file.h"
#include "error.h"
#include "plan.h"

/* The page source of a plan: whatever the file holds is there. */
struct hs_page_source hs_core_pages_source(const struct hs_core_file *core);

struct hs_core_pages_options {
	unsigned n_workers;
	/*
	 * Pages of zeros are told from others. A page that was never written to is no longer to be told from one of zeros in a core, and a
	 * snapshot knows better.
	 */
	bool finds_zeros;
	/*
	 * Checks the file's bytes from `offset` on, which is check_begin and whole MiBs further on; `bytes` is a MiB, or what is left up to
	 * check_end. From any thread. NULL: nothing to check; else segments lie in that part of the file alone, at whole pages from its
	 * beginning, and share none.
	 */
	struct hs_error *(*check)(void *context, uint64_t offset, const void *data, size_t bytes);
	uint64_t check_begin, check_end;
	void *check_context;
	void (*progress)(void *context, uint64_t done_bytes); /* in the caller's thread only; NULL: none */
	bool (*is_over)(void *context);                       /* from any thread; true ends it early */
	void *context;
};

/*
 * Reads the plan's pages into the destination. A page of zeros becomes `zero` instead of `present`; in memory that is neither writable nor
 * of a file it is no page at all: gcore writes what cannot be read as zeros. What lies behind the end of the file is
 * taken out of `present`; *ret_lost_bytes is how much.
 * Errors: OS, BAD_DATA, CANCELLED, NO_MEMORY.
 */
struct hs_error *hs_core_pages_read(const struct hs_core_file *core, struct hs_plan *plan, const struct hs_core_pages_options *options,
				    uint64_t *ret_lost_bytes) HS_MUST_CHECK;

#endif
