/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a layout from DWARF: in the file itself, or in a separate debug file. */
#ifndef HS_DWARF_SOURCE_H
#define HS_DWARF_SOURCE_H

#include "debug_file.h"
#include "error.h"
#include "layout.h"
#include "runtime_binary.h"

/* How to get at the file of an extension module: ret->elf stays NULL when there is none. The caller of `find` releases *ret. */
struct hs_module_finder {
	void (*find)(const void *context, const char *module, struct hs_mapped_file *ret);
	const void *context;
};

/*
 * Fills `layout` with what the debug information of the runtime's binary and of its extension modules says; its minor
 * version must be set. Structs of modules without a file of their own are looked for in the runtime's binary. Symbols
 * that the layout lacks are looked up too. *ret_found is false when the runtime's binary has no debug information
 * anywhere (search->rejected then may name a file that does not belong); else layout->source says where it came from.
 * Errors: BAD_DATA (damaged), NO_MEMORY.
 */
struct hs_error *hs_dwarf_source_fill(const struct hs_mapped_file *runtime, const struct hs_module_finder *modules,
				      struct hs_debug_search *search, struct hs_layout *layout, bool *ret_found) HS_MUST_CHECK;

#endif
