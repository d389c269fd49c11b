/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is read in chunks of a MiB, each by one thread, into memory that stays in the processor's cache: there it is checked and
 * looked through for zeros, then copied to where the image has it.
 */
#include "core_pages.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bits.h"
#include "cleanup.h"
#include "session.h"
#include "workers.h"

#define CHUNK_BYTES ((uint64_t)1 << 20)
#define PAGE_WORDS (HS_PAGE_BYTES / sizeof(uint64_t))

static struct hs_error *mark_pages(void *context, hs_addr start, hs_addr end, enum hs_copy_mode mode, struct hs_extent *extent, size_t *n_swapped)
{
	const struct hs_core_file *core = context;

	(void)mode;
	(void)n_swapped;
	for (size_t i = hs_core_file_find(core, start); i < core->segments.n && core->segments.items[i].start < end; i++) {
		const struct hs_core_segment *segment = &core->segments.items[i];
		hs_addr from = segment->start > start ? segment->start : start, to = segment->start + segment->file_bytes;
		if (to > end)
			to = end;
		if (from < to)
			hs_bits_set(extent->present, (from - extent->start) >> HS_PAGE_SHIFT, (to - extent->start) >> HS_PAGE_SHIFT);
	}
	return NULL;
}

struct hs_page_source hs_core_pages_source(const struct hs_core_file *core)
{
	return (struct hs_page_source){ mark_pages, (void *)core };
}

/* A part of the file, and the segments that lie in it or reach into it. */
struct chunk {
	uint64_t file_offset;
	size_t bytes;
	size_t first, n; /* of job->order */
};

struct job {
	const struct hs_core_file *core;
	struct hs_plan *plan;
	const struct hs_core_pages_options *options;
	HS_ARRAY(struct chunk) chunks;
	HS_ARRAY(const struct hs_core_segment *) order; /* those with bytes, by place in the file */
	uint8_t *scratch; /* CHUNK_BYTES a worker */
	_Atomic(struct hs_error *) error; /* the first one */
	atomic_size_t done_bytes;
	atomic_size_t lost_bytes; /* behind the end of a file that was cut short */
};

static void cleanup_job(struct job *job)
{
	hs_array_free(&job->chunks);
	hs_array_free(&job->order);
	free(job->scratch);
}

/* Whether a page of [start, end) is wanted. */
static bool is_wanted(const struct hs_plan *plan, hs_addr start, hs_addr end)
{
	for (size_t i = hs_plan_find(plan, start); i < plan->extents.n && plan->extents.items[i].start < end; i++) {
		const struct hs_extent *extent = &plan->extents.items[i];
		hs_addr from = extent->start > start ? extent->start : start, to = extent->end < end ? extent->end : end;
		size_t last = (to - extent->start) >> HS_PAGE_SHIFT;
		if (hs_bits_next(extent->present, (from - extent->start) >> HS_PAGE_SHIFT, last, true) < last)
			return true;
	}
	return false;
}

static int compare_places(const void *a, const void *b)
{
	const struct hs_core_segment *left = *(const struct hs_core_segment *const *)a, *right = *(const struct hs_core_segment *const *)b;

	return left->file_offset < right->file_offset ? -1 : left->file_offset > right->file_offset;
}

static struct hs_error *sort_by_place(struct job *job)
{
	for (size_t i = 0; i < job->core->segments.n; i++) {
		if (!job->core->segments.items[i].file_bytes)
			continue;
		const struct hs_core_segment **slot = hs_array_append(&job->order);
		if (!slot)
			return hs_error_no_memory();
		*slot = &job->core->segments.items[i];
	}
	if (job->order.n)
		qsort(job->order.items, job->order.n, sizeof(*job->order.items), compare_places);
	return NULL;
}

static uint64_t file_end_of(const struct hs_core_segment *segment)
{
	return segment->file_offset + segment->file_bytes;
}

static struct hs_error *add_chunk(struct job *job, struct chunk wanted)
{
	struct chunk *chunk = hs_array_append(&job->chunks);

	if (!chunk)
		return hs_error_no_memory();
	*chunk = wanted;
	return NULL;
}

/* Of files without checksums, each segment is read by itself: several may have the same bytes. */
static struct hs_error *cut_segments(struct job *job)
{
	for (size_t i = 0; i < job->order.n; i++) {
		const struct hs_core_segment *segment = job->order.items[i];
		for (uint64_t offset = 0; offset < segment->file_bytes; offset += CHUNK_BYTES) {
			uint64_t rest = segment->file_bytes - offset, bytes = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;
			if (is_wanted(job->plan, segment->start + offset, segment->start + offset + bytes))
				HS_TRY(add_chunk(job, (struct chunk){ segment->file_offset + offset, bytes, i, 1 }));
		}
	}
	return NULL;
}

