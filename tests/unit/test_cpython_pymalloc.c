/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas, pools and blocks: arithmetic by reciprocals, and headers, chains and tables that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_heap.h"
#include "pymalloc.h"

#define TABLE "3.11.7-upstream"

static struct hs_pymalloc *open_pools(struct fake_heap *fake)
{
	struct hs_pymalloc *pymalloc = NULL;

	fake_open(fake);
	assert_null(hs_pymalloc_open(fake->py, &pymalloc));
	return pymalloc;
}

/* An error of that kind, and nothing opened. */
static void assert_refused(struct fake_heap *fake, enum hs_error_code code)
{
	struct hs_pymalloc *pymalloc = NULL;

	fake_open(fake);
	struct hs_error *error = hs_pymalloc_open(fake->py, &pymalloc);
	assert_non_null(error);
	assert_int_equal(error->code, code);
	assert_null(pymalloc);
	hs_error_destroy(error);
}

static void block_indices_equal_plain_division(void **state)
{
	struct hs_pymalloc pymalloc = { .header_bytes = 48 };

	(void)state;
	for (uint32_t size_class = 0; size_class < 32; size_class++) {
		uint32_t block_bytes = (size_class + 1) * 16;
		struct hs_pool pool = {
			.base = 0x7f0000100000,
			.block_bytes = (uint16_t)block_bytes,
			.reciprocal = (uint16_t)((65536 + size_class) / (size_class + 1)),
		};
		for (uint32_t offset = 48; offset < 16384; offset++)
			assert_int_equal(hs_pool_block_at(&pymalloc, &pool, pool.base + offset), (offset - 48) / block_bytes);
		for (uint32_t offset = 0; offset < 48; offset++)
			assert_int_equal(hs_pool_block_at(&pymalloc, &pool, pool.base + offset), UINT32_MAX);
	}
}

/* The reciprocals that hs_pymalloc_open itself fills in. */
static void pools_of_every_size_class_are_indexed(void **state)
{
	static const char *const tables[] = { "3.8.18-upstream", TABLE, "3.12.1-upstream", "3.14.10-debian" };

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		for (uint32_t size_class = 0; size_class < 32; size_class++) {
			struct fake_heap *fake = fake_heap_create(tables[t]);
			uint32_t bytes = (size_class + 1) * 16, n = (fake->layout->features.pool_bytes - 48) / bytes;
			hs_addr first = fake_malloc(fake, bytes), last = first;
			for (uint32_t i = 1; i < n; i++)
				last = fake_malloc(fake, bytes - 1);
			struct hs_pymalloc *pymalloc = open_pools(fake);
			assert_int_equal(pymalloc->pools.n, 1);
			const struct hs_pool *pool = hs_pool_of(pymalloc, last);
			assert_non_null(pool);
			assert_int_equal(pool->n_blocks, n);
			assert_int_equal(pymalloc->live_bytes, (uint64_t)n * bytes);
			assert_int_equal(hs_pool_block_at(pymalloc, pool, last), n - 1);
			assert_int_equal(hs_pool_block_at(pymalloc, pool, last + bytes - 1), n - 1);
			assert_int_equal(hs_pool_block_address(pymalloc, pool, n - 1), last);
			hs_pymalloc_close(pymalloc);
			fake_heap_destroy(fake);
		}
	}
}

static void addresses_outside_the_pools_belong_to_none(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);
	hs_addr block = fake_malloc(fake, 32), pool = fake_pool_of(fake, block);
	struct hs_pymalloc *pymalloc = open_pools(fake);

	(void)state;
	assert_non_null(hs_pool_of(pymalloc, pool));
	assert_non_null(hs_pool_of(pymalloc, pool + 16383));
	assert_null(hs_pool_of(pymalloc, pool - 1));
	assert_null(hs_pool_of(pymalloc, pool + 16384));
	assert_null(hs_pool_of(pymalloc, 0));
	assert_null(hs_pool_of(pymalloc, UINT64_MAX));
	assert_null(hs_pool_of(pymalloc, pool | (hs_addr)1 << 47));
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

static void free_blocks_are_those_on_the_chain(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);
	struct hs_pool_bits free_blocks;
	hs_addr blocks[6];

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		blocks[i] = fake_malloc(fake, 64);
	fake_free_block(fake, blocks[1]);
	fake_free_block(fake, blocks[4]);
	struct hs_pymalloc *pymalloc = open_pools(fake);
	/* the two, and the one that pymalloc always has ready */
	assert_int_equal(hs_pool_free_blocks(pymalloc, &pymalloc->pools.items[0], &free_blocks), 3);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(hs_pool_bit(&free_blocks, i), i == 1 || i == 4 || i == 6);
	assert_int_equal(pymalloc->n_live, 4);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

