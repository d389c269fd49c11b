/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering hints, and telling them. */
#include "hints.h"

#include "collector.h"
#include "error.h"
#include "json.h"
#include "sequence.h"
#include "text.h"
#include "tracemalloc.h"

#define MUCH_BYTES ((uint64_t)64 << 20) /* besides objects: below that, interpreter and libraries alone may be as much */

static bool read_main_collector(const struct hs_cpython *py, struct hs_collector *ret)
{
	for (size_t i = 0; i < py->interpreters.n; i++) {
		struct hs_error *error = hs_collector_read_head(py, i, ret);
		bool is_main = !error && (ret->interpreter_id == 0 || !hs_collector_is_per_interpreter(py));
		hs_error_destroy(error);
		if (is_main)
			return true;
	}
	return false;
}

void hs_hints_gather(struct hs_hints *hints, const struct hs_process_heap *heap)
{
	const struct hs_cpython *py = heap->py;
	struct hs_tracemalloc tracemalloc;
	struct hs_collector collector;
	const hs_addr *items;

	hints->is_known = read_main_collector(py, &collector);
	if (!hints->is_known)
		return;
	hints->collector_is_off = !collector.is_enabled;
	hints->saves_all = collector.debug & HS_GC_DEBUG_SAVEALL;
	hints->has_frozen = collector.has_frozen;
	if (collector.garbage && !hs_list_items(py, heap->types, collector.garbage, &items, &hints->n_garbage))
		hints->n_garbage = 0;
	hs_tracemalloc_read(py, &tracemalloc);
	hints->is_tracing = tracemalloc.is_known && tracemalloc.is_tracing;
}

static void put(FILE *out, const struct hs_document *document, const char *command, const char *words, const struct hs_style *style)
{
	struct hs_text_line line = hs_text_line_begin(out, style, "see", hs_text_dim);

	hs_text_line_item(&line, "%s %s %s: %s", document->program, command, document->source, words);
	hs_text_line_end(&line);
}

void hs_hints_put(FILE *out, const struct hs_hints *hints, const struct hs_document *document, const struct hs_style *style)
{
	uint64_t rss = document->process->rss_bytes, objects = document->census->bytes;

	if (rss > objects + MUCH_BYTES && objects < rss / 2)
		put(out, document, "memory", "more than half of RSS is not objects", style);
	if (hints->has_unreached)
		put(out, document, "cycles", "no root reaches one of the largest objects", style);
	if (hints->collector_is_off)
		put(out, document, "gc", "the collector is off", style);
	else if (hints->saves_all)
		put(out, document, "gc", "DEBUG_SAVEALL keeps all garbage", style);
	else if (hints->n_garbage)
		put(out, document, "gc", "gc.garbage is not empty", style);
	else if (hints->has_frozen)
		put(out, document, "gc", "objects are frozen: cycles among them are never collected", style);
	if (hints->is_tracing)
		put(out, document, "lines", "tracemalloc is on: where memory was allocated", style);
}

json_t *hs_hints_json(const struct hs_hints *hints)
{
	if (!hints->is_known)
		return json_null();
	return json_pack("{s:b, s:b, s:b, s:o, s:b}", "collector_enabled", !hints->collector_is_off, "saves_all", hints->saves_all, "frozen",
			 hints->has_frozen, "garbage", hs_json_u64(hints->n_garbage), "tracing", hints->is_tracing);
}
