/* SPDX-License-Identifier: Apache-2.0 */
/* Which blocks are objects: what only looks like one is none, however its words fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_heap.h"
#include "heap.h"

#define V38 "3.8.18-upstream"
#define V311 "3.11.7-upstream"
#define V314 "3.14.10-debian"

static struct hs_heap *open_heap(struct fake_heap *fake)
{
	const struct hs_heap_options options = { .n_workers = 1 };
	struct hs_heap *heap = NULL;

	fake_open(fake);
	assert_null(hs_heap_open(fake->py, fake->types_seen, &options, &heap));
	return heap;
}

struct search {
	hs_addr address;
	struct hs_heap_object found;
	unsigned n;
};

static void note(void *context, const struct hs_heap_object *object)
{
	struct search *search = context;

	if (object->object.address != search->address)
		return;
	search->found = *object;
	search->n++;
}

/* The object at the address as the heap has it; n is 0 when it has none. */
static struct search find(const struct hs_heap *heap, hs_addr address)
{
	struct search search = { .address = address };

	hs_heap_for_each(heap, note, &search);
	return search;
}

static void assert_object(const struct hs_heap *heap, hs_addr address, const char *kind, bool is_swept)
{
	struct search search = find(heap, address);

	assert_int_equal(search.n, 1);
	assert_string_equal(search.found.object.type->kind->tp_name, kind);
	assert_int_equal(search.found.is_swept, is_swept);
}

static void assert_no_object(const struct hs_heap *heap, hs_addr address)
{
	assert_int_equal(find(heap, address).n, 0);
}

/* Items [5, str] in a block of 16: the words of an object header, were 5 an address. */
static void items_of_a_list_are_no_object(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	/* a refcount and a type in the first words, with room for what such an object needs */
	const hs_addr as_object[] = { 5, fake->types.object }, as_float[] = { 5, fake->types.float_, 0 };
	const hs_addr behind_head[] = { 0, 0, 5, fake->types.dict, 0, 0, 0, 0 };

	(void)state;
	hs_addr lists[] = { fake_list(fake, as_object, 2, 2), fake_list(fake, as_float, 3, 4), fake_list(fake, behind_head, 8, 8) };
	/* the same words in a block that nobody claims */
	hs_addr orphan = fake_malloc(fake, 24);
	fake_put(fake, orphan, 5);
	fake_put(fake, orphan + 8, fake->types.float_);
	struct hs_heap *heap = open_heap(fake);
	for (unsigned i = 0; i < 3; i++) {
		hs_addr items = FAKE_GET(fake, lists[i], PyListObject, ob_item);
		assert_object(heap, lists[i], "list", true);
		for (hs_addr at = items; at < items + FAKE_GET(fake, lists[i], PyListObject, allocated) * 8; at += 8)
			assert_no_object(heap, at);
	}
	assert_object(heap, orphan, "float", true);
	const struct hs_heap_figures *figures = hs_heap_figures(heap);
	assert_int_equal(figures->n_ghosts, 3);
	assert_int_equal(figures->explained_pool_bytes, figures->live_pool_bytes);
	hs_heap_close(heap);
	fake_heap_destroy(fake);
}

/* A ghost's bytes are its claimer's, and its own claims and totals are taken back. */
static void a_ghost_leaves_no_trace_in_the_totals(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	const hs_addr words[] = { 5, fake->types.float_, 0 };
	size_t n;

	(void)state;
	fake_list(fake, words, 3, 3);
	struct hs_heap *heap = open_heap(fake);
	const struct hs_type_totals *totals = hs_heap_totals(heap, &n);
	const struct hs_type *list = hs_type_at(fake->types_seen, fake->types.list), *float_type = hs_type_at(fake->types_seen, fake->types.float_);
	assert_int_equal(totals[list->index].count, 1);
	assert_int_equal(totals[list->index].bytes, 64 + 32);
	assert_int_equal(totals[float_type->index].count, 0);
	assert_int_equal(totals[float_type->index].bytes, 0);
	assert_int_equal(totals[float_type->index].getsizeof_bytes, 0);
	hs_heap_close(heap);
	fake_heap_destroy(fake);
}

static void dead_objects_are_none(void **state)
{
	static const char *const tables[] = { V38, V311, V314 };

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr live = fake_float(fake, 1), kept = fake_float(fake, 2), linked = fake_float(fake, 3), freed = fake_float(fake, 4);
		hs_addr list = fake_list(fake, NULL, 0, 0), dead_list = fake_list(fake, NULL, 0, 0);
		fake_put(fake, kept, 0);         /* on a free list, refcount 0 */
		fake_put(fake, linked, kept);    /* on a free list that is linked through the refcount (3.14) */
		fake_free_block(fake, freed);
		fake_put(fake, dead_list, 0);
		struct hs_heap *heap = open_heap(fake);
		assert_object(heap, live, "float", true);
		assert_object(heap, list, "list", true);
		assert_no_object(heap, kept);
		assert_no_object(heap, linked);
		assert_no_object(heap, freed);
		assert_no_object(heap, dead_list);
		hs_heap_close(heap);
		fake_heap_destroy(fake);
	}
}

