/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cheapest paths from roots to nodes. Costs are small integers: of a root, and of a reference by the classes of the two
 * nodes, or by asking. Only nodes with references of their own are reached by the search; the last step to a leaf is the
 * cheapest of those to it, found when somebody asks.
 */
#ifndef HS_PATHS_H
#define HS_PATHS_H

#include "cancel.h"
#include "csr.h"

#define HS_PATH_CLASSES 16
#define HS_PATH_MAX_COST 254
#define HS_PATH_ASK 255 /* in a table: ask for the costs of the source's row */

struct hs_path_root {
	uint32_t node;
	uint32_t cost; /* at most HS_PATH_MAX_COST */
};

struct hs_path_input {
	const struct hs_csr *graph;
	/* The nodes that refer to a node, ascending; for leaves and for further paths. NULL with *ret_n > 0: memory is out. */
	const uint32_t *(*sources)(const void *context, uint32_t node, size_t *ret_n);
	/* True if one of them fits: cheaper than to list them all. */
	bool (*has_source)(const void *context, uint32_t node, bool (*fits)(const void *fits_context, uint32_t source), const void *fits_context);
	const struct hs_path_root *roots;
	size_t n_roots;
	const uint8_t *classes; /* by node, below HS_PATH_CLASSES; NULL: all 0 */
	uint8_t costs[HS_PATH_CLASSES][HS_PATH_CLASSES]; /* [source][target] */
	/* Writes the cost of each entry of the source's row; at most HS_PATH_MAX_COST. */
	void (*ask)(const void *context, uint32_t source, size_t n, uint8_t *ret_costs);
	const void *context;
	const struct hs_cancel *cancel; /* NULL: none */
	bool reaches_most;        /* nearly all nodes will be reached: memory for all of them is taken at once */
	const uint64_t *excluded; /* a set of nodes that no path may go through or end in; NULL: none */
};

struct hs_paths {
	struct hs_path_input input;
	struct hs_path_node {
		uint32_t cost;   /* with 1 added; 0: not reached, or a leaf */
		uint32_t parent; /* the node before, or n + the index of the root */
	} *nodes;
	uint32_t highest;        /* of all costs gone on from */
	uint32_t late_cost;      /* what was added to paths from late roots, so that all others are cheaper */
};

/* What `input` points to is borrowed until hs_paths_deinit, which is called whatever this returned. Errors: NO_MEMORY, LIMIT, CANCELLED. */
struct hs_error *hs_paths_init(struct hs_paths *paths, const struct hs_path_input *input) HS_MUST_CHECK;
/*
 * The search goes on from late roots, which count only as far as no other reaches them; their indices follow those of the others. `roots`
 * takes the place of the input's, which may have moved. At most once. Errors: NO_MEMORY, LIMIT, CANCELLED.
 */
struct hs_error *hs_paths_add_late(struct hs_paths *paths, const struct hs_path_root *roots, const struct hs_path_root *late_roots,
				   size_t n_late_roots) HS_MUST_CHECK;
void hs_paths_deinit(struct hs_paths *paths);

/* The last step of the cheapest path to a node. */
struct hs_path_step {
	uint32_t parent; /* the node before; HS_CSR_NONE: a root refers to it */
	uint32_t root;   /* then the root's index; n_roots and more: a late one's */
	uint32_t cost;   /* of the whole path */
};
/* What the path to a node costs, by what `nodes` says of it. */
static inline uint32_t hs_path_cost(const struct hs_paths *paths, uint32_t cost)
{
	return cost - 1 - (cost > paths->late_cost ? paths->late_cost : 0);
}

/* False when no root reaches the node. */
bool hs_paths_step(const struct hs_paths *paths, uint32_t node, struct hs_path_step *ret);

/* A path, from the root's node to the target, both included. */
struct hs_path {
	uint32_t *nodes; /* owned */
	uint32_t n;
	uint32_t root;   /* index */
	uint64_t cost;
};

/*
 * The cheapest path to `target` and up to n_max - 1 further ones, each of which leaves another path of the list at one
 * node; ascending costs, the first entry the cheapest of all. The caller owns *ret (hs_path_list_free), empty when no root
 * reaches the target. A node with very many referrers has only some of them looked at. Errors: NO_MEMORY.
 */
struct hs_error *hs_paths_find(const struct hs_paths *paths, uint32_t target, size_t n_max, struct hs_path **ret, size_t *ret_n) HS_MUST_CHECK;
void hs_path_list_free(struct hs_path *list, size_t n);

#endif
