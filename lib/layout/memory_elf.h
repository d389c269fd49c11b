/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file as the dynamic loader left it in a process's memory: for binaries that cannot be opened any more (deleted,
 * or in a place that this user may not look into). Only what is loaded can be read: dynamic symbols and the build-id.
 */
#ifndef HS_MEMORY_ELF_H
#define HS_MEMORY_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "elf_file.h"
#include "image.h"
#include "process.h"

struct hs_memory_elf {
	const struct hs_process *process; /* borrowed */
	const struct hs_image *image;     /* borrowed; what is not in it is read from the process: code does not change */
	hs_addr bias, start, end;
	hs_addr symbols, strings, gnu_hash, sysv_hash; /* tables; 0: none */
	char build_id_hex[2 * HS_BUILD_ID_MAX_BYTES + 1]; /* "": none */
};

/* Reads the headers at `start`, where the file's first bytes are mapped. False when there is no 64-bit ELF file with dynamic symbols. */
bool hs_memory_elf_open(const struct hs_process *process, const struct hs_image *image, hs_addr start, struct hs_memory_elf *ret);

/* The address in the process of a symbol that the file defines; 0 when it does not. */
hs_addr hs_memory_elf_symbol(const struct hs_memory_elf *file, const char *name);

#endif