/* A block that is a size class too large, or has its headers where another type would, holds no such object. */
static void type_size_and_place_must_fit(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr large = fake_malloc(fake, 64), small = fake_malloc(fake, 16), shifted = fake_malloc(fake, 48);

	(void)state;
	fake_put(fake, large, 1);
	fake_put(fake, large + 8, fake->types.float_); /* of 24 bytes in 64 */
	fake_put(fake, small, 1);
	fake_put(fake, small + 8, fake->types.float_);
	fake_put(fake, shifted, 1);
	fake_put(fake, shifted + 8, fake->types.list); /* no GC head */
	struct hs_heap *heap = open_heap(fake);
	assert_no_object(heap, large);
	assert_no_object(heap, small);
	assert_no_object(heap, shifted);
	assert_int_equal(hs_heap_figures(heap)->n_swept, 0);
	hs_heap_close(heap);
	fake_heap_destroy(fake);
}

/*
 * In a program that is not position-independent the heap lies where a refcount could be: a block whose first word is a mapped
 * address may be an array of pointers. Here one page more is mapped there.
 */
static void a_doubtful_object_claims_no_real_one(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	static uint8_t low[HS_PAGE_BYTES] __attribute__((aligned(4096)));
	struct hs_image *image = NULL;
	const hs_addr low_address = 0x10000000;

	(void)state;
	/* the same memory, and one page at an address that could be a refcount */
	assert_null(hs_image_create(&image));
	for (unsigned i = 0; i < FAKE_N_REGIONS; i++) {
		const struct fake_region *region = &fake->regions[i];
		struct hs_segment segment = { region->start, region->start + region->bytes, region->data, NULL, true, true };
		assert_null(hs_image_add_segment(image, &segment, NULL, NULL));
	}
	struct hs_segment page = { low_address, low_address + sizeof(low), low, NULL, true, true };
	assert_null(hs_image_add_segment(image, &page, NULL, NULL));
	assert_null(hs_image_seal(image));

	/* the lists' pool comes before that of the float: doubts are settled by address, and the float's pool is still to come */
	hs_addr honest = fake_list(fake, NULL, 0, 0), doubtful = fake_list(fake, NULL, 0, 0), victim = fake_float(fake, 1);
	fake_put(fake, doubtful, low_address + 16);
	FAKE_PUT(fake, doubtful, PyListObject, ob_item, victim);
	FAKE_PUT(fake, doubtful, PyListObject, allocated, 3);
	hs_addr claimed = fake_list(fake, NULL, 0, 0), claimer = fake_list(fake, NULL, 0, 0);
	fake_put(fake, claimed, low_address + 32);
	FAKE_PUT(fake, claimer, PyListObject, ob_item, claimed - 16);
	FAKE_PUT(fake, claimer, PyListObject, allocated, 7);

	struct hs_image *original = fake->image;
	fake->image = image;
	struct hs_heap *heap = open_heap(fake);
	assert_object(heap, victim, "float", true);   /* not the doubtful one's storage */
	assert_object(heap, doubtful, "list", true);  /* nobody's storage: an object after all */
	assert_object(heap, honest, "list", true);
	assert_no_object(heap, claimed);              /* a real object's storage */
	assert_object(heap, claimer, "list", true);
	hs_heap_close(heap);
	fake->image = original;
	hs_image_destroy(image);
	fake_heap_destroy(fake);
}

/* An honest refcount, and the block of another as its storage: the claim stands. */
static void a_real_claim_takes_the_block(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr victim = fake_float(fake, 1), list = fake_list(fake, NULL, 0, 0);

	(void)state;
	FAKE_PUT(fake, list, PyListObject, ob_item, victim);
	FAKE_PUT(fake, list, PyListObject, allocated, 3);
	struct hs_heap *heap = open_heap(fake);
	assert_no_object(heap, victim);
	hs_heap_close(heap);
	fake_heap_destroy(fake);
}

static void instances_with_a_preheader_are_found(void **state)
{
	static const char *const tables[] = { V311, "3.12.1-upstream", "3.13.0-upstream", V314 };

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr class = fake_class(fake, "C", 16, (uint64_t)1 << 4, fake->types.object, 0);
		hs_addr object = fake_object(fake, class, 16), untracked = fake_object(fake, class, 16);
		fake_put(fake, fake_get(fake, untracked - 8), fake_get(fake, untracked - 16));
		fake_put(fake, fake_get(fake, untracked - 16) + 8, fake_get(fake, untracked - 8));
		fake_put(fake, untracked - 16, 0);
		fake_put(fake, untracked - 8, 0);
		struct hs_heap *heap = open_heap(fake);
		assert_object(heap, object, "object", true);
		assert_int_equal(find(heap, object).found.block_bytes, 48);
		assert_int_equal(find(heap, object).found.getsizeof_bytes, 48);
		assert_true(find(heap, object).found.is_gc_tracked);
		assert_false(find(heap, untracked).found.is_gc_tracked);
		hs_heap_close(heap);
		fake_heap_destroy(fake);
	}
}

