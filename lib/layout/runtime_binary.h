/* SPDX-License-Identifier: Apache-2.0 */
/* The file among a process's mappings that holds the CPython runtime, and the files of its extension modules. */
#ifndef HS_RUNTIME_BINARY_H
#define HS_RUNTIME_BINARY_H

#include "elf_file.h"
#include "error.h"
#include "image.h"
#include "layout.h"
#include "memory_elf.h"
#include "process.h"

/* An ELF file as it is mapped. */
struct hs_mapped_file {
	struct hs_elf_file *elf;   /* owned; NULL: the file cannot be opened … */
	struct hs_memory_elf memory; /* … and this is what of it is loaded; memory.process is NULL: nothing */
	const char *path;          /* in the target's root; borrowed from the process, unless `own_path` */
	char *own_path;            /* NULL, or what `path` points to */
	hs_addr bias;              /* address in the process - vaddr in the file */
	hs_addr start, end;        /* extent of its segments in the process */
	char build_id_hex[2 * HS_BUILD_ID_MAX_BYTES + 1]; /* "": none */
};

struct hs_runtime_binary {
	struct hs_mapped_file runtime;
	/* The executable, when the runtime is a library: what it defines itself (copy relocations) comes first. */
	struct hs_mapped_file executable;
};

/*
 * Finds it; a file that cannot be opened is read out of the memory of the process. Errors: NOT_CPYTHON (none of the
 * mapped files holds a runtime; PyPy and Python 2 are named), LOOKUP when files that might be the one can be read neither way.
 */
struct hs_error *hs_runtime_binary_find(const struct hs_process *process, const struct hs_image *image,
					struct hs_runtime_binary *ret) HS_MUST_CHECK;
void hs_runtime_binary_release(struct hs_runtime_binary *binary);

/* Addresses in the process of fields.def's symbols that the files' symbol tables have; others are left alone. */
void hs_runtime_binary_symbols(const struct hs_runtime_binary *binary, struct hs_layout *layout);

/*
 * The mapped file of the extension module `name` ("_asyncio"); ret->elf is NULL when the process has not loaded it
 * from a file of its own. The caller releases *ret.
 */
void hs_module_file_find(const struct hs_process *process, const char *name, struct hs_mapped_file *ret);
void hs_mapped_file_release(struct hs_mapped_file *file);
/* ret[i] becomes the address in the process of names[i]; left alone when the file does not define it. */
void hs_mapped_file_find(const struct hs_mapped_file *file, const char *const *names, size_t n, hs_addr *ret);
/* What hs_runtime_binary_symbols() does, for one file. */
void hs_mapped_file_symbols(const struct hs_mapped_file *file, struct hs_layout *layout);
/* True for "_asyncio.cpython-311-x86_64-linux-gnu.so" and "_asyncio"; `path` may have folders. */
bool hs_is_module_file(const char *path, const char *name);

#endif
