/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what a few items consist of. Knows one heap, no samples. */
#include "item_types.h"

#include <string.h>

#include "repr.h"

#define LAST_ITEMS 16     /* that are looked at */
#define ITEM_OBJECTS 64   /* of one item */
#define MOST_REFERENCES 4 /* that an object may have which came with an item: what is shared by many was there before */
#define SEEN_SLOTS 4096   /* twice the objects looked at, a power of two */

/* The last addresses of a kind that a visit reports, in a ring. */
struct last_items {
	hs_addr items[LAST_ITEMS];
	size_t n; /* reported */
};

/* Of a list its items, of a set its elements, of a dict its keys and its values: as many of these as of those. */
struct ends {
	struct last_items keys, others;
};

struct counting {
	const struct hs_process_heap *heap;
	struct hs_item_types *types;
	hs_addr waiting[ITEM_OBJECTS]; /* of the item at hand: looked at, and to be looked at */
	size_t n_waiting;
	hs_addr seen[SEEN_SLOTS]; /* what was counted with an earlier item did not come with this one */
};

_Static_assert(SEEN_SLOTS >= 2 * 2 * LAST_ITEMS * ITEM_OBJECTS, "half of the slots stay free");

static uint64_t word_of(const struct hs_reference_run *run, size_t i)
{
	uint64_t word;

	memcpy(&word, (const uint8_t *)run->words + i * run->stride, sizeof(word));
	return word & ~(uint64_t)run->tag_mask;
}

static void note_ends(void *context, const struct hs_reference_run *run)
{
	struct ends *ends = context;
	struct last_items *last = run->kind == HS_EDGE_KEY ? &ends->keys : &ends->others;

	if (run->kind != HS_EDGE_KEY && run->kind != HS_EDGE_VALUE && run->kind != HS_EDGE_INDEX && run->kind != HS_EDGE_ITEM)
		return;
	/* of a long run only its end can stay in the ring; a table has gaps */
	for (size_t i = run->n > 4 * LAST_ITEMS ? run->n - 4 * LAST_ITEMS : 0; i < run->n; i++) {
		hs_addr item = word_of(run, i);
		if (item)
			last->items[last->n++ % LAST_ITEMS] = item;
	}
}

static void count(struct hs_item_types *types, const struct hs_type *type)
{
	for (size_t i = 0; i < types->n; i++)
		if (types->items[i].type == type) {
			types->items[i].per_item++;
			return;
		}
	if (types->n < HS_ITEM_TYPES_MAX)
		types->items[types->n++] = (struct hs_item_type){ type, 1 };
}

static void note_parts(void *context, const struct hs_reference_run *run)
{
	struct counting *counting = context;

	for (size_t i = 0; hs_relation_holds(run->relation) && i < run->n && counting->n_waiting < ITEM_OBJECTS; i++) {
		hs_addr part = word_of(run, i);
		if (part)
			counting->waiting[counting->n_waiting++] = part;
	}
}

static bool is_first_time(struct counting *counting, hs_addr address)
{
	size_t slot = (size_t)(address >> 4) * 0x9e3779b1u % SEEN_SLOTS;

	while (counting->seen[slot] && counting->seen[slot] != address)
		slot = (slot + 1) % SEEN_SLOTS;
	if (counting->seen[slot])
		return false;
	counting->seen[slot] = address;
	return true;
}

static bool is_of_few(const struct counting *counting, const struct hs_object *object)
{
	uint64_t n;

	return hs_object_refcount(counting->heap->py, object, &n) && n <= MOST_REFERENCES;
}

static void count_item(struct counting *counting, hs_addr item)
{
	struct hs_visitor visitor = hs_visitor_of_references(note_parts, counting);
	struct hs_object object;

	visitor.skips_classes = true;
	counting->waiting[0] = item;
	counting->n_waiting = 1;
	for (size_t i = 0; i < counting->n_waiting; i++) {
		if (!is_first_time(counting, counting->waiting[i]) ||
		    !hs_object_at(counting->heap->py, counting->heap->types, counting->waiting[i], &object) || !is_of_few(counting, &object))
			continue;
		count(counting->types, object.type);
		hs_object_visit(counting->heap->py, &object, &visitor);
	}
}

static size_t count_last(struct counting *counting, const struct last_items *last)
{
	size_t n = last->n < LAST_ITEMS ? last->n : LAST_ITEMS;

	for (size_t i = 0; i < n; i++)
		count_item(counting, last->items[i]);
	return n;
}

void hs_item_types_find(const struct hs_process_heap *heap, const struct hs_object *container, struct hs_item_types *ret)
{
	struct counting counting = { .heap = heap, .types = ret };
	struct ends ends = { 0 };
	struct hs_visitor visitor = hs_visitor_of_references(note_ends, &ends);

	ret->n = 0;
	visitor.skips_classes = true;
	hs_object_visit(heap->py, container, &visitor);
	size_t n_keys = count_last(&counting, &ends.keys), n_others = count_last(&counting, &ends.others);
	size_t n = n_keys > n_others ? n_keys : n_others;
	for (size_t i = 0; i < ret->n; i++)
		ret->items[i].per_item /= (double)n;
}