static void debug_hooks_are_stepped_over(void **state)
{
	static const char *const tables[] = { V38, V311, V314 };

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		fake->has_hooks = true;
		hs_addr number = fake_float(fake, 1), items[] = { number, number }, list = fake_list(fake, items, 2, 2);
		hs_addr text = fake_str(fake, "twelve chars"), large = fake_bytes(fake, 3000);
		fake_hold(fake, large);
		struct hs_heap *heap = open_heap(fake);
		assert_object(heap, number, "float", true);
		assert_object(heap, list, "list", true);
		assert_object(heap, text, "str", true);
		assert_object(heap, large, "bytes", false);
		assert_int_equal(find(heap, number).found.block_bytes, 48); /* 16 + 24 + 8 */
		assert_int_equal(find(heap, list).found.storage_bytes, 48);
		assert_int_equal(hs_heap_figures(heap)->explained_pool_bytes, hs_heap_figures(heap)->live_pool_bytes);
		hs_heap_close(heap);
		fake_heap_destroy(fake);
	}
}

/* The hook tells the size that was asked for: what lies behind it is no part of the object. A size that lies is not believed. */
static void a_hook_that_lies_hides_nothing(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);

	(void)state;
	fake->has_hooks = true;
	hs_addr number = fake_float(fake, 1), other = fake_float(fake, 2);
	fake_put(fake, number - 16, UINT64_MAX);
	struct hs_heap *heap = open_heap(fake);
	assert_object(heap, other, "float", true);
	assert_object(heap, number, "float", true);
	hs_heap_close(heap);
	fake_heap_destroy(fake);
}

static void large_objects_are_reached_from_anywhere(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr by_reference = fake_bytes(fake, 1000), by_global = fake_bytes(fake, 1000), by_thread = fake_bytes(fake, 1000);
	hs_addr lost = fake_bytes(fake, 1000);

	(void)state;
	fake_list(fake, &by_reference, 1, 1);
	fake_hold(fake, by_global);
	fake_put(fake, fake->thread + HS_SIZEOF(fake->layout, PyThreadState) - 8, by_thread);
	/* tracked: on the collector's list, and held by nobody that is known */
	hs_addr tracked = fake_tuple(fake, NULL, 0), items[100] = { 0 };
	hs_addr large_tuple = fake_tuple(fake, items, 100);
	struct hs_heap *heap = open_heap(fake);
	assert_object(heap, by_reference, "bytes", false);
	assert_object(heap, by_global, "bytes", false);
	assert_object(heap, by_thread, "bytes", false);
	assert_object(heap, large_tuple, "tuple", false);
	assert_object(heap, tracked, "tuple", true);
	assert_no_object(heap, lost);
	assert_int_equal(find(heap, by_global).found.block_bytes, 1056);
	hs_heap_close(heap);
	fake_heap_destroy(fake);
}

/* The collector's list in a circle of its own, and links that lead anywhere. */
static void gc_links_that_lie_do_no_harm(void **state)
{
	struct fake_heap *fake = fake_heap_create(V311);
	hs_addr items[100] = { 0 }, tuple = fake_tuple(fake, items, 100), small = fake_tuple(fake, items, 1);
	const hs_addr links[] = { tuple - 16, small - 16, 4, UINT64_MAX, 0x555555000001, fake->types.list };

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		fake_put(fake, tuple - 16, links[i]);
		fake_put(fake, tuple - 8, links[i]);
		hs_addr link = links[sizeof(links) / sizeof(links[0]) - 1 - i];
		fake_put(fake, small - 16, link);
		struct hs_heap *heap = open_heap(fake);
		/* what cannot be a link is no GC head, and there is no object behind it */
		if (link != 4 && link != UINT64_MAX)
			assert_object(heap, small, "tuple", true);
		else
			assert_no_object(heap, small);
		hs_heap_close(heap);
	}
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_of_a_list_are_no_object),
		cmocka_unit_test(a_ghost_leaves_no_trace_in_the_totals),
		cmocka_unit_test(dead_objects_are_none),
		cmocka_unit_test(type_size_and_place_must_fit),
		cmocka_unit_test(a_doubtful_object_claims_no_real_one),
		cmocka_unit_test(a_real_claim_takes_the_block),
		cmocka_unit_test(instances_with_a_preheader_are_found),
		cmocka_unit_test(debug_hooks_are_stepped_over),
		cmocka_unit_test(a_hook_that_lies_hides_nothing),
		cmocka_unit_test(large_objects_are_reached_from_anywhere),
		cmocka_unit_test(gc_links_that_lie_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
