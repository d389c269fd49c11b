/* SPDX-License-Identifier: Apache-2.0 */
/* The files of an interpreter on disk: executable, libpython, extension modules. Nothing of them is run. */
#ifndef HS_INTERPRETER_FILES_H
#define HS_INTERPRETER_FILES_H

#include <stddef.h>

#include "error.h"
#include "runtime_binary.h"

struct hs_interpreter_files {
	struct hs_mapped_file runtime; /* bias 0 */
	char root[4096];               /* the root directory that the file is in: what precedes /usr, /bin or /opt; "" usually */
	char folder[4096];             /* of the file, links followed */
	char dynload[4096];            /* lib-dynload; "" when there is none */
};

/* Errors: OS, BAD_DATA (no ELF file), LOOKUP (its libpython was not found), NOT_CPYTHON. The caller releases *ret. */
struct hs_error *hs_interpreter_files_find(const char *python, struct hs_interpreter_files *ret) HS_MUST_CHECK;
void hs_interpreter_files_release(struct hs_interpreter_files *files);

/* Looks for the lib-dynload of 3.`minor`. */
void hs_interpreter_files_find_modules(struct hs_interpreter_files *files, unsigned minor);
/* A struct hs_module_finder's `find`; `context` is the struct hs_interpreter_files. */
void hs_interpreter_files_module(const void *context, const char *module, struct hs_mapped_file *ret);

/* Who built it: the ID of the root's os-release for a file below /usr/bin or /usr/lib, else "upstream". */
void hs_interpreter_files_distributor(const struct hs_interpreter_files *files, char *ret, size_t ret_bytes);

#endif
