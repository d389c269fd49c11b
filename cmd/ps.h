/* SPDX-License-Identifier: Apache-2.0 */
/* The list of Python processes as plain data, its order as a tree, and its renderers, which are pure. */
#ifndef HS_PS_H
#define HS_PS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "array.h"
#include "error.h"
#include "process_list.h"
#include "terminal.h"

#define HS_PS_MAX_DEPTH 32

struct hs_ps_row {
	const struct hs_process_entry *entry; /* borrowed from the process list */
	bool has_dirty;                       /* false: no permission, or gone */
	uint64_t dirty_bytes;                 /* private dirty */
	bool has_change;                      /* false: no interval, or no figure at its end */
	int64_t dirty_change_bytes;           /* over the interval */
	unsigned depth;                       /* 0: no Python process above it, or no tree; at most HS_PS_MAX_DEPTH */
	bool is_last[HS_PS_MAX_DEPTH + 1];    /* [d]: on the way down to it, the process at depth d is its parent's last child */
};

HS_ARRAY_TYPE(hs_ps_rows, struct hs_ps_row);

struct hs_ps {
	struct hs_ps_rows rows;  /* by PID, or in the tree's order */
	const char *program;     /* heapspy as the user calls it */
	time_t time;
	const char *host;
	unsigned interval_ms;    /* 0: nothing was measured */
	unsigned own_uid;
	size_t n_unreadable;     /* processes of other users, of which only those or root may know what they run */
};

/*
 * Fills `rows` with the Python processes of the list. With `as_tree`, children follow their parent, where the parent is
 * the nearest Python process above, whatever shells stand between. Errors: NO_MEMORY.
 */
struct hs_error *hs_ps_select(struct hs_ps *ps, const struct hs_process_list *list, bool as_tree) HS_MUST_CHECK;
void hs_ps_deinit(struct hs_ps *ps);

void hs_ps_text(FILE *out, const struct hs_ps *ps, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_ps_json(FILE *out, const struct hs_ps *ps) HS_MUST_CHECK;

#endif
