/* SPDX-License-Identifier: Apache-2.0 */
/* A path from a root to an object with its names: as an expression, and step by step. */
#ifndef HS_NAMED_PATH_H
#define HS_NAMED_PATH_H

#include "array.h"
#include "reach.h"

struct hs_named_step {
	hs_addr from; /* 0: the root itself */
	hs_addr to;
	uint8_t kind; /* enum hs_edge_kind */
	char *name;   /* owned; NULL: none, or not shown */
};

struct hs_named_path {
	char *expression; /* owned */
	bool is_evaluable;
	bool is_last_resort; /* see HS_REACH_LAST_RESORT */
	uint64_t cost;
	uint64_t count;   /* objects that it stands for */
	struct hs_reach_root root; /* its strings are borrowed from the reach */
	HS_ARRAY(struct hs_named_step) steps; /* of one object; owned */
};

/*
 * The first `n_nodes` nodes of a path (1 … path->n) with their names. `hides_values`: keys that are no names are not shown. *ret is
 * zeroed before; release it with hs_named_path_deinit, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_named_path_write(const struct hs_reach *reach, const struct hs_path *path, size_t n_nodes, bool hides_values,
				     struct hs_named_path *ret) HS_MUST_CHECK;
void hs_named_path_deinit(struct hs_named_path *path);

#endif
