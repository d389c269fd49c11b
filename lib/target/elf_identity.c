/* SPDX-License-Identifier: Apache-2.0 */
/* Headers and build-id of an ELF file, from wherever its first bytes are. */
#include "elf_identity.h"

#include <string.h>

#define MAX_NOTE_BYTES 4096

static void take_build_id(hs_read_at *read, void *context, const Elf64_Phdr *header, struct hs_elf_identity *identity)
{
	uint8_t notes[MAX_NOTE_BYTES];

	if (header->p_filesz > sizeof(notes) || !read(context, header->p_offset, notes, header->p_filesz))
		return;
	for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= header->p_filesz;) {
		Elf64_Nhdr note;
		memcpy(&note, notes + at, sizeof(note));
		uint64_t name = at + sizeof(note), data = name + (((uint64_t)note.n_namesz + 3) & ~3ull);
		if (data + note.n_descsz > header->p_filesz)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(notes + name, "GNU", 4) &&
		    note.n_descsz <= sizeof(identity->build_id)) {
			memcpy(identity->build_id, notes + data, note.n_descsz);
			identity->build_id_bytes = note.n_descsz;
			return;
		}
		at = data + (((uint64_t)note.n_descsz + 3) & ~3ull);
	}
}

bool hs_elf_identity_read(hs_read_at *read, void *context, struct hs_elf_identity *ret)
{
	Elf64_Ehdr *header = &ret->header;

	*ret = (struct hs_elf_identity){ 0 };
	if (!read(context, 0, header, sizeof(*header)) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum > HS_IDENTITY_MAX_HEADERS ||
	    !read(context, header->e_phoff, ret->program_headers, header->e_phnum * sizeof(Elf64_Phdr)))
		return false;
	for (size_t i = 0; i < header->e_phnum && !ret->build_id_bytes; i++)
		if (ret->program_headers[i].p_type == PT_NOTE)
			take_build_id(read, context, &ret->program_headers[i], ret);
	return true;
}

bool hs_elf_identity_is_same(const struct hs_elf_identity *a, const struct hs_elf_identity *b)
{
	if (a->build_id_bytes && b->build_id_bytes)
		return a->build_id_bytes == b->build_id_bytes && !memcmp(a->build_id, b->build_id, a->build_id_bytes);
	return a->header.e_type == b->header.e_type && a->header.e_machine == b->header.e_machine && a->header.e_entry == b->header.e_entry &&
	       a->header.e_phnum == b->header.e_phnum &&
	       !memcmp(a->program_headers, b->program_headers, a->header.e_phnum * sizeof(Elf64_Phdr));
}