/* The chain of a pool with eight blocks, its third link changed to `lie`. */
static void assert_chain_is_broken(hs_addr lie_from_pool)
{
	struct fake_heap *fake = fake_heap_create(TABLE);
	struct hs_pool_bits free_blocks;
	hs_addr blocks[8];

	for (unsigned i = 0; i < 8; i++)
		blocks[i] = fake_malloc(fake, 64);
	for (unsigned i = 0; i < 4; i++)
		fake_free_block(fake, blocks[i]);
	fake_put(fake, blocks[2], fake_pool_of(fake, blocks[0]) + lie_from_pool);
	struct hs_pymalloc *pymalloc = open_pools(fake);
	assert_int_equal(hs_pool_free_blocks(pymalloc, &pymalloc->pools.items[0], &free_blocks), -1);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

static void chains_that_lie_end(void **state)
{
	(void)state;
	assert_chain_is_broken(48 + 3 * 64);          /* a circle: the block before it */
	assert_chain_is_broken(48 + 2 * 64);          /* a circle of one */
	assert_chain_is_broken(48 + 3 * 64 + 8);      /* between two blocks */
	assert_chain_is_broken(0);                    /* the pool's header */
	assert_chain_is_broken(47);
	assert_chain_is_broken(48 + 9 * 64);          /* never handed out */
	assert_chain_is_broken(0x4000);               /* the next pool */
	assert_chain_is_broken(0x4000 + 48);
	assert_chain_is_broken((hs_addr)-16);         /* before the pool */
	assert_chain_is_broken((hs_addr)1 << 32 | 48); /* same low half */
	assert_chain_is_broken((hs_addr)1 << 63);
}

static void pool_headers_that_lie_are_not_indexed(void **state)
{
	static const struct {
		enum hs_field_id field;
		uint64_t value;
	} lies[] = {
		{ HS_FIELD_pool_header_szidx, 32 },
		{ HS_FIELD_pool_header_szidx, 0xffffffff },
		{ HS_FIELD_pool_header_szidx, 4 }, /* of another size than nextoffset tells */
		{ HS_FIELD_pool_header_arenaindex, 1 },
		{ HS_FIELD_pool_header_arenaindex, 0xffffffff },
		{ HS_FIELD_pool_header_nextoffset, 0 },
		{ HS_FIELD_pool_header_nextoffset, 47 },
		{ HS_FIELD_pool_header_nextoffset, 48 + 64 + 8 },
		{ HS_FIELD_pool_header_nextoffset, 48 + 64 * 257 },
		{ HS_FIELD_pool_header_nextoffset, 0xfffffff0 },
		{ HS_FIELD_pool_header_count, 5 },
		{ HS_FIELD_pool_header_count, 0xffffffff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct fake_heap *fake = fake_heap_create(TABLE);
		hs_addr block = fake_malloc(fake, 64), other = fake_malloc(fake, 128);
		fake_malloc(fake, 64);
		fake_malloc(fake, 64);
		fake_put_field(fake, fake_pool_of(fake, block), lies[i].field, lies[i].value);
		struct hs_pymalloc *pymalloc = open_pools(fake);
		assert_int_equal(pymalloc->n_broken_pools, 1);
		assert_int_equal(pymalloc->pools.n, 1);
		assert_null(hs_pool_of(pymalloc, block));
		assert_non_null(hs_pool_of(pymalloc, other));
		hs_pymalloc_close(pymalloc);
		fake_heap_destroy(fake);
	}
}

/* Where the next block would start may be behind the pool by less than a block; that one is none. */
static void the_last_block_must_end_in_its_pool(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);
	hs_addr pool_address = fake_pool_of(fake, fake_malloc(fake, 64));

	(void)state;
	FAKE_PUT(fake, pool_address, pool_header, nextoffset, 48 + 64 * 256);
	struct hs_pymalloc *pymalloc = open_pools(fake);
	assert_int_equal(pymalloc->n_broken_pools, 0);
	assert_int_equal(pymalloc->pools.items[0].n_blocks, 255);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

static void an_empty_pool_is_neither_broken_nor_indexed(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);
	hs_addr block = fake_malloc(fake, 64);

	(void)state;
	fake_free_block(fake, block);
	struct hs_pymalloc *pymalloc = open_pools(fake);
	assert_int_equal(pymalloc->arenas.n, 1);
	assert_int_equal(pymalloc->pools.n, 0);
	assert_int_equal(pymalloc->n_broken_pools, 0);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

static void an_arena_beyond_its_size_is_not_read(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);

	(void)state;
	fake_malloc(fake, 64);
	hs_addr arena = fake->regions[FAKE_ARENA].start;
	const hs_addr ends[] = { arena - 1, arena + (1 << 20) + 1, UINT64_MAX, 0 };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		FAKE_PUT(fake, fake->arena_table, arena_object, pool_address, ends[i]);
		struct hs_pymalloc *pymalloc = open_pools(fake);
		assert_int_equal(pymalloc->pools.n, 0);
		assert_int_equal(pymalloc->n_broken_pools, 1);
		hs_pymalloc_close(pymalloc);
	}
	FAKE_PUT(fake, fake->arena_table, arena_object, address, UINT64_MAX - 100);
	struct hs_pymalloc *pymalloc = open_pools(fake);
	assert_int_equal(pymalloc->n_broken_pools, 1);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

/* A stop can come between an arena's munmap and the update of the table. */
static void an_arena_outside_the_image_is_gone(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);

	(void)state;
	FAKE_PUT(fake, fake->arena_table, arena_object, address, 0x700000000000);
	FAKE_PUT(fake, fake->arena_table, arena_object, pool_address, 0x700000000000 + 5 * 16384);
	struct hs_pymalloc *pymalloc = open_pools(fake);
	assert_int_equal(pymalloc->arenas.n, 0);
	assert_int_equal(pymalloc->n_broken_pools, 0);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

static void pools_outside_the_image_are_broken(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);
	const struct fake_region *region = &fake->regions[FAKE_ARENA];
	hs_addr last = region->start + region->bytes - 16384;

	(void)state;
	FAKE_PUT(fake, fake->arena_table, arena_object, address, last);
	FAKE_PUT(fake, fake->arena_table, arena_object, pool_address, last + 3 * 16384);
	struct hs_pymalloc *pymalloc = open_pools(fake);
	assert_int_equal(pymalloc->arenas.n, 1);
	assert_int_equal(pymalloc->n_broken_pools, 2);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

static void tables_of_absurd_size_are_refused(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);

	(void)state;
	fake_malloc(fake, 64);
	fake_put(fake, HS_ADDRESS_OF(fake->layout, maxarenas), 0xffffffff);
	assert_refused(fake, HS_ERROR_BAD_DATA);
	fake_put(fake, HS_ADDRESS_OF(fake->layout, maxarenas), 1 << 24);
	assert_refused(fake, HS_ERROR_FAULT);
	fake_put(fake, HS_ADDRESS_OF(fake->layout, maxarenas), 4);
	fake_put(fake, HS_ADDRESS_OF(fake->layout, arenas), 0x10);
	assert_refused(fake, HS_ERROR_FAULT);
	fake_put(fake, HS_ADDRESS_OF(fake->layout, arenas), UINT64_MAX - 4);
	assert_refused(fake, HS_ERROR_FAULT);
	fake_heap_destroy(fake);
}

