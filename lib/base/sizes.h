/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of very many things, few of which are large: two bytes each, in units; large ones beside them, by ascending index. */
#ifndef HS_SIZES_H
#define HS_SIZES_H

#include <stddef.h>
#include <stdint.h>

#define HS_SIZE_IS_LARGE UINT16_MAX

struct hs_large_size {
	uint32_t index;
	uint64_t units;
};

struct hs_sizes {
	uint16_t *units; /* HS_SIZE_IS_LARGE: see `large` */
	struct hs_large_size *large;
	size_t n_large;
	uint32_t unit_bytes;
};

static inline uint64_t hs_large_size_units(const struct hs_sizes *sizes, uint32_t index)
{
	size_t low = 0, high = sizes->n_large;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sizes->large[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizes->n_large && sizes->large[low].index == index ? sizes->large[low].units : 0;
}

static inline uint64_t hs_size_units(const struct hs_sizes *sizes, uint32_t index)
{
	return sizes->units[index] == HS_SIZE_IS_LARGE ? hs_large_size_units(sizes, index) : sizes->units[index];
}

#endif
