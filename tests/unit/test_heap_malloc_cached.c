/* SPDX-License-Identifier: Apache-2.0 */
/* What glibc keeps for reuse: thread caches and arenas of all shapes, and such as lie about themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"
#include "malloc_chunk.h"

#define IN_USE 1u
#define LIBC ((hs_addr)0x7f0000000000)
#define LIBC_BYTES 0x3000
#define HEAP ((hs_addr)0x555556000000)
#define HEAP_BYTES 0x40000
#define N_CHUNKS 48
#define N_BINS 127

struct memory {
	uint8_t libc[LIBC_BYTES];
	uint8_t heap[HEAP_BYTES];
	struct hs_image *image;
	struct malloc_chunks chunks;
	hs_addr next;             /* user address of the next chunk */
	hs_addr small[N_CHUNKS];  /* of 0x40 bytes */
};

/* tcache_perthread_struct of one glibc. */
struct shape {
	uint64_t chunk_bytes;
	unsigned count_bytes, n_bins;
	bool counts_down, is_mangled;
};

static const struct shape shapes[] = {
	{ 0x250, 1, 64, false, false }, { 0x290, 2, 64, false, false }, { 0x290, 2, 64, false, true }, { 0x300, 2, 76, true, true },
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))
#define PLACES 16
#define BIN_OF_0x40 2

static uint8_t *at(struct memory *memory, hs_addr address)
{
	if (address >= LIBC) {
		assert_true(address < LIBC + LIBC_BYTES - 8);
		return memory->libc + (address - LIBC);
	}
	assert_true(address >= HEAP && address < HEAP + HEAP_BYTES - 8);
	return memory->heap + (address - HEAP);
}

static void put(struct memory *memory, hs_addr address, uint64_t value)
{
	memcpy(at(memory, address), &value, sizeof(value));
}

static hs_addr add_chunk(struct memory *memory, uint64_t bytes)
{
	hs_addr chunk = memory->next;

	put(memory, chunk - 8, bytes | IN_USE);
	memory->next = chunk + bytes;
	return chunk;
}

/* A heap that begins with a chunk of `first_bytes`, then has N_CHUNKS small ones. */
static struct memory *memory_with(uint64_t first_bytes)
{
	struct memory *memory = aligned_alloc(HS_PAGE_BYTES, (sizeof(*memory) + HS_PAGE_BYTES - 1) & ~(HS_PAGE_BYTES - 1));

	assert_non_null(memory);
	memset(memory, 0, sizeof(*memory));
	memory->next = HEAP + 16;
	add_chunk(memory, first_bytes);
	for (unsigned i = 0; i < N_CHUNKS; i++)
		memory->small[i] = add_chunk(memory, 0x40);
	return memory;
}

static void open_chunks(struct memory *memory)
{
	const struct hs_segment heap = { .start = HEAP, .end = HEAP + HEAP_BYTES, .data = memory->heap, .is_writable = true, .is_anonymous = true };
	const struct hs_segment libc = { .start = LIBC, .end = LIBC + LIBC_BYTES, .data = memory->libc, .is_writable = true };

	put(memory, memory->next - 8, (HEAP + HEAP_BYTES - (memory->next - 16)) | IN_USE);
	assert_null(hs_image_create(&memory->image));
	assert_null(hs_image_add_segment(memory->image, &heap, NULL, NULL));
	assert_null(hs_image_add_segment(memory->image, &libc, NULL, NULL));
	assert_null(hs_image_add_static(memory->image, LIBC, LIBC + LIBC_BYTES));
	assert_null(hs_image_seal(memory->image));
	assert_null(malloc_chunks_init(&memory->chunks, memory->image));
}

static void destroy(struct memory *memory)
{
	malloc_chunks_deinit(&memory->chunks);
	hs_image_destroy(memory->image);
	free(memory);
}

static unsigned n_free(const struct memory *memory)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N_CHUNKS; i++)
		n += !malloc_chunk_is_proven(&memory->chunks, memory->small[i]);
	return n;
}

/* Writes the link of a list's chunk. */
static void put_link(struct memory *memory, hs_addr chunk, hs_addr next, bool is_mangled)
{
	put(memory, chunk, is_mangled ? next ^ chunk >> 12 : next);
}

