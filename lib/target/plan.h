/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a target is copied, page by page. Decided from its mappings and from which pages exist; made once before the
 * stop, to size and pre-fault the destination, and again under it. Private to lib/target; reads no process itself.
 *
 *   private, writable, no file (heap, stacks, arenas, [anon:…])   pages present or swapped
 *   private, writable, of a module (.data, .bss's first page)     whole (what the target has not touched: from the file)
 *   private, writable, of another file                            pages that were written to
 *   private, read-only, no file                                   pages present or swapped
 *   private, read-only, of the interpreter or an extension module whole (up to 16 MiB; larger: pages present or swapped)
 *   private, read-only, of another module                         pages present or swapped, and its ELF header
 *   executable and not writable                                   nothing, unless it starts with the module's ELF header
 *   [vdso]                                                         whole
 *   shared, devices, [vvar], [vsyscall], unreadable, over 1 TiB    nothing
 *
 * A module is a file that is mapped executable somewhere in the process. What a decoder might look for and is not copied
 * (shared and writable, a device, over 1 TiB) is listed in `missing`; text and read-only data files are not.
 */
#ifndef HS_PLAN_H
#define HS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "error.h"
#include "process.h"

enum hs_copy_mode {
	HS_COPY_NOTHING,
	HS_COPY_WHOLE,     /* every page; those that the page tables do not show are read from the file */
	HS_COPY_PRESENT,   /* pages present or swapped */
	HS_COPY_WRITTEN,   /* of these, the ones that are no longer the file's */
};

/* Contiguous mappings that are copied alike: one segment of the image. */
struct hs_extent {
	hs_addr start;
	hs_addr end;        /* exclusive */
	bool is_writable;
	bool is_anonymous;
	uint64_t *present;  /* bit i: page i is to be copied; owned */
	uint64_t *zero;     /* bit i: page i is the kernel's page of zeros, which need not be copied; owned */
	uint64_t *of_file;  /* bit i: page i is wanted, but the target never touched it: it is what its file holds; NULL: none */
	uint64_t *filled;   /* bit i: of these, page i has been read from the file; NULL: none */
	uint8_t *local;     /* where its first byte goes: given by hs_destination_reserve(), borrowed from the destination */
	size_t n_pages;     /* bits set in `present` and `of_file` */
	bool is_copied;     /* by an earlier copy that still holds: hs_copy_plan() passes over it */
};

struct hs_plan {
	HS_ARRAY(struct hs_extent) extents; /* by ascending address, disjoint */
	struct hs_missing_list missing;
	size_t bytes;                       /* to be copied */
	size_t swapped_bytes;               /* of these, in swap: they must be read in first */
};

#define HS_PLAN_MAX_MAPPING_BYTES ((hs_addr)1 << 40) /* above: a sanitizer's shadow, whose bitmaps alone would take seconds */

/* Which pages exist; the only thing that a plan wants to know of a process. */
struct hs_page_source {
	/*
	 * Sets the extent's bits for each page of [start, end), which lies in it, that `mode` wants (only PRESENT and WRITTEN occur),
	 * and adds the swapped ones to *n_swapped.
	 */
	struct hs_error *(*mark)(void *context, hs_addr start, hs_addr end, enum hs_copy_mode mode, struct hs_extent *extent,
				 size_t *n_swapped);
	void *context;
};

/* The plan for these mappings; `skip` may be NULL. The caller owns *ret. */
struct hs_error *hs_plan_make(const struct hs_mappings *mappings, const struct hs_page_source *pages,
			      const struct hs_address_ranges *skip, struct hs_plan **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_plan_destroy(struct hs_plan *plan);

static inline void hs_cleanup_plan(struct hs_plan **plan)
{
	hs_plan_destroy(*plan);
}

/* Index of the first extent that ends above `address`; plan->extents.n when there is none. */
size_t hs_plan_find(const struct hs_plan *plan, hs_addr address);

/* The extents of a plan, without its pages of files and its `missing`. The caller owns *ret. */
struct hs_error *hs_plan_copy(const struct hs_plan *plan, struct hs_plan **ret) HS_MUST_CHECK;

/*
 * A part of the plan to try out the copy with: of its writable pages, `bytes` after the first `skip_bytes`, or as many as
 * there are. The caller owns *ret.
 */
struct hs_error *hs_plan_sample(const struct hs_plan *plan, size_t skip_bytes, size_t bytes, struct hs_plan **ret) HS_MUST_CHECK;

/* The local place of an address in an extent that has room. */
static inline uint8_t *hs_extent_at(const struct hs_extent *extent, hs_addr address)
{
	return extent->local + (address - extent->start);
}

/* Calls `run` for each run of wanted pages of an extent, as [start, end) addresses, ascending; stops at its first error. */
struct hs_error *hs_extent_for_each_run(const struct hs_extent *extent,
					struct hs_error *(*run)(void *context, hs_addr start, hs_addr end), void *context) HS_MUST_CHECK;

#endif
