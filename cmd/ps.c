/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes are listed, and their order as a tree. */
#include "ps.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NO_PARENT SIZE_MAX

/* The nearest Python process above `entry`, or NULL. The list was not read at one moment: a circle of parents must end. */
static const struct hs_process_entry *python_above(const struct hs_process_list *list, const struct hs_process_entry *entry)
{
	const struct hs_process_entry *above = entry;

	for (size_t steps = 0; steps < list->n; steps++) {
		above = hs_process_list_find(list, above->parent);
		if (!above || above == entry)
			return NULL;
		if (above->is_python)
			return above;
	}
	return NULL;
}

static size_t row_of(const struct hs_ps_rows *rows, const struct hs_process_entry *entry)
{
	for (size_t i = 0; entry && i < rows->n; i++)
		if (rows->items[i].entry == entry)
			return i;
	return NO_PARENT;
}

static size_t next_sibling(const size_t *parents, size_t n, size_t parent, size_t after)
{
	for (size_t i = after; i < n; i++)
		if (parents[i] == parent)
			return i;
	return NO_PARENT;
}

static void enter(struct hs_ps_row *row, const struct hs_ps_row *above, bool is_last)
{
	if (above) {
		row->depth = above->depth < HS_PS_MAX_DEPTH ? above->depth + 1 : above->depth;
		memcpy(row->is_last, above->is_last, sizeof(row->is_last));
	}
	row->is_last[row->depth] = is_last;
}

/*
 * Writes the rows in depth-first order to `ret`, with `parents` as the only stack: after a row come its first child, else its
 * next sibling, else that of the nearest ancestor that has one.
 */
static size_t order_as_tree(struct hs_ps_rows *rows, const size_t *parents, struct hs_ps_row *ret)
{
	size_t n = 0, row = next_sibling(parents, rows->n, NO_PARENT, 0);

	while (row != NO_PARENT && n < rows->n) {
		size_t parent = parents[row];
		enter(&rows->items[row], parent == NO_PARENT ? NULL : &rows->items[parent],
		      next_sibling(parents, rows->n, parent, row + 1) == NO_PARENT);
		ret[n++] = rows->items[row];
		size_t next = next_sibling(parents, rows->n, row, 0);
		while (next == NO_PARENT && row != NO_PARENT) {
			next = next_sibling(parents, rows->n, parents[row], row + 1);
			row = parents[row];
		}
		row = next;
	}
	return n;
}

/* A parent is older than its child; what looks otherwise is a PID that was used again. This also keeps circles out. */
static bool is_older(const struct hs_process_entry *parent, const struct hs_process_entry *child)
{
	return parent->start_time != child->start_time ? parent->start_time < child->start_time : parent->pid < child->pid;
}

static struct hs_error *make_tree(struct hs_ps_rows *rows, const struct hs_process_list *list)
{
	HS_FREE size_t *parents = calloc(rows->n + 1, sizeof(*parents));
	HS_FREE struct hs_ps_row *ordered = calloc(rows->n + 1, sizeof(*ordered));

	if (!parents || !ordered)
		return hs_error_no_memory();
	for (size_t i = 0; i < rows->n; i++) {
		parents[i] = row_of(rows, python_above(list, rows->items[i].entry));
		if (parents[i] != NO_PARENT && !is_older(rows->items[parents[i]].entry, rows->items[i].entry))
			parents[i] = NO_PARENT;
	}
	size_t n = order_as_tree(rows, parents, ordered);
	memcpy(rows->items, ordered, n * sizeof(*ordered));
	rows->n = n;
	return NULL;
}

struct hs_error *hs_ps_select(struct hs_ps *ps, const struct hs_process_list *list, bool as_tree)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct hs_process_entry *entry = &list->items[i];
		ps->n_unreadable += !entry->exe_path && entry->state != 'Z' && entry->uid != ps->own_uid && ps->own_uid != 0;
		if (!entry->is_python)
			continue;
		struct hs_ps_row *row = hs_array_append(&ps->rows);
		if (!row)
			return hs_error_no_memory();
		row->entry = entry;
	}
	return as_tree && ps->rows.n ? make_tree(&ps->rows, list) : NULL;
}

void hs_ps_deinit(struct hs_ps *ps)
{
	hs_array_free(&ps->rows);
}
