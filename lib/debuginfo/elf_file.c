/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files through libelf: opening, build-id, segments, sections, data. Symbols are in elf_symbols.c. Knows nothing
 * about processes and nothing about Python.
 *
 * Files are read, not mapped: one that another process cuts short meanwhile gives a short read, not a SIGBUS.
 */
#include "elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "elf_internal.h"

#define SEGMENTS_MAX 4096

static void initialise_libelf(void)
{
	elf_version(EV_CURRENT);
}

static void take_build_id_note(struct hs_elf_file *file, Elf_Data *data)
{
	size_t offset = 0, name_offset, desc_offset;
	GElf_Nhdr note;

	while (!file->build_id_bytes && (offset = gelf_getnote(data, offset, &note, &name_offset, &desc_offset)) > 0) {
		const char *name = (const char *)data->d_buf + name_offset;
		const uint8_t *desc = (const uint8_t *)data->d_buf + desc_offset;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 || memcmp(name, "GNU", 4) ||
		    note.n_descsz == 0 || note.n_descsz > HS_BUILD_ID_MAX_BYTES)
			continue;
		memcpy(file->build_id, desc, note.n_descsz);
		file->build_id_bytes = note.n_descsz;
		for (size_t i = 0; i < note.n_descsz; i++)
			snprintf(file->build_id_hex + 2 * i, 3, "%02x", desc[i]);
	}
}

static void read_build_id(struct hs_elf_file *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	/* Sections first: a debug file's program headers speak of bytes that it does not hold. */
	while (!file->build_id_bytes && (section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		if (data && data->d_buf)
			take_build_id_note(file, data);
	}

	size_t n = 0;
	if (elf_getphdrnum(file->elf, &n) != 0)
		return;
	for (size_t i = 0; i < n && i < SEGMENTS_MAX && !file->build_id_bytes; i++) {
		GElf_Phdr program;

		if (!gelf_getphdr(file->elf, (int)i, &program) || program.p_type != PT_NOTE)
			continue;
		Elf_Data *data = elf_getdata_rawchunk(file->elf, (int64_t)program.p_offset, program.p_filesz, ELF_T_NHDR);
		if (data && data->d_buf)
			take_build_id_note(file, data);
	}
}

static int compare_segments(const void *a, const void *b)
{
	const struct hs_elf_segment *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static struct hs_error *read_segments(struct hs_elf_file *file)
{
	size_t n = 0;

	if (elf_getphdrnum(file->elf, &n) != 0 || n > SEGMENTS_MAX)
		return hs_error_new(HS_ERROR_BAD_DATA, "%s: broken program headers", file->name);
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr program;

		if (!gelf_getphdr(file->elf, (int)i, &program))
			return hs_error_new(HS_ERROR_BAD_DATA, "%s: broken program header %zu", file->name, i);
		if (program.p_type != PT_LOAD || program.p_vaddr + program.p_memsz < program.p_vaddr)
			continue;
		struct hs_elf_segment *segment = hs_array_append(&file->segments);
		if (!segment)
			return hs_error_no_memory();
		*segment = (struct hs_elf_segment){
			.file_offset = program.p_offset,
			.file_bytes = program.p_filesz,
			.vaddr = program.p_vaddr,
			.memory_bytes = program.p_memsz,
			.is_writable = program.p_flags & PF_W,
			.is_executable = program.p_flags & PF_X,
		};
	}
	if (file->segments.n)
		qsort(file->segments.items, file->segments.n, sizeof(*file->segments.items), compare_segments);
	return NULL;
}

/* A file that was cut short still has a header; its section headers at the end are what is missing. */
static struct hs_error *check_extent(struct hs_elf_file *file)
{
	GElf_Ehdr header;

	if (!gelf_getehdr(file->elf, &header))
		return hs_error_new(HS_ERROR_BAD_DATA, "%s: no ELF header: %s", file->name, elf_errmsg(-1));
	if (gelf_getclass(file->elf) != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return hs_error_new(HS_ERROR_UNSUPPORTED, "%s: not a 64-bit little-endian ELF file", file->name);
	uint64_t section_bytes = (uint64_t)header.e_shnum * header.e_shentsize;
	if (header.e_shoff > file->file_bytes || section_bytes > file->file_bytes - header.e_shoff)
		return hs_error_new(HS_ERROR_BAD_DATA, "%s: truncated: %llu bytes, but its section headers end at %llu",
				    file->name, (unsigned long long)file->file_bytes,
				    (unsigned long long)(header.e_shoff + section_bytes));
	return NULL;
}

static struct hs_error *open_elf(struct hs_elf_file *file, int fd, const char *name)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct stat status;

	pthread_once(&once, initialise_libelf);
	file->name = strdup(name);
	if (!file->name)
		return hs_error_no_memory();
	file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (file->fd < 0 || fstat(file->fd, &status) != 0)
		return hs_error_os(errno, "%s", name);
	if (!S_ISREG(status.st_mode))
		return hs_error_new(HS_ERROR_BAD_DATA, "%s: not a regular file", name);
	file->file_bytes = (uint64_t)status.st_size;
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF)
		return hs_error_new(HS_ERROR_BAD_DATA, "%s: not an ELF file", name);
	HS_TRY(check_extent(file));
	HS_TRY(read_segments(file));
	read_build_id(file);
	return NULL;
}

