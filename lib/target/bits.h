/* SPDX-License-Identifier: Apache-2.0 */
/* Bit sets, one bit per page, in 64-bit words. Private to lib/target. */
#ifndef HS_BITS_H
#define HS_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t hs_bits_words(size_t n_bits)
{
	return (n_bits + 63) / 64;
}

static inline bool hs_bits_test(const uint64_t *bits, size_t bit)
{
	return bits[bit / 64] >> (bit % 64) & 1;
}

/* Bits [begin, end) of the word that holds `begin`; end may lie beyond it. */
static inline uint64_t hs_bits_mask(size_t begin, size_t end)
{
	uint64_t from = ~(uint64_t)0 << (begin % 64);

	return end / 64 > begin / 64 ? from : from & ~(~(uint64_t)0 << (end % 64));
}

static inline void hs_bits_set(uint64_t *bits, size_t begin, size_t end)
{
	for (; begin < end; begin = (begin / 64 + 1) * 64)
		bits[begin / 64] |= hs_bits_mask(begin, end);
}

static inline void hs_bits_clear(uint64_t *bits, size_t begin, size_t end)
{
	for (; begin < end; begin = (begin / 64 + 1) * 64)
		bits[begin / 64] &= ~hs_bits_mask(begin, end);
}

static inline size_t hs_bits_count(const uint64_t *bits, size_t n_bits)
{
	size_t n = 0;

	for (size_t word = 0; word < hs_bits_words(n_bits); word++)
		n += (size_t)__builtin_popcountll(bits[word]);
	return n;
}

/* How many bits of [begin, end) are set. */
static inline size_t hs_bits_count_range(const uint64_t *bits, size_t begin, size_t end)
{
	size_t n = 0;

	for (; begin < end; begin = (begin / 64 + 1) * 64)
		n += (size_t)__builtin_popcountll(bits[begin / 64] & hs_bits_mask(begin, end));
	return n;
}

/* The first bit at or after `from` that is `wanted`, or n_bits. */
static inline size_t hs_bits_next(const uint64_t *bits, size_t from, size_t n_bits, bool wanted)
{
	uint64_t flip = wanted ? 0 : ~(uint64_t)0;

	while (from < n_bits) {
		uint64_t word = (bits[from / 64] ^ flip) >> (from % 64);
		if (word) {
			from += (size_t)__builtin_ctzll(word);
			return from < n_bits ? from : n_bits;
		}
		from = (from / 64 + 1) * 64;
	}
	return n_bits;
}

#endif
