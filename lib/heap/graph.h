/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who refers to whom: the objects of a finished heap as nodes, their references as rows of nodes.
 *
 *     node    0 … n_blocks - 1           pool blocks by their dense id; those that hold no object are nodes without references
 *             n_blocks … n_nodes - 1     objects outside the pools, by address
 *
 *     rows       | 0 | 2 | 2 | 5 | …     row of node i: targets[row_begin(i) … row_end(i) - 1]; see rows.h
 *     targets    | 7 | 1 | 4 | 4 | 9 |   owned and scanned references, in the order in which a visit reports them
 *
 * Neighbours in a row that are equal are stored once, with a count beside the rows. References that are weak, or visited
 * without being owned, are in no row: hs_graph_each_edge reports them by visiting the object again.
 */
#ifndef HS_GRAPH_H
#define HS_GRAPH_H

#include "heap.h"
#include "reference.h"
#include "rows.h"
#include "sizes.h"

typedef uint32_t hs_node;
#define HS_NO_NODE UINT32_MAX

/* Nodes that others may add behind the last one (virtual roots) and still count in an hs_node. */
#define HS_SPARE_NODES 64

struct hs_graph;

/*
 * Builds both directions with up to `n_workers` threads (0: as many as the heap was built with); the result does not
 * depend on how many. `heap` is borrowed until hs_graph_destroy. The caller owns *ret. Errors: NO_MEMORY, LIMIT, CANCELLED (see
 * hs_heap_options: all that is made of the graph ends so, too).
 */
struct hs_error *hs_graph_build(const struct hs_heap *heap, unsigned n_workers, struct hs_graph **ret) HS_MUST_CHECK;
/*
 * The nodes alone: for a question about few objects. Their places, types, sizes and single references can be asked for; who refers to
 * one is searched for in a pass over all references when it is first asked. There are no rows, no targets, no hubs. Otherwise as above.
 */
