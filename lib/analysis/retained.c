/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up from the last number to the first: whatever a node dominates has a higher number than it. */
#include "retained.h"

#include "pages.h"

static uint64_t own_bytes(const struct hs_retained *retained, uint32_t node)
{
	return node < retained->tree->n ? (uint64_t)retained->units[node] * retained->unit_bytes : 0;
}

struct hs_error *hs_retained_init(struct hs_retained *retained, const struct hs_dominators *tree, const uint32_t *units, uint32_t unit_bytes)
{
	uint64_t *bytes = hs_pages_alloc_array(tree->n_order, sizeof(*bytes));
	uint32_t *counts = hs_pages_alloc_array(tree->n_order, sizeof(*counts));

	*retained = (struct hs_retained){ tree, units, unit_bytes, bytes, counts };
	if (!bytes || !counts)
		return hs_error_no_memory();
	for (uint32_t node = 0; node < tree->n; node++) {
		uint32_t place = tree->place[node];
		if (place == HS_CSR_NONE)
			continue;
		bytes[place & ~HS_PLACE_LEAF] += (uint64_t)units[node] * unit_bytes;
		counts[place & ~HS_PLACE_LEAF]++;
	}
	for (uint32_t number = tree->n_order; number-- > 1;) {
		bytes[tree->idom[number]] += bytes[number];
		counts[tree->idom[number]] += counts[number];
	}
	return NULL;
}

void hs_retained_deinit(struct hs_retained *retained)
{
	if (!retained->tree)
		return;
	hs_pages_free(retained->bytes, retained->tree->n_order * sizeof(*retained->bytes));
	hs_pages_free(retained->counts, retained->tree->n_order * sizeof(*retained->counts));
	*retained = (struct hs_retained){ 0 };
}

/* The number that stands for the node in the sums; HS_CSR_NONE: none does. */
static uint32_t sum_number(const struct hs_dominators *tree, uint32_t node)
{
	if (node == tree->n)
		return 0;
	if (node > tree->n)
		return node == tree->n + 1 && tree->unreachable < tree->n_order ? tree->unreachable : HS_CSR_NONE;
	return hs_is_numbered(tree, node) ? tree->place[node] : HS_CSR_NONE;
}

uint64_t hs_retained_bytes(const struct hs_retained *retained, uint32_t node)
{
	uint32_t number = sum_number(retained->tree, node);

	if (number != HS_CSR_NONE)
		return retained->bytes[number];
	return node < retained->tree->n && hs_is_reached(retained->tree, node) ? own_bytes(retained, node) : 0;
}

uint32_t hs_retained_count(const struct hs_retained *retained, uint32_t node)
{
	uint32_t number = sum_number(retained->tree, node);

	if (number != HS_CSR_NONE)
		return retained->counts[number];
	return node < retained->tree->n && hs_is_reached(retained->tree, node);
}
