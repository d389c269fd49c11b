/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage: what the collectors of a process would find if they ran now, as cycles with what hangs on them. Nothing is collected.
 *
 * That rests on reference counts and on what the collector is told, not on roots. Two further lists do look at roots: what may be
 * garbage if the words of unknown C structs are references that are told; and what is dead and will never be found.
 */
#ifndef HS_GARBAGE_H
#define HS_GARBAGE_H

#include "collectable.h"
#include "cycles.h"
#include "object_graph.h"
#include "process_heap.h"

/* What is said of a cycle besides its nodes. */
struct hs_cycle_marks {
	uint32_t interpreter;   /* index of its collector's; 0 for what no collector knows */
	uint32_t n_finalizers;  /* objects that run code before they go, and may come back */
	uint32_t n_callbacks;   /* weak references to its objects, held from elsewhere, that call something when they go */
	uint32_t n_legacy;      /* objects with tp_del */
	bool is_uncollectable;  /* an object with tp_del holds it: the collector leaves it as it is */
};

struct hs_cycles {
	struct hs_cycle_list list;
	struct hs_cycle_marks *marks; /* parallel to list.items */
	uint64_t n_objects, bytes;    /* of all */
};

/* Why a collector does not see through an object. */
enum hs_hiding { /* the later the better as a reason */
	HS_HIDDEN_UNKNOWN,
	HS_HIDDEN_LOST,        /* it has more references than were found */
	HS_HIDDEN_UNTRACKED,   /* it is not tracked, though its type is collected */
	HS_HIDDEN_FROZEN,      /* gc.freeze() */
	HS_HIDDEN_UNVISITED,   /* its tp_traverse leaves out the reference */
	HS_HIDDEN_UNCOLLECTED, /* instances of its type are not collected: it is told nothing */
};

struct hs_hidden {
	hs_node holder; /* the object that hides the rest; HS_NO_NODE: unknown */
	hs_node target; /* of UNCOLLECTED, UNTRACKED, FROZEN, UNVISITED: what it refers to; else HS_NO_NODE */
	enum hs_hiding why;
};

struct hs_garbage {
	const struct hs_graph *graph;        /* borrowed */
	const struct hs_object_graph *holders; /* borrowed; NULL: there are no lists that look at roots */
	struct hs_collectable collectable;
	struct hs_csr told;                  /* the rows of `collectable` */
	struct hs_cycles found;              /* the simulated collection: `told` has the ways around */
	struct hs_cycles perhaps;            /* behind words that may be references */
	struct hs_cycles never;              /* dead and never found; the ways around are those of the graph's own rows */
	struct hs_hidden *hidden;            /* parallel to never.list.items */
	uint64_t *unreachable;               /* the set of tracked objects that the simulated collection finds */
	uint64_t *doubtful;                  /* the set of objects that no exact root reaches; NULL without holders */
	uint64_t simulation_ns;              /* wall time: telling, counting, following */
};

/*
 * `graph` and `holders` (may be NULL) are borrowed until hs_garbage_deinit, which is called whatever this returned. Errors: NO_MEMORY,
 * LIMIT.
 */
struct hs_error *hs_garbage_find(struct hs_garbage *garbage, const struct hs_graph *graph, const struct hs_object_graph *holders) HS_MUST_CHECK;
void hs_garbage_deinit(struct hs_garbage *garbage);

/*
 * Cycles among objects that are held, largest first: what takes the collector's time, and outlives its owner until it comes by. Classes,
 * modules and their namespaces are left out, through which everything refers to everything. The caller frees *ret with hs_cycles_deinit.
 * Errors: NO_MEMORY.
 */
struct hs_error *hs_garbage_reachable_cycles(const struct hs_garbage *garbage, struct hs_cycle_list *ret) HS_MUST_CHECK;

#endif
