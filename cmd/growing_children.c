/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing among the processes below one by how their private memory changes. */
#include "growing_children.h"

#include <stdlib.h>
#include <time.h>

#include "cleanup.h"
#include "signals.h"

#define MAX_GENERATIONS 1000 /* of processes: a list that was read while they changed may run in a circle */
#define TICK_NS 100000000

HS_ARRAY_TYPE(growing_children, struct hs_growing_child);

bool hs_is_descendant(const struct hs_process_list *list, pid_t pid, pid_t ancestor)
{
	const struct hs_process_entry *entry = hs_process_list_find(list, pid);

	for (unsigned i = 0; entry && i < MAX_GENERATIONS; i++) {
		if (entry->parent == ancestor)
			return true;
		entry = hs_process_list_find(list, entry->parent);
	}
	return false;
}

static struct hs_error *list_children(pid_t parent, struct growing_children *ret)
{
	HS_CLEANUP(hs_process_list_free) struct hs_process_list list = { 0 };

	HS_TRY(hs_process_list_read(&list));
	if (!hs_process_list_find(&list, parent))
		return hs_error_new(HS_ERROR_GONE, "there is no process %d", (int)parent);
	for (size_t i = 0; i < list.n; i++) {
		struct hs_growing_child child = { .pid = list.items[i].pid };
		if (!list.items[i].is_python || !hs_is_descendant(&list, child.pid, parent) || !hs_process_private_dirty(child.pid, &child.dirty_bytes))
			continue;
		struct hs_growing_child *slot = hs_array_append(ret);
		if (!slot)
			return hs_error_no_memory();
		*slot = child;
	}
	if (!ret->n)
		return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "no Python process below PID %d that may be read", (int)parent),
				     "'heapspy ps --tree' shows who is whose child");
	return NULL;
}

static void rest(double seconds)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };

	for (double passed = 0; passed < seconds && !hs_signals_caught(); passed += TICK_NS / 1e9)
		nanosleep(&tick, NULL);
}

static int compare_growth(const void *a, const void *b)
{
	const struct hs_growing_child *left = a, *right = b;

	if (left->change_bytes != right->change_bytes)
		return left->change_bytes > right->change_bytes ? -1 : 1;
	if (left->dirty_bytes != right->dirty_bytes)
		return left->dirty_bytes > right->dirty_bytes ? -1 : 1;
	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

static void free_children(struct growing_children *children)
{
	hs_array_free(children);
}

struct hs_error *hs_growing_children_find(pid_t parent, double seconds, struct hs_growing_child ret[HS_MAX_GROWING_CHILDREN], size_t *ret_n)
{
	HS_CLEANUP(free_children) struct growing_children children = { 0 };
	size_t n = 0;

	HS_TRY(list_children(parent, &children));
	rest(seconds);
	for (size_t i = 0; i < children.n; i++) {
		uint64_t later;
		if (!hs_process_private_dirty(children.items[i].pid, &later))
			continue;
		children.items[i].change_bytes = (int64_t)(later - children.items[i].dirty_bytes);
		children.items[i].dirty_bytes = later;
		children.items[n++] = children.items[i];
	}
	if (!n)
		return hs_error_new(HS_ERROR_GONE, "the processes below PID %d have ended", (int)parent);
	qsort(children.items, n, sizeof(*children.items), compare_growth);
	*ret_n = n < HS_MAX_GROWING_CHILDREN ? n : HS_MAX_GROWING_CHILDREN;
	for (size_t i = 0; i < *ret_n; i++)
		ret[i] = children.items[i];
	return NULL;
}
