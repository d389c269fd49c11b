/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the debug information that was split off an ELF file: by build-id, by .gnu_debuglink, by debuginfod. */
#ifndef HS_DEBUG_FILE_H
#define HS_DEBUG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "elf_file.h"
#include "error.h"

/* Where to look. */
struct hs_debug_search {
	const char *file_path;      /* the ELF file's path in the target's root; NULL or "": unknown */
	const char *const *roots;   /* prefixes of file_path and of /usr/lib/debug: "" (ours), "/proc/PID/root" … */
	size_t n_roots;
	const char *debug_dir;      /* a further directory laid out like /usr/lib/debug, searched first; NULL: none */
	bool use_debuginfod;        /* ask the servers of DEBUGINFOD_URLS, when it is set and libdebuginfod is there */
	char *rejected;             /* out: a file that was found but does not belong, and why; owned; NULL: none */
};

/*
 * Opens the separate debug file of `file`: *ret is NULL when there is none, which is no error (search->rejected may
 * say why). The caller closes *ret.
 */
struct hs_error *hs_debug_file_find(const struct hs_elf_file *file, struct hs_debug_search *search,
				    struct hs_elf_file **ret) HS_MUST_CHECK;

/* The same when all that is known is the build-id, in hexadecimal: the file itself cannot be opened. */
struct hs_error *hs_debug_file_find_by_id(const char *build_id_hex, struct hs_debug_search *search,
					  struct hs_elf_file **ret) HS_MUST_CHECK;

/* The same for the file that .gnu_debugaltlink of `file` names (DWARF shared by several files, made by dwz). */
struct hs_error *hs_debug_file_find_alternate(const struct hs_elf_file *file, struct hs_debug_search *search,
					      struct hs_elf_file **ret) HS_MUST_CHECK;

#endif
