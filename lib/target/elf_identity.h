/* SPDX-License-Identifier: Apache-2.0 */
/* Telling whether two copies of an ELF file's beginning are of the same file. Private to lib/target; bytes are hostile. */
#ifndef HS_ELF_IDENTITY_H
#define HS_ELF_IDENTITY_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HS_IDENTITY_MAX_HEADERS 64
#define HS_IDENTITY_MAX_ID_BYTES 64

struct hs_elf_identity {
	Elf64_Ehdr header;
	Elf64_Phdr program_headers[HS_IDENTITY_MAX_HEADERS]; /* header.e_phnum of them */
	uint8_t build_id[HS_IDENTITY_MAX_ID_BYTES];
	size_t build_id_bytes; /* 0: none was found */
};

/* Reads `bytes` at an offset of the file; false when they are not to be had. */
typedef bool hs_read_at(void *context, uint64_t offset, void *ret, size_t bytes);

/* False when there is no 64-bit ELF file to be read. */
bool hs_elf_identity_read(hs_read_at *read, void *context, struct hs_elf_identity *ret);
/* By build-id where both have one, else by what is loaded where; a stripped file is the same as its original. */
bool hs_elf_identity_is_same(const struct hs_elf_identity *a, const struct hs_elf_identity *b);

#endif
