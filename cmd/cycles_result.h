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

/* One cycle; if they were merged, also all those that are like it. */
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

void hs_cycle_row_deinit(struct hs_cycle_row *row);

/* Cycles of one sort. Everything is borrowed, but for the rows. */
struct hs_cycle_part {
	const struct hs_cycle_list *list;
	const struct hs_cycle_marks *marks;  /* NULL: of cycles that are held */
	const struct hs_hidden *hidden;      /* NULL: they are not hidden */
	struct hs_csr csr;                   /* in which the ways around are */
	size_t n_max;                        /* cycles to list */
	/* As text: filled in by hs_cycles_gather(). */
	struct hs_cycle_rows rows;
	uint64_t n_left_out, left_out_bytes; /* cycles that are not listed */
};

enum hs_cycle_part_id {
	HS_CYCLES_FOUND,
	HS_CYCLES_PERHAPS,
	HS_CYCLES_NEVER,
	HS_CYCLES_REACHABLE,
	HS_N_CYCLE_PARTS,
};

struct hs_cycles_result {
	struct hs_document document;
	struct hs_object_source source;
	struct hs_cycle_part parts[HS_N_CYCLE_PARTS];
	struct hs_unexplained_result unexplained;
};

/* `n_garbage`, `n_reachable`: cycles to list, in each part. All but `document` and `unexplained` is set; the rest is borrowed. */
void hs_cycles_result_init(struct hs_cycles_result *result, const struct hs_object_source *source, const struct hs_garbage *garbage,
			   const struct hs_cycle_list *reachable, size_t n_garbage, size_t n_reachable);
/* Makes the rows for a text: those that are alike together. Errors: NO_MEMORY. */
struct hs_error *hs_cycles_gather(struct hs_cycles_result *result) HS_MUST_CHECK;

/* Objects and bytes of all cycles of a part, listed or not. */
void hs_cycle_part_sums(const struct hs_cycle_part *part, uint64_t *ret_objects, uint64_t *ret_bytes);

/*
 * Makes one row after the other, each cycle by itself, largest first, and lets `each` have it; a row that it does not empty is freed behind
 * it. Errors: those of `each`, NO_MEMORY.
 */
struct hs_error *hs_cycle_part_each(const struct hs_object_source *source, const struct hs_cycle_part *part, bool merges,
				    struct hs_error *(*each)(void *context, struct hs_cycle_row *row), void *context) HS_MUST_CHECK;
void hs_cycles_result_deinit(struct hs_cycles_result *result);

void hs_cycles_text(FILE *out, const struct hs_cycles_result *result, const struct hs_style *style);
/* Cycles are written as they are met: there may be millions. Errors: NO_MEMORY. Write errors are the stream's. */
struct hs_error *hs_cycles_json(FILE *out, const struct hs_cycles_result *result) HS_MUST_CHECK;

/* The members of one cycle and the references among them, for Graphviz; at most `n_max` objects. */
void hs_cycle_dot(FILE *out, const struct hs_object_source *source, const struct hs_cycle_list *list, const struct hs_cycle *cycle, size_t n_max);

#endif
