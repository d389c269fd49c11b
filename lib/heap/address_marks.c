/* SPDX-License-Identifier: Apache-2.0 */
/* A sparse set of addresses of the image: one bit for 8 bytes, backed by memory only where it is touched. */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "heap_internal.h"

struct hs_error *address_marks_init(struct address_marks *marks, const struct hs_image *image)
{
	size_t n_segments;
	uint64_t n_bits = 0;

	*marks = (struct address_marks){ .image = image, .segments = hs_image_segments(image, &n_segments) };
	marks->segment_first_bit = calloc(n_segments + 1, sizeof(*marks->segment_first_bit));
	if (!marks->segment_first_bit)
		return hs_error_no_memory();
	for (size_t i = 0; i < n_segments; i++) {
		marks->segment_first_bit[i] = n_bits;
		n_bits += (marks->segments[i].end - marks->segments[i].start) / 8;
	}
	marks->mapped_bytes = n_bits / 8 + sizeof(uint64_t);
	void *words = mmap(NULL, marks->mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (words == MAP_FAILED) {
		free(marks->segment_first_bit);
		marks->segment_first_bit = NULL;
		return hs_error_no_memory();
	}
	marks->words = words;
	return NULL;
}

void address_marks_deinit(struct address_marks *marks)
{
	if (marks->words)
		munmap(marks->words, marks->mapped_bytes);
	free(marks->segment_first_bit);
	*marks = (struct address_marks){ 0 };
}

static uint64_t bit_of(const struct address_marks *marks, const struct hs_segment *segment, hs_addr address)
{
	return marks->segment_first_bit[segment - marks->segments] + (address - segment->start) / 8;
}

bool address_marks_has(const struct address_marks *marks, hs_addr address)
{
	const struct hs_segment *segment = hs_image_find(marks->image, address);

	if (!segment)
		return false;
	uint64_t bit = bit_of(marks, segment, address);
	return atomic_load_explicit((_Atomic uint64_t *)&marks->words[bit / 64], memory_order_relaxed) >> (bit % 64) & 1;
}

bool address_marks_set(struct address_marks *marks, hs_addr address)
{
	const struct hs_segment *segment = hs_image_find(marks->image, address);

	if (!segment)
		return false;
	uint64_t bit = bit_of(marks, segment, address);
	uint64_t mask = (uint64_t)1 << (bit % 64);
	_Atomic uint64_t *word = (_Atomic uint64_t *)&marks->words[bit / 64];
	if (atomic_load_explicit(word, memory_order_relaxed) & mask)
		return false;
	return !(atomic_fetch_or_explicit(word, mask, memory_order_relaxed) & mask);
}

bool address_marks_clear(struct address_marks *marks, hs_addr address)
{
	const struct hs_segment *segment = hs_image_find(marks->image, address);

	if (!segment)
		return false;
	uint64_t bit = bit_of(marks, segment, address);
	uint64_t mask = (uint64_t)1 << (bit % 64);
	return atomic_fetch_and_explicit((_Atomic uint64_t *)&marks->words[bit / 64], ~mask, memory_order_relaxed) & mask;
}
