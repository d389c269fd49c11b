/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the state of collectors and the objects of their lists. */
#include "gc.h"

#include <stdlib.h>
#include <string.h>

#include "repr.h"
#include "sequence.h"

#define MAX_CALLBACKS 1000 /* shown: programs have one or two */

static bool add_object(const struct hs_process_heap *heap, hs_addr address, struct hs_gc_objects *objects)
{
	struct hs_gc_object *slot = hs_array_append(&objects->shown);
	char repr[HS_REPR_BYTES];
	struct hs_object object;

	if (!slot)
		return false;
	hs_repr_at(heap->py, heap->types, address, &hs_repr_short, repr, sizeof(repr));
	slot->address = address;
	slot->type = hs_object_at(heap->py, heap->types, address, &object) ? hs_type_full_name(heap->types, object.type) : NULL;
	slot->repr = strdup(repr);
	return slot->repr;
}

static struct hs_error *read_list(const struct hs_process_heap *heap, hs_addr list, size_t n_max, struct hs_gc_objects *objects)
{
	const hs_addr *items;

	if (!list || !hs_list_items(heap->py, heap->types, list, &items, &objects->n))
		return NULL;
	for (uint64_t i = 0; i < objects->n && i < n_max; i++)
		if (!add_object(heap, items[i], objects))
			return hs_error_no_memory();
	return NULL;
}

static int compare_collectors(const void *a, const void *b)
{
	const struct hs_gc_collector *left = a, *right = b;

	return left->state.interpreter_id < right->state.interpreter_id ? -1 : left->state.interpreter_id > right->state.interpreter_id;
}

struct hs_error *hs_gc_gather(struct hs_gc *gc, const struct hs_process_heap *heap, size_t n_garbage)
{
	size_t n = hs_collector_is_per_interpreter(heap->py) ? heap->py->interpreters.n : 1;

	for (size_t i = 0; i < n; i++) {
		struct hs_gc_collector *collector = hs_array_append(&gc->collectors);
		if (!collector)
			return hs_error_no_memory();
		HS_TRY(hs_collector_read(heap->py, i, &collector->state));
		HS_TRY(read_list(heap, collector->state.garbage, n_garbage, &collector->garbage));
		HS_TRY(read_list(heap, collector->state.callbacks, MAX_CALLBACKS, &collector->callbacks));
		HS_TRY(hs_gc_add_notes(collector));
	}
	qsort(gc->collectors.items, gc->collectors.n, sizeof(*gc->collectors.items), compare_collectors);
	return NULL;
}

static void objects_release(struct hs_gc_objects *objects)
{
	for (size_t i = 0; i < objects->shown.n; i++)
		free(objects->shown.items[i].repr);
	hs_array_free(&objects->shown);
}

void hs_gc_deinit(struct hs_gc *gc)
{
	for (size_t i = 0; i < gc->collectors.n; i++) {
		struct hs_gc_collector *collector = &gc->collectors.items[i];
		objects_release(&collector->garbage);
		objects_release(&collector->callbacks);
		for (size_t j = 0; j < collector->notes.n; j++)
			free(collector->notes.items[j]);
		hs_array_free(&collector->notes);
	}
	hs_array_free(&gc->collectors);
}

bool hs_gc_is_complete(const struct hs_gc *gc)
{
	for (size_t i = 0; i < gc->collectors.n; i++)
		if (!gc->collectors.items[i].state.lists_are_whole)
			return false;
	return true;
}

const char *hs_gc_debug_name(unsigned bit)
{
	static const char *const names[HS_GC_N_DEBUG_BITS] = {
		[0] = "DEBUG_STATS", [1] = "DEBUG_COLLECTABLE", [2] = "DEBUG_UNCOLLECTABLE", [5] = "DEBUG_SAVEALL",
	};

	return bit < HS_GC_N_DEBUG_BITS ? names[bit] : NULL;
}
