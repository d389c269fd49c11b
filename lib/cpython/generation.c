/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking the collector's lists forward, for the objects that somebody asks for. The old generation has most objects, and going through
 * it costs a cache miss each: it is left out where what is on no other list can only be there.
 */
#include "generation.h"

#include <stdlib.h>

#include "chain.h"

struct wanted {
	const hs_addr *addresses;
	size_t n, n_found;
	enum hs_generation *generations;
};

static void walk(const struct hs_cpython *py, hs_addr head, enum hs_generation generation, struct wanted *wanted)
{
	int32_t next_offset = HS_OFFSET(py->layout, PyGC_Head, _gc_next);
	struct hs_chain_guard guard = { 0 };

	if (!head)
		return;
	hs_addr link = hs_image_word(py->image, head + (uint32_t)next_offset) & HS_GC_POINTER_MASK;
	while (link && link != head && wanted->n_found < wanted->n && !hs_chain_repeats(&guard, link)) {
		hs_addr object = link + HS_GC_HEAD_BYTES;
		const hs_addr *found = bsearch(&object, wanted->addresses, wanted->n, sizeof(object), hs_address_compare);
		if (found) {
			wanted->generations[found - wanted->addresses] = generation;
			wanted->n_found++;
		}
		link = hs_image_word(py->image, link + (uint32_t)next_offset) & HS_GC_POINTER_MASK;
	}
}

/* The second list head is that of another half of the old generation where the collector is incremental. */
static enum hs_generation generation_of(const struct hs_cpython *py, unsigned head)
{
	return head == HS_GENERATION_1 && py->layout->features.has_incremental_collector ? HS_GENERATION_2 : (enum hs_generation)head;
}

void hs_generations_find(const struct hs_cpython *py, const hs_addr *addresses, size_t n, enum hs_generation *ret)
{
	struct wanted wanted = { .addresses = addresses, .n = n, .generations = ret };

	for (size_t i = 0; i < n; i++)
		/* a collection has lists of its own */
		ret[i] = py->is_collecting ? HS_GENERATION_NONE : HS_GENERATION_2;
	for (size_t i = 0; i < py->interpreters.n; i++)
		for (unsigned head = 0; head < HS_N_GC_HEADS; head++)
			if (py->is_collecting || generation_of(py, head) != HS_GENERATION_2)
				walk(py, py->interpreters.items[i].gc_heads[head], generation_of(py, head), &wanted);
}

const char *hs_generation_name(enum hs_generation generation)
{
	static const char *const names[] = { "0", "1", "2", "permanent", NULL };

	return names[generation];
}
