/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core of another program becomes mappings and a plan, as a process does (plan.h), so that the image of it has the segments that one
 * of the process would have had.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "capture_opening.h"
#include "cleanup.h"
#include "core_process.h"
#include "file_finder.h"
#include "file_pages.h"
#include "plan_image.h"

static struct hs_error *add_missing(struct hs_capture *capture, hs_addr start, hs_addr end, const char *why)
{
	struct hs_missing *missing = hs_array_append(&capture->missing);

	if (!missing)
		return hs_error_no_memory();
	*missing = (struct hs_missing){ start, end, why };
	return NULL;
}

/* Pages that neither the core nor a file of this host holds: they are no part of the image. */
static struct hs_error *drop_unfilled(struct hs_opening *opening)
{
	for (size_t i = 0; i < opening->plan->extents.n; i++) {
		struct hs_extent *extent = &opening->plan->extents.items[i];
		size_t n_bits = (extent->end - extent->start) >> HS_PAGE_SHIFT, n_words = hs_bits_words(n_bits);
		if (!extent->of_file)
			continue;
		for (size_t word = 0; word < n_words; word++)
			extent->of_file[word] &= ~extent->filled[word];
		for (size_t bit = hs_bits_next(extent->of_file, 0, n_bits, true); bit < n_bits;) {
			size_t end = hs_bits_next(extent->of_file, bit, n_bits, false);
			HS_TRY(add_missing(opening->capture, extent->start + (bit << HS_PAGE_SHIFT), extent->start + (end << HS_PAGE_SHIFT),
					   "not in the core, and its file was not found"));
			bit = hs_bits_next(extent->of_file, end, n_bits, true);
		}
		memcpy(extent->of_file, extent->filled, n_words * sizeof(*extent->of_file));
	}
	return NULL;
}

/* Writable memory that a core should have and does not: its filter, or the file's end, left it out. */
static struct hs_error *list_absent(struct hs_opening *opening)
{
	const struct hs_core_file *core = opening->core;

	for (size_t i = 0; i < core->segments.n; i++) {
		const struct hs_core_segment *segment = &core->segments.items[i];
		if (segment->is_writable && segment->file_bytes < segment->end - segment->start)
			HS_TRY(add_missing(opening->capture, segment->start + segment->file_bytes, segment->end, "not in the core"));
	}
	return NULL;
}

static int compare_missing(const void *a, const void *b)
{
	const struct hs_missing *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static struct hs_error *list_missing(struct hs_opening *opening)
{
	struct hs_missing_list *missing = &opening->capture->missing;

	HS_TRY(list_absent(opening));
	for (size_t i = 0; i < opening->plan->missing.n; i++) {
		const struct hs_missing *planned = &opening->plan->missing.items[i];
		HS_TRY(add_missing(opening->capture, planned->start, planned->end, planned->why));
	}
	if (missing->n)
		qsort(missing->items, missing->n, sizeof(*missing->items), compare_missing);
	return NULL;
}

static int compare_threads(const void *a, const void *b)
{
	const struct hs_stopped_thread *left = a, *right = b;

	return left->tid < right->tid ? -1 : left->tid > right->tid;
}

static struct hs_error *take_threads(struct hs_capture *capture, const struct hs_core_file *core)
{
	if (!hs_array_reserve(&capture->threads, core->threads.n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < core->threads.n; i++)
		capture->threads.items[capture->threads.n++] = core->threads.items[i];
	if (capture->threads.n)
		qsort(capture->threads.items, capture->threads.n, sizeof(*capture->threads.items), compare_threads);
	return NULL;
}

/* Of a packed file, only reading it tells where it ends. */
static struct hs_error *note_cut(struct hs_capture *capture, uint64_t missing_bytes)
{
	if (!missing_bytes)
		return NULL;
	if (asprintf(&capture->cut_short, "the core is cut short: the last %llu KiB of its memory are not in the file",
		     (unsigned long long)((missing_bytes + 1023) >> 10)) >= 0)
		return NULL;
	capture->cut_short = NULL;
	return hs_error_no_memory();
}

/* Pages of [start, end), which lies in the segment, that the core has and that are not zeros. */
static uint64_t own_pages(const struct hs_segment *segment, hs_addr start, hs_addr end)
{
	uint64_t n = 0;

	for (size_t page = (start - segment->start) >> HS_PAGE_SHIFT; page < (end - segment->start) >> HS_PAGE_SHIFT; page++)
		n += (!segment->present || hs_bits_test(segment->present, page)) && !(segment->not_own && hs_bits_test(segment->not_own, page));
	return n;
}

/* What takes the place of smaps, which no core has: each mapping's pages that something was written to, as far as that shows. */
static struct hs_error *count_uses(struct hs_capture *capture)
{
	const struct hs_mappings *mappings = &capture->process->mappings;

	for (size_t i = 0; i < mappings->n; i++) {
		const struct hs_mapping *mapping = &mappings->items[i];
		const struct hs_segment *segment = hs_image_find(capture->image, mapping->start);
		struct hs_mapping_use *use = hs_array_append(&capture->uses);
		if (!use)
			return hs_error_no_memory();
		*use = (struct hs_mapping_use){ .start = mapping->start, .end = mapping->end };
		if (!segment)
			continue;
		hs_addr end = mapping->end < segment->end ? mapping->end : segment->end;
		use->rss_bytes = use->anonymous_bytes = own_pages(segment, mapping->start, end) << HS_PAGE_SHIFT;
	}
	return NULL;
}

struct hs_error *hs_opening_core(struct hs_opening *opening, struct hs_core_file *core)
{
	HS_CLEANUP(hs_cleanup_core_file) struct hs_core_file *guarded = core;
	struct hs_capture *capture = opening->capture;

	HS_TRY(hs_core_process_make(core, &capture->process));
	HS_TRY(hs_file_finder_create(hs_take(guarded), opening->options->exe, opening->options->lib_search_root, &capture->process->files));
	opening->core = core;
	HS_TRY(hs_file_finder_check_exe(capture->process));
	capture->origin = HS_FROM_CORE;
	capture->utc = hs_file_source_time(core->source);
	capture->taken_at_ns = (uint64_t)capture->utc * 1000000000;
	if (opening->options->wants_process_only)
		return NULL;
	HS_TRY(take_threads(capture, core));
	const struct hs_page_source pages = hs_core_pages_source(core);
	HS_TRY(hs_plan_make(&capture->process->mappings, &pages, NULL, &opening->plan));
	if (!opening->plan->extents.n)
		return hs_error_new(HS_ERROR_BAD_DATA, "a core without memory");
	HS_TRY(hs_opening_read_pages(opening, &(const struct hs_core_pages_options){ .finds_zeros = true }));
	HS_TRY(note_cut(capture, core->missing_bytes + opening->lost_bytes));
	hs_file_pages_fill(opening->plan, capture->process);
	HS_TRY(drop_unfilled(opening));
	HS_TRY(list_missing(opening));
	HS_TRY(hs_plan_image(hs_take(opening->plan), &opening->destination, &capture->process->mappings, NULL, &capture->image,
			     &capture->copied_bytes));
	return count_uses(capture);
}
