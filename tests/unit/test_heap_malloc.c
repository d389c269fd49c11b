/* SPDX-License-Identifier: Apache-2.0 */
/* malloc's chunks: heaps walked from their start, chunks freed, broken, of a mapping of their own, with debug hooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "image.h"
#include "malloc_chunk.h"

#define IN_USE 1u
#define MMAPPED 2u
#define THREAD_ARENA 4u
#define HEAP ((hs_addr)0x555556000000)
#define HEAP_BYTES 0x4000
#define THREAD_HEAP ((hs_addr)0x7f0004000000) /* a multiple of 64 MiB */

struct memory {
	hs_addr start;
	uint8_t data[HEAP_BYTES];
	struct hs_image *image;
	struct malloc_chunks chunks;
	bool is_open;
	hs_addr next; /* user address of the next chunk */
};

static struct memory *memory_at(hs_addr start)
{
	struct memory *memory = aligned_alloc(HS_PAGE_BYTES, (sizeof(*memory) + HS_PAGE_BYTES - 1) & ~(HS_PAGE_BYTES - 1));

	assert_non_null(memory);
	memset(memory, 0, sizeof(*memory));
	memory->start = start;
	memory->next = start + 16;
	return memory;
}

static void put(struct memory *memory, hs_addr address, uint64_t value)
{
	assert_true(address >= memory->start && address + 8 <= memory->start + HEAP_BYTES);
	memcpy(memory->data + (address - memory->start), &value, sizeof(value));
}

/* Lays out one chunk more of `bytes`, header included; says how the one before it fares. */
static hs_addr add_chunk(struct memory *memory, uint64_t bytes, uint64_t flags)
{
	hs_addr chunk = memory->next;

	put(memory, chunk - 8, bytes | flags);
	memory->next = chunk + bytes;
	return chunk;
}

static void add_top(struct memory *memory)
{
	put(memory, memory->next - 8, (memory->start + HEAP_BYTES - (memory->next - 16)) | IN_USE);
}

static void open_chunks(struct memory *memory, hs_addr statics_end)
{
	struct hs_segment segment = {
		.start = memory->start, .end = memory->start + HEAP_BYTES, .data = memory->data, .is_writable = true, .is_anonymous = true,
	};

	assert_null(hs_image_create(&memory->image));
	assert_null(hs_image_add_segment(memory->image, &segment, NULL, NULL));
	if (statics_end)
		assert_null(hs_image_add_static(memory->image, memory->start, statics_end));
	assert_null(hs_image_seal(memory->image));
	assert_null(malloc_chunks_init(&memory->chunks, memory->image));
	memory->is_open = true;
}

static void destroy(struct memory *memory)
{
	if (memory->is_open)
		malloc_chunks_deinit(&memory->chunks);
	hs_image_destroy(memory->image);
	free(memory);
}

static void chunks_in_use_are_known(void **state)
{
	struct memory *memory = memory_at(HEAP);
	hs_addr chunks[4] = { add_chunk(memory, 0x290, IN_USE), add_chunk(memory, 0x20, IN_USE), add_chunk(memory, 0x420, IN_USE),
			      add_chunk(memory, 0x30, IN_USE) };

	(void)state;
	add_top(memory);
	open_chunks(memory, 0);
	const uint64_t bytes[4] = { 0x290, 0x20, 0x420, 0x30 };
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, chunks[i], 0), bytes[i]);
		assert_true(malloc_chunk_is_proven(&memory->chunks, chunks[i]));
		/* no pointer that malloc returned */
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, chunks[i] + 16, 8), 0);
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, chunks[i] + 8, 8), 0);
		assert_false(malloc_chunk_is_proven(&memory->chunks, chunks[i] + 16));
	}
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, memory->next, 8), 0); /* the top */
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, 0, 8), 0);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, UINT64_MAX - 15, 8), 0);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, HEAP - 16, 8), 0);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, HEAP, 8), 0); /* no room for a header before it */
	destroy(memory);
}

static void a_freed_chunk_is_nobodys(void **state)
{
	struct memory *memory = memory_at(HEAP);
	hs_addr before = add_chunk(memory, 0x100, IN_USE), freed = add_chunk(memory, 0x80, IN_USE), after = add_chunk(memory, 0x100, 0);

	(void)state;
	put(memory, after - 16, 0x80); /* the size of the free one before it */
	add_top(memory);
	open_chunks(memory, 0);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, before, 0), 0x100);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, freed, 0x70), 0);
	assert_false(malloc_chunk_is_proven(&memory->chunks, freed));
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, after, 0), 0x100);
	destroy(memory);
}

