/* SPDX-License-Identifier: Apache-2.0 */
/* What commands tell about one object, as plain data. */
#ifndef HS_OBJECT_ROW_H
#define HS_OBJECT_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "generation.h"
#include "graph.h"
#include "object_graph.h"
#include "process_heap.h"
#include "repr.h"

/* What an object can be sorted and filtered by. */
enum hs_object_field {
	HS_OBJECT_ADDRESS,
	HS_OBJECT_BYTES,
	HS_OBJECT_GETSIZEOF,
	HS_OBJECT_RETAINED,
	HS_OBJECT_LENGTH,
	HS_OBJECT_REFCOUNT,
	HS_OBJECT_REPR,
	HS_N_OBJECT_FIELDS,
};

struct hs_object_row {
	hs_addr address;
	const char *type; /* full name; borrowed from the types; the target's bytes */
	uint64_t values[HS_N_OBJECT_FIELDS]; /* by field; meaningless for HS_OBJECT_REPR */
	uint32_t known;   /* bit 1 << field: the object has it */
	uint64_t n_retained; /* objects, itself included; known when HS_OBJECT_RETAINED is */
	bool is_tracked;
	enum hs_generation generation;
	char repr[HS_REPR_BYTES];
};

/* False when the object has no such value. */
static inline bool hs_object_row_value(const struct hs_object_row *row, enum hs_object_field field, uint64_t *ret)
{
	*ret = row->values[field];
	return row->known >> field & 1;
}

static inline void hs_object_row_set(struct hs_object_row *row, enum hs_object_field field, uint64_t value)
{
	row->values[field] = value;
	row->known |= 1u << field;
}

/* Where rows come from. Everything is borrowed from the invocation. */
struct hs_object_source {
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;
	const struct hs_object_graph *holders; /* NULL: what objects retain is not known */
};

/* The object at a node, all but its generation; the repr only if `with_repr`. False when there is no object. */
bool hs_object_row_of(const struct hs_object_source *source, hs_node node, bool with_repr, struct hs_object_row *ret);

/*
 * What is said of a reference: of a word found by scanning the object's own struct, what its kind of struct does with such
 * words as a rule; of a word in a block that only its address makes the object's, nothing.
 */
static inline unsigned hs_edge_relation(const struct hs_graph_edge *edge, const struct hs_object *object)
{
	const uint8_t *words = edge->run->words;

	/* what may be stale counts as nothing */
	if ((edge->relation & (HS_SCANNED | HS_WEAK)) == (HS_SCANNED | HS_WEAK))
		return HS_SCANNED;
	if (edge->relation != HS_SCANNED)
		return edge->relation;
	if (words < object->body || words >= object->body + object->body_bytes)
		return HS_SCANNED;
	return HS_SCANNED | HS_OWNED | (object->type->has_gc ? HS_VISITED : 0);
}

/* Fills in the generations of `n` rows, in any order. Errors: NO_MEMORY. */
struct hs_error *hs_object_rows_find_generations(const struct hs_cpython *py, struct hs_object_row *rows, size_t n) HS_MUST_CHECK;

json_t *hs_object_row_json(const struct hs_object_row *row);

#endif
