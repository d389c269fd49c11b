/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the sources, from the runtime's binary to a layout that may be trusted. Each step is in a file of its
 * own; this one knows only what comes after what.
 */
#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dwarf_source.h"
#include "field_names.h"
#include "runtime_binary.h"
#include "version.h"

static void destroy_layout(struct hs_layout **layout)
{
	hs_layout_destroy(*layout);
}

static struct hs_error *no_layout(const struct hs_layout *layout, const struct hs_runtime_binary *binary, const char *rejected)
{
	struct hs_error *error = hs_error_new(HS_ERROR_LOOKUP, "no layout for CPython %s: %s has no debug information, "
					      "no debug file for it was found%s%s%s, and no shipped table fits",
					      layout->version, binary->runtime.path, rejected ? " (rejected: " : "",
					      rejected ? rejected : "", rejected ? ")" : "");

	return hs_error_hint(error, "install the interpreter's debug package (Debian: python3.%u-dbg), or name a directory "
			     "of debug files with --debug-dir", layout->minor);
}

static struct hs_error *check_complete(const struct hs_layout *layout)
{
	const char *structure, *field;

	if (hs_layout_is_complete(layout, &structure, &field))
		return NULL;
	return hs_error_new(HS_ERROR_LOOKUP, "layout of CPython %s (%s) lacks %s%s%s", layout->version, layout->source,
			    structure, field ? "." : "", field ? field : "");
}

static struct hs_error *fill(const struct hs_process *process, const struct hs_runtime_binary *binary,
			     const struct hs_layout_options *options, struct hs_layout *layout)
{
	bool is_found = false;
	char *rejected HS_FREE = NULL;

	if (!options->no_dwarf)
		HS_TRY(hs_dwarf_source_fill(process, binary, options->debug_dir, layout, &is_found, &rejected));
	if (!is_found)
		return no_layout(layout, binary, rejected);
	return check_complete(layout);
}

struct hs_error *hs_layout_resolve(const struct hs_process *process, const struct hs_image *image,
				   const struct hs_layout_options *options, struct hs_layout **ret)
{
	struct hs_runtime_binary binary HS_CLEANUP(hs_runtime_binary_release) = { 0 };
	struct hs_layout *layout HS_CLEANUP(destroy_layout) = hs_layout_create();

	if (!layout)
		return hs_error_no_memory();
	HS_TRY(hs_runtime_binary_find(process, &binary));
	layout->runtime_base = binary.runtime.bias;
	layout->runtime_start = binary.runtime.start;
	layout->runtime_end = binary.runtime.end;
	hs_runtime_binary_symbols(&binary, layout);
	HS_TRY(hs_version_find(&binary, image, layout));
	HS_TRY(fill(process, &binary, options, layout));
	if (options->mutate)
		options->mutate(options->mutate_context, layout);
	*ret = hs_take(layout);
	return NULL;
}