static void put_count(struct memory *memory, hs_addr cache, const struct shape *shape, unsigned bin, unsigned n)
{
	uint16_t count = (uint16_t)(shape->counts_down ? PLACES - n : n);

	memcpy(at(memory, cache + (hs_addr)bin * shape->count_bytes), &count, shape->count_bytes);
}

static hs_addr entry_of(const struct shape *shape, hs_addr cache, unsigned bin)
{
	return cache + (((hs_addr)shape->n_bins * shape->count_bytes + 7) & ~(hs_addr)7) + (hs_addr)bin * 8;
}

/* A cache in the first chunk that lists small[first … first + n - 1] in one bin, and all others empty. */
static void put_cache(struct memory *memory, hs_addr cache, const struct shape *shape, unsigned first, unsigned n)
{
	for (unsigned bin = 0; bin < shape->n_bins; bin++)
		put_count(memory, cache, shape, bin, bin == BIN_OF_0x40 ? n : 0);
	put(memory, entry_of(shape, cache, BIN_OF_0x40), n ? memory->small[first] : 0);
	for (unsigned i = first; i < first + n; i++)
		put_link(memory, memory->small[i], i + 1 < first + n ? memory->small[i + 1] : 0, shape->is_mangled);
}

static struct memory *memory_with_cache(const struct shape *shape, unsigned n)
{
	struct memory *memory = memory_with(shape->chunk_bytes);

	put_cache(memory, HEAP + 16, shape, 1, n);
	return memory;
}

static void chunks_in_a_thread_cache_are_free(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++) {
		struct memory *memory = memory_with_cache(&shapes[i], 5);
		open_chunks(memory);
		assert_int_equal(n_free(memory), 5);
		for (unsigned k = 0; k < N_CHUNKS; k++)
			assert_int_equal(malloc_chunk_bytes(&memory->chunks, memory->small[k], 0), k >= 1 && k <= 5 ? 0 : 0x40);
		assert_int_equal(memory->chunks.figures.n_tcaches, 1);
		assert_int_equal(memory->chunks.figures.n_tcache, 5);
		assert_int_equal(memory->chunks.figures.tcache_bytes, 5 * 0x40);
		assert_true(malloc_chunk_is_proven(&memory->chunks, HEAP + 16)); /* the cache itself */
		destroy(memory);
	}
}

/* A thread may be stopped between the link and the count. */
static void a_count_may_be_one_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++)
		for (int off = -2; off <= 2; off++) {
			struct memory *memory = memory_with_cache(&shapes[i], 5);
			put_count(memory, HEAP + 16, &shapes[i], BIN_OF_0x40, (unsigned)(5 + off));
			/* another list that is as it should be */
			put_count(memory, HEAP + 16, &shapes[i], BIN_OF_0x40 + 4, 1);
			put(memory, entry_of(&shapes[i], HEAP + 16, BIN_OF_0x40 + 4), add_chunk(memory, 0x80));
			put_link(memory, memory->next - 0x80, 0, shapes[i].is_mangled);
			open_chunks(memory);
			assert_int_equal(n_free(memory), abs(off) < 2 ? 5 : 0);
			destroy(memory);
		}
}

/* What a program wrote into a chunk that it had freed must not lead anywhere. */
static void a_list_that_lies_takes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++) {
		struct memory *probe = memory_with_cache(&shapes[i], 5);
		const hs_addr lies[] = {
			probe->small[1] /* a circle */, probe->small[3] /* of itself */, probe->small[9] + 16 /* within a chunk */,
			probe->small[9] + 8, HEAP + 16 /* of another size */, LIBC, 0x10, UINT64_MAX, (hs_addr)1 << 63, probe->next,
		};
		free(probe);
		for (size_t lie = 0; lie < sizeof(lies) / sizeof(lies[0]); lie++) {
			struct memory *memory = memory_with_cache(&shapes[i], 5);
			put_link(memory, memory->small[3], lies[lie], shapes[i].is_mangled);
			open_chunks(memory);
			assert_int_equal(n_free(memory), 0);
			destroy(memory);
		}
	}
}