struct hs_error *hs_elf_open(int fd, const char *name, struct hs_elf_file **ret)
{
	struct hs_elf_file *file = calloc(1, sizeof(*file));

	if (!file)
		return hs_error_no_memory();
	file->fd = -1;
	struct hs_error *error = open_elf(file, fd, name);
	if (error) {
		hs_elf_close(file);
		return error;
	}
	*ret = file;
	return NULL;
}

struct hs_error *hs_elf_open_path(const char *path, struct hs_elf_file **ret)
{
	/* O_NONBLOCK: a FIFO in the way must not hang us; it has no effect on regular files. */
	int fd HS_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return hs_error_os(errno, "%s", path);
	return hs_elf_open(fd, path, ret);
}

void hs_elf_close(struct hs_elf_file *file)
{
	if (!file)
		return;
	if (file->elf)
		elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	hs_array_free(&file->segments);
	free(file->name);
	free(file);
}

const char *hs_elf_name(const struct hs_elf_file *file)
{
	return file->name;
}

const uint8_t *hs_elf_build_id(const struct hs_elf_file *file, size_t *ret_bytes)
{
	*ret_bytes = file->build_id_bytes;
	return file->build_id;
}

const char *hs_elf_build_id_hex(const struct hs_elf_file *file)
{
	return file->build_id_hex;
}

const struct hs_elf_segment *hs_elf_segments(const struct hs_elf_file *file, size_t *ret_n)
{
	*ret_n = file->segments.n;
	return file->segments.items;
}

bool hs_elf_load_bias(const struct hs_elf_file *file, hs_addr mapping_start, uint64_t file_offset, bool is_executable,
		      hs_addr *ret)
{
	const uint64_t page_mask = 4095;
	const struct hs_elf_segment *found = NULL;

	for (size_t i = 0; i < file->segments.n; i++) {
		const struct hs_elf_segment *segment = &file->segments.items[i];

		if (segment->is_executable != is_executable || file_offset < (segment->file_offset & ~page_mask) ||
		    file_offset >= segment->file_offset + segment->file_bytes)
			continue;
		found = segment; /* the last one: it begins in the page in which another ends */
	}
	if (!found)
		return false;
	*ret = mapping_start - ((found->vaddr & ~page_mask) + (file_offset - (found->file_offset & ~page_mask)));
	return true;
}

Elf_Scn *hs_elf_find_section(const struct hs_elf_file *file, const char *name, GElf_Shdr *ret_header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(file->elf, &names) != 0)
		return NULL;
	while ((section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;
		const char *its_name = gelf_getshdr(section, &header) ? elf_strptr(file->elf, names, header.sh_name) : NULL;

		if (!its_name || strcmp(its_name, name))
			continue;
		*ret_header = header;
		return section;
	}
	return NULL;
}

bool hs_elf_section(const struct hs_elf_file *file, const char *name, struct hs_elf_section *ret)
{
	GElf_Shdr header;

	if (!hs_elf_find_section(file, name, &header))
		return false;
	*ret = (struct hs_elf_section){ .vaddr = header.sh_addr, .bytes = header.sh_size };
	return true;
}

bool hs_elf_has_dwarf(const struct hs_elf_file *file)
{
	GElf_Shdr header;

	if (!hs_elf_find_section(file, ".debug_info", &header) && !hs_elf_find_section(file, ".zdebug_info", &header))
		return false;
	return header.sh_type != SHT_NOBITS;
}

bool hs_elf_read(const struct hs_elf_file *file, hs_addr vaddr, void *ret, size_t bytes)
{
	for (size_t i = 0; i < file->segments.n; i++) {
		const struct hs_elf_segment *segment = &file->segments.items[i];
		uint64_t offset = vaddr - segment->vaddr;

		if (vaddr < segment->vaddr || offset >= segment->memory_bytes || bytes > segment->memory_bytes - offset)
			continue;
		size_t in_file = offset < segment->file_bytes ? segment->file_bytes - offset : 0;
		if (in_file > bytes)
			in_file = bytes;
		if (in_file && pread(file->fd, ret, in_file, (off_t)(segment->file_offset + offset)) != (ssize_t)in_file)
			return false;
		memset((char *)ret + in_file, 0, bytes - in_file);
		return true;
	}
	return false;
}
