/* SPDX-License-Identifier: Apache-2.0 */
/* Address space for the copy: reserving it in areas, pre-faulting what will be copied. */
#include "destination.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "bits.h"
#include "workers.h"

#define SLACK_BYTES ((hs_addr)4 << 30)   /* room to grow into, on both sides of an area */
#define MAX_GAP_BYTES ((hs_addr)64 << 30) /* extents farther apart get areas of their own */
#define HUGE_BYTES ((size_t)2 << 20)
#define MAX_HOLES_IN_HUGE_PAGE 16
#define ADDRESS_END ((hs_addr)1 << 47)
#define PREFAULT_CHUNK_BYTES ((size_t)2 << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* The oldest one: where the extent was in an earlier plan, if its bounds are the same. */
static const struct hs_area *find_area(const struct hs_destination *destination, hs_addr start, hs_addr end)
{
	for (size_t i = 0; i < destination->areas.n; i++) {
		const struct hs_area *area = &destination->areas.items[i];
		if (start >= area->start && end <= area->end)
			return area;
	}
	return NULL;
}

/* Local and remote addresses agree in their low 21 bits, so that what is huge-page aligned there is so here. */
static bool map_area(struct hs_destination *destination, hs_addr start, hs_addr end)
{
	size_t bytes = end - start + HUGE_BYTES;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	bool is_writable = mapped != MAP_FAILED;

	/* Without overcommit (vm.overcommit_memory=2) only what will be used may be writable. */
	if (!is_writable)
		mapped = mmap(NULL, bytes, PROT_NONE, flags, -1, 0);
	if (mapped == MAP_FAILED)
		return false;
	madvise(mapped, bytes, MADV_DONTDUMP); /* a core file of ours must not hold the target's values */
	struct hs_area *area = hs_array_append(&destination->areas);
	if (!area) {
		munmap(mapped, bytes);
		return false;
	}
	size_t shift = ((uintptr_t)start - (uintptr_t)mapped) & (HUGE_BYTES - 1);
	*area = (struct hs_area){ start, end, (uint8_t *)mapped + shift, mapped, bytes, is_writable };
	return true;
}

/* An area for extents [first, last], with slack where address space allows it. */
static struct hs_error *add_area(struct hs_destination *destination, const struct hs_plan *plan, size_t first, size_t last)
{
	hs_addr start = plan->extents.items[first].start, end = plan->extents.items[last].end;
	hs_addr slack_start = start > SLACK_BYTES ? start - SLACK_BYTES : 0;
	hs_addr slack_end = ADDRESS_END - end > SLACK_BYTES ? end + SLACK_BYTES : ADDRESS_END;

	if (map_area(destination, slack_start & ~(HUGE_BYTES - 1), slack_end) || map_area(destination, start, end))
		return NULL;
	return hs_error_hint(hs_error_new(HS_ERROR_LIMIT, "no address space for %zu MiB of the target's", (size_t)((end - start) >> 20)),
			     "is there a limit on virtual memory (ulimit -v)?");
}

static struct hs_error *place(const struct hs_destination *destination, struct hs_extent *extent)
{
	const struct hs_area *area = find_area(destination, extent->start, extent->end);

	extent->local = area->local + (extent->start - area->start);
	if (area->is_writable)
		return NULL;
	if (mprotect(extent->local, extent->end - extent->start, PROT_READ | PROT_WRITE))
		return hs_error_no_memory();
	return NULL;
}

struct hs_error *hs_destination_reserve(struct hs_destination *destination, struct hs_plan *plan)
{
	struct hs_extent *extents = plan->extents.items;

	for (size_t first = 0; first < plan->extents.n; first++) {
		size_t last = first;
		if (find_area(destination, extents[first].start, extents[first].end))
			continue;
		while (last + 1 < plan->extents.n && extents[last + 1].start - extents[last].end <= MAX_GAP_BYTES &&
		       !find_area(destination, extents[last + 1].start, extents[last + 1].end))
			last++;
		HS_TRY(add_area(destination, plan, first, last));
		first = last;
	}
	for (size_t i = 0; i < plan->extents.n; i++)
		HS_TRY(place(destination, &extents[i]));
	return NULL;
}