/* One list is broken, two are sound: the cache is one all the same. */
static void other_lists_of_the_cache_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++) {
		struct memory *memory = memory_with_cache(&shapes[i], 5);
		hs_addr cache = HEAP + 16;
		put_count(memory, cache, &shapes[i], 0, 2); /* of 0x20 bytes, in truth one of 0x40 */
		put(memory, entry_of(&shapes[i], cache, 0), memory->small[20]);
		put_count(memory, cache, &shapes[i], 6, 1);
		put(memory, entry_of(&shapes[i], cache, 6), add_chunk(memory, 0x80));
		put_link(memory, memory->next - 0x80, 0, shapes[i].is_mangled);
		open_chunks(memory);
		assert_int_equal(n_free(memory), 5);
		assert_int_equal(memory->chunks.figures.n_tcache, 6);
		destroy(memory);
	}
}

static void a_chunk_of_a_caches_size_is_not_yet_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++)
		for (unsigned what = 0; what < 3; what++) {
			struct memory *memory = memory_with(shapes[i].chunk_bytes);
			for (unsigned word = 0; word < (shapes[i].chunk_bytes - 16) / 8; word++) {
				const uint64_t values[] = { memory->small[word % N_CHUNKS], 0x0001000100010001, 0 };
				put(memory, HEAP + 16 + (hs_addr)word * 8, values[what]);
			}
			open_chunks(memory);
			assert_int_equal(n_free(memory), 0);
			assert_int_equal(memory->chunks.figures.n_tcaches, 0);
			destroy(memory);
		}
}

/* Caches by the hundred that all show the same long list: bounded, and each chunk is taken once. */
static void caches_that_share_a_list_end(void **state)
{
	const struct shape *shape = &shapes[2];
	struct memory *memory = memory_with(shape->chunk_bytes);

	(void)state;
	put_cache(memory, HEAP + 16, shape, 0, N_CHUNKS);
	for (unsigned i = 0; i < 300; i++) {
		hs_addr cache = add_chunk(memory, shape->chunk_bytes);
		memcpy(at(memory, cache), at(memory, HEAP + 16), shape->chunk_bytes - 16);
	}
	open_chunks(memory);
	assert_int_equal(n_free(memory), N_CHUNKS);
	assert_int_equal(memory->chunks.figures.n_tcache, N_CHUNKS);
	destroy(memory);
}

/* Lays out a malloc_state whose bins lie at `bins`: all empty. */
static void put_arena(struct memory *memory, hs_addr bins, hs_addr next)
{
	for (hs_addr bin = bins; bin < bins + N_BINS * 16; bin += 16) {
		put(memory, bin, bin - 16);
		put(memory, bin + 8, bin - 16);
	}
	put(memory, bins - 16, memory->next - 16); /* top */
	put(memory, bins + N_BINS * 16 + 16, next);
	put(memory, bins + N_BINS * 16 + 40, 0x21000);
}

#define BINS (LIBC + 0x470)
#define WITH_FASTBINS 0x70
#define WITHOUT 0x18

static void put_fastbin(struct memory *memory, hs_addr bins, unsigned first, unsigned n, bool is_mangled)
{
	put(memory, bins - 96 + 2 * 8, memory->small[first] - 16);
	for (unsigned i = first; i < first + n; i++)
		put_link(memory, memory->small[i], i + 1 < first + n ? memory->small[i + 1] - 16 : 0, is_mangled);
}

static void the_main_arena_is_found_by_its_shape(void **state)
{
	static const hs_addr offsets[] = { WITHOUT, 0x68, WITH_FASTBINS };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned is_mangled = 0; is_mangled < 2; is_mangled++) {
			struct memory *memory = memory_with(0x100);
			put_arena(memory, BINS, BINS - offsets[i]);
			put_fastbin(memory, BINS, 4, 7, is_mangled);
			open_chunks(memory);
			assert_int_equal(memory->chunks.arenas.n, 1);
			const struct malloc_arena *arena = &memory->chunks.arenas.items[0];
			assert_int_equal(arena->address, BINS - offsets[i]);
			assert_int_equal(arena->top, memory->next - 16);
			assert_int_equal(arena->system_bytes, 0x21000);
			assert_int_equal(n_free(memory), offsets[i] == WITHOUT ? 0 : 7);
			assert_int_equal(memory->chunks.figures.n_fastbin, offsets[i] == WITHOUT ? 0 : 7);
			destroy(memory);
		}
}

