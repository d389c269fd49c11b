/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot of heapspy's own. Its note has every figure that the capture had; only the pages are read from the segments, and each MiB of
 * them is checked when it is read. A snapshot that is damaged anywhere is refused: it was written whole, and what its pages mean hangs on
 * the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "capture_opening.h"
#include "checksum.h"
#include "cleanup.h"
#include "file_finder.h"
#include "plan_image.h"
#include "snapshot_note.h"

#define MAX_HEAD_BYTES ((uint64_t)64 << 20) /* a million program headers take 56 MiB */

static struct hs_error *decode(const struct hs_core_file *core, struct hs_snapshot_content **ret)
{
	struct hs_snapshot_mark mark;

	if (!core->snapshot_mark || core->snapshot_mark_bytes < sizeof(mark.format))
		return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot is damaged: the note that marks it as one is not there");
	memcpy(&mark.format, core->snapshot_mark, sizeof(mark.format));
	if (mark.format != HS_SNAPSHOT_FORMAT)
		return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "a snapshot of format %u; this heapspy reads format %u", mark.format, HS_SNAPSHOT_FORMAT),
				     mark.format > HS_SNAPSHOT_FORMAT ? "a newer heapspy wrote it: open it with that one" : "an older heapspy wrote it: open it with that one");
	if (!core->snapshot_content)
		return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot is damaged: what it says about its memory is not there");
	return hs_snapshot_note_decode(core->snapshot_content, core->snapshot_content_bytes, ret);
}

/* Headers and notes before the data have a checksum of their own. */
static struct hs_error *check_head(const struct hs_core_file *core, const struct hs_snapshot_content *content)
{
	if (content->data_offset > MAX_HEAD_BYTES)
		return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot is damaged: its data begin at byte %llu", (unsigned long long)content->data_offset);
	HS_FREE uint8_t *head = malloc(content->data_offset + 1);
	if (!head)
		return hs_error_no_memory();
	HS_TRY(hs_file_source_read_all(core->source, 0, head, content->data_offset, "the headers"));
	if (hs_checksum(head, content->data_offset) == content->head_checksum)
		return NULL;
	return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot is damaged: its headers, the first %llu bytes, do not fit their checksum",
			    (unsigned long long)content->data_offset);
}

/* From any thread. */
static struct hs_error *check_chunk(void *context, uint64_t offset, const void *data, size_t bytes)
{
	const struct hs_snapshot_content *content = context;
	size_t index = (offset - content->data_offset) / HS_SNAPSHOT_CHUNK_BYTES;
	uint64_t rest = content->data_offset + content->data_bytes - offset;

	if (bytes == (rest < HS_SNAPSHOT_CHUNK_BYTES ? rest : HS_SNAPSHOT_CHUNK_BYTES) && hs_checksum(data, bytes) == content->checksums.items[index])
		return NULL;
	return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot is damaged: the MiB at byte %llu does not fit its checksum", (unsigned long long)offset);
}

static struct hs_error *add_extent(struct hs_plan *plan, struct hs_snapshot_segment *segment)
{
	size_t n_bits = (segment->end - segment->start) >> HS_PAGE_SHIFT, n_words = hs_bits_words(n_bits);
	struct hs_extent *extent = hs_array_append(&plan->extents);

	if (!extent)
		return hs_error_no_memory();
	*extent = (struct hs_extent){
		.start = segment->start, .end = segment->end, .is_writable = segment->is_writable, .is_anonymous = segment->is_anonymous,
		.present = hs_take(segment->present), .zero = hs_take(segment->not_own),
	};
	if (!extent->present) {
		extent->present = calloc(n_words, sizeof(*extent->present));
		if (extent->present)
			hs_bits_set(extent->present, 0, n_bits);
	}
	if (!extent->zero)
		extent->zero = calloc(n_words, sizeof(*extent->zero));
	if (!extent->present || !extent->zero)
		return hs_error_no_memory();
	for (size_t word = 0; word < n_words; word++)
		extent->zero[word] &= extent->present[word];
	extent->n_pages = hs_bits_count(extent->present, n_bits);
	plan->bytes += extent->n_pages << HS_PAGE_SHIFT;
	return NULL;
}

/* Of a captured page that takes no memory, the kernel's of zeros, the file need not have the bytes. Of any other it must. */
static struct hs_error *check_page_run(const struct hs_core_file *core, const struct hs_extent *extent, hs_addr start, hs_addr end)
{
	for (hs_addr at = start; at < end;) {
		size_t i = hs_core_file_find(core, at);
		const struct hs_core_segment *segment = i < core->segments.n ? &core->segments.items[i] : NULL;
		hs_addr held = segment && segment->start <= at ? segment->start + segment->file_bytes : 0;
		if (held > at) {
			at = held;
			continue;
		}
		if (!hs_bits_test(extent->zero, (at - extent->start) >> HS_PAGE_SHIFT))
			return hs_error_at(HS_ERROR_BAD_DATA, at, "the snapshot is damaged: it does not hold the page at 0x%" HS_PRI_ADDR, at);
		at += HS_PAGE_BYTES;
	}
	return NULL;
}

