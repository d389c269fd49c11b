/* SPDX-License-Identifier: Apache-2.0 */
/* Telling .bss from what the kernel put behind it. The ELF header is the target's: what it says is bounded by the mappings. */
#include "statics.h"

#include <elf.h>
#include <string.h>

#define MAX_BSS_BYTES ((hs_addr)4 << 20)
#define MAX_PROGRAM_HEADERS 64

/* The mapping of the same file that begins at its first byte, before mapping `i`; -1: none. */
static long first_of_file(const struct hs_mappings *mappings, size_t i)
{
	const struct hs_mapping *wanted = &mappings->items[i];

	for (size_t k = i + 1; k-- > 0;) {
		const struct hs_mapping *mapping = &mappings->items[k];
		if (mapping->inode != wanted->inode || mapping->device_major != wanted->device_major || mapping->device_minor != wanted->device_minor)
			return -1;
		if (!mapping->file_offset)
			return (long)k;
	}
	return -1;
}

/* The program headers of the binary mapped at `base`, as far as they lie in its first page; false when that says nothing. */
static bool read_headers(const struct hs_copied_bytes *copied, hs_addr base, Elf64_Phdr *ret, unsigned *ret_n)
{
	const uint8_t *page = copied->at(copied->context, base, HS_PAGE_BYTES);
	Elf64_Ehdr header;

	if (!page)
		return false;
	memcpy(&header, page, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(*ret) ||
	    header.e_phnum > MAX_PROGRAM_HEADERS || header.e_phoff > HS_PAGE_BYTES - header.e_phnum * sizeof(*ret))
		return false;
	memcpy(ret, page + header.e_phoff, header.e_phnum * sizeof(*ret));
	*ret_n = header.e_phnum;
	return true;
}

/* Where the .bss behind `mapping` ends, by the program headers; 0: unknown. It may end with the mapping itself. */
static hs_addr bss_end(const struct hs_mapping *mapping, hs_addr base, const Elf64_Phdr *headers, unsigned n)
{
	const hs_addr in_page = HS_PAGE_BYTES - 1;
	hs_addr bias = 0, end = mapping->end;
	bool knows_bias = false;

	for (unsigned i = 0; i < n; i++) {
		if (headers[i].p_type != PT_LOAD)
			continue;
		if (!knows_bias) {
			bias = base - ((headers[i].p_vaddr - headers[i].p_offset) & ~in_page);
			knows_bias = true;
		}
		hs_addr start = bias + headers[i].p_vaddr, segment_end = (start + headers[i].p_memsz + in_page) & ~in_page;
		if (start < mapping->end && segment_end > end)
			end = segment_end;
	}
	return knows_bias ? end : 0;
}

static bool continues(const struct hs_mapping *mapping, const struct hs_mapping *next)
{
	return mapping->permissions[1] == 'w' && next->start == mapping->end && !next->inode && !next->path[0] && next->permissions[1] == 'w';
}

/* The end of the static storage that begins with mapping `i`. */
static hs_addr end_of_statics(const struct hs_mappings *mappings, size_t i, const struct hs_copied_bytes *copied)
{
	const struct hs_mapping *mapping = &mappings->items[i], *next = mapping + 1;
	Elf64_Phdr headers[MAX_PROGRAM_HEADERS];
	unsigned n;

	if (i + 1 == mappings->n || !continues(mapping, next))
		return mapping->end;
	hs_addr limit = next->end - next->start > MAX_BSS_BYTES ? mapping->end + MAX_BSS_BYTES : next->end;
	long first = first_of_file(mappings, i);
	hs_addr base = first < 0 ? 0 : mappings->items[first].start;
	hs_addr end = first >= 0 && read_headers(copied, base, headers, &n) ? bss_end(mapping, base, headers, n) : 0;
	if (!end)
		return limit;
	return end < next->end ? end : next->end;
}

struct hs_error *hs_statics_add(struct hs_image *image, const struct hs_mappings *mappings, const struct hs_copied_bytes *copied)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct hs_mapping *mapping = &mappings->items[i];
		if (mapping->inode && mapping->permissions[3] == 'p')
			HS_TRY(hs_image_add_static(image, mapping->start, end_of_statics(mappings, i, copied)));
	}
	return NULL;
}
