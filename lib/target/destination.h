/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the copy goes: our own address space, laid out like the target's, so that a mapping that grows or appears near the
 * others finds room without anything being moved. Reserving costs nothing; only pages that are copied are ever touched.
 *
 *   remote   |exe .data|heap ……|            |arenas|so|so|stacks|
 *   local    slack|exe .data|heap ……|slack   slack|arenas|so|so|stacks|slack     one area per cluster
 *
 * Private to lib/target; knows no process.
 */
#ifndef HS_DESTINATION_H
#define HS_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "error.h"
#include "plan.h"

struct hs_area {
	hs_addr start; /* remote */
	hs_addr end;   /* exclusive */
	uint8_t *local;
	void *mapped;  /* what to unmap: `local` is aligned inside it */
	size_t mapped_bytes;
	bool is_writable; /* as a whole; else extent by extent */
};

struct hs_destination {
	HS_ARRAY(struct hs_area) areas;
};

/*
 * Makes room for a plan's extents and sets their `local`: in an area where one has room for the whole extent, else in a new one
 * with slack around it. An extent keeps its place from plan to plan as long as its bounds stay; one that outgrew its area has
 * another, and what was copied for it is not there.
 */
struct hs_error *hs_destination_reserve(struct hs_destination *destination, struct hs_plan *plan) HS_MUST_CHECK;
/*
 * Asks for huge pages where nearly every page of one will be copied: fewer faults then, fewer TLB misses in the copy and in all
 * that reads the image. Before the first of these pages is touched: one that is there already is not made huge any more.
 */
void hs_destination_advise(const struct hs_plan *plan);
/* What a pre-fault asks and tells meanwhile; each may be NULL. */
struct hs_prefault_hooks {
	void (*progress)(void *context, uint64_t done_bytes); /* in the caller's thread only */
	bool (*is_over)(void *context);                       /* from any thread; true ends it early */
	void *context;
};

/* Touches the pages that the plan wants, so that the copy finds them there. Failing to is no error. */
void hs_destination_prefault(const struct hs_plan *plan, unsigned n_workers, const struct hs_prefault_hooks *hooks);
/* Unmaps everything. */
void hs_destination_release(struct hs_destination *destination);

#endif
