/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph as plain arrays: a row of targets for each node. The algorithms of this folder know nothing else of a heap. They
 * take it as sound: rows ascend, targets are nodes. What comes from elsewhere is to be checked first.
 */
#ifndef HS_CSR_H
#define HS_CSR_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "rows.h"

struct hs_csr {
	uint32_t n;
	struct hs_rows rows;     /* borrowed */
	const uint32_t *targets; /* borrowed */
};

/* No node: more than any graph has. */
#define HS_CSR_NONE UINT32_MAX
/* Nodes of their own that algorithms may number behind the last one. */
#define HS_CSR_SPARE 64

static inline uint64_t hs_csr_begin(const struct hs_csr *graph, uint32_t node)
{
	return hs_row_begin(&graph->rows, node);
}

static inline uint64_t hs_csr_end(const struct hs_csr *graph, uint32_t node)
{
	return hs_row_end(&graph->rows, node);
}

static inline bool hs_csr_is_leaf(const struct hs_csr *graph, uint32_t node)
{
	return hs_csr_begin(graph, node) == hs_csr_end(graph, node);
}

/* BAD_DATA when rows do not ascend up to `n_entries`, or a target is no node; LIMIT when there are too many nodes. */
struct hs_error *hs_csr_check(const struct hs_csr *graph, uint64_t n_entries) HS_MUST_CHECK;

/* A set of nodes. */
static inline bool hs_bit(const uint64_t *bits, uint32_t node)
{
	return bits[node / 64] >> (node % 64) & 1;
}

static inline void hs_set_bit(uint64_t *bits, uint32_t node)
{
	bits[node / 64] |= (uint64_t)1 << (node % 64);
}

static inline void hs_clear_bit(uint64_t *bits, uint32_t node)
{
	bits[node / 64] &= ~((uint64_t)1 << (node % 64));
}

/* The first node of the set from `node` on; n: there is none below n. */
static inline uint32_t hs_next_bit(const uint64_t *bits, uint32_t node, uint32_t n)
{
	while (node < n) {
		uint64_t word = bits[node / 64] >> (node % 64);
		uint32_t left = n - node;
		if (word)
			return (uint32_t)__builtin_ctzll(word) < left ? node + (uint32_t)__builtin_ctzll(word) : n;
		if (64 - node % 64 >= left)
			return n;
		node += 64 - node % 64;
	}
	return n;
}

static inline size_t hs_bit_words(uint32_t n)
{
	return (size_t)n / 64 + 1;
}

static inline bool hs_is_empty_set(const uint64_t *bits, uint32_t n)
{
	for (size_t i = 0; i < hs_bit_words(n); i++)
		if (bits[i])
			return false;
	return true;
}

#endif
