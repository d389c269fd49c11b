/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the runtime, its interpreters, threads and collectors. */
#include "validate.h"

#include "debug_offsets.h"
#include "field_names.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define OFFSET(structure, name) HS_OFFSET(live->layout, structure, name)
#define INTERPRETERS_MAX 4096
#define THREADS_MAX 100000
#define POINTER_BITS (~(uint64_t)3) /* the collector keeps flags in the two lowest bits of both links */

struct hs_error *hs_check_interpreters(const struct hs_live *live)
{
	const hs_addr runtime = HS_ADDRESS_OF(live->layout, _PyRuntime), main = hs_live_main_interpreter(live);
	hs_addr interpreter = FIELD(runtime, PyRuntimeState, interpreters_head);
	int64_t previous_id = INT64_MAX;
	hs_addr last = 0;

	if (!interpreter || !main)
		return hs_check_failed(runtime, "no interpreters");
	/* New ones are put in front: the ids fall, and the main interpreter, 0, is the last. */
	for (int i = 0; interpreter && i < INTERPRETERS_MAX; i++) {
		int64_t id = (int64_t)FIELD(interpreter, PyInterpreterState, id);

		if (id < 0 || id >= previous_id)
			return hs_check_failed(interpreter, "interpreter %d of the list has the id %" PRId64, i, id);
		previous_id = id;
		last = interpreter;
		interpreter = FIELD(interpreter, PyInterpreterState, next);
	}
	if (interpreter || last != main || previous_id != 0)
		return hs_check_failed(last, "the list of interpreters does not end in the main one");
	return NULL;
}

static hs_addr first_thread(const struct hs_live *live, hs_addr interpreter)
{
	return HS_HAS(live->layout, PyInterpreterState, tstate_head) ? FIELD(interpreter, PyInterpreterState, tstate_head)
								     : FIELD(interpreter, PyInterpreterState, threads_head);
}

static struct hs_error *check_threads_of(const struct hs_live *live, hs_addr interpreter)
{
	hs_addr thread = first_thread(live, interpreter), previous = 0;

	for (int i = 0; thread && i < THREADS_MAX; i++) {
		if (FIELD(thread, PyThreadState, interp) != interpreter)
			return hs_check_failed(thread, "a thread does not belong to the interpreter that lists it");
		if (FIELD(thread, PyThreadState, prev) != previous)
			return hs_check_failed(thread, "a thread's links do not agree");
		previous = thread;
		thread = FIELD(thread, PyThreadState, next);
	}
	return NULL;
}

struct hs_error *hs_check_threads(const struct hs_live *live)
{
	hs_addr interpreter = FIELD(HS_ADDRESS_OF(live->layout, _PyRuntime), PyRuntimeState, interpreters_head);

	if (!first_thread(live, hs_live_main_interpreter(live)))
		return hs_check_failed(hs_live_main_interpreter(live), "the main interpreter has no thread");
	for (int i = 0; interpreter && i < INTERPRETERS_MAX; i++, interpreter = FIELD(interpreter, PyInterpreterState, next))
		HS_TRY(check_threads_of(live, interpreter));
	return NULL;
}

/* The collector's state: in the runtime up to 3.8, in each interpreter since. */
static hs_addr collector(const struct hs_live *live)
{
	if (HS_HAS(live->layout, PyRuntimeState, gc))
		return HS_ADDRESS_OF(live->layout, _PyRuntime) + (hs_addr)OFFSET(PyRuntimeState, gc);
	return hs_live_main_interpreter(live) + (hs_addr)OFFSET(PyInterpreterState, gc);
}

unsigned hs_generation_links(const struct hs_live *live, hs_addr head)
{
	hs_addr first = FIELD(head, PyGC_Head, _gc_next) & POINTER_BITS, last = FIELD(head, PyGC_Head, _gc_prev) & POINTER_BITS;

	return (first && (FIELD(first, PyGC_Head, _gc_prev) & POINTER_BITS) == head) +
	       (last && (FIELD(last, PyGC_Head, _gc_next) & POINTER_BITS) == head);
}

/* True if what follows the list head is an object of a collectable type. */
static bool leads_to_object(const struct hs_live *live, hs_addr head)
{
	hs_addr first = FIELD(head, PyGC_Head, _gc_next) & POINTER_BITS;
	hs_addr type = hs_live_type_of(live, first + HS_SIZEOF(live->layout, PyGC_Head));

	return type && FIELD(type, PyTypeObject, tp_flags) & HS_TPFLAG_HAVE_GC;
}

struct hs_error *hs_check_generations(const struct hs_live *live)
{
	hs_addr heads[4];
	unsigned n_whole = 0, n_half = 0, n_empty = 0, n_objects = 0;