static struct hs_error *check_pages(const struct hs_core_file *core, const struct hs_plan *plan)
{
	for (size_t i = 0; i < plan->extents.n; i++) {
		const struct hs_extent *extent = &plan->extents.items[i];
		size_t n_bits = (extent->end - extent->start) >> HS_PAGE_SHIFT;
		for (size_t bit = hs_bits_next(extent->present, 0, n_bits, true); bit < n_bits;) {
			size_t end = hs_bits_next(extent->present, bit, n_bits, false);
			HS_TRY(check_page_run(core, extent, extent->start + (bit << HS_PAGE_SHIFT), extent->start + (end << HS_PAGE_SHIFT)));
			bit = hs_bits_next(extent->present, end, n_bits, true);
		}
	}
	return NULL;
}

static struct hs_error *make_plan(const struct hs_core_file *core, struct hs_snapshot_content *content, struct hs_plan **ret)
{
	HS_CLEANUP(hs_cleanup_plan) struct hs_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return hs_error_no_memory();
	for (size_t i = 0; i < content->segments.n; i++)
		HS_TRY(add_extent(plan, &content->segments.items[i]));
	HS_TRY(check_pages(core, plan));
	*ret = hs_take(plan);
	return NULL;
}

/* The image takes `zero` for pages that were not copied. */
static void part_zeros(struct hs_plan *plan)
{
	for (size_t i = 0; i < plan->extents.n; i++) {
		struct hs_extent *extent = &plan->extents.items[i];
		size_t n_words = hs_bits_words((extent->end - extent->start) >> HS_PAGE_SHIFT);
		for (size_t word = 0; word < n_words; word++)
			extent->present[word] &= ~extent->zero[word];
	}
}

#define MOVE(capture, content, member)                                                                 	do {                                                                                           		(capture)->member = (content)->member;                                                 		memset(&(content)->member, 0, sizeof((content)->member));                              	} while (0)

/* Everything but the image. */
static void take_content(struct hs_capture *capture, struct hs_snapshot_content *content)
{
	capture->origin = HS_FROM_SNAPSHOT;
	capture->process = hs_take(content->process);
	MOVE(capture, content, missing);
	MOVE(capture, content, skipped);
	MOVE(capture, content, threads);
	MOVE(capture, content, uses);
	MOVE(capture, content, pauses_ns);
	capture->pause_ns = content->pause_ns;
	capture->predicted_pause_ns = content->predicted_pause_ns;
	capture->taken_at_ns = content->taken_at_ns;
	capture->copied_bytes = content->copied_bytes;
	capture->was_stopped = content->was_stopped;
	capture->is_nonblocking = content->is_nonblocking;
	capture->is_redacted = content->redaction != HS_REDACT_NONE;
	capture->utc = (time_t)(content->utc_ns / 1000000000);
	if (content->host)
		snprintf(capture->host, sizeof(capture->host), "%s", content->host);
	if (content->layout_text && *content->layout_text)
		capture->layout_text = hs_take(content->layout_text);
}

struct hs_error *hs_opening_snapshot(struct hs_opening *opening, struct hs_core_file *core)
{
	HS_CLEANUP(hs_cleanup_core_file) struct hs_core_file *guarded = core;
	HS_CLEANUP(hs_cleanup_snapshot_content) struct hs_snapshot_content *content = NULL;
	struct hs_capture *capture = opening->capture;
	uint64_t copied_bytes;

	HS_TRY(decode(core, &content));
	HS_TRY(check_head(core, content));
	HS_TRY(make_plan(core, content, &opening->plan));
	take_content(capture, content);
	HS_TRY(hs_file_finder_create(hs_take(guarded), opening->options->exe, opening->options->lib_search_root, &capture->process->files));
	opening->core = core;
	HS_TRY(hs_file_finder_check_exe(capture->process));
	const struct hs_core_pages_options pages = {
		.check = check_chunk, .check_context = content, .check_begin = content->data_offset,
		.check_end = content->data_offset + content->data_bytes,
	};
	HS_TRY(hs_opening_read_pages(opening, &pages));
	part_zeros(opening->plan);
	HS_TRY(hs_plan_image(hs_take(opening->plan), &opening->destination, &capture->process->mappings, &content->statics, &capture->image,
			     &copied_bytes));
	if (capture->is_redacted)
		hs_image_set_redacted(capture->image);
	return NULL;
}
