/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts of an interpreter on disk, which is never run: what `heapspy layout dump`, `check` and `list` do. `python` is
 * the path of an executable or of a libpython; its extension modules are looked for in the lib-dynload beside it.
 */
#ifndef HS_LAYOUT_FILE_H
#define HS_LAYOUT_FILE_H

#include "error.h"

struct hs_layout_file_options {
	const char *debug_dir;   /* further root of debug files; NULL: none */
	const char *distributor; /* for the heading; NULL: guessed from the os-release of the root that the file is in */
};

/*
 * The table of `python`, as text; owned. Errors: LOOKUP (no debug information; no libpython), NOT_CPYTHON, UNSUPPORTED,
 * BAD_DATA, OS.
 */
struct hs_error *hs_layout_dump(const char *python, const struct hs_layout_file_options *options, char **ret_text) HS_MUST_CHECK;

/*
 * Compares the shipped tables of that interpreter's version with its DWARF, field by field. *ret_text (owned) has a
 * line for every difference and one that sums up; *ret_differences counts them for the table that fits best.
 * Errors: as hs_layout_dump(); LOOKUP when no table of that version is shipped.
 */
struct hs_error *hs_layout_check(const char *python, const struct hs_layout_file_options *options, char **ret_text,
				 unsigned *ret_differences) HS_MUST_CHECK;

/* A heading, and a line for every shipped table: its name, its fields, the build-id of the binary that it was written from; owned; NULL: no memory. */
char *hs_layout_list(void);

#endif