	for (unsigned i = 0; i < 3; i++)
		heads[i] = collector(live) + (hs_addr)OFFSET(gc_runtime_state, generations) +
			   i * HS_SIZEOF(live->layout, gc_generation) + (hs_addr)OFFSET(gc_generation, head);
	heads[3] = collector(live) + (hs_addr)OFFSET(gc_runtime_state, permanent_generation) + (hs_addr)OFFSET(gc_generation, head);
	for (unsigned i = 0; i < 4; i++) {
		bool is_empty = (FIELD(heads[i], PyGC_Head, _gc_next) & POINTER_BITS) == heads[i];

		unsigned n_links = hs_generation_links(live, heads[i]);

		n_whole += n_links == 2;
		n_half += n_links == 1;
		n_empty += is_empty;
		n_objects += !is_empty && leads_to_object(live, heads[i]);
	}
	/* A list that was being changed when the process was stopped may be half linked: one, not more. */
	if (n_whole < 3 || n_whole + n_half < 4)
		return hs_check_failed(heads[0], "%u of 4 generations link back to their list head", n_whole);
	if (n_empty == 4 || n_objects + n_empty + 1 < 4)
		return hs_check_failed(heads[0], "%u generations are empty, %u hold collectable objects", n_empty, n_objects);
	return NULL;
}

/* Those of the youngest generation; the others' lie beside them. */
static hs_addr young_statistics(const struct hs_live *live, hs_addr gc)
{
	hs_addr stats = gc + (hs_addr)OFFSET(gc_runtime_state, generation_stats);

	if (!HS_HAS(live->layout, gc_stats, young))
		return stats;
	stats = hs_live_word(live, stats, 0);
	return stats + (hs_addr)OFFSET(gc_stats, young) +
	       FIELD(stats, gc_stats, young_index) * HS_SIZEOF(live->layout, gc_generation_stats);
}

/* A threshold may be any int, even a negative one (gc.set_threshold); counts are never below 0. */
static struct hs_error *check_statistics(const struct hs_live *live, hs_addr gc)
{
	const uint64_t most = (uint64_t)1 << 48;
	hs_addr generations = gc + (hs_addr)OFFSET(gc_runtime_state, generations), stats = young_statistics(live, gc);

	for (unsigned i = 0; i < 3; i++) {
		hs_addr generation = generations + i * HS_SIZEOF(live->layout, gc_generation);

		if (FIELD(generation, gc_generation, count) > INT32_MAX)
			return hs_check_failed(generation, "the count of generation %u is negative", i);
	}
	if (!hs_image_at(live->image, stats, HS_SIZEOF(live->layout, gc_generation_stats)))
		return hs_check_failed(stats, "the collector's statistics are not where they should be");
	if (FIELD(stats, gc_generation_stats, collections) > most || FIELD(stats, gc_generation_stats, collected) > most ||
	    FIELD(stats, gc_generation_stats, uncollectable) > most)
		return hs_check_failed(stats, "the collector's statistics are no counts");
	return NULL;
}

struct hs_error *hs_check_collector(const struct hs_live *live)
{
	hs_addr gc = collector(live), garbage = FIELD(gc, gc_runtime_state, garbage), callbacks = FIELD(gc, gc_runtime_state, callbacks);

	if (FIELD(gc, gc_runtime_state, enabled) > 1 || FIELD(gc, gc_runtime_state, collecting) > 1)
		return hs_check_failed(gc, "gc.enabled or gc.collecting is neither 0 nor 1");
	if (garbage && !hs_live_is(live, garbage, "list"))
		return hs_check_failed(gc, "gc.garbage is no list");
	if (callbacks && !hs_live_is(live, callbacks, "list"))
		return hs_check_failed(gc, "gc.callbacks is no list");
	if (FIELD(gc, gc_runtime_state, debug) >> 16)
		return hs_check_failed(gc, "gc.debug has flags that no version knows");
	HS_TRY(check_statistics(live, gc));
	if (HS_HAS(live->layout, PyInterpreterState, feature_flags)) {
		uint64_t flags = FIELD(hs_live_main_interpreter(live), PyInterpreterState, feature_flags);
		const uint64_t use_main_obmalloc = 1 << 5; /* Include/cpython/pylifecycle.h, pystate.h */

		if (!(flags & use_main_obmalloc) || flags >> 17)
			return hs_check_failed(hs_live_main_interpreter(live), "the main interpreter has the feature flags 0x%" PRIx64, flags);
	}
	return NULL;
}

struct hs_error *hs_check_debug_offsets(const struct hs_live *live)
{
	struct hs_debug_offsets offsets;

	if (live->layout->minor < 13 || !hs_debug_offsets_read(live->image, live->layout, &offsets))
		return NULL;
	for (size_t i = 0; i < offsets.n; i++) {
		const struct hs_debug_offset *stated = &offsets.items[i];

		if (live->layout->fields[stated->field].offset != (int32_t)stated->offset)
			return hs_check_failed(HS_ADDRESS_OF(live->layout, _PyRuntime), "%s.%s is at %u according to the runtime, not at %d",
					       hs_struct_names[hs_field_names[stated->field].structure].name,
					       hs_field_names[stated->field].name, stated->offset,
					       live->layout->fields[stated->field].offset);
	}
	return NULL;
}