/* Bins that hold chunks, one that a stop caught half changed, and a second arena. */
static void arenas_in_use_are_found(void **state)
{
	struct memory *memory = memory_with(0x100);
	hs_addr other = LIBC + 0x1470, chunk = memory->small[7] - 16;

	(void)state;
	put_arena(memory, BINS, other - WITH_FASTBINS);
	put_arena(memory, other, BINS - WITH_FASTBINS);
	put(memory, BINS, chunk);
	put(memory, BINS + 8, chunk);
	put(memory, chunk + 16, BINS - 16);
	put(memory, chunk + 24, BINS - 16);
	put(memory, BINS + 32, chunk); /* torn */
	put_fastbin(memory, other, 20, 3, true);
	open_chunks(memory);
	assert_int_equal(memory->chunks.arenas.n, 2);
	assert_int_equal(memory->chunks.figures.n_fastbin, 3);
	assert_int_equal(n_free(memory), 3);
	destroy(memory);
}

static void no_arena_is_made_up(void **state)
{
	(void)state;
	for (unsigned what = 0; what < 5; what++) {
		struct memory *memory = memory_with(0x100);
		put_arena(memory, BINS, BINS - WITH_FASTBINS);
		if (what == 0)
			put(memory, BINS + N_BINS * 16 + 16, LIBC + 0x40); /* leads nowhere */
		if (what == 1)
			put(memory, BINS + N_BINS * 16 + 16, 0);
		if (what == 2)
			memset(at(memory, BINS), 0, N_BINS * 16); /* not in use yet */
		if (what == 3)
			for (unsigned bin = 10; bin < 20; bin++)
				put(memory, BINS + bin * 16, 0x1234);
		if (what == 4) { /* a circle that does not come back */
			put_arena(memory, LIBC + 0x1470, LIBC + 0x1470 - WITH_FASTBINS);
			put(memory, BINS + N_BINS * 16 + 16, LIBC + 0x1470 - WITH_FASTBINS);
			memset(at(memory, LIBC + 0x1470), 0, 16);
			put(memory, LIBC + 0x1470 + N_BINS * 16 + 16, BINS);
		}
		put_fastbin(memory, BINS, 4, 7, true);
		open_chunks(memory);
		assert_int_equal(memory->chunks.arenas.n, 0);
		assert_int_equal(n_free(memory), 0);
		destroy(memory);
	}
}

/* Data full of bins that point to themselves: the search gives up. */
static void the_search_for_arenas_ends(void **state)
{
	struct memory *memory = memory_with(0x100);

	(void)state;
	for (hs_addr bin = LIBC + 16; bin + 32 < LIBC + LIBC_BYTES; bin += 16) {
		put(memory, bin, bin - 16);
		put(memory, bin + 8, bin - 16);
	}
	open_chunks(memory);
	assert_int_equal(memory->chunks.arenas.n, 0);
	destroy(memory);
}

static void a_fastbin_that_lies_takes_nothing(void **state)
{
	(void)state;
	for (unsigned is_mangled = 0; is_mangled < 2; is_mangled++)
		for (unsigned what = 0; what < 4; what++) {
			struct memory *memory = memory_with(0x100);
			put_arena(memory, BINS, BINS - WITH_FASTBINS);
			put_fastbin(memory, BINS, 4, 7, is_mangled);
			const hs_addr lies[] = { memory->small[4] - 16, LIBC, memory->small[4], 1 };
			put_link(memory, memory->small[8], lies[what], is_mangled);
			open_chunks(memory);
			assert_int_equal(memory->chunks.arenas.n, 1);
			assert_int_equal(n_free(memory), 0);
			destroy(memory);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_in_a_thread_cache_are_free),
		cmocka_unit_test(a_count_may_be_one_off),
		cmocka_unit_test(a_list_that_lies_takes_nothing),
		cmocka_unit_test(other_lists_of_the_cache_are_taken),
		cmocka_unit_test(a_chunk_of_a_caches_size_is_not_yet_one),
		cmocka_unit_test(caches_that_share_a_list_end),
		cmocka_unit_test(the_main_arena_is_found_by_its_shape),
		cmocka_unit_test(arenas_in_use_are_found),
		cmocka_unit_test(no_arena_is_made_up),
		cmocka_unit_test(the_search_for_arenas_ends),
		cmocka_unit_test(a_fastbin_that_lies_takes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