static void advise_run(const struct hs_extent *extent, size_t begin, size_t end)
{
	if (begin < end)
		madvise(extent->local + (begin << HS_PAGE_SHIFT), (end - begin) << HS_PAGE_SHIFT, MADV_HUGEPAGE);
}

/*
 * Nearly every page of a huge one, because arenas of 1 MiB that do not start at a multiple of their pools (16 KiB) leave
 * four pages in 256 untouched; that is all that this may cost in memory.
 */
static void advise_extent(const struct hs_extent *extent)
{
	size_t n_bits = (extent->end - extent->start) >> HS_PAGE_SHIFT;
	size_t to_aligned = (-extent->start & (HUGE_BYTES - 1)) >> HS_PAGE_SHIFT;
	size_t n_huge = HUGE_BYTES >> HS_PAGE_SHIFT, run_begin = 0, run_end = 0;

	for (size_t bit = to_aligned; bit + n_huge <= n_bits; bit += n_huge) {
		if (hs_bits_count_range(extent->present, bit, bit + n_huge) + MAX_HOLES_IN_HUGE_PAGE < n_huge)
			continue;
		if (bit != run_end) {
			advise_run(extent, run_begin, run_end);
			run_begin = bit;
		}
		run_end = bit + n_huge;
	}
	advise_run(extent, run_begin, run_end);
}

void hs_destination_advise(const struct hs_plan *plan)
{
	for (size_t i = 0; i < plan->extents.n; i++)
		advise_extent(&plan->extents.items[i]);
}

struct piece {
	uint8_t *local;
	size_t bytes;
};

struct prefault {
	const struct hs_extent *extent; /* whose runs are being added */
	HS_ARRAY(struct piece) pieces;
	const struct hs_prefault_hooks *hooks;
	atomic_size_t done_bytes;
};

static struct hs_error *add_pieces(void *context, hs_addr start, hs_addr end)
{
	struct prefault *prefault = context;

	while (start < end) {
		struct piece *piece = hs_array_append(&prefault->pieces);
		if (!piece)
			return hs_error_no_memory();
		piece->local = hs_extent_at(prefault->extent, start);
		piece->bytes = end - start < PREFAULT_CHUNK_BYTES ? end - start : PREFAULT_CHUNK_BYTES;
		start += piece->bytes;
	}
	return NULL;
}

static void touch_pieces(void *context, size_t begin, size_t end, unsigned worker)
{
	struct prefault *prefault = context;
	const struct hs_prefault_hooks *hooks = prefault->hooks;

	for (size_t i = begin; i < end && !(hooks->is_over && hooks->is_over(hooks->context)); i++) {
		const struct piece *piece = &prefault->pieces.items[i];
		/* Older kernels (before 5.14) cannot populate for writing: writes of what is there do the same. */
		if (madvise(piece->local, piece->bytes, MADV_POPULATE_WRITE))
			for (size_t offset = 0; offset < piece->bytes; offset += HS_PAGE_BYTES)
				((volatile uint8_t *)piece->local)[offset] = 0;
		size_t done = atomic_fetch_add(&prefault->done_bytes, piece->bytes) + piece->bytes;
		if (worker == 0 && hooks->progress)
			hooks->progress(hooks->context, done);
	}
}

void hs_destination_prefault(const struct hs_plan *plan, unsigned n_workers, const struct hs_prefault_hooks *hooks)
{
	struct prefault prefault = { .hooks = hooks };

	for (size_t i = 0; i < plan->extents.n; i++) {
		prefault.extent = &plan->extents.items[i];
		hs_error_destroy(hs_extent_for_each_run(prefault.extent, add_pieces, &prefault));
	}
	hs_workers_run(touch_pieces, &prefault, prefault.pieces.n, 16, n_workers);
	hs_array_free(&prefault.pieces);
}

void hs_destination_release(struct hs_destination *destination)
{
	for (size_t i = 0; i < destination->areas.n; i++)
		munmap(destination->areas.items[i].mapped, destination->areas.items[i].mapped_bytes);
	hs_array_free(&destination->areas);
}
