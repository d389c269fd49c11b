/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up from the last number to the first: whatever a node dominates has a higher number than it. */
#include "retained.h"

#include "pages.h"

/* Adds what nodes occupy themselves to `sums`, of whichever width, then each sum to that of its dominator. */
#define SUM_UP(tree, sizes, sums)                                                          \
	do {                                                                               \
		for (uint32_t node = 0; node < (tree)->n; node++)                          \
			if ((tree)->place[node] != HS_CSR_NONE)                            \
				(sums)[(tree)->place[node] & ~HS_PLACE_LEAF] +=            \
					(__typeof__(*(sums)))hs_size_units((sizes), node); \
		for (uint32_t number = (tree)->n_order; number-- > 1;)                     \
			(sums)[(tree)->idom[number]] += (sums)[number];                    \
	} while (0)

static void count(const struct hs_dominators *tree, uint32_t *counts)
{
	for (uint32_t node = 0; node < tree->n; node++)
		if (tree->place[node] != HS_CSR_NONE)
			counts[tree->place[node] & ~HS_PLACE_LEAF]++;
	for (uint32_t number = tree->n_order; number-- > 1;)
		counts[tree->idom[number]] += counts[number];
}

static uint64_t all_units(const struct hs_dominators *tree, const struct hs_sizes *sizes)
{
	uint64_t sum = 0;

	for (uint32_t node = 0; node < tree->n; node++)
		sum += hs_size_units(sizes, node);
	return sum;
}

struct hs_error *hs_retained_init(struct hs_retained *retained, const struct hs_dominators *tree, const struct hs_sizes *sizes)
{
	bool is_wide = all_units(tree, sizes) > UINT32_MAX;

	*retained = (struct hs_retained){ .tree = tree, .sizes = sizes };
	retained->counts = hs_pages_alloc_array(tree->n_order, sizeof(*retained->counts));
	if (is_wide)
		retained->wide_units = hs_pages_alloc_array(tree->n_order, sizeof(*retained->wide_units));
	else
		retained->units = hs_pages_alloc_array(tree->n_order, sizeof(*retained->units));
	if (!retained->counts || (is_wide ? !retained->wide_units : !retained->units))
		return hs_error_no_memory();
	count(tree, retained->counts);
	if (is_wide)
		SUM_UP(tree, sizes, retained->wide_units);
	else
		SUM_UP(tree, sizes, retained->units);
	return NULL;
}

void hs_retained_deinit(struct hs_retained *retained)
{
	if (!retained->tree)
		return;
	hs_pages_free(retained->units, retained->tree->n_order * sizeof(*retained->units));
	hs_pages_free(retained->wide_units, retained->tree->n_order * sizeof(*retained->wide_units));
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
		return hs_retained_by_number(retained, number);
	if (node >= retained->tree->n || !hs_is_reached(retained->tree, node))
		return 0;
	return hs_size_units(retained->sizes, node) * retained->sizes->unit_bytes;
}

uint32_t hs_retained_count(const struct hs_retained *retained, uint32_t node)
{
	uint32_t number = sum_number(retained->tree, node);

	if (number != HS_CSR_NONE)
		return retained->counts[number];
	return node < retained->tree->n && hs_is_reached(retained->tree, node);
}
