/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file on disk: identity, program headers, symbols, initialised data. Files are hostile: whatever is wrong
 * with one ends in an error or in "not found". Addresses are link-time ones ("vaddr"), before any load bias.
 */
#ifndef HS_ELF_FILE_H
#define HS_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "error.h"

#define HS_BUILD_ID_MAX_BYTES 64

struct hs_elf_file;

struct hs_elf_segment {
	uint64_t file_offset, file_bytes;
	hs_addr vaddr;
	uint64_t memory_bytes;
	bool is_writable, is_executable;
};

struct hs_elf_section {
	hs_addr vaddr;
	uint64_t bytes;
};

/*
 * Opens the ELF file behind `fd` (duplicated: the caller keeps its own). `name` is for messages only, and copied.
 * Errors: BAD_DATA when it is no 64-bit ELF file or cut short, OS.
 */
struct hs_error *hs_elf_open(int fd, const char *name, struct hs_elf_file **ret) HS_MUST_CHECK;
struct hs_error *hs_elf_open_path(const char *path, struct hs_elf_file **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_elf_close(struct hs_elf_file *file);

const char *hs_elf_name(const struct hs_elf_file *file);

/* The GNU build-id; borrowed; *ret_bytes is 0 when the file has none. */
const uint8_t *hs_elf_build_id(const struct hs_elf_file *file, size_t *ret_bytes);
/* The same in hexadecimal, "" without one. Borrowed. */
const char *hs_elf_build_id_hex(const struct hs_elf_file *file);

/* The PT_LOAD segments by ascending vaddr; borrowed. */
const struct hs_elf_segment *hs_elf_segments(const struct hs_elf_file *file, size_t *ret_n);

/*
 * The load bias of a mapping of this file: what to add to a vaddr to get the address in the process. `file_offset` and
 * `is_executable` are the mapping's. Executable mappings are the sure ones: a page in which two segments of data meet
 * is mapped twice with the same offset. False when no segment of the file is mapped like that.
 */
bool hs_elf_load_bias(const struct hs_elf_file *file, hs_addr mapping_start, uint64_t file_offset, bool is_executable,
		      hs_addr *ret);

bool hs_elf_section(const struct hs_elf_file *file, const char *name, struct hs_elf_section *ret);
bool hs_elf_has_dwarf(const struct hs_elf_file *file);

/*
 * Looks up `n` names at once, in .dynsym, then in .symtab: ret[i] is the vaddr of names[i], left alone when the file
 * does not define it. A static that link-time optimisation renamed ("arenas.lto_priv.0") counts as its name.
 */
void hs_elf_find_symbols(const struct hs_elf_file *file, const char *const *names, size_t n, hs_addr *ret);
bool hs_elf_has_symbol(const struct hs_elf_file *file, const char *name);

/* Reads initialised data; bytes beyond the file's part of a segment (.bss) are zeros. False outside the segments. */
bool hs_elf_read(const struct hs_elf_file *file, hs_addr vaddr, void *ret, size_t bytes);

/*
 * Calls `visit` with the string of every entry `tag` (DT_NEEDED, DT_RUNPATH, DT_SONAME …) of the dynamic section,
 * until it returns true. Returns what the last call returned.
 */
bool hs_elf_dynamic_strings(const struct hs_elf_file *file, int64_t tag, bool (*visit)(void *context, const char *text),
			    void *context);

#endif
