/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where new objects pile up, on plain arrays: which bytes of new objects count as growth, and at which old node of the dominator tree
 * they gather. Knows neither samples nor Python.
 *
 *     module ── CACHE ─┬─ old      what is new right below CACHE, with all that is new below that, is CACHE's
 *       old      old   ├─ NEW ── NEW
 *                      └─ NEW
 *
 * What is new is no growth yet: a queue that is filled and emptied has new items all the time. So the new items of a container whose
 * length is known count as far as it grew; all others count, by type, as far as all instances of the type together grew.
 */
#ifndef HS_ACCUMULATION_H
#define HS_ACCUMULATION_H

#include "dominators.h"
#include "sizes.h"

/* What is known of an old container. */
struct hs_container_change {
	uint32_t node;
	double weight;        /* of its new items, 0 … 1: how much it grew by for each of them; 0: it is turned over, or has not grown */
	uint64_t own_growth;  /* bytes of its own storage */
};

struct hs_accumulation_input {
	const struct hs_dominators *tree;
	const struct hs_sizes *sizes;
	/*
	 * The nodes that are not proven to have lived before. Taken out: those with nodes below them whose type did not become more, as far
	 * as no container tells. Others of such a type count as far as its bytes grew: longer strings in place of shorter ones.
	 */
	uint64_t *fresh;
	/*
	 * Items of containers, whoever else holds them: of one that grew by as many as are new, which count whole; of one that is turned
	 * over, which do not count. What is in both counts. NULL: none.
	 */
	const uint64_t *vouched, *passing;
	uint32_t (*type_of)(const void *context, uint32_t node); /* below n_types */
	const void *context;
	uint32_t n_types;
	const int64_t *type_growth; /* by type: bytes that all instances grew by, without `own_growth` of containers */
	const bool *has_more;       /* by type: there are more instances than before */
	const struct hs_container_change *changes;
	size_t n_changes;
};

struct hs_accumulation {
	const struct hs_accumulation_input *input; /* borrowed, as all that it refers to */
	double *growth;  /* by number. Of an old node: what gathers right at it; of a new one: itself and what is new below it */
	float *weights;  /* by number: of new nodes right below; negative: by type */
	double *by_type; /* the weight of those */
	double total;    /* bytes of all */
	double unreachable; /* of these, of what no root reaches */
};

/* Linear in nodes. Free it with hs_accumulation_deinit, whatever this returned. Errors: NO_MEMORY. */
struct hs_error *hs_accumulation_init(struct hs_accumulation *accumulation, const struct hs_accumulation_input *input) HS_MUST_CHECK;
void hs_accumulation_deinit(struct hs_accumulation *accumulation);

/* Bytes of a new node and of what is new below it; of an old one, what gathers at it; of an old leaf 0. */
double hs_accumulation_at(const struct hs_accumulation *accumulation, uint32_t node);
/* How much of the node itself counts: 0 … 1; of an old one 0. */
double hs_accumulation_credit(const struct hs_accumulation *accumulation, uint32_t node);

/* By number, the number of the new node right below it where most gathers. */
struct hs_heaviest {
	uint32_t *of; /* 0: no new node is below */
};
struct hs_error *hs_heaviest_init(struct hs_heaviest *heaviest, const struct hs_accumulation *accumulation) HS_MUST_CHECK;
void hs_heaviest_deinit(struct hs_heaviest *heaviest);

#endif
