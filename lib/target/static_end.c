/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a few program headers, from a process whose word is not trusted. Knows of ELF only what <elf.h> says. */
#include "static_end.h"

#include <elf.h>
#include <string.h>

#include "image.h"

#define HEAD_BYTES 1024 /* the ELF header, and the program headers that every linker puts behind it */
#define MAX_BSS_BYTES ((hs_addr)4 << 20)
#define PAGE_MASK ((hs_addr)HS_PAGE_BYTES - 1)

hs_addr hs_static_end_by_head(const void *head, size_t bytes, hs_addr start)
{
	Elf64_Ehdr header;
	Elf64_Phdr program;
	hs_addr first = 0, end = 0;
	bool has_first = false;

	if (bytes < sizeof(header))
		return 0;
	memcpy(&header, head, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(program))
		return 0;
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (header.e_phoff > bytes || bytes - header.e_phoff < (i + 1) * sizeof(program))
			return 0;
		memcpy(&program, (const uint8_t *)head + header.e_phoff + i * sizeof(program), sizeof(program));
		if (program.p_type != PT_LOAD)
			continue;
		/* they ascend: the first is the one that the header is in */
		if (!has_first)
			first = program.p_vaddr & ~PAGE_MASK;
		has_first = true;
		if (program.p_flags & PF_W && program.p_vaddr + program.p_memsz > end)
			end = program.p_vaddr + program.p_memsz;
	}
	return end > first ? (start + (end - first) + PAGE_MASK) & ~PAGE_MASK : 0;
}

static bool is_same_file(const struct hs_mapping *a, const struct hs_mapping *b)
{
	return a->inode == b->inode && a->device_major == b->device_major && a->device_minor == b->device_minor;
}

/* The mapping that the binary of `index` begins with; NULL: its beginning is not mapped. */
static const struct hs_mapping *beginning_of(const struct hs_mappings *mappings, size_t index)
{
	const struct hs_mapping *mapping = &mappings->items[index];

	for (size_t i = index + 1; i-- > 0 && (is_same_file(&mappings->items[i], mapping) || !mappings->items[i].inode);)
		if (mappings->items[i].inode && mappings->items[i].file_offset == 0)
			return &mappings->items[i];
	return NULL;
}

hs_addr hs_static_end(const struct hs_process *process, size_t index)
{
	const struct hs_mappings *mappings = &process->mappings;
	const struct hs_mapping *mapping = &mappings->items[index], *next = index + 1 < mappings->n ? mapping + 1 : NULL;
	const struct hs_mapping *first = beginning_of(mappings, index);
	uint8_t head[HEAD_BYTES];

	if (mapping->permissions[1] != 'w' || !next || next->start != mapping->end || next->inode || next->path[0] || next->permissions[1] != 'w')
		return mapping->end;
	hs_addr end = 0;
	if (first && first->end - first->start >= sizeof(head)) {
		struct hs_error *error = hs_process_peek(process->memory_tid, first->start, head, sizeof(head));
		end = error ? 0 : hs_static_end_by_head(head, sizeof(head), first->start);
		hs_error_destroy(error);
	}
	if (!end)
		end = mapping->end + MAX_BSS_BYTES;
	if (end < mapping->end)
		return mapping->end;
	return end < next->end ? end : next->end;
}
