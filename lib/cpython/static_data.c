/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary's mappings start with the one that holds its ELF header, which says where in memory its last segment ends. Headers are
 * the target's bytes: what makes no sense is not believed, and then the mapping counts as a whole.
 */
#include "static_data.h"

#include <elf.h>

#define MAX_PROGRAM_HEADERS 64

/* Where the binary whose header is mapped at `start` ends in memory; 0: no such header. */
static hs_addr binary_end(const struct hs_image *image, hs_addr start)
{
	hs_addr first = UINT64_MAX, end = 0;
	Elf64_Phdr program;
	Elf64_Ehdr header;

	if (!hs_image_read(image, start, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(program) || header.e_phnum > MAX_PROGRAM_HEADERS)
		return 0;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		if (!hs_image_read(image, start + header.e_phoff + i * sizeof(program), &program, sizeof(program)))
			return 0;
		if (program.p_type != PT_LOAD)
			continue;
		if (program.p_vaddr < first)
			first = program.p_vaddr;
		if (program.p_vaddr + program.p_memsz > end)
			end = program.p_vaddr + program.p_memsz;
	}
	return end > first ? start + (end - (first & ~(hs_addr)(HS_PAGE_BYTES - 1))) : 0;
}

void hs_static_data_each(const struct hs_image *image, bool (*each)(void *context, hs_addr start, hs_addr end), void *context)
{
	size_t n;
	const struct hs_static_range *ranges = hs_image_static_ranges(image, &n);
	hs_addr end = 0;

	for (size_t i = 0; i < n; i++) {
		const struct hs_segment *segment = hs_image_find(image, ranges[i].start);
		hs_addr header_end = binary_end(image, ranges[i].start);
		if (header_end)
			end = header_end;
		if (!segment || !segment->is_writable)
			continue;
		/* of a binary without a header in sight, or behind the end of the last one, nothing is known */
		bool is_known = end > ranges[i].start;
		if (!each(context, ranges[i].start, is_known && end < ranges[i].end ? end : ranges[i].end))
			return;
	}
}
