/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cheapest paths of many objects, merged where they differ in indices and keys only: "9,812 through app.EVENTS[*]". Each node
 * of the paths is looked at once, however many objects lie behind it.
 */
#ifndef HS_PATH_GROUPS_H
#define HS_PATH_GROUPS_H

#include "reach.h"

struct hs_path_group {
	char *expression; /* owned */
	uint64_t count;   /* objects */
	uint32_t root;    /* index of the reach's; of the first object's path */
	hs_node sample;   /* one of the objects */
};

struct hs_path_groups {
	HS_ARRAY(struct hs_path_group) list; /* most objects first, then by expression */
	uint64_t n_objects;
	uint64_t n_unreached; /* objects that no root reaches: in no group */
};

/*
 * Adds up the paths of all nodes that `is_meant` holds for. Errors: NO_MEMORY, CANCELLED.
 */
struct hs_error *hs_path_groups_find(struct hs_reach *reach, const struct hs_graph *graph,
				     bool (*is_meant)(const void *context, const struct hs_type *type), const void *context,
				     struct hs_path_groups *ret) HS_MUST_CHECK;
void hs_path_groups_deinit(struct hs_path_groups *groups);

/* What the paths to some nodes look like, merged in the same way. */
struct hs_path_labels {
	const char **of;  /* by index: the expression, one of `texts`; NULL: no root reaches the node; owned */
	char **texts;     /* owned */
	size_t n_texts;
};

/* The labels of `n` nodes. Free them with hs_path_labels_deinit, whatever this returned. Errors: NO_MEMORY. */
struct hs_error *hs_path_labels_find(struct hs_reach *reach, const struct hs_graph *graph, const hs_node *nodes, size_t n,
				     struct hs_path_labels *ret) HS_MUST_CHECK;
void hs_path_labels_deinit(struct hs_path_labels *labels);

/* Steps that an expression shows of each end of a long path; what lies between is left out. */
#define HS_PATH_SHOWN_STEPS 30

#endif
