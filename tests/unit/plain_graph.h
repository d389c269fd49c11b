/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs made from lists of edges, for tests of lib/analysis; random ones from a seed. Running out of memory aborts. */
#ifndef PLAIN_GRAPH_H
#define PLAIN_GRAPH_H

#include "csr.h"

struct plain_edge {
	uint32_t from, to;
};

/* Both directions; both own their arrays. */
struct plain_graph {
	struct hs_csr csr, reverse;
	uint64_t n_edges;
};

/* The edges of a node keep their order; those that are the same as the one before are stored once. */
void plain_graph_init(struct plain_graph *graph, uint32_t n, const struct plain_edge *edges, size_t n_edges);
void plain_graph_deinit(struct plain_graph *graph);
/* As the table of sources of a heap's graph: hs_path_input.sources with a graph as context. */
const uint32_t *plain_graph_sources(const void *graph, uint32_t node, size_t *ret_n);
/* The same, for struct hs_path_input. */
bool plain_graph_has_source(const void *graph, uint32_t node, bool (*fits)(const void *context, uint32_t source), const void *context);

/* xorshift: the same numbers on every machine. */
uint32_t plain_random(uint64_t *state);
/* `n_edges` edges between `n` nodes, of which about every fourth has none of its own; self loops and repeats included. */
void plain_graph_random(struct plain_graph *graph, uint32_t n, size_t n_edges, uint64_t seed);

#endif
