/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program headers → PT_DYNAMIC → symbol, string and hash tables, all at addresses of the process. The tables are the
 * target's data: every loop over them is bounded.
 */
#include "memory_elf.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM_HEADERS_MAX 64
#define DYNAMIC_MAX 512
#define CHAIN_MAX 100000
#define NAME_MAX_BYTES 64
#define NOTE_MAX_BYTES 4096

static bool read_memory(const struct hs_memory_elf *file, hs_addr address, void *ret, size_t bytes)
{
	if (hs_image_read(file->image, address, ret, bytes))
		return true;
	struct hs_error *error = hs_process_read_constant(file->process, address, ret, bytes);
	hs_error_destroy(error);
	return !error;
}

static void take_build_id(struct hs_memory_elf *file, hs_addr address, uint64_t bytes)
{
	uint8_t notes[NOTE_MAX_BYTES];

	if (bytes > sizeof(notes) || !read_memory(file, address, notes, bytes))
		return;
	for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= bytes;) {
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		uint64_t name = at + sizeof(note), desc = name + ((note.n_namesz + 3ull) & ~3ull);
		if (desc + note.n_descsz > bytes)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(notes + name, "GNU", 4) &&
		    note.n_descsz <= HS_BUILD_ID_MAX_BYTES) {
			for (uint32_t i = 0; i < note.n_descsz; i++)
				snprintf(file->build_id_hex + 2 * i, 3, "%02x", notes[desc + i]);
			return;
		}
		at = desc + ((note.n_descsz + 3ull) & ~3ull);
	}
}

/* glibc's loader has added the bias to the pointers of the dynamic section, others have not. */
static hs_addr absolute(const struct hs_memory_elf *file, uint64_t value)
{
	return value >= file->start && value < file->end ? value : value + file->bias;
}

static bool read_dynamic(struct hs_memory_elf *file, hs_addr dynamic)
{
	for (unsigned i = 0; i < DYNAMIC_MAX; i++) {
		Elf64_Dyn entry;

		if (!read_memory(file, dynamic + i * sizeof(entry), &entry, sizeof(entry)))
			return false;
		switch (entry.d_tag) {
		case DT_NULL:
			return file->symbols && file->strings && (file->gnu_hash || file->sysv_hash);
		case DT_SYMTAB:
			file->symbols = absolute(file, entry.d_un.d_ptr);
			break;
		case DT_STRTAB:
			file->strings = absolute(file, entry.d_un.d_ptr);
			break;
		case DT_GNU_HASH:
			file->gnu_hash = absolute(file, entry.d_un.d_ptr);
			break;
		case DT_HASH:
			file->sysv_hash = absolute(file, entry.d_un.d_ptr);
			break;
		default:
			break;
		}
	}
	return false;
}

/* Bias and extent from the PT_LOADs; the first one holds the headers themselves. */
static bool set_extent(struct hs_memory_elf *file, hs_addr start, const Elf64_Phdr *headers, unsigned n)
{
	bool is_known = false;

	for (unsigned i = 0; i < n; i++) {
		if (headers[i].p_type != PT_LOAD || headers[i].p_memsz > UINT32_MAX)
			continue;
		if (!is_known && headers[i].p_offset == 0) {
			file->bias = start - headers[i].p_vaddr;
			file->start = start;
			is_known = true;
		}
		if (is_known && file->bias + headers[i].p_vaddr + headers[i].p_memsz > file->end)
			file->end = file->bias + headers[i].p_vaddr + headers[i].p_memsz;
	}
	return is_known;
}