static void a_pool_of_two_arenas_is_refused(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);
	hs_addr pool = fake_pool_of(fake, fake_malloc(fake, 64));

	(void)state;
	/* a pool knows its index in one table: only the tables of two interpreters can both have it */
	hs_addr other = fake_static(fake, HS_SIZEOF(fake->layout, PyInterpreterState)), table = fake_static(fake, 48);
	FAKE_PUT(fake, table, arena_object, address, pool);
	FAKE_PUT(fake, table, arena_object, pool_address, pool + 16384);
	struct hs_pymalloc *pymalloc = NULL;
	fake_open(fake);
	struct hs_interpreter *slot = hs_array_append(&fake->py->interpreters);
	assert_non_null(slot);
	*slot = (struct hs_interpreter){ .address = other, .arenas = table, .n_arenas = 1 };
	struct hs_error *error = hs_pymalloc_open(fake->py, &pymalloc);
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	assert_int_equal(error->address, pool);
	hs_error_destroy(error);
	fake_heap_destroy(fake);
}

static void interpreters_with_one_table_count_it_once(void **state)
{
	struct fake_heap *fake = fake_heap_create(TABLE);

	(void)state;
	fake_malloc(fake, 64);
	fake_open(fake);
	struct hs_interpreter first = fake->py->interpreters.items[0], *slot = hs_array_append(&fake->py->interpreters);
	assert_non_null(slot);
	*slot = first;
	struct hs_pymalloc *pymalloc = NULL;
	assert_null(hs_pymalloc_open(fake->py, &pymalloc));
	assert_int_equal(pymalloc->arenas.n, 1);
	assert_int_equal(pymalloc->n_live, 1);
	hs_pymalloc_close(pymalloc);
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_indices_equal_plain_division),
		cmocka_unit_test(pools_of_every_size_class_are_indexed),
		cmocka_unit_test(addresses_outside_the_pools_belong_to_none),
		cmocka_unit_test(free_blocks_are_those_on_the_chain),
		cmocka_unit_test(chains_that_lie_end),
		cmocka_unit_test(pool_headers_that_lie_are_not_indexed),
		cmocka_unit_test(the_last_block_must_end_in_its_pool),
		cmocka_unit_test(an_empty_pool_is_neither_broken_nor_indexed),
		cmocka_unit_test(an_arena_beyond_its_size_is_not_read),
		cmocka_unit_test(an_arena_outside_the_image_is_gone),
		cmocka_unit_test(pools_outside_the_image_are_broken),
		cmocka_unit_test(tables_of_absurd_size_are_refused),
		cmocka_unit_test(a_pool_of_two_arenas_is_refused),
		cmocka_unit_test(interpreters_with_one_table_count_it_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
