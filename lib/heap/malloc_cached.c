/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of freed chunks that look in use: walked, checked, taken out. Knows nothing of who keeps them. */
#include "malloc_cached.h"

#define SAFE_LINKING_SHIFT 12 /* malloc/malloc.c, PROTECT_PTR */

/* The user pointer of the chunk behind `chunk` in the list; false if its link was not captured. */
static bool next_of(const struct malloc_chunks *chunks, const struct cached_list *list, hs_addr chunk, hs_addr *ret)
{
	uint64_t link;

	if (!hs_image_u64(chunks->image, chunk, &link))
		return false;
	if (list->is_mangled)
		link ^= chunk >> SAFE_LINKING_SHIFT;
	*ret = link ? link + list->link_bias : 0;
	return true;
}

static uint64_t size_of(const struct malloc_chunks *chunks, hs_addr chunk)
{
	return hs_image_word(chunks->image, chunk - 8) & ~(uint64_t)7;
}

bool cached_list_is_sound(const struct malloc_chunks *chunks, const struct cached_list *list, uint32_t max_n, struct cached_budget *budget,
			  uint32_t *ret_n)
{
	hs_addr chunk = list->first;
	uint32_t n = 0;

	for (; chunk; n++) {
		if (n == max_n || !budget->n_left || chunk & 15 || !address_marks_has(&chunks->starts, chunk))
			return false;
		budget->n_left--;
		uint64_t bytes = size_of(chunks, chunk);
		if (bytes < list->min_bytes || bytes > list->max_bytes || !next_of(chunks, list, chunk, &chunk))
			return false;
	}
	*ret_n = n;
	return true;
}

uint64_t cached_list_take(struct malloc_chunks *chunks, const struct cached_list *list, uint32_t n)
{
	hs_addr chunk = list->first;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n && chunk && address_marks_clear(&chunks->starts, chunk); i++) {
		bytes += size_of(chunks, chunk);
		if (!next_of(chunks, list, chunk, &chunk))
			break;
	}
	return bytes;
}
