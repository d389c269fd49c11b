/* SPDX-License-Identifier: Apache-2.0 */
/* What `heapspy cycles` tells, as plain data: garbage, cycle by cycle, with the references that close each; and its renderers, which are pure. */
#ifndef HS_CYCLES_RESULT_H
#define HS_CYCLES_RESULT_H

#include <stdio.h>

#include "array.h"
#include "document.h"
#include "garbage.h"
#include "object_row.h"
#include "terminal.h"
#include "unexplained_result.h"

struct hs_cycle_edge {
	hs_addr from, to;
	uint8_t kind; /* enum hs_edge_kind */
	char *name;   /* owned; NULL: none */
};

struct hs_cycle_type {
	const char *name; /* full; borrowed */
	uint64_t count;
};

/* One cycle; as text, also all those that are like it. */
struct hs_cycle_row {
	const struct hs_cycle *cycle;       /* borrowed */
	const struct hs_cycle_marks *marks; /* borrowed; NULL: of cycles that are held */
	const struct hs_hidden *hidden;     /* borrowed; NULL: it is not hidden */
	uint64_t n_alike;                   /* itself included */
	uint64_t alike_objects, alike_bytes;
	hs_addr address;                    /* of the object that the way around starts at */
	HS_ARRAY(struct hs_cycle_type) types; /* of all its objects, by descending counts */
	char *expression;                   /* the way around: "app.Node.next.next"; owned; safe to print */
	size_t n_way;                       /* objects on it; 0: it is no cycle */
	HS_ARRAY(struct hs_cycle_edge) edges; /* the references of the way, at most HS_CYCLE_MAX_EDGES */
	const char *hiding_type;            /* of the object that hides it; full; borrowed; NULL: none is known */
	char *hiding_step;                  /* the reference that is not told: ".tzinfo"; owned; NULL: none */
};

#define HS_CYCLE_MAX_EDGES 64

HS_ARRAY_TYPE(hs_cycle_rows, struct hs_cycle_row);

struct hs_cycle_section {
	struct hs_cycle_rows rows;
	uint64_t n_cycles, n_objects, bytes; /* of all, listed or not */
	uint64_t n_left_out, left_out_bytes; /* cycles that are not listed */
};

struct hs_cycles_result {
	struct hs_document document;
	const struct hs_garbage *garbage;     /* borrowed */
	const struct hs_graph *graph;         /* borrowed */
	struct hs_cycle_section found, perhaps, never, reachable;
	struct hs_unexplained_result unexplained;
};

struct hs_cycles_gathering {
	size_t n_garbage, n_reachable; /* cycles to list, in each part */
	bool merges;                   /* those that are alike */
};

/* Fills in all but `document` and `unexplained`; the garbage and its graph are borrowed. Errors: NO_MEMORY. */
struct hs_error *hs_cycles_gather(struct hs_cycles_result *result, const struct hs_object_source *source, const struct hs_garbage *garbage,
				  const struct hs_cycle_list *reachable, const struct hs_cycles_gathering *options) HS_MUST_CHECK;
void hs_cycles_result_deinit(struct hs_cycles_result *result);

void hs_cycles_text(FILE *out, const struct hs_cycles_result *result, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_cycles_json(FILE *out, const struct hs_cycles_result *result) HS_MUST_CHECK;

/* The members of one cycle and the references among them, for Graphviz; at most `n_max` objects. */
void hs_cycle_dot(FILE *out, const struct hs_object_source *source, const struct hs_cycle_list *list, const struct hs_cycle *cycle, size_t n_max);

#endif
