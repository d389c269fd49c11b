/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a layout from DWARF: in the file itself, or in a separate debug file. */
#ifndef HS_DWARF_SOURCE_H
#define HS_DWARF_SOURCE_H

#include "debug_file.h"
#include "error.h"
#include "layout.h"
#include "runtime_binary.h"

/*
 * Fills `layout` with what the debug information of the runtime's binary and of the loaded extension modules says;
 * its minor version must be set. *ret_found is false when there is none; *ret_rejected (owned) then may name a debug
 * file that was found but does not belong. Errors: BAD_DATA (damaged), LOOKUP (a required name is not in it).
 */
struct hs_error *hs_dwarf_source_fill(const struct hs_process *process, const struct hs_runtime_binary *binary,
				      const char *debug_dir, struct hs_layout *layout, bool *ret_found,
				      char **ret_rejected) HS_MUST_CHECK;

/*
 * The same for one file: the structs of `module` (NULL: of the runtime) for which select[struct id] is true. Symbols
 * that the layout lacks are looked up too when `bias` is not NULL. *ret_source gets its description.
 */
struct hs_error *hs_dwarf_source_fill_file(const struct hs_elf_file *file, struct hs_debug_search *search,
					   const bool select[HS_N_STRUCTS], const hs_addr *bias, struct hs_layout *layout,
					   bool *ret_found, char ret_source[256]) HS_MUST_CHECK;

#endif