static void the_walk_ends_where_sizes_lie(void **state)
{
	static const uint64_t lies[] = { 0, 0x10, 0x18, 0x88, 0x100 | MMAPPED, HEAP_BYTES, UINT64_MAX & ~(uint64_t)15,
					 (uint64_t)1 << 63, (uint64_t)-HEAP_BYTES,
					 (uint64_t)-0x140 /* back to a chunk that was passed: for ever */ };

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct memory *memory = memory_at(HEAP);
		hs_addr first = 0, broken, behind;
		/* enough of them that the look ahead finds nothing wrong */
		for (unsigned n = 0; n < 40; n++)
			first = add_chunk(memory, 0x40, IN_USE);
		broken = add_chunk(memory, 0x100, IN_USE);
		behind = add_chunk(memory, 0x100, IN_USE);
		add_top(memory);
		put(memory, broken - 8, lies[i] | IN_USE);
		open_chunks(memory, 0);
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, first, 0), 0x40);
		assert_false(malloc_chunk_is_proven(&memory->chunks, behind));
		/* behind the break only a request tells a size */
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, behind, 0), 0);
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, behind, 100), 112);
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, behind, 1), 32);
		destroy(memory);
	}
}

static void memory_of_other_allocators_is_not_walked(void **state)
{
	struct memory *memory = memory_at(HEAP);

	(void)state;
	for (hs_addr at = HEAP; at < HEAP + HEAP_BYTES; at += 8)
		put(memory, at, 0x1234567890abcdef * (at + 1));
	open_chunks(memory, 0);
	assert_int_equal(memory->chunks.heaps.n, 0);
	assert_false(malloc_chunk_is_proven(&memory->chunks, HEAP + 0x100));
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, HEAP + 0x100, 200), 208);
	destroy(memory);
}

static void the_heap_may_touch_the_data_before_it(void **state)
{
	struct memory *memory = memory_at(HEAP);

	(void)state;
	memset(memory->data, 0xee, 0x1000);
	memory->next = HEAP + 0x1000 + 16;
	hs_addr first = add_chunk(memory, 0x290, IN_USE), second = add_chunk(memory, 0x40, IN_USE);
	add_top(memory);
	open_chunks(memory, HEAP + 0x1000);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, first, 0), 0x290);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, second, 0), 0x40);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, HEAP + 0x100, 64), 0); /* static storage */
	destroy(memory);
}

static void heaps_of_other_threads_have_a_header(void **state)
{
	static const hs_addr headers[] = { 0x30, 0x8b0 }; /* heap_info; with malloc_state behind it */

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct memory *memory = memory_at(THREAD_HEAP);
		put(memory, THREAD_HEAP, THREAD_HEAP + 0x30);
		memory->next = THREAD_HEAP + headers[i] + 16;
		hs_addr first = add_chunk(memory, 0x290, IN_USE | THREAD_ARENA), second = add_chunk(memory, 0x40, IN_USE | THREAD_ARENA);
		add_top(memory);
		open_chunks(memory, 0);
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, first, 0), 0x290);
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, second, 0), 0x40);
		assert_true(malloc_chunk_is_proven(&memory->chunks, second));
		destroy(memory);
	}
}

/* Somebody else called sbrk: two headers without chunks, then what is not malloc's, then more of the heap. */
static void the_heap_goes_on_behind_what_others_took(void **state)
{
	struct memory *memory = memory_at(HEAP);
	hs_addr first = add_chunk(memory, 0x100, IN_USE);

	(void)state;
	put(memory, memory->next - 8, 0x10 | IN_USE);
	put(memory, memory->next + 8, 0x10 | IN_USE);
	memory->next += 0x20 + 0x3040;
	hs_addr second = add_chunk(memory, 0x200, IN_USE);
	add_top(memory);
	open_chunks(memory, 0);
	assert_int_equal(memory->chunks.heaps.n, 2);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, first, 0), 0x100);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, second, 0), 0x200);
	destroy(memory);
}

