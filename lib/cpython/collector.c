/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a collector's figures and walking its lists. Knows no objects. */
#include "collector.h"

#include "chain.h"

/* How many objects hang on the list at `head`; clears *is_whole where it does not come back to its head. */
static uint64_t list_length(const struct hs_cpython *py, hs_addr head, bool *is_whole)
{
	int32_t next_offset = HS_OFFSET(py->layout, PyGC_Head, _gc_next);
	struct hs_chain_guard guard = { 0 };
	uint64_t n = 0;

	for (hs_addr link = head;; n++) {
		link = hs_image_word(py->image, link + (uint32_t)next_offset) & HS_GC_POINTER_MASK;
		if (link == head)
			return n;
		if (!link || hs_chain_repeats(&guard, link)) {
			*is_whole = false;
			return n;
		}
	}
}

static int32_t int_at(const struct hs_cpython *py, hs_addr address)
{
	uint32_t value = 0;

	hs_image_u32(py->image, address, &value);
	return (int32_t)value;
}

#define INT_AT(py, structure_address, structure, name) \
	int_at((py), (structure_address) + (uint32_t)HS_OFFSET((py)->layout, structure, name))
#define WORD_AT(py, structure_address, structure, name) \
	hs_image_word((py)->image, (structure_address) + (uint32_t)HS_OFFSET((py)->layout, structure, name))

/*
 * The statistics of a generation: up to 3.14 in an array; since behind a pointer, a ring of the latest collections of each
 * generation, whose newest entry has the sums. 0: they cannot be read.
 */
static hs_addr stats_of(const struct hs_cpython *py, hs_addr gc, unsigned generation)
{
	const struct hs_layout *layout = py->layout;
	hs_addr stats = gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, generation_stats);
	uint32_t item_bytes = HS_SIZEOF(layout, gc_generation_stats);
	hs_addr items, index_address;

	if (!HS_HAS(layout, gc_stats, young))
		return stats + generation * item_bytes;
	stats = hs_image_word(py->image, stats);
	if (generation == 0) {
		items = stats + (uint32_t)HS_OFFSET(layout, gc_stats, young);
		index_address = stats + (uint32_t)HS_OFFSET(layout, gc_stats, young_index);
	} else {
		hs_addr buffer = stats + (uint32_t)HS_OFFSET(layout, gc_stats, old) + (generation - 1) * HS_SIZEOF(layout, gc_old_stats_buffer);
		items = buffer + (uint32_t)HS_OFFSET(layout, gc_old_stats_buffer, items);
		index_address = buffer + (uint32_t)HS_OFFSET(layout, gc_old_stats_buffer, index);
	}
	const uint8_t *index = hs_image_at(py->image, index_address, 1);
	return index && items + *index * item_bytes < index_address ? items + *index * item_bytes : 0;
}

static void read_stats(const struct hs_cpython *py, hs_addr gc, unsigned generation, struct hs_collector *collector)
{
	struct hs_generation_state *state = &collector->generations[generation];
	hs_addr stats = stats_of(py, gc, generation);
	double seconds = 0;

	if (!stats)
		return;
	state->collections = WORD_AT(py, stats, gc_generation_stats, collections);
	state->collected = WORD_AT(py, stats, gc_generation_stats, collected);
	state->uncollectable = WORD_AT(py, stats, gc_generation_stats, uncollectable);
	if (HS_HAS(py->layout, gc_generation_stats, duration) &&
	    hs_image_read(py->image, stats + (uint32_t)HS_OFFSET(py->layout, gc_generation_stats, duration), &seconds, sizeof(seconds)))
		collector->seconds += seconds;
}

/* What differs in 3.14.0–.4; see hs_collector. Modules/gcmodule.c gc_get_count_impl, gc_get_threshold_impl, Python/gc.c. */
static void read_old_spaces(const struct hs_cpython *py, hs_addr gc, struct hs_collector *collector)
{
	struct hs_generation_state *middle = &collector->generations[1], *old = &collector->generations[2];
	bool second_is_visited = INT_AT(py, gc, gc_runtime_state, visited_space) != 0;

	if (second_is_visited) {
		int32_t count = middle->count;
		middle->count = old->count;
		old->count = count;
	}
	old->threshold = 0;
}

struct hs_error *hs_collector_read_head(const struct hs_cpython *py, size_t index, struct hs_collector *ret)
{
	const struct hs_interpreter *interpreter = &py->interpreters.items[index];
	hs_addr gc = interpreter->collector, permanent = interpreter->gc_heads[HS_N_GENERATIONS];
	struct hs_collector collector = {
		.interpreter_id = (int64_t)WORD_AT(py, interpreter->address, PyInterpreterState, id),
		.is_collecting = interpreter->is_collecting,
		.is_incremental = py->layout->features.has_incremental_collector,
		.lists_are_whole = true,
		.seconds = HS_HAS(py->layout, gc_generation_stats, duration) ? 0 : -1,
	};

	if (!hs_image_at(py->image, gc, HS_SIZEOF(py->layout, gc_runtime_state)))
		return hs_error_at(HS_ERROR_FAULT, gc, "the collector's state is not in the image");
	collector.is_enabled = INT_AT(py, gc, gc_runtime_state, enabled) != 0;
	collector.debug = (uint32_t)INT_AT(py, gc, gc_runtime_state, debug);
	collector.garbage = WORD_AT(py, gc, gc_runtime_state, garbage);
	collector.callbacks = WORD_AT(py, gc, gc_runtime_state, callbacks);
	collector.has_frozen = permanent && (WORD_AT(py, permanent, PyGC_Head, _gc_next) & HS_GC_POINTER_MASK) != permanent;
	for (unsigned i = 0; i < HS_N_GENERATIONS; i++) {
		hs_addr generation = interpreter->gc_heads[i]; /* its first member */
		collector.generations[i].threshold = INT_AT(py, generation, gc_generation, threshold);
		collector.generations[i].count = INT_AT(py, generation, gc_generation, count);
		read_stats(py, gc, i, &collector);
	}
	if (collector.is_incremental) {
		read_old_spaces(py, gc, &collector);
	} else {
		collector.n_long_lived = WORD_AT(py, gc, gc_runtime_state, long_lived_total);
		collector.n_long_lived_pending = WORD_AT(py, gc, gc_runtime_state, long_lived_pending);
	}
	*ret = collector;
	return NULL;
}

struct hs_error *hs_collector_read(const struct hs_cpython *py, size_t index, struct hs_collector *ret)
{
	const struct hs_interpreter *interpreter = &py->interpreters.items[index];
	struct hs_collector collector;

	HS_TRY(hs_collector_read_head(py, index, &collector));
	for (unsigned i = 0; i < HS_N_GENERATIONS; i++)
		collector.generations[i].n_objects = list_length(py, interpreter->gc_heads[i], &collector.lists_are_whole);
	collector.n_frozen = list_length(py, interpreter->gc_heads[HS_N_GENERATIONS], &collector.lists_are_whole);
	if (collector.is_incremental) {
		collector.generations[2].n_objects += collector.generations[1].n_objects;
		collector.generations[1].n_objects = 0;
	}
	*ret = collector;
	return NULL;
}

bool hs_collector_is_per_interpreter(const struct hs_cpython *py)
{
	return HS_HAS(py->layout, PyInterpreterState, gc);
}