bool hs_memory_elf_open(const struct hs_process *process, const struct hs_image *image, hs_addr start, struct hs_memory_elf *ret)
{
	struct hs_memory_elf file = { .process = process, .image = image };
	Elf64_Phdr headers[PROGRAM_HEADERS_MAX];
	hs_addr dynamic = 0;
	Elf64_Ehdr header;

	if (!read_memory(&file, start, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr) ||
	    header.e_phnum > PROGRAM_HEADERS_MAX ||
	    !read_memory(&file, start + header.e_phoff, headers, header.e_phnum * sizeof(Elf64_Phdr)) ||
	    !set_extent(&file, start, headers, header.e_phnum))
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		if (headers[i].p_type == PT_DYNAMIC)
			dynamic = file.bias + headers[i].p_vaddr;
		if (headers[i].p_type == PT_NOTE && !file.build_id_hex[0])
			take_build_id(&file, file.bias + headers[i].p_vaddr, headers[i].p_filesz);
	}
	if (!dynamic || !read_dynamic(&file, dynamic))
		return false;
	*ret = file;
	return true;
}

/* The value of symbol `index` if it is `name` and defined; 0 otherwise. */
static hs_addr match_symbol(const struct hs_memory_elf *file, uint32_t index, const char *name)
{
	char its_name[NAME_MAX_BYTES];
	size_t bytes = strlen(name) + 1;
	Elf64_Sym symbol;

	if (bytes > sizeof(its_name) || !read_memory(file, file->symbols + index * (hs_addr)sizeof(symbol), &symbol, sizeof(symbol)) ||
	    symbol.st_shndx == SHN_UNDEF || !read_memory(file, file->strings + symbol.st_name, its_name, bytes) ||
	    memcmp(its_name, name, bytes))
		return 0;
	return symbol.st_value + file->bias;
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

/* { n_buckets, first, n_bloom, shift }, bloom words, buckets, then one hash for every symbol from `first` on; bit 0 ends a bucket. */
static hs_addr find_by_gnu_hash(const struct hs_memory_elf *file, const char *name)
{
	uint32_t head[4], index, hash = gnu_hash_of(name), its_hash;

	if (!read_memory(file, file->gnu_hash, head, sizeof(head)) || !head[0])
		return 0;
	hs_addr buckets = file->gnu_hash + sizeof(head) + 8 * (hs_addr)head[2], chain = buckets + 4 * (hs_addr)head[0];
	if (!read_memory(file, buckets + 4 * (hs_addr)(hash % head[0]), &index, 4) || index < head[1])
		return 0;
	for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
		if (!read_memory(file, chain + 4 * (hs_addr)(index - head[1]), &its_hash, 4))
			return 0;
		hs_addr found = (its_hash | 1) == (hash | 1) ? match_symbol(file, index, name) : 0;
		if (found || its_hash & 1)
			return found;
	}
	return 0;
}

static uint32_t sysv_hash_of(const char *name)
{
	uint32_t hash = 0;

	for (; *name; name++) {
		hash = (hash << 4) + (uint8_t)*name;
		hash ^= (hash & 0xf0000000) >> 24;
		hash &= 0x0fffffff;
	}
	return hash;
}

/* { n_buckets, n_symbols }, buckets, then the next symbol of the bucket for every symbol. */
static hs_addr find_by_sysv_hash(const struct hs_memory_elf *file, const char *name)
{
	uint32_t head[2], index;

	if (!read_memory(file, file->sysv_hash, head, sizeof(head)) || !head[0])
		return 0;
	hs_addr buckets = file->sysv_hash + sizeof(head), chain = buckets + 4 * (hs_addr)head[0];
	if (!read_memory(file, buckets + 4 * (hs_addr)(sysv_hash_of(name) % head[0]), &index, 4))
		return 0;
	for (unsigned i = 0; index && index < head[1] && i < CHAIN_MAX; i++) {
		hs_addr found = match_symbol(file, index, name);

		if (found || !read_memory(file, chain + 4 * (hs_addr)index, &index, 4))
			return found;
	}
	return 0;
}

hs_addr hs_memory_elf_symbol(const struct hs_memory_elf *file, const char *name)
{
	return file->gnu_hash ? find_by_gnu_hash(file, name) : find_by_sysv_hash(file, name);
}
