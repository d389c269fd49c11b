/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds what: the dominator tree over a heap's graph, from its roots, and what each object retains. Exact roots first; where
 * none of them reaches, words that may be references (late_roots.h); the rest hangs under "unreachable", by component.
 */
#ifndef HS_OBJECT_GRAPH_H
#define HS_OBJECT_GRAPH_H

#include "capture.h"
#include "dominators.h"
#include "graph.h"
#include "late_roots.h"
#include "retainers.h"

enum hs_reached {
	HS_REACHED_NOT,          /* no object */
	HS_REACHED_EXACTLY,
	HS_REACHED_PERHAPS,      /* from late roots only */
	HS_REACHED_BY_NOTHING,   /* garbage, or held in a way that nothing here knows */
};

struct hs_object_graph;

struct hs_object_graph_options {
	unsigned n_workers;                   /* 0: as many as the heap was built with; the result does not depend on it */
	const struct hs_thread_list *threads; /* of the capture; NULL: C stacks are not looked at */
	size_t n_largest;                     /* how many objects to list that retain most */
};

struct hs_object_graph_figures {
	uint64_t n_exact_roots, n_late_roots; /* objects */
	uint64_t n_perhaps, n_unreachable;    /* objects that only late roots reach, that none reaches; with references of their own */
	uint64_t roots_ns, dominators_ns, retained_ns;
};

/* `graph` is borrowed until hs_object_graph_destroy. The caller owns *ret. Errors: NO_MEMORY, LIMIT. */
struct hs_error *hs_object_graph_create(const struct hs_graph *graph, const struct hs_object_graph_options *options,
					struct hs_object_graph **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_object_graph_destroy(struct hs_object_graph *object_graph);

struct hs_object_graph_figures hs_object_graph_figures(const struct hs_object_graph *object_graph);

enum hs_reached hs_object_graph_reached(const struct hs_object_graph *object_graph, hs_node node);
/*
 * The set of all objects that no exact root reaches, without asking for each: most heaps have few. The caller frees *ret. Errors:
 * NO_MEMORY.
 */
struct hs_error *hs_object_graph_doubtful(const struct hs_object_graph *object_graph, uint64_t **ret) HS_MUST_CHECK;
/* The late roots that objects hang on which no exact root reaches, by node. Borrowed. */
const struct hs_late_root *hs_object_graph_late_roots(const struct hs_object_graph *object_graph, size_t *ret_n);

/* Itself and all that would go with it: allocator bytes and objects. 0: no object. */
uint64_t hs_object_graph_retained_bytes(const struct hs_object_graph *object_graph, hs_node node);
uint32_t hs_object_graph_retained_count(const struct hs_object_graph *object_graph, hs_node node);
/* What no root reaches, all together. */
uint64_t hs_object_graph_unreachable_bytes(const struct hs_object_graph *object_graph);
/* The object without which the node would go; HS_NO_NODE: none, the roots hold it in several ways, or nothing does. */
hs_node hs_object_graph_holder(const struct hs_object_graph *object_graph, hs_node node);

/*
 * The up to options.n_largest objects that retain most and are worth naming (retainers.h), by descending bytes. Objects of one type are of
 * one kind. Borrowed.
 */
const struct hs_retainer *hs_object_graph_largest(const struct hs_object_graph *object_graph, size_t *ret_n);

/* For other algorithms. Borrowed. */
const struct hs_csr *hs_object_graph_csr(const struct hs_object_graph *object_graph);
const struct hs_dominators *hs_object_graph_dominators(const struct hs_object_graph *object_graph);

#endif