static struct hs_error *check_places(const struct job *job)
{
	uint64_t end = job->options->check_begin;

	for (size_t i = 0; i < job->order.n; i++) {
		const struct hs_core_segment *segment = job->order.items[i];
		if (segment->file_offset < end || (segment->file_offset - job->options->check_begin) & (HS_PAGE_BYTES - 1) ||
		    segment->file_bytes > job->options->check_end - segment->file_offset)
			return hs_error_at(HS_ERROR_BAD_DATA, segment->start, "the segment at 0x%" HS_PRI_ADDR " is not where the file's data are",
					   segment->start);
		end = file_end_of(segment);
	}
	return NULL;
}

static bool is_chunk_wanted(const struct job *job, const struct chunk *chunk)
{
	for (size_t i = chunk->first; i < chunk->first + chunk->n; i++) {
		const struct hs_core_segment *segment = job->order.items[i];
		uint64_t from = segment->file_offset > chunk->file_offset ? segment->file_offset : chunk->file_offset;
		uint64_t to = file_end_of(segment) < chunk->file_offset + chunk->bytes ? file_end_of(segment) : chunk->file_offset + chunk->bytes;
		if (is_wanted(job->plan, segment->start + (from - segment->file_offset), segment->start + (to - segment->file_offset)))
			return true;
	}
	return false;
}

/* Of a file with checksums, what has one is read as a whole. */
static struct hs_error *cut_file(struct job *job)
{
	size_t first = 0;

	HS_TRY(check_places(job));
	for (uint64_t at = job->options->check_begin; at < job->options->check_end; at += CHUNK_BYTES) {
		uint64_t rest = job->options->check_end - at;
		struct chunk chunk = { .file_offset = at, .bytes = rest < CHUNK_BYTES ? rest : CHUNK_BYTES };
		while (first < job->order.n && file_end_of(job->order.items[first]) <= at)
			first++;
		chunk.first = first;
		while (first + chunk.n < job->order.n && job->order.items[first + chunk.n]->file_offset < at + chunk.bytes)
			chunk.n++;
		if (is_chunk_wanted(job, &chunk))
			HS_TRY(add_chunk(job, chunk));
	}
	return NULL;
}

static void fail(struct job *job, struct hs_error *error)
{
	struct hs_error *none = NULL;

	if (!atomic_compare_exchange_strong(&job->error, &none, error))
		hs_error_destroy(error);
}

/* Words of the bitmaps are shared between threads: a chunk need not begin where a word does. */
static void clear_bit(uint64_t *bits, size_t bit)
{
	__atomic_fetch_and(&bits[bit / 64], ~((uint64_t)1 << (bit % 64)), __ATOMIC_RELAXED);
}

static void set_bit(uint64_t *bits, size_t bit)
{
	__atomic_fetch_or(&bits[bit / 64], (uint64_t)1 << (bit % 64), __ATOMIC_RELAXED);
}

static bool is_zero_page(const uint8_t *page)
{
	const uint64_t *words = (const uint64_t *)(const void *)page;
	uint64_t any = 0;

	/* most pages have something in their first words */
	for (size_t i = 0; i < PAGE_WORDS && !any; i += 8)
		any = words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] | words[i + 5] | words[i + 6] | words[i + 7];
	return !any;
}

/* What becomes of a page: it is copied, or it is one of zeros, which need not be. */
static bool take_page(const struct job *job, struct hs_extent *extent, size_t page, const uint8_t *data)
{
	if (!hs_bits_test(extent->present, page))
		return false;
	if (!job->options->finds_zeros || !is_zero_page(data))
		return true;
	clear_bit(extent->present, page);
	if (extent->is_writable || !extent->is_anonymous)
		set_bit(extent->zero, page);
	return false;
}

/* The part [start, end) of an extent, whose bytes are `data`; copied by runs of pages. */
static void copy_part(const struct job *job, struct hs_extent *extent, hs_addr start, hs_addr end, const uint8_t *data)
{
	size_t begin = (start - extent->start) >> HS_PAGE_SHIFT, n = (end - start) >> HS_PAGE_SHIFT, run = 0;
	uint8_t *local = hs_extent_at(extent, start);

	for (size_t i = 0; i <= n; i++) {
		if (i < n && take_page(job, extent, begin + i, data + (i << HS_PAGE_SHIFT)))
			continue;
		if (run < i)
			memcpy(local + (run << HS_PAGE_SHIFT), data + (run << HS_PAGE_SHIFT), (i - run) << HS_PAGE_SHIFT);
		run = i + 1;
	}
}

