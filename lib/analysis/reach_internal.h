/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of reach.h share. Private to lib/analysis. */
#ifndef HS_REACH_INTERNAL_H
#define HS_REACH_INTERNAL_H

#include "reach.h"

/* What a node is, as far as that decides what its references cost; at most HS_PATH_CLASSES. */
enum reach_class {
	CLASS_OTHER,
	CLASS_MODULE,
	CLASS_MODULE_DICT,
	CLASS_TYPE,
	CLASS_FUNCTION,
	CLASS_CELL,
	CLASS_SUSPENDED, /* generators, coroutines */
	CLASS_FRAME,
	CLASS_TRACEBACK,
	CLASS_CODE,
	CLASS_OPAQUE,    /* its references are found by scanning */
	CLASS_ADOPTING,  /* its own are known; those in blocks that it points to are not */
	N_CLASSES
};

/* A module's namespace: whose it is. By ascending node. */
struct namespace {
	hs_node dict;
	const char *module;
};

struct hs_reach {
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;
	struct hs_csr csr;
	HS_ARRAY(struct hs_reach_root) roots;
	HS_ARRAY(struct hs_path_root) path_roots; /* of the same index */
	HS_ARRAY(char *) strings; /* owned */
	HS_ARRAY(struct namespace) namespaces;
	uint8_t *classes;         /* by node */
	uint64_t *excluded;       /* a bit a node; NULL: none */
	const struct hs_thread_list *threads; /* of the capture; NULL: unknown */
	struct hs_paths paths;                /* from the exact roots; from the others once one of them is wanted */
	bool has_late;                        /* words that may be references were looked for */
	size_t n_exact;                       /* roots; those behind them are such words */
	bool is_short;
};

/* reach_roots.c: fills roots, path_roots, namespaces. */
struct hs_error *reach_find_roots(struct hs_reach *reach) HS_MUST_CHECK;
/* Adds the words that may be references. */
struct hs_error *reach_find_late_roots(struct hs_reach *reach) HS_MUST_CHECK;
/* A copy of `text` that lives as long as the reach; NULL when memory is out. */
const char *reach_keep(struct hs_reach *reach, const char *text);

/* reach_cost.c */
/* The name of the module that the dict is the namespace of; "": of none. */
const char *reach_module_of(const struct hs_reach *reach, hs_node dict);
void reach_fill_costs(uint8_t costs[HS_PATH_CLASSES][HS_PATH_CLASSES]);
/* What one reference costs, by what it is and what is at its ends. */
unsigned reach_edge_cost(const struct hs_reach *reach, const struct hs_graph_edge *edge);
/* hs_path_input.ask */
void reach_ask(const void *context, uint32_t source, size_t n, uint8_t *ret_costs);

#endif
