/* SPDX-License-Identifier: Apache-2.0 */
/* malloc's heaps under arbitrary bytes: the walk ends, and what it proves lies in the heap. The input changes words of a sound heap. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "malloc_chunk.h"
#include "smaps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define LIBC ((hs_addr)0x7f0000000000)
#define HEAP ((hs_addr)0x555556000000)
#define N_WORDS 2048
#define BINS 16 /* the first word of the bins */
#define N_BINS 127
#define CACHE_BYTES 0x290

static uint64_t libc[N_WORDS] __attribute__((aligned(4096)));
static uint64_t heap[N_WORDS] __attribute__((aligned(4096)));

static hs_addr user(size_t word)
{
	return HEAP + word * 8;
}

/* An arena, a thread's cache and thirty chunks, five of them in the cache. */
static void lay_out(void)
{
	hs_addr bins = LIBC + BINS * 8;
	size_t word = CACHE_BYTES / 8;

	memset(libc, 0, sizeof(libc));
	memset(heap, 0, sizeof(heap));
	for (size_t i = 0; i < N_BINS; i++)
		libc[BINS + 2 * i] = libc[BINS + 2 * i + 1] = bins + i * 16 - 16;
	libc[BINS + 2 * N_BINS + 2] = bins - 0x70;
	libc[BINS + 2 * N_BINS + 5] = sizeof(heap);
	heap[1] = CACHE_BYTES | 1;
	heap[2] = 5ull << 32; /* the third of four counts: chunks of 0x40 bytes */
	for (size_t i = 0; i < 30; i++, word += 8) {
		heap[word + 1] = 0x40 | 1;
		if (i < 5)
			heap[word + 2] = (i < 4 ? user(word + 10) : 0) ^ user(word + 2) >> 12;
	}
	heap[2 + 16 + 2] = user(CACHE_BYTES / 8 + 2);
	libc[BINS - 2] = user(word);
	heap[word + 1] = (sizeof(heap) - word * 8) | 1;
}

/* Three bytes a change: which word, and what of it. */
static void change(const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i + 4 <= bytes; i += 4) {
		uint64_t *words = data[i] & 1 ? libc : heap;
		size_t word = (data[i + 1] | (size_t)data[i + 2] << 8) % N_WORDS;
		switch (data[i] >> 1 & 3) {
		case 0: words[word] ^= (uint64_t)1 << (data[i + 3] & 63); break;
		case 1: words[word] += (uint64_t)(int64_t)(int8_t)data[i + 3] * 8; break;
		case 2: words[word] = words[(word + data[i + 3]) % N_WORDS]; break;
		case 3: words[word] = user(data[i + 3] * 8); break;
		}
	}
}

static void check(struct malloc_chunks *chunks)
{
	uint64_t n = 0;

	for (size_t i = 0; i < chunks->heaps.n; i++) {
		struct malloc_walk walk = malloc_walk_of(&chunks->heaps.items[i]);
		for (; malloc_walk_next(chunks, &walk); n++)
			if (n > N_WORDS || walk.chunk < HEAP || walk.bytes > sizeof(heap))
				abort();
	}
	for (hs_addr at = HEAP; at < HEAP + sizeof(heap); at += 16)
		if (malloc_chunk_bytes(chunks, at, 0) > sizeof(heap))
			abort();
	if (chunks->figures.n_tcache + chunks->figures.n_fastbin > N_WORDS)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const struct hs_segment segments[] = {
		{ .start = HEAP, .end = HEAP + sizeof(heap), .data = (uint8_t *)heap, .is_writable = true, .is_anonymous = true },
		{ .start = LIBC, .end = LIBC + sizeof(libc), .data = (uint8_t *)libc, .is_writable = true },
	};
	struct hs_image *image = NULL;
	struct malloc_chunks chunks;
	struct hs_mapping_uses uses = { 0 };

	hs_error_destroy(hs_smaps_parse((const char *)data, bytes, &uses));
	hs_array_free(&uses);
	lay_out();
	change(data, bytes);
	if (hs_image_create(&image) || hs_image_add_segment(image, &segments[0], NULL, NULL) || hs_image_add_segment(image, &segments[1], NULL, NULL) ||
	    hs_image_add_static(image, LIBC, LIBC + sizeof(libc)) || hs_image_seal(image))
		abort();
	if (malloc_chunks_init(&chunks, image))
		abort();
	/* what is sound must be found, or nothing here would be tested */
	if (!bytes && (chunks.arenas.n != 1 || chunks.figures.n_tcache != 5))
		abort();
	check(&chunks);
	malloc_chunks_deinit(&chunks);
	hs_image_destroy(image);
	return 0;
}