struct hs_error *hs_graph_index(const struct hs_heap *heap, unsigned n_workers, struct hs_graph **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_graph_destroy(struct hs_graph *graph);

struct hs_graph_figures {
	uint64_t n_objects;
	uint64_t n_rows;          /* objects that refer to something: the others are leaves */
	uint64_t n_edges;         /* stored: equal neighbours once */
	uint64_t n_references;    /* with their counts */
	uint64_t n_reverse_edges; /* stored */
	uint64_t n_not_followed;  /* runs of references left out because containers share tables by the thousand: not complete */
	uint32_t n_hubs;          /* nodes whose referrers are searched for on demand */
	uint64_t forward_ns, reverse_ns; /* wall time of the two passes */
};
struct hs_graph_figures hs_graph_figures(const struct hs_graph *graph);

/* What the heap was opened with. Borrowed. */
const struct hs_cpython *hs_graph_python(const struct hs_graph *graph);
struct hs_types *hs_graph_types(const struct hs_graph *graph);
const struct hs_heap *hs_graph_heap(const struct hs_graph *graph);
/* Threads that it was built with. */
unsigned hs_graph_workers(const struct hs_graph *graph);

hs_node hs_graph_node_count(const struct hs_graph *graph);
/* False for a pool's block that holds no object, and for HS_NO_NODE. */
bool hs_graph_is_object(const struct hs_graph *graph, hs_node node);
/* The object that starts exactly at `address` (its PyObject, not its headers), or HS_NO_NODE. O(1). */
hs_node hs_graph_node_at(const struct hs_graph *graph, hs_addr address);
/* Of the object; of the block, for a node that is none. */
hs_addr hs_graph_address(const struct hs_graph *graph, hs_node node);
/* Decodes the object; false if the node is none. */
bool hs_graph_object(const struct hs_graph *graph, hs_node node, struct hs_heap_object *ret);
/* The type alone: cheaper. NULL if the node is no object. */
const struct hs_type *hs_graph_type(const struct hs_graph *graph, hs_node node);
/* Allocator bytes: its own block and what it owns besides, adopted blocks included. 0: static storage, or no object. */
uint64_t hs_graph_bytes(const struct hs_graph *graph, hs_node node);
/* The same for all nodes. Borrowed. */
const struct hs_sizes *hs_graph_sizes(const struct hs_graph *graph);
/* True if blocks that nobody described are taken for the object's own: the references in them are only presumed. */
bool hs_graph_adopts(const struct hs_graph *graph, hs_node node);

/* Borrowed. */
const hs_node *hs_graph_targets(const struct hs_graph *graph, hs_node node, size_t *ret_n);
/* How many references the i-th of these stands for. */
uint64_t hs_graph_target_count(const struct hs_graph *graph, hs_node node, size_t i);
/*
 * The nodes that have `node` among their targets, ascending, a node once for each entry of its row, or once where there are no
 * rows. Borrowed. The referrers of hubs are searched for when they are first asked for; NULL with *ret_n > 0: memory is out. Thread-safe.
 */
const hs_node *hs_graph_sources(const struct hs_graph *graph, hs_node node, size_t *ret_n);

/* True if any node that refers to `node` fits. Looks no further than to the first: of a hub, far less than all of them. Thread-safe. */
bool hs_graph_any_source(const struct hs_graph *graph, hs_node node, bool (*fits)(const void *context, hs_node source), const void *context);

/*
 * Adds to the count of each node how many references the rows have to it, scanned ones too; counts stay below 2^32. In linear time.
 */
void hs_graph_add_referrers(const struct hs_graph *graph, uint32_t *counts);

/* True if the node is a mortal object whose reference count is more than `n`. Thread-safe, and cheap: no type is looked up. */
bool hs_graph_has_more_references(const struct hs_graph *graph, hs_node node, uint64_t n);
/*
 * Marks the mortal objects whose reference count is more than the entries of the rows that name them, in a set of nodes that is empty
 * before. Static objects begin with a reference that nobody has: it is not asked for. In linear time, with threads.
 */
void hs_graph_find_excess(const struct hs_graph *graph, uint64_t *ret);
/* How many entries of the rows name the node. */
uint64_t hs_graph_entries_of(const struct hs_graph *graph, hs_node node);
/* Tells of entries that stand for several references how many more than one: in no order, one entry in parts. */
void hs_graph_each_extra(const struct hs_graph *graph, void (*each)(void *context, hs_node target, uint64_t n), void *context);

/* The whole: a row for each node. Borrowed. */
const struct hs_rows *hs_graph_rows(const struct hs_graph *graph);
const hs_node *hs_graph_all_targets(const struct hs_graph *graph);
/* The reverse, in which the rows of hubs are empty. A hub has no references of its own. */
const struct hs_rows *hs_graph_source_rows(const struct hs_graph *graph);
const hs_node *hs_graph_all_sources(const struct hs_graph *graph);
/* Its hubs, ascending: at most as many as *ret has room for are written; the result is how many there are. */
size_t hs_graph_hubs(const struct hs_graph *graph, hs_node *ret, size_t room);
bool hs_graph_is_hub(const struct hs_graph *graph, hs_node node);

/* One reference, as a visit of its object reports it. */
struct hs_graph_edge {
	hs_node source;
	hs_node target;
	uint8_t relation; /* enum hs_relation; a tag may have taken HS_OWNED away */
	uint8_t kind;     /* enum hs_edge_kind */
	/* What names it: hs_reference_name(…, run, index, …). For HS_EDGE_SCAN, the run's first is an offset in bytes. */
	const struct hs_reference_run *run; /* gone after the call */
	size_t index;
};

/*
 * Visits the object again and reports each reference to a known object: weak and visited ones too, equal neighbours one by
 * one. Ends when `each` returns false.
 */
void hs_graph_each_edge(const struct hs_graph *graph, hs_node node, bool (*each)(void *context, const struct hs_graph_edge *edge),
			void *context);

/* What stands at an address. */
enum hs_place {
	HS_PLACE_OBJECT,       /* the start of an object */
	HS_PLACE_INSIDE,       /* inside an object's block: `offset` from the object, negative in its headers */
	HS_PLACE_STORAGE,      /* in a block that the object owns besides: `offset` from the block's start */
	HS_PLACE_FREE_BLOCK,   /* a block of a pool that is not in use: `offset` from its start */
	HS_PLACE_BLOCK,        /* a block in use that is no object's: the runtime's, or unknown */
	HS_PLACE_POOL,         /* a pool's header, or a part of it that never was a block */
	HS_PLACE_STATIC,       /* static storage of a binary */
	HS_PLACE_OTHER,        /* mapped and captured; nothing known starts there */
	HS_PLACE_NOT_CAPTURED, /* mapped, but its page is not in the image */
	HS_PLACE_UNMAPPED,
};

struct hs_location {
	enum hs_place place;
	hs_node node;         /* OBJECT, INSIDE, STORAGE: whose; else HS_NO_NODE */
	hs_addr start;        /* of the object or block */
	int64_t offset;       /* address - start */
	uint64_t block_bytes; /* of the block, if it is known */
};

/* Says what is at `address`. Whose storage it is costs a visit of every object. */
void hs_graph_locate(const struct hs_graph *graph, hs_addr address, struct hs_location *ret);

#endif