/* Behind the end of a file that was cut short, nothing is known. */
static void lose_pages(const struct job *job, hs_addr start, hs_addr end)
{
	for (hs_addr at = start; at < end; at += HS_PAGE_BYTES) {
		size_t i = hs_plan_find(job->plan, at);
		if (i < job->plan->extents.n && job->plan->extents.items[i].start <= at)
			clear_bit(job->plan->extents.items[i].present, (at - job->plan->extents.items[i].start) >> HS_PAGE_SHIFT);
	}
}

/* What `segment` has of the chunk: its first `bytes` have been read to `data`. */
static void take_segment(struct job *job, const struct hs_core_segment *segment, const struct chunk *chunk, const uint8_t *data, size_t bytes)
{
	uint64_t from = segment->file_offset > chunk->file_offset ? segment->file_offset : chunk->file_offset;
	uint64_t to = file_end_of(segment) < chunk->file_offset + chunk->bytes ? file_end_of(segment) : chunk->file_offset + chunk->bytes;
	uint64_t there = chunk->file_offset + bytes < from ? 0 : chunk->file_offset + bytes < to ? chunk->file_offset + bytes - from : to - from;
	hs_addr start = segment->start + (from - segment->file_offset), end = start + (there & ~(HS_PAGE_BYTES - 1));

	if (there < to - from) {
		lose_pages(job, end, start + (to - from));
		atomic_fetch_add(&job->lost_bytes, (size_t)(to - from - there));
	}
	for (size_t i = hs_plan_find(job->plan, start); i < job->plan->extents.n && job->plan->extents.items[i].start < end; i++) {
		struct hs_extent *extent = &job->plan->extents.items[i];
		hs_addr begin = extent->start > start ? extent->start : start, stop = extent->end < end ? extent->end : end;
		copy_part(job, extent, begin, stop, data + (from - chunk->file_offset) + (begin - start));
	}
}

static struct hs_error *read_chunk(struct job *job, const struct chunk *chunk, uint8_t *scratch)
{
	uint64_t end = chunk->file_offset + chunk->bytes;
	size_t bytes = chunk->bytes;

	if (hs_file_source_skip_hole(job->core->source, chunk->file_offset, end) == end)
		memset(scratch, 0, bytes);
	else
		HS_TRY(hs_file_source_read(job->core->source, chunk->file_offset, scratch, bytes, &bytes));
	if (job->options->check)
		HS_TRY(job->options->check(job->options->check_context, chunk->file_offset, scratch, bytes));
	for (size_t i = chunk->first; i < chunk->first + chunk->n; i++)
		take_segment(job, job->order.items[i], chunk, scratch, bytes);
	return NULL;
}

static void read_chunks(void *context, size_t begin, size_t end, unsigned worker)
{
	struct job *job = context;
	const struct hs_core_pages_options *options = job->options;

	for (size_t i = begin; i < end && !atomic_load_explicit(&job->error, memory_order_relaxed); i++) {
		struct hs_error *error = options->is_over && options->is_over(options->context) ?
						 hs_error_new(HS_ERROR_CANCELLED, "cancelled") :
						 read_chunk(job, &job->chunks.items[i], job->scratch + worker * CHUNK_BYTES);
		if (error)
			fail(job, error);
		size_t done = atomic_fetch_add(&job->done_bytes, job->chunks.items[i].bytes) + job->chunks.items[i].bytes;
		if (!worker && options->progress)
			options->progress(options->context, done);
	}
}

struct hs_error *hs_core_pages_read(const struct hs_core_file *core, struct hs_plan *plan, const struct hs_core_pages_options *options, uint64_t *ret_lost_bytes)
{
	bool is_sequential = hs_file_source_is_sequential(core->source);
	unsigned n_workers = is_sequential ? 1 : options->n_workers;
	HS_CLEANUP(cleanup_job) struct job job = {
		.core = core, .plan = plan, .options = options,
		.scratch = aligned_alloc(HS_PAGE_BYTES, n_workers * CHUNK_BYTES),
	};

	if (!job.scratch)
		return hs_error_no_memory();
	HS_TRY(sort_by_place(&job));
	HS_TRY(options->check ? cut_file(&job) : cut_segments(&job));
	hs_workers_run(read_chunks, &job, job.chunks.n, 1, n_workers);
	HS_TRY(atomic_load(&job.error));
	*ret_lost_bytes = atomic_load(&job.lost_bytes);
	return NULL;
}
