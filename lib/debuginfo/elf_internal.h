/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about an opened ELF file; nothing outside it sees libelf. */
#ifndef HS_ELF_INTERNAL_H
#define HS_ELF_INTERNAL_H

#include <gelf.h>

#include "array.h"
#include "elf_file.h"

struct hs_elf_file {
	int fd;
	Elf *elf;
	char *name;
	uint64_t file_bytes;
	uint8_t build_id[HS_BUILD_ID_MAX_BYTES];
	size_t build_id_bytes;
	char build_id_hex[2 * HS_BUILD_ID_MAX_BYTES + 1];
	HS_ARRAY(struct hs_elf_segment) segments;
};

/* The section of that name, or NULL; *ret_header is filled. */
Elf_Scn *hs_elf_find_section(const struct hs_elf_file *file, const char *name, GElf_Shdr *ret_header);

#endif
