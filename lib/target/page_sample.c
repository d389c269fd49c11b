/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of one page of a running process. */
#include "page_sample.h"

#include "image.h"

#define WORDS_PER_PAGE 16

static bool is_writable_address(const struct hs_process *process, uint64_t word)
{
	if (word & 7 || word < HS_PAGE_BYTES || word >> 47)
		return false;
	size_t index = hs_mappings_find(&process->mappings, word);
	return index < process->mappings.n && process->mappings.items[index].start <= word &&
	       process->mappings.items[index].permissions[1] == 'w';
}

/* Words spread over one page, at offsets that differ from page to page: entries of tables are 8, 16 or 24 bytes. */
struct hs_error *hs_page_has_address(const struct hs_process *process, hs_addr page, size_t seed, bool *ret)
{
	uint64_t words[HS_PAGE_BYTES / sizeof(uint64_t)];

	*ret = false;
	HS_TRY(hs_process_peek(process->pid, page, words, sizeof(words)));
	for (size_t i = 0; i < WORDS_PER_PAGE && !*ret; i++) {
		size_t at = (i * 31 + seed * 7) % (sizeof(words) / sizeof(words[0]) - 2);
		*ret = is_writable_address(process, words[at]) || is_writable_address(process, words[at + 1]) ||
		       is_writable_address(process, words[at + 2]);
	}
	return NULL;
}
