/* SPDX-License-Identifier: Apache-2.0 */
/* From a heap's totals by type object to totals by type name. */
#include "census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define MAX_TYPE_NAME 1024

static void close_heap(struct hs_process_heap **heap)
{
	hs_process_heap_close(*heap);
}

static void destroy_census(struct hs_census **census)
{
	hs_census_destroy(*census);
}

static int compare_names(const void *a, const void *b)
{
	const struct hs_census_type *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int compare_bytes(const void *a, const void *b)
{
	const struct hs_census_type *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return strcmp(left->name, right->name);
}

static struct hs_error *list_types(const struct hs_cpython *py, const struct hs_types *types, const struct hs_heap *heap,
				   struct hs_census *census)
{
	size_t n_types, n_totals;
	const struct hs_type *const *all = hs_types_all(types, &n_types);
	const struct hs_type_totals *totals = hs_heap_totals(heap, &n_totals);

	for (size_t i = 0; i < n_totals; i++) {
		char name[MAX_TYPE_NAME];
		if (!totals[i].count)
			continue;
		struct hs_census_type *entry = hs_array_append(&census->types);
		if (!entry)
			return hs_error_no_memory();
		hs_type_name(py, all[i], name, sizeof(name));
		*entry = (struct hs_census_type){
			.name = strdup(name),
			.n_types = 1,
			.count = totals[i].count,
			.gc_tracked = totals[i].gc_tracked,
			.bytes = totals[i].bytes,
			.getsizeof_bytes = totals[i].getsizeof_bytes,
		};
		if (!entry->name)
			return hs_error_no_memory();
	}
	return NULL;
}

size_t hs_census_types_merge(struct hs_census_type *types, size_t n_types)
{
	size_t n = 0;

	if (!n_types)
		return 0;
	qsort(types, n_types, sizeof(*types), compare_names);
	for (size_t i = 1; i < n_types; i++) {
		struct hs_census_type *into = &types[n], *from = &types[i];
		if (strcmp(into->name, from->name) != 0) {
			types[++n] = *from;
			continue;
		}
		into->n_types += from->n_types;
		into->count += from->count;
		into->gc_tracked += from->gc_tracked;
		into->bytes += from->bytes;
		into->getsizeof_bytes += from->getsizeof_bytes;
		free(from->name);
	}
	qsort(types, n + 1, sizeof(*types), compare_bytes);
	return n + 1;
}

static struct hs_error *warn(struct hs_census *census, const char *format, uint64_t n) HS_PRINTF(2, 0);

static struct hs_error *warn(struct hs_census *census, const char *format, uint64_t n)
{
	char **slot = hs_array_append(&census->warnings);

	if (!slot || asprintf(slot, format, n) < 0)
		return hs_error_no_memory();
	census->is_complete = false;
	return NULL;
}

/* Types whose C structs another release made: nothing of the counts and sizes depends on what they refer to, so it all is complete. */
static struct hs_error *warn_of_unfit_types(const struct hs_cpython *py, const struct hs_types *types, const struct hs_heap *heap,
					    struct hs_census *census)
{
	size_t n_types, n_totals, n = 0;
	const struct hs_type *const *all = hs_types_all(types, &n_types);
	const struct hs_type_totals *totals = hs_heap_totals(heap, &n_totals);
	char name[256], others[48] = "";

	for (size_t i = 0; i < n_types && i < n_totals; i++)
		if (all[i]->is_unfit && totals[i].count && !n++)
			hs_type_name(py, all[i], name, sizeof(name));
	if (!n)
		return NULL;
	if (n > 1)
		snprintf(others, sizeof(others), " and %zu others", n - 1);
	char **slot = hs_array_append(&census->warnings);
	if (!slot || asprintf(slot, "instances of %s%s have another size than in the layout: what they refer to is guessed", name, others) < 0)
		return hs_error_no_memory();
	return NULL;
}

static struct hs_error *fill(const struct hs_cpython *py, const struct hs_types *types, const struct hs_heap *heap, struct hs_census *census)
{
	const struct hs_heap_figures *figures = hs_heap_figures(heap);

	census->is_complete = true;
	census->n_interpreters = (unsigned)py->interpreters.n;
	census->n_objects = figures->n_objects;
	census->n_inconsistent = figures->n_broken_pools + figures->n_unreadable;
	census->in_use_bytes = figures->live_pool_bytes + figures->chunk_bytes;
	census->explained_bytes = figures->explained_pool_bytes + figures->chunk_bytes;
	HS_TRY(list_types(py, types, heap, census));
	census->types.n = hs_census_types_merge(census->types.items, census->types.n);
	for (size_t i = 0; i < census->types.n; i++)
		census->bytes += census->types.items[i].bytes;
	if (figures->n_broken_pools)
		HS_TRY(warn(census, "%" PRIu64 " pymalloc pools could not be read: their objects are not counted", figures->n_broken_pools));
	if (figures->n_not_followed)
		HS_TRY(warn(census, "%" PRIu64 " tables were not followed, because thousands share them: objects may be missing",
			    figures->n_not_followed));
	if (figures->n_unreadable)
		HS_TRY(warn(census, "%" PRIu64 " objects contradict themselves: their size is counted as 0", figures->n_unreadable));
	return warn_of_unfit_types(py, types, heap, census);
}

struct hs_error *hs_census_of(const struct hs_process_heap *heap, const struct hs_address_ranges *skipped, struct hs_census **ret)
{
	HS_CLEANUP(destroy_census) struct hs_census *census = calloc(1, sizeof(*census));

	if (!census)
		return hs_error_no_memory();
	HS_TRY(fill(heap->py, heap->types, heap->heap, census));
	for (size_t i = 0; skipped && i < skipped->n; i++)
		census->has_unproven_skips |= !hs_heap_is_payload(heap->heap, skipped->items[i].start);
	*ret = hs_take(census);
	return NULL;
}

struct hs_error *hs_census_take(const struct hs_image *image, const struct hs_layout *layout,
				const struct hs_census_options *options, struct hs_census **ret)
{
	HS_CLEANUP(close_heap) struct hs_process_heap *heap = NULL;
	struct hs_heap_options heap_options = { 0 };

	if (options)
		heap_options.n_workers = options->n_workers;
	HS_TRY(hs_process_heap_open(image, layout, &heap_options, &heap));
	return hs_census_of(heap, options ? options->skipped : NULL, ret);
}

void hs_census_destroy(struct hs_census *census)
{
	if (!census)
		return;
	for (size_t i = 0; i < census->types.n; i++)
		free(census->types.items[i].name);
	for (size_t i = 0; i < census->warnings.n; i++)
		free(census->warnings.items[i]);
	hs_array_free(&census->types);
	hs_array_free(&census->warnings);
	free(census);
}
