/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up from the last number to the first: whatever a node dominates has a higher number than it. */
#include "retained.h"

#include <string.h>

#include "cleanup.h"
#include "pages.h"

/*
 * Adds each node and what it occupies itself to the sums of its number (a leaf: of its dominator's), then each sum to that of its
 * dominator. `sums` are of either width.
 */
#define SUM_UP(tree, sizes, sums, counts)                                                     \
	do {                                                                                  \
		for (uint32_t node = 0; node < (tree)->n; node++) {                           \
			uint32_t number = (tree)->place[node] & ~HS_PLACE_LEAF;               \
			if ((tree)->place[node] == HS_CSR_NONE)                               \
				continue;                                                     \
			(sums)[number] += (__typeof__(*(sums)))hs_size_units((sizes), node);  \
			(counts)[number]++;                                                   \
		}                                                                             \
		for (uint32_t number = (tree)->n_order; number-- > 1;) {                      \
			(sums)[(tree)->idom[number]] += (sums)[number];                       \
			(counts)[(tree)->idom[number]] += (counts)[number];                   \
		}                                                                             \
	} while (0)

static uint64_t all_units(const struct hs_dominators *tree, const struct hs_sizes *sizes)
{
	uint64_t sum = 0;

	for (uint32_t node = 0; node < tree->n; node++)
		sum += hs_size_units(sizes, node);
	return sum;
}

/* An entry for each number, all 0: memory that the solver of the tree has left, or new. */
static uint32_t *take_narrow(struct hs_dominators *tree, unsigned i)
{
	uint32_t *taken = hs_take(tree->spare[i]);

	if (!taken)
		return hs_pages_alloc(tree->bytes);
	memset(taken, 0, tree->n_order * sizeof(*taken));
	return taken;
}

struct hs_error *hs_retained_init(struct hs_retained *retained, struct hs_dominators *tree, const struct hs_sizes *sizes)
{
	bool is_wide = all_units(tree, sizes) > UINT32_MAX;

	*retained = (struct hs_retained){ .tree = tree, .sizes = sizes, .narrow_bytes = tree->bytes };
	retained->counts = take_narrow(tree, 0);
	if (is_wide)
		retained->wide_units = hs_pages_alloc_array(tree->n_order, sizeof(*retained->wide_units));
	else
		retained->units = take_narrow(tree, 1);
	if (!retained->counts || (is_wide ? !retained->wide_units : !retained->units))
		return hs_error_no_memory();
	hs_pages_free(hs_take(tree->spare[1]), tree->bytes);
	if (is_wide)
		SUM_UP(tree, sizes, retained->wide_units, retained->counts);
	else
		SUM_UP(tree, sizes, retained->units, retained->counts);
	return NULL;
}

void hs_retained_deinit(struct hs_retained *retained)
{
	if (!retained->tree)
		return;
	hs_pages_free(retained->units, retained->narrow_bytes);
	hs_pages_free(retained->counts, retained->narrow_bytes);
	hs_pages_free(retained->wide_units, retained->tree->n_order * sizeof(*retained->wide_units));
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