static void a_chunk_may_be_a_mapping_of_its_own(void **state)
{
	static const struct {
		uint64_t header;
		uint64_t bytes;
	} cases[] = {
		{ HEAP_BYTES | MMAPPED, HEAP_BYTES },
		{ 0x2000 | MMAPPED, 0x2000 }, /* touches the next one */
		{ 0x2ff0 | MMAPPED, 0x3000 }, /* glibc 2.43 leaves the header out */
		{ 0x1fe0 | MMAPPED, 0 },
		{ 0x10 | MMAPPED, 0 },
		{ HEAP_BYTES, 0 },
		{ 0x2010 | MMAPPED, 0 },           /* no whole pages */
		{ (HEAP_BYTES + 0x1000) | MMAPPED, 0 }, /* beyond the mapping */
		{ MMAPPED, 0 },
		{ (UINT64_MAX & ~(uint64_t)0xfff) | MMAPPED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory *memory = memory_at(HEAP);
		put(memory, HEAP + 8, cases[i].header);
		open_chunks(memory, 0);
		assert_int_equal(malloc_chunk_bytes(&memory->chunks, HEAP + 16, 0), cases[i].bytes);
		assert_int_equal(malloc_chunk_is_proven(&memory->chunks, HEAP + 16), cases[i].bytes != 0);
		destroy(memory);
	}
}

/* Objects/obmalloc.c: the caller's pointer lies behind one hook, or two when pymalloc handed the request on. */
static void hooks_before_the_data_are_stepped_over(void **state)
{
	struct memory *memory = memory_at(HEAP);
	hs_addr once = add_chunk(memory, 0x100, IN_USE), twice = add_chunk(memory, 0x200, IN_USE), never = add_chunk(memory, 0x100, IN_USE);

	(void)state;
	add_top(memory);
	put(memory, once + 8, 0xfdfdfdfdfdfdfd00 | 'r');
	put(memory, twice + 8, 0xfdfdfdfdfdfdfd00 | 'r');
	put(memory, twice + 24, 0xfdfdfdfdfdfdfd00 | 'o');
	put(memory, never + 8, 0xfdfdfdfdfdfdfd00 | 'x');
	open_chunks(memory, 0);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, once + 16, 0), 0x100);
	assert_true(malloc_chunk_is_proven(&memory->chunks, once + 16));
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, twice + 32, 0), 0x200);
	assert_int_equal(malloc_chunk_bytes(&memory->chunks, never + 16, 0), 0);
	destroy(memory);
}

#define PIECE_BYTES ((size_t)4 << 20)
#define N_PIECES 40

/* Behind a page of zeros: so many words that look like a chain of chunks of 32 bytes each; one piece of memory, many times over. */
static uint8_t *map_words_of_a_chain(void)
{
	int fd = memfd_create("chain", MFD_CLOEXEC);
	uint8_t *all = mmap(NULL, HS_PAGE_BYTES + N_PIECES * PIECE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(fd >= 0 && all != MAP_FAILED && !ftruncate(fd, (off_t)PIECE_BYTES));
	for (size_t i = 0; i < N_PIECES; i++)
		assert_true(mmap(all + HS_PAGE_BYTES + i * PIECE_BYTES, PIECE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	for (size_t i = 0; i < PIECE_BYTES / sizeof(uint64_t); i++)
		((uint64_t *)(all + HS_PAGE_BYTES))[i] = 0x20 | IN_USE;
	close(fd);
	return all;
}

static void a_buffer_of_equal_words_is_walked_once(void **state)
{
	uint8_t *data = map_words_of_a_chain();
	struct hs_segment segment = { .start = THREAD_HEAP - HS_PAGE_BYTES, .end = THREAD_HEAP + N_PIECES * PIECE_BYTES, .data = data,
				      .is_writable = true, .is_anonymous = true };
	struct malloc_chunks chunks;
	struct hs_image *image;

	(void)state;
	assert_null(hs_image_create(&image));
	assert_null(hs_image_add_segment(image, &segment, NULL, NULL));
	assert_null(hs_image_seal(image));
	assert_null(malloc_chunks_init(&chunks, image));
	assert_true(chunks.heaps.n > 1);
	for (size_t i = 1; i < chunks.heaps.n; i++)
		assert_true(chunks.heaps.items[i - 1].end <= chunks.heaps.items[i].start);
	malloc_chunks_deinit(&chunks);
	hs_image_destroy(image);
	munmap(data, HS_PAGE_BYTES + N_PIECES * PIECE_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_in_use_are_known),
		cmocka_unit_test(a_buffer_of_equal_words_is_walked_once),
		cmocka_unit_test(a_freed_chunk_is_nobodys),
		cmocka_unit_test(the_walk_ends_where_sizes_lie),
		cmocka_unit_test(memory_of_other_allocators_is_not_walked),
		cmocka_unit_test(the_heap_may_touch_the_data_before_it),
		cmocka_unit_test(heaps_of_other_threads_have_a_header),
		cmocka_unit_test(the_heap_goes_on_behind_what_others_took),
		cmocka_unit_test(a_chunk_may_be_a_mapping_of_its_own),
		cmocka_unit_test(hooks_before_the_data_are_stepped_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
