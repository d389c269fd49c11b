/* SPDX-License-Identifier: Apache-2.0 */
/* What a collector's figures mean for somebody who looks for a leak, and what to do about it. Knows figures only. */
#include <stdarg.h>
#include <stdlib.h>

#include "cleanup.h"
#include "format.h"
#include "gc.h"
#include "text.h"

#define MUCH_THRESHOLD 100000 /* of the youngest generation: CPython begins with 700 or 2,000 */
#define MUCH_FROZEN_PART 10   /* a tenth of what the collector knows: more than an interpreter freezes by itself */

/* What has been said so far; is_short: memory ran out. */
struct notes {
	struct hs_gc_collector *collector;
	bool is_short;
};

static void say(struct notes *notes, const char *format, ...) HS_PRINTF(2, 3);

static void say(struct notes *notes, const char *format, ...)
{
	char **slot = hs_array_append(&notes->collector->notes);
	va_list args;

	va_start(args, format);
	if (slot)
		*slot = hs_vformat(format, args);
	va_end(args);
	notes->is_short |= !slot || !*slot;
}

static void note_whether_it_runs(struct notes *notes)
{
	const struct hs_collector *state = &notes->collector->state;
	int32_t threshold = state->generations[0].threshold;
	char count[HS_FIGURE_BYTES];

	if (state->is_collecting)
		say(notes, "a collection is running: objects that it has taken off the lists are not counted; ask again");
	if (!state->lists_are_whole)
		say(notes, "a list was caught being changed: numbers of objects are lower bounds");
	if (!state->is_enabled)
		say(notes, "the collector is off: cycles stay until somebody calls gc.collect(); gc.enable() turns it on");
	else if (!threshold)
		say(notes, "the collector never runs by itself (threshold 0): cycles stay until somebody calls gc.collect()");
	else if (threshold >= MUCH_THRESHOLD)
		say(notes, "the collector runs once in %s new containers only: cycles wait until then", hs_text_count(count, (uint64_t)threshold));
}

static void note_what_waits(struct notes *notes)
{
	const struct hs_collector *state = &notes->collector->state;
	const struct hs_generation_state *oldest = &state->generations[HS_N_GENERATIONS - 1];
	char pending[HS_FIGURE_BYTES], total[HS_FIGURE_BYTES];
	uint64_t n_known = state->n_frozen;

	/* Modules/gcmodule.c gc_collect_generations, "long_lived_pending < long_lived_total / 4" */
	if (state->is_enabled && oldest->count > oldest->threshold && state->n_long_lived_pending < state->n_long_lived / 4)
		say(notes, "a full collection is due by its threshold and waits: %s objects are new to it, a quarter of %s must be; old cycles "
			   "stay until then, or until gc.collect()",
		    hs_text_count(pending, state->n_long_lived_pending), hs_text_count(total, state->n_long_lived));
	for (unsigned i = 0; i < HS_N_GENERATIONS; i++)
		n_known += state->generations[i].n_objects;
	if (state->n_frozen > n_known / MUCH_FROZEN_PART)
		say(notes, "%s objects are frozen (gc.freeze()): cycles among them are never collected; gc.unfreeze() gives them back",
		    hs_text_count(total, state->n_frozen));
}

static void note_garbage(struct notes *notes)
{
	const struct hs_gc_collector *collector = notes->collector;
	char count[HS_FIGURE_BYTES];

	hs_text_count(count, collector->garbage.n);
	if (collector->state.debug & HS_GC_DEBUG_SAVEALL)
		say(notes, "DEBUG_SAVEALL is set: what is found unreachable is kept in gc.garbage (%s objects) and never freed; gc.set_debug(0) "
			   "and gc.garbage.clear() end that", count);
	else if (collector->garbage.n)
		say(notes, "gc.garbage keeps %s objects: cycles with finalizers of old extensions (tp_del), or what DEBUG_SAVEALL or the program "
			   "left there; they stay until gc.garbage.clear()", count);
}

struct hs_error *hs_gc_add_notes(struct hs_gc_collector *collector)
{
	struct notes notes = { .collector = collector };

	note_whether_it_runs(&notes);
	note_what_waits(&notes);
	note_garbage(&notes);
	return notes.is_short ? hs_error_no_memory() : NULL;
}
