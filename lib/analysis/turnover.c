/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up by type what a comparison of two moments said of each object. */
#include "turnover.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

struct counts {
	uint64_t n[HS_LIVED_UNKNOWN + 1];
};

struct counting {
	const uint8_t *lived;
	struct counts *counts; /* by worker, then by type index */
	size_t n_types;
};

static void count_object(void *context, const struct hs_heap_item *item)
{
	struct counting *counting = context;
	uint32_t type = item->object.type->index;

	if (type < counting->n_types && counting->lived[item->place] <= HS_LIVED_UNKNOWN)
		counting->counts[item->worker * counting->n_types + type].n[counting->lived[item->place]]++;
}

static int compare_names(const void *a, const void *b)
{
	const struct hs_turnover *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* One row a type object; those of one name are added up afterwards. */
static struct hs_error *list_types(const struct hs_process_heap *heap, const struct counting *counting, struct hs_turnover_list *ret)
{
	unsigned n_workers = hs_heap_workers(heap->heap);
	size_t n_types;
	const struct hs_type *const *types = hs_types_all(heap->types, &n_types);

	for (size_t i = 0; i < counting->n_types; i++) {
		struct counts sum = { 0 };
		for (unsigned worker = 0; worker < n_workers; worker++)
			for (unsigned k = 0; k <= HS_LIVED_UNKNOWN; k++)
				sum.n[k] += counting->counts[worker * counting->n_types + i].n[k];
		uint64_t count = sum.n[HS_LIVED_NOT] + sum.n[HS_LIVED] + sum.n[HS_LIVED_UNKNOWN];
		if (!count)
			continue;
		struct hs_turnover *row = hs_array_append(ret);
		if (!row)
			return hs_error_no_memory();
		*row = (struct hs_turnover){
			.name = strdup(hs_type_full_name(heap->types, types[i])), .count = count, .n_lived = sum.n[HS_LIVED],
			.n_unknown = sum.n[HS_LIVED_UNKNOWN],
		};
		if (!row->name)
			return hs_error_no_memory();
	}
	return NULL;
}

static void merge(struct hs_turnover_list *list)
{
	size_t n = 0;

	if (!list->n)
		return;
	qsort(list->items, list->n, sizeof(*list->items), compare_names);
	for (size_t i = 1; i < list->n; i++) {
		struct hs_turnover *into = &list->items[n], *from = &list->items[i];
		if (strcmp(into->name, from->name)) {
			list->items[++n] = *from;
			continue;
		}
		into->count += from->count;
		into->n_lived += from->n_lived;
		into->n_unknown += from->n_unknown;
		free(from->name);
	}
	list->n = n + 1;
}

struct hs_error *hs_turnover_count(const struct hs_process_heap *heap, const uint8_t *lived, struct hs_turnover_list *ret)
{
	HS_FREE struct counts *counts = NULL;
	struct counting counting = { .lived = lived };

	hs_types_all(heap->types, &counting.n_types);
	counting.counts = counts = calloc(counting.n_types * hs_heap_workers(heap->heap) + 1, sizeof(*counts));
	if (!counts)
		return hs_error_no_memory();
	hs_heap_walk(heap->heap, count_object, &counting);
	struct hs_error *error = list_types(heap, &counting, ret);
	if (error && ret->n && !ret->items[ret->n - 1].name)
		ret->n--;
	merge(ret);
	return error;
}

void hs_turnover_release(struct hs_turnover_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].name);
	hs_array_free(list);
}

const struct hs_turnover *hs_turnover_named(const struct hs_turnover_list *list, const char *name)
{
	const struct hs_turnover key = { .name = (char *)name };

	return list->n ? bsearch(&key, list->items, list->n, sizeof(key), compare_names) : NULL;
}
