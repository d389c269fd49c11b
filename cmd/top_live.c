/* SPDX-License-Identifier: Apache-2.0 */
/* From lengths to counts. */
#include "top_live.h"

#include "item_types.h"

#define LEAST_PER_ITEM 0.2 /* less often than with every fifth item: chance */

static struct hs_error *track(const struct hs_top_source *source, const struct hs_sample_container *container, struct hs_top_tracked_list *ret)
{
	const struct hs_process_heap *heap = source->invocation->heap;
	struct hs_item_types types;
	struct hs_object object;

	if (!hs_object_at(heap->py, heap->types, container->address, &object))
		return NULL;
	hs_item_types_find(heap, &object, &types);
	for (size_t i = 0; i < types.n; i++) {
		const char *name = hs_type_full_name(heap->types, types.items[i].type);
		const struct hs_top_series *series = hs_top_history_named(&source->types, name);
		if (!series || types.items[i].per_item < LEAST_PER_ITEM)
			continue;
		struct hs_top_tracked *tracked = hs_array_append(ret);
		if (!tracked)
			return hs_error_no_memory();
		*tracked = (struct hs_top_tracked){
			.container = container->address, .length = container->length, .key = hs_page_key(name),
			.count = series->counts[source->types.n_samples - 1], .per_item = types.items[i].per_item,
		};
	}
	return NULL;
}

struct hs_error *hs_top_live_track(const struct hs_top_source *source, const struct hs_watch_targets *targets, struct hs_top_tracked_list *ret)
{
	const struct hs_sample *sample = source->samples[source->n_samples - 1];

	ret->n = 0;
	for (size_t i = 0; i < targets->n; i++) {
		const struct hs_sample_container *container = hs_sample_container_at(sample, targets->items[i].object);
		if (container)
			HS_TRY(track(source, container, ret));
	}
	return NULL;
}

/* The length after each third of the time since the sample; false: it was not read often enough, or is gone. */
static bool read_thirds(struct hs_watch *watch, hs_addr container, uint64_t *ret)
{
	struct hs_watched watched;

	if (!hs_watch_see(watch, container, &watched) || watched.is_lost || watched.n_points < HS_LIVE_POINTS)
		return false;
	for (unsigned i = 0; i + 1 < HS_LIVE_POINTS; i++)
		ret[i] = watched.points[(i + 1) * watched.n_points / HS_LIVE_POINTS].length;
	ret[HS_LIVE_POINTS - 1] = watched.previous;
	return true;
}

static struct hs_live_row *row_of(struct hs_live_row *rows, size_t *n, size_t room, const struct hs_top_tracked *tracked)
{
	for (size_t i = 0; i < *n; i++)
		if (rows[i].key == tracked->key)
			return &rows[i];
	if (*n == room)
		return NULL;
	rows[*n] = (struct hs_live_row){ .key = tracked->key };
	for (unsigned i = 0; i < HS_LIVE_POINTS; i++)
		rows[*n].values[i] = tracked->count;
	return &rows[(*n)++];
}

static void add(struct hs_live_row *row, const struct hs_top_tracked *tracked, const uint64_t *lengths)
{
	for (unsigned i = 0; i < HS_LIVE_POINTS; i++) {
		double value = (double)row->values[i] + tracked->per_item * ((double)lengths[i] - (double)tracked->length);
		row->values[i] = value > 0 ? (uint64_t)value : 0;
	}
}

size_t hs_top_live_read(struct hs_watch *watch, const struct hs_top_tracked_list *tracked, struct hs_live_row *ret, size_t room)
{
	uint64_t lengths[HS_LIVE_POINTS];
	hs_addr known = 0;
	size_t n = 0;

	if (!watch)
		return 0;
	/* the types of one container are neighbours: it is read once */
	for (size_t i = 0; i < tracked->n; i++) {
		const struct hs_top_tracked *one = &tracked->items[i];
		if (one->container != known && !read_thirds(watch, one->container, lengths))
			continue;
		known = one->container;
		struct hs_live_row *row = row_of(ret, &n, room, one);
		if (row)
			add(row, one, lengths);
	}
	return n;
}
