/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strongly connected components by Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972), without
 * recursion. A node's low link stands in `component` until its component is known; nodes whose component is known have
 * index 0 again, so that nothing takes them for open.
 */
#include "components.h"

#include <string.h>

#include "pages.h"

struct frame {
	uint64_t cursor;
	uint32_t node;
};

struct search {
	const struct hs_csr *graph;
	const uint64_t *subset;
	uint32_t *component; /* HS_CSR_NONE: not seen; of an open node its low link; else its component */
	uint32_t *index;     /* of open nodes: when each was met, from 1 on; 0: not open */
	uint32_t *open;      /* nodes of components not yet complete, in the order in which they were met */
	struct frame *frames;
	uint32_t n_met, n_open, n_components;
	size_t n_frames;
};

static void enter(struct search *search, uint32_t node)
{
	search->index[node] = ++search->n_met;
	search->component[node] = search->n_met;
	search->open[search->n_open++] = node;
	search->frames[search->n_frames++] = (struct frame){ hs_csr_begin(search->graph, node), node };
}

static bool is_new(const struct search *search, uint32_t node)
{
	return search->component[node] == HS_CSR_NONE && (!search->subset || hs_bit(search->subset, node));
}

/* Goes on with the node's edges; the next node to enter, or HS_CSR_NONE when all are done. */
static uint32_t next_child(struct search *search, struct frame *frame)
{
	const struct hs_csr *graph = search->graph;
	uint32_t *low = &search->component[frame->node];

	for (uint64_t end = hs_csr_end(graph, frame->node); frame->cursor < end; frame->cursor++) {
		uint32_t target = graph->targets[frame->cursor];
		if (is_new(search, target)) {
			frame->cursor++;
			return target;
		}
		if (search->index[target] && search->index[target] < *low)
			*low = search->index[target];
	}
	return HS_CSR_NONE;
}

/* All that is open since the node was met is its component. */
static void close_component(struct search *search, uint32_t top)
{
	uint32_t node;

	do {
		node = search->open[--search->n_open];
		search->index[node] = 0;
		search->component[node] = search->n_components;
	} while (node != top);
	search->n_components++;
}

static void search_from(struct search *search, uint32_t root)
{
	enter(search, root);
	while (search->n_frames) {
		struct frame *frame = &search->frames[search->n_frames - 1];
		uint32_t node = frame->node, child = next_child(search, frame);
		if (child != HS_CSR_NONE) {
			enter(search, child);
			continue;
		}
		search->n_frames--;
		uint32_t low = search->component[node];
		if (low == search->index[node]) {
			close_component(search, node);
		} else {
			/* no component ends at the first frame's node but its own, so there is a frame above */
			uint32_t *above = &search->component[search->frames[search->n_frames - 1].node];
			if (low < *above)
				*above = low;
		}
	}
}

struct hs_error *hs_components(const struct hs_csr *graph, const uint64_t *subset, uint32_t *component, uint32_t *ret_n)
{
	size_t n = (size_t)graph->n + 1;
	struct search search = { .graph = graph, .subset = subset, .component = component };

	memset(component, 0xff, graph->n * sizeof(*component));
	search.index = hs_pages_alloc_array(n, sizeof(*search.index));
	search.open = hs_pages_alloc_array(n, sizeof(*search.open));
	search.frames = hs_pages_alloc_array(n, sizeof(*search.frames));
	bool has_memory = search.index && search.open && search.frames;
	for (uint32_t node = 0; has_memory && node < graph->n; node++)
		if (is_new(&search, node))
			search_from(&search, node);
	hs_pages_free(search.index, n * sizeof(*search.index));
	hs_pages_free(search.open, n * sizeof(*search.open));
	hs_pages_free(search.frames, n * sizeof(*search.frames));
	if (!has_memory)
		return hs_error_no_memory();
	*ret_n = search.n_components;
	return NULL;
}
