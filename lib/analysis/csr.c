/* SPDX-License-Identifier: Apache-2.0 */
/* Whether arrays are a graph at all. */
#include "csr.h"

struct hs_error *hs_csr_check(const struct hs_csr *graph, uint64_t n_entries)
{
	uint64_t last = 0;

	if (graph->n > UINT32_MAX - HS_CSR_SPARE)
		return hs_error_new(HS_ERROR_LIMIT, "a graph of more than 2^32 nodes");
	for (uint32_t node = 0; node <= graph->n; node++) {
		uint64_t begin = hs_row_begin(&graph->rows, node);
		if (begin < last || begin > n_entries)
			return hs_error_new(HS_ERROR_BAD_DATA, "the row of node %u begins outside the rows", node);
		last = begin;
	}
	if (last != n_entries)
		return hs_error_new(HS_ERROR_BAD_DATA, "the rows end before the entries");
	for (uint64_t i = 0; i < n_entries; i++)
		if (graph->targets[i] >= graph->n)
			return hs_error_new(HS_ERROR_BAD_DATA, "an edge to node %u of %u", graph->targets[i], graph->n);
	return NULL;
}
