/* SPDX-License-Identifier: Apache-2.0 */
/* Two samples of traced memory, place by place. Knows neither images nor processes. */
#include <stdlib.h>

#include "cleanup.h"
#include "trace_groups.h"

typedef const struct hs_trace_group *group_pointer;

static int compare_pointers(const void *a, const void *b, void *context)
{
	return hs_trace_group_compare_places(context, *(const group_pointer *)a, context, *(const group_pointer *)b);
}

/* The groups of a sample by place; the caller frees them. NULL when memory is out. */
static group_pointer *by_place(const struct hs_trace_groups *groups)
{
	group_pointer *pointers = malloc((groups->groups.n + 1) * sizeof(*pointers));

	if (!pointers)
		return NULL;
	for (size_t i = 0; i < groups->groups.n; i++)
		pointers[i] = &groups->groups.items[i];
	qsort_r(pointers, groups->groups.n, sizeof(*pointers), compare_pointers, (void *)groups);
	return pointers;
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static int descending(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

/* Lib/tracemalloc.py StatisticDiff._sort_key. */
static int compare_changes(const void *a, const void *b)
{
	const struct hs_trace_change *left = a, *right = b;
	int order = descending(magnitude(left->bytes), magnitude(right->bytes));

	if (!order)
		order = descending(left->after ? left->after->bytes : 0, right->after ? right->after->bytes : 0);
	if (!order)
		order = descending(magnitude(left->count), magnitude(right->count));
	if (!order)
		order = descending(left->after ? left->after->count : 0, right->after ? right->after->count : 0);
	/* the order of the samples, of which each is one array */
	if (!order && left->after && right->after)
		order = left->after < right->after ? -1 : 1;
	else if (!order && left->before && right->before)
		order = left->before < right->before ? -1 : 1;
	return order;
}

static bool add_change(struct hs_trace_changes *changes, group_pointer before, group_pointer after)
{
	struct hs_trace_change *change = hs_array_append(changes);

	if (!change)
		return false;
	*change = (struct hs_trace_change){
		.before = before,
		.after = after,
		.bytes = (int64_t)((after ? after->bytes : 0) - (before ? before->bytes : 0)),
		.count = (int64_t)((after ? after->count : 0) - (before ? before->count : 0)),
	};
	return true;
}

struct hs_error *hs_trace_changes_of(const struct hs_trace_groups *before, const struct hs_trace_groups *after, struct hs_trace_changes *ret)
{
	HS_FREE group_pointer *old = by_place(before), *new = by_place(after);
	size_t i = 0, j = 0;

	if (!old || !new)
		return hs_error_no_memory();
	while (i < before->groups.n || j < after->groups.n) {
		int order = i == before->groups.n  ? 1
			    : j == after->groups.n ? -1
						   : hs_trace_group_compare_places(before, old[i], after, new[j]);
		if (!add_change(ret, order <= 0 ? old[i] : NULL, order >= 0 ? new[j] : NULL))
			return hs_error_no_memory();
		i += order <= 0;
		j += order >= 0;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_changes);
	return NULL;
}
