/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks for and against a suspect, in words; and what could be done, where kind and evidence say so. Shows no values. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "lru_cache.h"
#include "suspect_internal.h"

#define MIB (1 << 20)

bool suspect_text_add(struct hs_suspect_texts *texts, const char *format, ...)
{
	va_list arguments;

	if (texts->n == HS_SUSPECT_MAX_TEXTS)
		return true;
	va_start(arguments, format);
	char *text = hs_vformat(format, arguments);
	va_end(arguments);
	if (!text)
		return false;
	texts->items[texts->n++] = text;
	return true;
}

static bool add_cache(const struct suspect_search *search, struct hs_suspect *suspect)
{
	struct hs_heap_object entry;
	struct hs_lru_cache cache;
	char limit[32] = "none";

	if (suspect->kind != HS_SUSPECT_LRU_CACHE || !hs_graph_object(search->input->graph, suspect->node, &entry) ||
	    !hs_lru_cache_read(search->input->heap->py, &entry.object, &cache))
		return true;
	if (cache.max_size >= 0)
		snprintf(limit, sizeof(limit), "%" PRId64, cache.max_size);
	return suspect_text_add(&suspect->evidence, "maxsize %s, %" PRIu64 " results kept, %" PRIu64 " hits, %" PRIu64 " misses", limit, cache.size,
				cache.hits, cache.misses) &&
	       (suspect->root != HS_SUSPECT_OF_CLASS ||
		suspect_text_add(&suspect->evidence, "it is a class's attribute: it keeps the instances that it was called on"));
}

static bool add_collector(const struct suspect_search *search, struct hs_suspect *suspect)
{
	struct hs_collector collector;

	if (suspect->kind != HS_SUSPECT_CYCLES)
		return true;
	struct hs_error *error = hs_collector_read_head(search->input->heap->py, 0, &collector);
	if (error) {
		hs_error_destroy(error);
		return true;
	}
	if (!collector.is_enabled)
		return suspect_text_add(&suspect->evidence, "the collector is turned off: gc.disable()");
	if (!collector.generations[0].threshold)
		return suspect_text_add(&suspect->evidence, "the collector never starts by itself: its threshold is 0");
	if (search->frozen_part >= SUSPECT_MOSTLY_FROZEN)
		return suspect_text_add(&suspect->evidence, "they are frozen: gc.freeze() hides them from the collector");
	if (suspect_is_out_of_reach(&collector, suspect->members))
		return suspect_text_add(&suspect->evidence, "the collector is on, and far from its thresholds: %" PRId64 ", %" PRId64 ", %" PRId64,
					(int64_t)collector.generations[0].threshold, (int64_t)collector.generations[1].threshold,
					(int64_t)collector.generations[2].threshold);
	return suspect_text_add(&suspect->evidence, "the collector is on: they wait for its next full round");
}

static bool add_bound(struct hs_suspect *suspect)
{
	const struct hs_suspect_bound *bound = &suspect->bound;

	if (!suspect->has_bound)
		return true;
	return suspect_text_add(&suspect->evidence, "bounded at %" PRIu64 ", %" PRIu64 " so far: full it takes some %" PRIu64 " MiB", bound->limit,
				bound->filled, (bound->bytes_when_full + MIB / 2) / MIB);
}

static bool add_doubts(struct hs_suspect *suspect)
{
	static const struct {
		unsigned doubt;
		const char *text;
	} texts[] = {
		{ HS_DOUBT_KEPT, "whether it keeps what it has is not proven" },
		{ HS_DOUBT_UNSTEADY, "it did not grow evenly: a longer run tells more" },
		{ HS_DOUBT_SHARED, "others hold a part of what it holds" },
		{ HS_DOUBT_DROPPED, "it was seen to shrink between samples" },
		{ HS_DOUBT_SMALL, "it grew by little so far: a longer run tells more" },
		{ HS_DOUBT_BY_TYPE, "it has no length: how it grew follows from the growth of the type" },
		{ HS_DOUBT_INDIRECT, "no object or variable of Python's is known to hold it" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		bool is_of_one_gap = texts[i].doubt == HS_DOUBT_UNSTEADY && suspect->figures.steadiness < 0;
		const char *text = is_of_one_gap ? "two samples do not tell whether it grows evenly: a third one does" : texts[i].text;
		if (suspect->doubts & texts[i].doubt && !suspect_text_add(&suspect->evidence, "%s", text))
			return false;
	}
	return true;
}

bool suspect_write_evidence(const struct suspect_search *search, struct hs_suspect *suspect)
{
	if (suspect->links && !suspect_text_add(&suspect->evidence, "%" PRIu64 " objects lead to each other", suspect->links))
		return false;
	return add_cache(search, suspect) && add_collector(search, suspect) && add_bound(suspect) && add_doubts(suspect);
}

/* What is written to again and again, and not what keeps another's buffer. */
static bool is_written_to(const struct hs_suspect *suspect)
{
	static const char *const types[] = { "builtins.bytearray", "_io.BytesIO", "_io.StringIO" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(suspect->type, types[i]))
			return true;
	return false;
}

const char *suspect_hint(const struct hs_suspect *suspect)
{
	static const char *const hints[HS_N_SUSPECT_KINDS] = {
		[HS_SUSPECT_LIST] = "nothing removes items: deque(maxlen=\xe2\x80\xa6), or clear it after use",
		[HS_SUSPECT_DEQUE] = "nothing removes items: give it a maxlen, or clear it after use",
		[HS_SUSPECT_DICT] = "evict old entries, or let its values be weak references",
		[HS_SUSPECT_ODICT] = "evict old entries: popitem(last=False) above a limit",
		[HS_SUSPECT_SET] = "discard what is done with, or keep it in a weakref.WeakSet",
		[HS_SUSPECT_BUFFER] = "a view keeps its whole buffer: copy what is needed, or release it",
		[HS_SUSPECT_LRU_CACHE] = "give it a maxsize, or a cache for each instance",
		[HS_SUSPECT_REGISTRY] = "register once, or take out again what was registered",
		[HS_SUSPECT_TRACEBACK] = "keep an exception's text, or clear its __traceback__",
		[HS_SUSPECT_TASKS] = "they wait for what does not come: a timeout, or cancel them",
		[HS_SUSPECT_TIMERS] = "cancel a timer when what it waits for is done",
		[HS_SUSPECT_QUEUE] = "a consumer that keeps up, or a maxsize",
		[HS_SUSPECT_THREADS] = "they do not end: a stop event, a timeout, or a pool of workers",
		[HS_SUSPECT_GENERATORS] = "begun and not finished: run them to their end, or close them",
		[HS_SUSPECT_CYCLES] = "let one direction be a weakref.ref, or let the collector run",
		[HS_SUSPECT_CLASSES] = "classes are made over and over: make each once, and keep it",
		[HS_SUSPECT_INTERNED] = "interned strings never go: intern names, not values",
		[HS_SUSPECT_UNEXPLAINED] = "C code keeps references to them: which extension handles these?",
	};

	if (suspect->kind == HS_SUSPECT_BUFFER && is_written_to(suspect))
		return "what was written to it stays: cut off what is done with, or truncate it";
	if (suspect->kind == HS_SUSPECT_LRU_CACHE && suspect->has_bound)
		return NULL;
	return suspect->has_bound ? NULL : hints[suspect->kind];
}
